// Functions on text, lists and times that Prometheus and Alertmanager share or that Alertmanager has alone.
// Source: Alertmanager 0.25 to 0.28, template/template.go; toDate and toJson are refused by absence. Letters: runes.h.
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/bytes.h"
#include "template/functions.h"
#include "template/go_time.h"
#include "template/runes.h"

namespace watchbill::text_template {
namespace {

const std::string& text_of(const Invocation& call, std::size_t index) { return *call.arguments[index].as_text(); }

template <char32_t (*Change)(char32_t)>
Answer changed_case(const Invocation& call) {
  BoundedText out(call.bytes_max);
  std::string_view rest = text_of(call, 0);
  std::string piece;
  while (!rest.empty() && !out.is_over()) {
    const Rune rune = first_rune(rest);
    piece.clear();
    append_rune(piece, Change(rune.value));
    out.append(piece);
    rest.remove_prefix(rune.bytes);
  }
  return printed(out);
}

// The first letter of each word becomes upper case. A word goes on over digits, "_" and, between letters, over "'", "." and ":"
// (Unicode's word boundaries). Prometheus leaves the other letters, Alertmanager makes them lower case.
template <bool LowersRest>
Answer title(const Invocation& call) {
  BoundedText out(call.bytes_max);
  std::string_view rest = text_of(call, 0);
  std::string piece;
  bool is_within_word = false;
  while (!rest.empty() && !out.is_over()) {
    const Rune rune = first_rune(rest);
    rest.remove_prefix(rune.bytes);
    piece.clear();
    if (is_letter(rune.value)) {
      append_rune(piece, is_within_word ? (LowersRest ? lower(rune.value) : rune.value) : upper(rune.value));
      is_within_word = true;
    } else {
      append_rune(piece, rune.value);
      const bool is_joint = rune.value == '\'' || rune.value == '.' || rune.value == ':' || rune.value == 0x2019;
      const bool joins = is_joint && !rest.empty() && is_letter(first_rune(rest).value);
      if (!joins && rune.value != '_' && !(rune.value >= '0' && rune.value <= '9')) is_within_word = false;
    }
    out.append(piece);
  }
  return printed(out);
}

Answer trim_space(const Invocation& call) {
  std::string_view text = text_of(call, 0);
  constexpr std::string_view blanks = " \t\n\v\f\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return Value::text("");
  return Value::text(std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1)));
}

Answer join(const Invocation& call) {
  BoundedText out(call.bytes_max);
  bool is_first = true;
  for (const Value& element : call.arguments[1].as_list()->elements) {
    const std::string* text = element.as_text();
    if (text == nullptr) return Complaint{fmt::format("joins text only, and the list holds {}", element.type_name())};
    if (!is_first) out.append(text_of(call, 0));
    is_first = false;
    out.append(*text);
    if (out.is_over()) break;
  }
  return printed(out);
}

Result<std::shared_ptr<const Pattern>, Complaint> pattern_of(const Invocation& call) {
  return compile_pattern(text_of(call, 0));
}

Answer match(const Invocation& call) {
  if (call.pattern != nullptr) return Value::boolean(call.pattern->occurs_in(text_of(call, 1)));
  const auto pattern = pattern_of(call);
  if (!pattern) return pattern.error();
  return Value::boolean((*pattern)->occurs_in(text_of(call, 1)));
}

Answer replace_all(const Invocation& call) {
  BoundedText out(call.bytes_max);
  if (call.pattern != nullptr) {
    replace(out, *call.pattern, text_of(call, 2), text_of(call, 1));
    return printed(out);
  }
  const auto pattern = pattern_of(call);
  if (!pattern) return pattern.error();
  replace(out, **pattern, text_of(call, 2), text_of(call, 1));
  return printed(out);
}

Answer safe_html(const Invocation& call) { return Value::html(text_of(call, 0)); }

Answer text_list(const Invocation& call) {
  return Value::list(std::vector<Value>(call.arguments.begin(), call.arguments.end()), "string");
}

Answer too_nested() { return Complaint{fmt::format("lists and maps may be nested {} deep", value_depth_max)}; }

bool fits(std::span<const Value> values) {
  for (const Value& value : values)
    if (value.depth() >= value_depth_max) return false;
  return true;
}

Answer any_list(const Invocation& call) {
  if (!fits(call.arguments)) return too_nested();
  return Value::list(std::vector<Value>(call.arguments.begin(), call.arguments.end()));
}

Answer appended(const Invocation& call) {
  if (!fits(call.arguments.subspan(1))) return too_nested();
  std::vector<Value> elements = call.arguments[0].as_list()->elements;
  elements.insert(elements.end(), call.arguments.begin() + 1, call.arguments.end());
  return Value::list(std::move(elements));
}

Answer dictionary(const Invocation& call) {
  if (!fits(call.arguments)) return too_nested();
  if (call.arguments.size() % 2 != 0) return Complaint{"takes keys and values in turn, so an even number of arguments"};
  std::map<std::string, Value> entries;
  for (std::size_t index = 0; index < call.arguments.size(); index += 2) {
    const std::string* key = call.arguments[index].as_text();
    if (key == nullptr) return Complaint{fmt::format("a key is text, not {}", call.arguments[index].type_name())};
    entries[*key] = call.arguments[index + 1];
  }
  return Value::map(std::vector<Value::Entry>(entries.begin(), entries.end()));
}

Answer date(const Invocation& call) {
  if (text_of(call, 0).size() > 200) return Complaint{"a layout has at most 200 bytes"};
  return Value::text(format_time(*call.arguments[1].as_time(), text_of(call, 0)));
}

// The pure core has no zone database: what it says must be the same on every host.
Answer zone(const Invocation& call) {
  const std::string& name = text_of(call, 0);
  if (name != "UTC" && name != "Etc/UTC" && !name.empty())
    return Complaint{fmt::format("knows the zone UTC only, not {}; notifications are written in UTC", go_quoted(name))};
  return call.arguments[1];
}

Answer since(const Invocation& call) {
  std::int64_t ms = 0;
  if (__builtin_sub_overflow(call.environment.now.ms, call.arguments[0].as_time()->ms, &ms))
    return Complaint{"the time is too far away"};
  return Value::duration(Duration{ms});
}

Answer now(const Invocation& call) { return Value::time(call.environment.now); }

// The labels of the route, which the caller puts into the data already rendered.
Answer route_label(const Invocation& call) {
  const MapData* data = call.root.as_map();
  const Value* labels = data == nullptr ? nullptr : data->find("RouteLabels");
  const Value* label = labels == nullptr || labels->as_map() == nullptr ? nullptr : labels->as_map()->find(text_of(call, 0));
  return label == nullptr ? Value::text("") : *label;
}

Answer query_unescaped(const Invocation& call) {
  const std::string& text = text_of(call, 0);
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at] == '+' ? ' ' : text[at];
      continue;
    }
    const auto digit = [](char letter) {
      if (letter >= '0' && letter <= '9') return letter - '0';
      if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
      return letter >= 'A' && letter <= 'F' ? letter - 'A' + 10 : -1;
    };
    if (at + 2 >= text.size() || digit(text[at + 1]) < 0 || digit(text[at + 2]) < 0)
      return Complaint{fmt::format("{} is no URL escape", go_quoted(text.substr(at, 3)))};
    out += static_cast<char>(digit(text[at + 1]) * 16 + digit(text[at + 2]));
    at += 2;
  }
  return Value::text(std::move(out));
}

// The alphabet that is safe in URLs, as Alertmanager chose.
Answer base64_encoded(const Invocation& call) {
  std::string out = to_base64(text_of(call, 0));
  for (char& letter : out) letter = letter == '+' ? '-' : letter == '/' ? '_' : letter;
  return Value::text(std::move(out));
}

Answer base64_decoded(const Invocation& call) {
  std::string text = text_of(call, 0);
  if (text.find_first_of("+/") != std::string::npos)
    return Complaint{"the text is not base64 in the alphabet for URLs (- and _)"};
  for (char& letter : text) letter = letter == '-' ? '+' : letter == '_' ? '/' : letter;
  auto out = from_base64(text);
  if (!out) return Complaint{"the text is not base64 in the alphabet for URLs (- and _), with its padding"};
  return Value::text(std::move(*out));
}

constexpr std::uint8_t not_in_rules = in_notifications | in_plans;

constexpr Function table[] = {
    {"append", in_notifications, "va*", appended, Gives::anything},
    {"base64decode", in_notifications, "s", base64_decoded},
    {"base64encode", in_notifications, "s", base64_encoded},
    {"date", in_notifications, "st", date},
    {"dict", in_notifications, "a*", dictionary, Gives::anything},
    {"join", not_in_rules, "sv", join},
    {"list", in_notifications, "a*", any_list, Gives::anything},
    {"match", everywhere, "ss", match},
    {"now", in_notifications, "", now, Gives::anything},
    {"reReplaceAll", everywhere, "sss", replace_all},
    {"routeLabels", in_notifications, "s", route_label},
    {"safeHtml", in_rules | in_notifications, "s", safe_html},
    {"safeUrl", in_notifications, "s", safe_html},
    {"since", in_notifications, "t", since, Gives::anything},
    {"stringSlice", not_in_rules, "s*", text_list, Gives::anything},
    {"title", in_rules, "s", title<false>},
    {"title", not_in_rules, "s", title<true>},
    {"toLower", everywhere, "s", changed_case<lower>},
    {"toUpper", everywhere, "s", changed_case<upper>},
    {"trimSpace", not_in_rules, "s", trim_space},
    {"tz", in_notifications, "st", zone, Gives::anything},
    {"urlUnescape", in_notifications, "s", query_unescaped},
};

}  // namespace

std::span<const Function> text_functions() noexcept { return table; }

}  // namespace watchbill::text_template
