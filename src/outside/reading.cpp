#include "outside/reading.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json.h"

namespace watchbill::outside {
namespace {

constexpr int required = 602, wrong_format = 601, too_few = 612;

// What Go writes where a time is not set.
constexpr std::string_view no_time = "0001-01-01T00:00:00Z";

std::string place_of(const JsonValue& value) {
  return "line " + std::to_string(value.line) + ", column " + std::to_string(value.column) + ": ";
}

BodyFault wrong_kind(std::string_view what, const JsonValue& value, const std::string& name, std::string_view expected) {
  return {400, "parsing " + std::string(what) + " body failed: " + place_of(value) + name + ": expected " +
                   std::string(expected)};
}

BodyFault is_required(const std::string& name) { return {required, name + " in body is required"}; }

// The member, or null when it is not there or is null: to Go both are the same.
const JsonValue* member_of(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.find(name);
  return value == nullptr || std::holds_alternative<std::nullptr_t>(value->value) ? nullptr : value;
}

Result<JsonValue, BodyFault> parse(std::string_view what, std::string_view body) {
  if (body.empty()) return is_required(std::string(what));
  Result<JsonValue> parsed = parse_json(body);
  if (parsed) return std::move(*parsed);
  return BodyFault{400, "parsing " + std::string(what) + " body failed: " + parsed.error().on + ": " + parsed.error().detail};
}

// As the libraries of its API read it: nothing is 1970, and a time without a zone (Python's isoformat()) is UTC.
std::optional<Instant> time_of(const std::string& text) {
  if (text.empty()) return Instant{};
  Result<Instant> at = parse_rfc3339(text);
  if (!at) at = parse_rfc3339(text + "Z");
  return at ? std::optional<Instant>(*at) : std::nullopt;
}

bool is_no_time(Instant at) {
  static const Instant none = *parse_rfc3339(no_time);
  return at == none;
}

// Reads one body; the first fault stands.
class Reader {
 public:
  explicit Reader(std::string_view what) : what_(what) {}

  [[nodiscard]] const std::optional<BodyFault>& fault() const noexcept { return fault_; }
  void complain(BodyFault fault) {
    if (!fault_) fault_ = std::move(fault);
  }

  std::string text(const JsonValue& object, const std::string& prefix, std::string_view name) {
    const JsonValue* value = member_of(object, name);
    if (value == nullptr) return {};
    if (const std::string* text = value->as_string()) return *text;
    complain(wrong_kind(what_, *value, prefix + std::string(name), "a string"));
    return {};
  }

  std::optional<Instant> time(const JsonValue& object, const std::string& prefix, std::string_view name) {
    const JsonValue* value = member_of(object, name);
    if (value == nullptr) return std::nullopt;
    const std::string* written = value->as_string();
    const std::optional<Instant> at = written != nullptr ? time_of(*written) : std::nullopt;
    if (!at)
      complain(wrong_kind(what_, *value, prefix + std::string(name), "a time of RFC 3339 such as 2026-03-01T12:00:00Z"));
    return at;
  }

  std::optional<bool> truth(const JsonValue& object, const std::string& prefix, std::string_view name) {
    const JsonValue* value = member_of(object, name);
    if (value == nullptr) return std::nullopt;
    if (const bool* truth = std::get_if<bool>(&value->value)) return *truth;
    complain(wrong_kind(what_, *value, prefix + std::string(name), "true or false"));
    return std::nullopt;
  }

  std::vector<Labels::Pair> pairs(const JsonValue& value, const std::string& name) {
    std::vector<Labels::Pair> out;
    const JsonValue::Object* object = value.as_object();
    if (object == nullptr) {
      complain(wrong_kind(what_, value, name, "an object of strings"));
      return out;
    }
    out.reserve(object->size());
    for (const auto& [key, each] : *object) {
      if (const std::string* text = each.as_string()) {
        out.emplace_back(key, *text);
      } else if (!std::holds_alternative<std::nullptr_t>(each.value)) {
        complain(wrong_kind(what_, each, name + "." + key.substr(0, 128), "a string"));
        return out;
      } else {
        out.emplace_back(key, "");
      }
    }
    return out;
  }

 private:
  const std::string_view what_;
  std::optional<BodyFault> fault_;
};

bool is_hex(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// As Go's url.ParseRequestURI, roughly: a path, or a scheme with something behind it; escapes before the query are whole.
bool is_uri(std::string_view text) noexcept {
  const bool is_printable = std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
  if (!is_printable) return false;
  if (!text.starts_with('/')) {
    const std::size_t colon = text.find(':');
    const auto in_scheme = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    };
    if (colon == std::string_view::npos || colon == 0 || text.front() < 'A') return false;
    const std::string_view scheme = text.substr(0, colon);
    if (!std::all_of(scheme.begin(), scheme.end(), in_scheme)) return false;
  }
  const std::string_view path = text.substr(0, text.find('?'));
  for (std::size_t i = path.find('%'); i != std::string_view::npos; i = path.find('%', i + 1))
    if (i + 2 >= path.size() || !is_hex(path[i + 1]) || !is_hex(path[i + 2])) return false;
  return true;
}

void read_alert(Reader& reader, const JsonValue& value, const std::string& place, PostedAlert& out) {
  if (value.as_object() == nullptr) return reader.complain(wrong_kind("alerts", value, place, "an object"));
  const std::string prefix = place + ".";
  if (const JsonValue* annotations = member_of(value, "annotations"))
    for (auto& [name, text] : reader.pairs(*annotations, prefix + "annotations")) out.annotations.emplace(name, text);
  out.ends_at = reader.time(value, prefix, "endsAt");
  out.starts_at = reader.time(value, prefix, "startsAt");
  if (out.ends_at && is_no_time(*out.ends_at)) out.ends_at.reset();
  if (out.starts_at && is_no_time(*out.starts_at)) out.starts_at.reset();
  out.generator_url = reader.text(value, prefix, "generatorURL");
  if (!out.generator_url.empty() && !is_uri(out.generator_url))
    reader.complain({wrong_format, prefix + "generatorURL in body must be of type uri: \"" +
                                       out.generator_url.substr(0, 256) + "\""});
  const JsonValue* labels = member_of(value, "labels");
  if (labels == nullptr) return reader.complain(is_required(prefix + "labels"));
  out.labels = Labels(reader.pairs(*labels, prefix + "labels"));
}

void read_matcher(Reader& reader, const JsonValue& value, const std::string& place, LabelMatcher& out) {
  if (value.as_object() == nullptr) return reader.complain(wrong_kind("silence", value, place, "an object"));
  const std::string prefix = place + ".";
  const std::optional<bool> is_equal = reader.truth(value, prefix, "isEqual");
  const std::optional<bool> is_regex = reader.truth(value, prefix, "isRegex");
  out.name = reader.text(value, prefix, "name");
  out.value = reader.text(value, prefix, "value");
  if (!is_regex) return reader.complain(is_required(prefix + "isRegex"));
  if (member_of(value, "name") == nullptr) return reader.complain(is_required(prefix + "name"));
  if (member_of(value, "value") == nullptr) return reader.complain(is_required(prefix + "value"));
  const bool equals = is_equal.value_or(true);
  if (*is_regex) out.kind = equals ? MatcherKind::regex : MatcherKind::not_regex;
  else out.kind = equals ? MatcherKind::equal : MatcherKind::not_equal;
}

void read_matchers(Reader& reader, const JsonValue& value, std::vector<LabelMatcher>& out) {
  const JsonValue::Array* array = value.as_array();
  if (array == nullptr) return reader.complain(wrong_kind("silence", value, "matchers", "an array"));
  if (array->empty()) return reader.complain({too_few, "matchers in body should have at least 1 items"});
  for (std::size_t i = 0; i < array->size() && !reader.fault(); ++i)
    read_matcher(reader, (*array)[i], "matchers." + std::to_string(i), out.emplace_back());
}

}  // namespace

Result<std::vector<PostedAlert>, BodyFault> read_alerts(std::string_view body) {
  Result<JsonValue, BodyFault> parsed = parse("alerts", body);
  if (!parsed) return std::move(parsed.error());
  std::vector<PostedAlert> out;
  if (std::holds_alternative<std::nullptr_t>(parsed->value)) return out;
  const JsonValue::Array* array = parsed->as_array();
  if (array == nullptr) return wrong_kind("alerts", *parsed, "the body", "an array of alerts");
  Reader reader("alerts");
  out.reserve(array->size());
  for (std::size_t i = 0; i < array->size() && !reader.fault(); ++i)
    read_alert(reader, (*array)[i], std::to_string(i), out.emplace_back());
  if (reader.fault()) return *reader.fault();
  return out;
}

Result<PostedSilence, BodyFault> read_silence(std::string_view body) {
  Result<JsonValue, BodyFault> parsed = parse("silence", body);
  if (!parsed) return std::move(parsed.error());
  if (std::holds_alternative<std::nullptr_t>(parsed->value)) parsed->value = JsonValue::Object{};
  if (parsed->as_object() == nullptr) return wrong_kind("silence", *parsed, "the body", "an object");
  const JsonValue& value = *parsed;
  Reader reader("silence");
  PostedSilence out;
  out.id = reader.text(value, "", "id");
  out.comment = reader.text(value, "", "comment");
  out.created_by = reader.text(value, "", "createdBy");
  const std::optional<Instant> ends_at = reader.time(value, "", "endsAt");
  const std::optional<Instant> starts_at = reader.time(value, "", "startsAt");
  for (const std::string_view name : {"comment", "createdBy", "endsAt", "matchers", "startsAt"})
    if (member_of(value, name) == nullptr) reader.complain(is_required(std::string(name)));
  if (!reader.fault()) read_matchers(reader, *value.find("matchers"), out.matchers);
  if (reader.fault()) return *reader.fault();
  out.ends_at = *ends_at;
  out.starts_at = *starts_at;
  return out;
}

bool is_uuid(std::string_view text) noexcept {
  constexpr std::string_view shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return text.size() == shape.size() && std::equal(text.begin(), text.end(), shape.begin(), [](char c, char wanted) {
           return wanted == '-' ? c == '-' : is_hex(c);
         });
}

}  // namespace watchbill::outside
