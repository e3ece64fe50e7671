// Prometheus' functions: samples of a query, numbers for people, links, host names. Source: Prometheus 2.42
// template/template.go.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "template/functions.h"
#include "template/go_time.h"

namespace watchbill::text_template {
namespace {

const std::string& text_of(const Invocation& call, std::size_t index) { return *call.arguments[index].as_text(); }

// --- samples

Answer query(const Invocation& call) {
  if (!call.environment.query)
    return Complaint{"queries cannot be asked here; use the values that the rule's own expression gives"};
  return call.environment.query(text_of(call, 0));
}

Answer first(const Invocation& call) {
  const std::vector<Value>& elements = call.arguments[0].as_list()->elements;
  if (elements.empty())
    return Complaint{"the query gave nothing; test it first, as in {{ with query \"…\" }}{{ . | first | value }}{{ end }}"};
  return elements.front();
}

const Value* label_of(const Value& sample, std::string_view name) {
  const MapData* record = sample.as_map();
  const Value* labels = record == nullptr ? nullptr : record->find("Labels");
  return labels == nullptr || labels->as_map() == nullptr ? nullptr : labels->as_map()->find(name);
}

Answer label(const Invocation& call) {
  const Value* found = label_of(call.arguments[1], text_of(call, 0));
  return found == nullptr ? Value::text("") : *found;
}

Answer sample_value(const Invocation& call) {
  const Value* found = call.arguments[0].as_map()->find("Value");
  if (found == nullptr) return Complaint{fmt::format("{} is no sample: it has no Value", call.arguments[0].type_name())};
  return *found;
}

Answer text_value(const Invocation& call) {
  const Value* found = label_of(call.arguments[0], "__value__");
  return found == nullptr ? Value::text("") : *found;
}

Answer sorted_by_label(const Invocation& call) {
  const ListData& list = *call.arguments[1].as_list();
  std::vector<Value> elements = list.elements;
  const std::string& name = text_of(call, 0);
  const auto key = [&name](const Value& sample) -> std::string_view {
    const Value* found = label_of(sample, name);
    return found == nullptr || found->as_text() == nullptr ? std::string_view() : std::string_view(*found->as_text());
  };
  std::stable_sort(elements.begin(), elements.end(),
                   [&key](const Value& left, const Value& right) { return key(left) < key(right); });
  return Value::list(std::move(elements), list.element_type, list.members);
}

Answer arguments_map(const Invocation& call) {
  std::vector<Value::Entry> entries;
  for (std::size_t index = 0; index < call.arguments.size(); ++index) {
    if (call.arguments[index].depth() >= value_depth_max)
      return Complaint{fmt::format("lists and maps may be nested {} deep", value_depth_max)};
    entries.emplace_back(fmt::format("arg{}", index), call.arguments[index]);
  }
  return Value::map(std::move(entries));
}

// --- numbers for people

std::string four_digits(double value) { return real_text(value, 'g', 4); }
bool is_plain(double value) { return value == 0 || std::isnan(value) || std::isinf(value); }

constexpr std::array<std::string_view, 8> large{"k", "M", "G", "T", "P", "E", "Z", "Y"};
constexpr std::array<std::string_view, 8> small{"m", "u", "n", "p", "f", "a", "z", "y"};
constexpr std::array<std::string_view, 8> binary{"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};

std::string scaled_down(double value, const std::array<std::string_view, 8>& prefixes, double step) {
  std::string_view prefix;
  for (const std::string_view next : prefixes) {
    if (std::fabs(value) < step) break;
    prefix = next;
    value /= step;
  }
  return four_digits(value) + std::string(prefix);
}

std::string scaled_up(double value) {
  std::string_view prefix;
  for (const std::string_view next : small) {
    if (std::fabs(value) >= 1) break;
    prefix = next;
    value *= 1000;
  }
  return four_digits(value) + std::string(prefix);
}

std::string humanized(double value) {
  if (is_plain(value)) return four_digits(value);
  return std::fabs(value) >= 1 ? scaled_down(value, large, 1000) : scaled_up(value);
}

std::string humanized_1024(double value) {
  if (std::fabs(value) <= 1 || is_plain(value)) return four_digits(value);
  return scaled_down(value, binary, 1024);
}

std::string humanized_percentage(double value) { return four_digits(value * 100) + "%"; }

std::string humanized_duration(double value) {
  if (std::isnan(value) || std::isinf(value)) return four_digits(value);
  if (value == 0) return four_digits(value) + "s";
  if (std::fabs(value) < 1) return scaled_up(value) + "s";
  const std::string sign = value < 0 ? "-" : "";
  const double size = std::fabs(value);
  // Go converts to 64 bits; what does not fit is named in full instead of wrapping.
  if (size >= 9.2e18) return sign + four_digits(size) + "s";
  const auto whole = static_cast<std::int64_t>(size);
  const std::int64_t seconds = whole % 60, minutes = whole / 60 % 60, hours = whole / 3600 % 24, days = whole / 86400;
  if (days != 0) return sign + fmt::format("{}d {}h {}m {}s", days, hours, minutes, seconds);
  if (hours != 0) return sign + fmt::format("{}h {}m {}s", hours, minutes, seconds);
  if (minutes != 0) return sign + fmt::format("{}m {}s", minutes, seconds);
  return sign + four_digits(size) + "s";
}

template <std::string (*Write)(double)>
Answer number_for_people(const Invocation& call) {
  return Value::text(Write(number_in(call.arguments[0]).value));
}

// A time in seconds since 1970, cut to milliseconds as Prometheus' own times are.
Answer time_of(double seconds) {
  if (std::isnan(seconds) || std::isinf(seconds)) return Complaint{"the time is NaN or infinite"};
  const double nanoseconds = seconds * 1e9;
  if (nanoseconds > 9.2233720368547748e18 || nanoseconds < -9.2233720368547758e18)
    return Complaint{fmt::format("{} seconds since 1970 is no time: it is out of range", real_text(seconds, 'g', -1))};
  return Value::time(Instant{static_cast<std::int64_t>(nanoseconds) / 1'000'000});
}

Answer to_time(const Invocation& call) { return time_of(number_in(call.arguments[0]).value); }

Answer humanize_timestamp(const Invocation& call) {
  const double seconds = number_in(call.arguments[0]).value;
  if (std::isnan(seconds) || std::isinf(seconds)) return Value::text(four_digits(seconds));
  const Answer time = time_of(seconds);
  if (!time) return time;
  return Value::text(time_text(*time->as_time()));
}

Answer to_duration(const Invocation& call) {
  const double ms = number_in(call.arguments[0]).value * 1000;
  if (!(std::fabs(ms) < 9.2e18)) return Complaint{"the duration is out of range"};
  return Value::duration(Duration{static_cast<std::int64_t>(ms)});
}

Answer now_seconds(const Invocation& call) { return Value::real(static_cast<double>(call.environment.now.ms) / 1000.0); }

Answer duration_seconds(const Invocation& call) {
  std::string_view text = text_of(call, 0);
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const Result<Duration> duration = parse_duration(text);
  if (!duration) return Complaint{fmt::format("{} is no duration: {}", go_quoted(text), duration.error().detail)};
  return Value::real(static_cast<double>(is_negative ? -duration->ms : duration->ms) / 1000.0);
}

// --- hosts and links

struct HostPort {
  std::string_view host;
  std::string_view port;
  bool is_pair;
};

// Go's net.SplitHostPort: "host:port" or "[v6]:port"; anything else is no pair.
HostPort split_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {text, {}, false};
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[')) {
    if (host.find(']') != host.size() - 1 || host.find('[', 1) != std::string_view::npos) return {text, {}, false};
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of("[]:") != std::string_view::npos) {
    return {text, {}, false};
  }
  if (text.substr(colon + 1).find_first_of("[]") != std::string_view::npos) return {text, {}, false};
  return {host, text.substr(colon + 1), true};
}

bool is_ipv4(std::string_view text) {
  int parts = 0;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    int number = 0;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), number);
    const bool is_number = read.ec == std::errc{} && read.ptr == part.data() + part.size() && !part.starts_with('-');
    if (!is_number || number > 255 || part.size() > 3 || (part.size() > 1 && part[0] == '0')) return false;
    ++parts;
    if (dot == std::string_view::npos) return parts == 4;
    text.remove_prefix(dot + 1);
  }
}

// No name may hold a colon, so a colon and hexadecimal digits tell an address well enough.
bool is_address(std::string_view host) {
  if (host.find(':') == std::string_view::npos) return is_ipv4(host);
  return host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

Answer strip_port(const Invocation& call) { return Value::text(std::string(split_host_port(text_of(call, 0)).host)); }

Answer strip_domain(const Invocation& call) {
  const std::string& text = text_of(call, 0);
  const HostPort parts = split_host_port(text);
  if (is_address(parts.host)) return Value::text(text);
  const std::string host(parts.host.substr(0, parts.host.find('.')));
  if (parts.port.empty()) return Value::text(host);
  return Value::text((host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::string(parts.port));
}

Answer link(const Invocation& call, std::string_view tab) {
  const Function* escape = find_function("urlquery", Place::rule);
  Answer expression = escape->call(call);
  if (!expression) return expression;
  return Value::text(fmt::format("/graph?g0.expr={}&g0.tab={}", *expression->as_text(), tab));
}
Answer table_link(const Invocation& call) { return link(call, "1"); }
Answer graph_link(const Invocation& call) { return link(call, "0"); }

Answer external_url(const Invocation& call) { return Value::text(call.environment.external_url); }

Answer path_prefix(const Invocation& call) {
  std::string_view url = call.environment.external_url;
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) {
    const std::size_t slash = url.find('/', scheme + 3);
    url = slash == std::string_view::npos ? std::string_view() : url.substr(slash);
  }
  return Value::text(std::string(url.substr(0, url.find_first_of("?#"))));
}

constexpr std::uint8_t numbers_in = in_rules | in_plans;

constexpr Function table[] = {
    {"args", in_rules, "a*", arguments_map, Gives::anything},
    {"externalURL", in_rules, "", external_url},
    {"first", in_rules, "v", first, Gives::sample},
    {"graphLink", in_rules, "s", graph_link},
    {"humanize", numbers_in, "n", number_for_people<humanized>},
    {"humanize1024", numbers_in, "n", number_for_people<humanized_1024>},
    {"humanizeDuration", everywhere, "n", number_for_people<humanized_duration>},
    {"humanizePercentage", numbers_in, "n", number_for_people<humanized_percentage>},
    {"humanizeTimestamp", numbers_in, "n", humanize_timestamp},
    {"label", in_rules, "sr", label},
    {"now", in_rules, "", now_seconds},
    {"parseDuration", numbers_in, "s", duration_seconds},
    {"pathPrefix", in_rules, "", path_prefix},
    {"query", in_rules, "s", query, Gives::samples},
    {"sortByLabel", in_rules, "sv", sorted_by_label, Gives::samples},
    {"stripDomain", numbers_in, "s", strip_domain},
    {"stripPort", numbers_in, "s", strip_port},
    {"strvalue", in_rules, "r", text_value},
    {"tableLink", in_rules, "s", table_link},
    {"toDuration", numbers_in, "n", to_duration, Gives::anything},
    {"toTime", numbers_in, "n", to_time, Gives::anything},
    {"value", in_rules, "r", sample_value},
};

}  // namespace

std::span<const Function> sample_functions() noexcept { return table; }

Reading number_in(const Value& value) noexcept {
  if (const double* real = value.as_real()) return {*real, true};
  if (const std::int64_t* integer = value.as_integer()) return {static_cast<double>(*integer), true};
  if (const Duration* duration = value.as_duration()) return {static_cast<double>(duration->ms) / 1000.0, true};
  const std::string* text = value.as_text();
  if (text == nullptr || text->empty()) return {std::numeric_limits<double>::quiet_NaN(), false};
  std::string_view rest = *text;
  const bool is_negative = rest.starts_with('-');
  if (is_negative || rest.starts_with('+')) rest.remove_prefix(1);
  double number = 0;
  const auto read =
      std::from_chars(rest.data(), rest.data() + rest.size(), number);  // also "inf", "infinity" and "nan" in any case
  const bool is_whole = read.ptr == rest.data() + rest.size() && !rest.empty() && rest[0] != '-' && rest.back() != ')';
  if (read.ec != std::errc{} || !is_whole) return {std::numeric_limits<double>::quiet_NaN(), false};
  return {is_negative ? -number : number, true};
}

}  // namespace watchbill::text_template
