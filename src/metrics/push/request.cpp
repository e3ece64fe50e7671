#include "metrics/push/request.h"

#include <array>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/json.h"
#include "base/number.h"
#include "metrics/exposition/protobuf_parser.h"
#include "metrics/exposition/text_parser.h"

namespace watchbill::metrics::push {
namespace {

using exposition::FamilyType;
using exposition::PageReader;

constexpr std::string_view base64_suffix = "@base64";

// --- the path ---

Error bad_path(std::string_view on, std::string detail) {
  return Error{ErrorKind::invalid, "read the grouping key", quoted(on.substr(0, 200)), std::move(detail)};
}

std::optional<unsigned> hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

std::optional<std::string> decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const auto high = hex_digit(text[i + 1]);
    const auto low = hex_digit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    out.push_back(static_cast<char>(*high * 16 + *low));
    i += 2;
  }
  return out;
}

// The alphabet for URLs; padding may be missing or too long, as the Pushgateway takes it.
Result<std::string> decode_base64(std::string_view text, std::string_view name) {
  std::string plain(text.substr(0, text.find_last_not_of('=') + 1));
  for (char& c : plain) {
    if (c == '+' || c == '/') c = '!';  // of the other alphabet
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  plain.append((4 - plain.size() % 4) % 4, '=');
  Result<std::string> decoded = from_base64(plain);
  if (decoded) return decoded;
  return bad_path(text, "expected base64 with the alphabet of URLs (RFC 4648, section 5) as the value of " + std::string(name));
}

Result<std::string> value_of(const std::string& component, std::string_view name, bool is_base64) {
  if (!is_base64 && component.empty())
    return bad_path(name, "expected a value behind the label; write an empty one as " + std::string(name) + "@base64/=");
  Result<std::string> value = is_base64 ? decode_base64(component, name) : Result<std::string>(component);
  if (value && find_invalid_utf8(*value) != std::string_view::npos) return bad_path(name, "expected UTF-8 as its value");
  return value;
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> components;
  for (std::size_t begin = 0;;) {
    const std::size_t slash = path.find('/', begin);
    components.emplace_back(path.substr(begin, slash - begin));
    if (slash == std::string_view::npos) return components;
    begin = slash + 1;
  }
}

// --- the body ---

Error bad_body(std::string on, std::string detail) {
  return Error{ErrorKind::invalid, "read the pushed metrics", std::move(on), std::move(detail)};
}

bool has_parts(FamilyType type) noexcept { return type == FamilyType::histogram || type == FamilyType::summary; }

// Puts samples, one after the other, into the families they belong to.
class Collector {
 public:
  // Which part of a summary or histogram a sample is.
  enum class Part : std::uint8_t { value, point, sum, count };

  Status type(std::string_view name, FamilyType type) {
    if (type > FamilyType::summary) return bad_body(std::string(name), "expected counter, gauge, histogram, summary or untyped");
    Family& family = families[std::string(name)];
    if (!typed_.emplace(name).second) return bad_body(std::string(name), "expected one TYPE line for each name, found a second");
    if (!family.metrics.empty()) return bad_body(std::string(name), "expected the TYPE line before the first sample");
    family.type = type;
    return {};
  }

  Status help(std::string_view name, std::string_view text) {
    if (!helped_.emplace(name).second) return bad_body(std::string(name), "expected one HELP line for each name, found a second");
    families[std::string(name)].help = text;
    return {};
  }

  // Of two families of one name, only the later one stays.
  void forget(std::string_view name) {
    if (const auto at = families.find(name); at != families.end()) families.erase(at);
    places_.erase(std::string(name));
    typed_.erase(std::string(name));
    helped_.erase(std::string(name));
  }

  template <class Reader>
  Status sample(const Reader& reader) {
    const std::string_view name = reader.metric_name();
    const auto [family_name, part] = family_of(name);
    Family& family = families[std::string(family_name)];
    PushLabels labels;
    for (const auto& [label, value] : reader.labels()) labels.emplace(label, value);
    labels.erase(std::string(metric_name_label));
    for (const exposition::RawLabel& raw : reader.raw_labels()) labels.try_emplace(std::string(raw.name));  // the empty ones
    if (!has_parts(family.type)) {
      Metric& metric = family.metrics.emplace_back();
      metric.labels = std::move(labels);
      metric.value = reader.value();
      return {};
    }
    return add_part(family, std::string(family_name), part, std::move(labels), reader.value(), native_of(reader));
  }

  Families families;

 private:
  static std::string_view native_of(const PageReader&) noexcept { return {}; }
  static std::string_view native_of(const exposition::ProtobufParser& parser) noexcept { return parser.encoded_histogram(); }

  // `x_sum` belongs to `x` where that is a summary or histogram.
  [[nodiscard]] std::pair<std::string_view, Part> family_of(std::string_view name) const {
    if (const auto own = families.find(name); own != families.end())
      return {name, has_parts(own->second.type) ? Part::point : Part::value};
    constexpr std::array<std::pair<std::string_view, Part>, 3> suffixes{
        {{"_bucket", Part::point}, {"_sum", Part::sum}, {"_count", Part::count}}};
    for (const auto& [suffix, part] : suffixes) {
      if (!name.ends_with(suffix)) continue;
      const std::string_view base = name.substr(0, name.size() - suffix.size());
      const auto at = families.find(base);
      if (at == families.end() || !has_parts(at->second.type)) continue;
      if (suffix == "_bucket" && at->second.type != FamilyType::histogram) continue;
      return {base, part};
    }
    return {name, Part::value};
  }

  Status add_part(Family& family, const std::string& name, Part part, PushLabels labels, double value, std::string_view native) {
    const bool is_histogram = family.type == FamilyType::histogram;
    const std::string point_label = is_histogram ? "le" : "quantile";
    std::optional<double> point;
    const bool is_point = part == Part::point && native.empty();
    if (is_point) {
      const auto at = labels.find(point_label);
      if (at != labels.end()) point = parse_number(at->second);
      if (!point || std::isnan(*point))
        return bad_body(name, "expected a number in the label " + point_label + " of " +
                                  (is_histogram ? "each bucket" : "each quantile") + ", as its type has it");
      labels.erase(at);
    }
    const auto [place, is_new] = places_[name].try_emplace(labels, family.metrics.size());
    if (is_new) family.metrics.emplace_back().labels = std::move(labels);
    Metric& metric = family.metrics[place->second];
    if (!native.empty()) metric.native = native;
    else if (is_point) metric.points.insert_or_assign(*point, value);
    else (part == Part::sum ? metric.sum : metric.count) = value;
    return {};
  }

  std::map<std::string, std::map<PushLabels, std::size_t>> places_;  // of the metrics of a summary or histogram
  std::set<std::string, std::less<>> typed_, helped_;
};

// Whether each histogram has buckets: one without says nothing that a quantile could be asked of. Ours (domain/rollout.md §17.2).
Status check_histograms(const Families& families) {
  for (const auto& [name, family] : families)
    for (const Metric& metric : family.metrics)
      if (family.type == FamilyType::histogram && metric.points.empty() && metric.native.empty())
        return bad_body(name, "invalid_histogram: expected buckets (" + name +
                                  "_bucket with le) in a histogram; without them push " + name + "_sum and " + name +
                                  "_count as counters");
  return {};
}

exposition::TextLimits text_limits(const BodyLimits& limits) {
  exposition::TextLimits read;
  read.body_bytes_max = limits.bytes_max;
  read.sample_count_max = limits.sample_count_max;
  return read;
}

Status describe(Collector& collector, const exposition::TextParser& parser) {
  return collector.help(parser.metric_name(), parser.help());
}
// Each family comes with its help first.
Status describe(Collector& collector, const exposition::ProtobufParser& parser) {
  collector.forget(parser.metric_name());
  return collector.help(parser.metric_name(), parser.help());
}

template <class Parser>
Result<PushedBody> read(Parser parser) {
  PushedBody body;
  Collector collector;
  while (true) {
    Status taken;
    switch (parser.next()) {
      case PageReader::Entry::end: {
        std::erase_if(collector.families, [](const auto& entry) { return entry.second.metrics.empty(); });
        body.families = std::move(collector.families);
        if (Status checked = check_histograms(body.families); !checked) return checked.error();
        return body;
      }
      case PageReader::Entry::malformed: return parser.error();
      case PageReader::Entry::unit: break;
      case PageReader::Entry::help: taken = describe(collector, parser); break;
      case PageReader::Entry::type: taken = collector.type(parser.metric_name(), parser.type()); break;
      case PageReader::Entry::sample:
        taken = collector.sample(parser);
        body.has_timestamps = body.has_timestamps || parser.timestamp_ms().has_value();
    }
    if (!taken) return taken.error();
  }
}

}  // namespace

Result<PushLabels> key_of_path(std::string_view rest, bool is_job_base64) {
  const std::optional<std::string> path = decode_percent(rest);
  if (!path) return bad_path(rest, "expected two hex digits behind each %");
  std::vector<std::string> components = split(*path);
  if (components.size() > 1 && components.back().empty() && components.size() % 2 == 0)
    components.pop_back();  // a slash at the end
  if (components.size() % 2 == 0)
    return bad_path(*path,
                    "expected JOB/LABEL/VALUE/LABEL/VALUE: a label without a value. A value with a slash, or an empty one, is "
                    "written in base64: LABEL@base64/VALUE");
  if (components.front().empty()) return bad_path(*path, "job name is required");
  Result<std::string> job = value_of(components.front(), "job", is_job_base64);
  if (!job) return job.error();
  if (job->empty()) return bad_path(*path, "job name is required");
  PushLabels key;
  for (std::size_t i = 1; i < components.size(); i += 2) {
    std::string_view name = components[i];
    const bool is_base64 = name.ends_with(base64_suffix);
    if (is_base64) name.remove_suffix(base64_suffix.size());
    if (!is_label_name(name) || name.starts_with("__"))
      return bad_path(name, "improper label name, expected letters, digits and _ that do not begin with a digit or __");
    Result<std::string> value = value_of(components[i + 1], name, is_base64);
    if (!value) return value.error();
    key.insert_or_assign(std::string(name), std::move(*value));
  }
  key.insert_or_assign("job", std::move(*job));
  return key;
}

Result<PushedBody> read_text(std::string_view body, const BodyLimits& limits) {
  if (!body.empty() && body.back() != '\n')
    return bad_body("the last line", "expected a line feed at its end (the text format ends every line with one)");
  return read(exposition::TextParser(body, text_limits(limits)));
}

Result<PushedBody> read_protobuf(std::string_view body, const BodyLimits& limits) {
  return read(exposition::ProtobufParser(body, text_limits(limits), {true, true}));
}

}  // namespace watchbill::metrics::push
