#include "config/integration_keys.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/json.h"
#include "config/http_client.h"
#include "config/texts.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

constexpr std::int64_t stored_number_max = json_integer_max;
constexpr std::string_view file_suffix = "_file";

// What is wrong with a secret is told without it.
void read_hidden(const Cursor& at, std::string& out) {
  if (at.node().kind == NodeKind::scalar) out = at.node().text;
  else at.complain("wrong_type", "expected text");
}

PlanValue& slot(const Cursor& at, PlanValues& out) { return out[std::string(at.name())]; }

// A number and a unit; takes both from the front. Nanoseconds.
bool take_go_part(std::string_view& rest, double& out) {
  struct Unit {
    std::string_view name;
    double nanoseconds;
  };
  constexpr Unit units[] = {{"ns", 1},  {"us", 1e3}, {"µs", 1e3}, {"μs", 1e3}, {"ms", 1e6},
                            {"s", 1e9}, {"m", 6e10}, {"h", 3.6e12}};
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
  double number = 0;
  const auto [end, failure] = std::from_chars(rest.data(), rest.data() + digits, number, std::chars_format::fixed);
  if (failure != std::errc{} || end != rest.data() + digits) return false;
  rest.remove_prefix(digits);
  const std::size_t letters = std::min(rest.find_first_of("0123456789."), rest.size());
  for (const Unit& unit : units)
    if (unit.name == rest.substr(0, letters)) {
      rest.remove_prefix(letters);
      out = number * unit.nanoseconds;
      return true;
    }
  return false;
}

// Go's time.ParseDuration without signs. Source: Go 1.23 time.
std::optional<std::int64_t> parse_go_duration(std::string_view text) {
  if (text == "0") return 0;
  double sum = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    double part = 0;
    if (!take_go_part(text, part)) return std::nullopt;
    sum += part;
  }
  const double ms = std::round(sum / 1e6);
  if (ms > static_cast<double>(stored_number_max)) return std::nullopt;
  return static_cast<std::int64_t>(ms);
}

PlanValue anything_of(const Cursor& at, std::uint32_t depth) {
  const Node& node = at.node();
  if (depth > plan_value_depth_max) {
    at.complain("too_large", fmt::format("values within each other on more than {} levels", plan_value_depth_max));
    return {};
  }
  if (node.kind == NodeKind::sequence) {
    PlanValue::List list;
    for (std::size_t i = 0; i < node.children.size(); ++i) list.push_back(anything_of(at.element(i), depth + 1));
    return list;
  }
  if (node.kind == NodeKind::mapping) {
    PlanValue::Map map;
    for (std::size_t i = 0; i < node.children.size(); i += 2) {
      const std::string& name = at.at(node.children[i]).text;
      map[name] = anything_of(at.member(name, node.children[i + 1]), depth + 1);
    }
    return map;
  }
  std::int64_t number = 0;
  const char* const end = node.text.data() + node.text.size();
  const auto [after, failure] = std::from_chars(node.text.data(), end, number);
  const bool is_number = node.style == ScalarStyle::plain && failure == std::errc{} && after == end &&
                         number >= -stored_number_max && number <= stored_number_max;
  if (is_number) return number;
  if (is_null(node)) return std::string();
  const auto is_one_of = [&node](std::initializer_list<std::string_view> words) {
    return node.style == ScalarStyle::plain && std::find(words.begin(), words.end(), node.text) != words.end();
  };
  if (is_one_of({"True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON"})) return "true";
  if (is_one_of({"False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF"})) return "false";
  return node.text;
}

}  // namespace

bool is_secret(const Key& key) noexcept {
  return key.type == secret_type || key.type == secret_template_type || key.type == secret_url_type;
}

bool has_templates(const Key& key) noexcept { return key.type.find("template") != std::string_view::npos; }

void store_text(const Cursor& at, PlanValues& out) {
  std::string text;
  read(at, text);
  slot(at, out) = std::move(text);
}

void store_filled(const Cursor& at, PlanValues& out) {
  std::string text;
  read_filled(at, text);
  slot(at, out) = std::move(text);
}

void store_truth(const Cursor& at, PlanValues& out) {
  bool is_true = false;
  read(at, is_true);
  slot(at, out) = is_true ? "true" : "false";
}

void store_number(const Cursor& at, PlanValues& out) {
  if (const std::optional<std::int64_t> number = read_integer(at, {-stored_number_max, stored_number_max}))
    slot(at, out) = *number;
}

void store_go_duration(const Cursor& at, PlanValues& out) {
  std::string text;
  read(at, text);
  if (text.empty()) return;
  const std::optional<std::int64_t> ms = parse_go_duration(text);
  if (!ms) return at.expected("a duration such as 90s, 1m30s or 1h");
  slot(at, out) = *ms;
}

void store_duration(const Cursor& at, PlanValues& out) {
  Duration value;
  read(at, value);
  slot(at, out) = value.ms;
}

// A URL may hold a password: it is not repeated.
void store_url(const Cursor& at, PlanValues& out) {
  std::string text;
  read(at, text);
  if (!is_url(text)) return at.complain("out_of_range", "expected a URL such as https://HOST/PATH");
  slot(at, out) = std::move(text);
}

void store_template_url(const Cursor& at, PlanValues& out) {
  std::string text;
  read(at, text);
  if (text.empty()) return;
  if (text.find("{{") == std::string::npos) return store_url(at, out);
  slot(at, out) = std::move(text);
}

void store_address(const Cursor& at, PlanValues& out) {
  std::string text;
  read(at, text);
  std::string address = text;
  for (const std::string_view service : {":smtp", ":smtps", ":submission"})
    if (text.ends_with(service)) address = text.substr(0, text.size() - service.size()) + ":25";
  if (!text.empty() && !is_address(address))
    return at.complain("out_of_range", fmt::format("expected HOST:PORT such as mail.example.net:587, found \"{}\"", text));
  slot(at, out) = std::move(text);
}

void store_texts(const Cursor& at, PlanValues& out) {
  std::map<std::string, std::string> texts;
  if (!is_object(at, "texts")) return;
  const std::vector<NodeIndex>& children = at.node().children;
  for (std::size_t i = 0; i < children.size(); i += 2) {
    const std::string& name = at.at(children[i]).text;
    const Cursor value = at.member(name, children[i + 1]);
    if (!is_null(value.node())) read(value, texts[name]);
    else texts[name];  // as there: a key without a value is an empty text
  }
  PlanValues map;
  for (auto& [name, text] : texts) map.emplace(name, std::move(text));
  slot(at, out) = std::move(map);
}

void store_list(const Cursor& at, PlanValues& out) {
  std::vector<std::string> texts;
  read(at, texts);
  slot(at, out) = PlanValue::List(texts.begin(), texts.end());
}

void store_anything(const Cursor& at, PlanValues& out) {
  if (is_object(at, "values")) slot(at, out) = anything_of(at, 2);
}

void store_secret(const Cursor& at, IntegrationConfiguration& out) {
  std::string text;
  read_hidden(at, text);
  if (!text.empty()) out.secrets[std::string(at.name())] = std::move(text);
}

void store_secret_url(const Cursor& at, IntegrationConfiguration& out) {
  std::string text;
  read_hidden(at, text);
  if (!is_url(text)) return at.complain("out_of_range", "expected a URL such as https://HOST/PATH");
  out.secrets[std::string(at.name())] = std::move(text);
}

void store_secret_file(const Cursor& at, IntegrationConfiguration& out) {
  std::string text;
  read(at, text);
  if (text.empty()) return;
  std::string path;
  read_path_for_calls(at, path);
  out.secret_files[std::string(at.name().substr(0, at.name().size() - file_suffix.size()))] = std::move(path);
}

void store_resolved(const Cursor& at, IntegrationConfiguration& out) {
  bool is_sent = true;
  read(at, is_sent);
  out.resolved = is_sent ? ResolvedNotice::sent : ResolvedNotice::omitted;
}

void store_max_alerts(const Cursor& at, IntegrationConfiguration& out) {
  read_between<0, stored_number_max>(at, out.max_alerts);
}

void store_http_config(const Cursor& at, IntegrationConfiguration& out) {
  ClientSecrets secrets;
  out.client = read_http_config(at, secrets);
  if (!secrets.secret.empty()) out.secrets[std::string(http_secret)] = std::move(secrets.secret);
  if (!secrets.proxy.empty()) out.secrets[std::string(http_proxy_secret)] = std::move(secrets.proxy);
}

void store_tls_config(const Cursor& at, IntegrationConfiguration& out) { out.client.tls = read_tls_alone(at); }

void take_below(std::string_view name, const PlanValues& inner, PlanValues& out) {
  for (const auto& [key, value] : inner) out[fmt::format("{}.{}", name, key)] = value;
}

void take_below(std::string_view name, const IntegrationConfiguration& inner, IntegrationConfiguration& out) {
  take_below(name, inner.settings, out.settings);
  for (const auto& [key, secret] : inner.secrets) out.secrets[fmt::format("{}.{}", name, key)] = secret;
  for (const auto& [key, path] : inner.secret_files) out.secret_files[fmt::format("{}.{}", name, key)] = path;
}

void fill_in(const Cursor& at, std::span<const Key> keys, void* object) {
  for (const Key& key : keys) {
    if (key.fallback.empty() || key.read == nullptr || at.has(key.name)) continue;
    SourceFile written;
    written.dialect = at.file().dialect;
    written.tree.nodes.resize(1);
    written.tree.nodes.front().text = key.fallback;
    written.tree.root = 0;
    key.read(Cursor(at.report(), written, 0, key.name), object);
  }
}

}  // namespace watchbill::config
