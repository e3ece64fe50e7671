#include "config/discovery.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/json.h"
#include "config/http_client.h"
#include "config/paths.h"
#include "config/texts.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

void read_targets(const Cursor& at, std::vector<std::string>& out) {
  if (!is_list(at, "targets")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) read_filled(at.element(i), out.emplace_back());
}

constexpr auto target_group = table<StaticTargets>(
    "scrape_configs[].static_configs[]",
    optional<&StaticTargets::targets, read_targets>("targets", "list of HOST:PORT", "",
                                                    "what is scraped; the label __address__ of relabel_configs"),
    optional<&StaticTargets::labels>("labels", "map of text", "",
                                     "added to all series of these targets; those with __ serve relabel_configs"));

void read_target_group(const Cursor& at, StaticTargets& out) { read_object(at, target_group, out); }

void read_file_patterns(const Cursor& at, std::vector<std::string>& out) {
  if (!is_list(at, "paths")) return;
  if (at.node().children.empty()) return at.complain("out_of_range", "expected at least one path");
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    std::string& path = out.emplace_back();
    read_path(element, path);
    if (path.empty()) continue;
    if (is_pattern(folder_of(path))) element.complain("out_of_range", "a pattern may stand in the last part of a path only");
    const std::string lowered = [&path] {
      std::string text = path;
      std::transform(text.begin(), text.end(), text.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | ' ') : c; });
      return text;
    }();
    if (!lowered.ends_with(".json") && !lowered.ends_with(".yml") && !lowered.ends_with(".yaml"))
      element.complain("out_of_range", "expected a name that ends in .json, .yml or .yaml");
  }
}

using F = FileDiscoveryConfiguration;
constexpr auto file_discovery = table<F>(
    "scrape_configs[].file_sd_configs[]",
    required(optional<&F::files, read_file_patterns>(
        "files", "list of paths", "", "JSON or YAML by their ends: lists of targets and labels; patterns in the last part")),
    optional<&F::refresh_interval, read_positive>("refresh_interval", "duration", "5m",
                                                  "files are read again then, and within seconds of a change"));

void read_file(const Cursor& at, FileDiscoveryConfiguration& out) { read_object(at, file_discovery, out); }

// At most what DNS can carry; a dot at the end roots it.
void read_dns_name(const Cursor& at, std::string& out) {
  constexpr std::size_t name_bytes_max = 254, label_bytes_max = 63;
  read_filled(at, out);
  if (out.empty()) return;
  bool is_name = out.size() <= name_bytes_max && out != ".";
  std::size_t label_bytes = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const char c = out[i];
    if (c == '.' && label_bytes == 0) is_name = false;
    label_bytes = c == '.' ? 0 : label_bytes + 1;
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if ((!is_plain && c != '.' && c != '-' && c != '_') || label_bytes > label_bytes_max) is_name = false;
  }
  if (!is_name) at.complain("out_of_range", fmt::format("expected a name such as _http._tcp.example.org, found \"{}\"", out));
}
void read_dns_names(const Cursor& at, std::vector<std::string>& out) {
  if (!is_list(at, "names")) return;
  if (at.node().children.empty()) return at.complain("out_of_range", "expected at least one name");
  read_each<std::string, read_dns_name>(at, out);
}

// Prometheus takes small letters too.
void read_record_type(const Cursor& at, DnsRecordType& out) {
  std::string text = at.node().text;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  const std::optional<DnsRecordType> type = from_word<DnsRecordType>(text);
  if (at.node().kind == NodeKind::scalar && type) out = *type;
  else read(at, out);
}

using D = DnsDiscoveryConfiguration;
constexpr auto dns_discovery = table<D>(
    "scrape_configs[].dns_sd_configs[]",
    required(optional<&D::names, read_dns_names>(
        "names", "list of names", "", "looked up at the system's name servers; those with few dots below its domains too")),
    optional<&D::type, read_record_type>("type", "A, AAAA, MX or SRV", "SRV", "of the records that lead to targets"),
    optional<&D::port, read_between<1, 65535, std::uint16_t>>("port", "number", "", "of the targets; SRV has its own"),
    optional<&D::refresh_interval, read_positive>("refresh_interval", "duration", "30s", "time between two lookups"));

void read_dns(const Cursor& at, DnsDiscoveryConfiguration& out) {
  if (!read_object(at, dns_discovery, out)) return;
  if (out.type != DnsRecordType::srv && !at.has("port"))
    at.complain("missing_key", fmt::format("the key port is required: records of the type {} have none", word(out.type)));
}

struct HttpKeys {
  ClientKeys client;
  Duration refresh_interval{Duration::minutes(1)};
  std::string url;
};

using H = HttpKeys;
constexpr auto http_discovery = table<H>(
    "scrape_configs[].http_sd_configs[]",
    required(optional<&H::url, read_url>("url", "URL", "", "answers with a list of targets and labels, as JSON")),
    optional<&H::refresh_interval, read_positive>("refresh_interval", "duration", "1m",
                                                  "time between two calls, and of one at most"),
    client_key<H, read_basic_auth>("basic_auth", "settings", "", "as of jobs"),
    client_key<H, read_authorization>("authorization", "settings", "", "as of jobs"),
    client_key<H, read_bearer_token>("bearer_token", "env:NAME", "", "as of jobs"),
    client_key<H, read_bearer_token_file>("bearer_token_file", "path", "", "as of jobs"),
    client_key<H, read_follow_redirects>("follow_redirects", "truth", "true", "at most 10 times"),
    client_key<H, read_proxy_url>("proxy_url", "URL or env:NAME", "", "as of jobs"),
    client_key<H, read_tls_config>("tls_config", "settings", "", "as of jobs"),
    client_key<H, read_enable_http2>("enable_http2", "truth", "true", "as of jobs"), later<H>("oauth2", ""),
    later<H>("no_proxy", ""), later<H>("proxy_from_environment", ""),
    later<H>("proxy_connect_header", ""), later<H>("http_headers", ""));

void read_http(const Cursor& at, HttpDiscoveryConfiguration& out) {
  HttpKeys keys;
  if (!read_object(at, http_discovery, keys)) return;
  out.client = settle_client(at, keys.client);
  out.refresh_interval = keys.refresh_interval;
  out.url = std::move(keys.url);
}

Error not_groups(const std::string& path, std::string detail) {
  return Error{ErrorKind::invalid, "read targets", path, std::move(detail)};
}

// The groups of a JSON text, or the first thing that is wrong with them.
class GroupReader {
 public:
  Result<std::vector<StaticTargets>> read(const JsonValue& root, const std::string& path) {
    std::vector<StaticTargets> groups;
    if (const auto* elements = root.as_array()) {
      for (const JsonValue& element : *elements) read_group(element, groups.emplace_back());
    } else {
      expected(root, "a list of objects with the keys targets and labels");
    }
    if (!problem_.empty()) return not_groups(path, problem_);
    return groups;
  }

 private:
  void expected(const JsonValue& at, std::string_view what) {
    if (problem_.empty()) problem_ = fmt::format("line {}, column {}: expected {}", at.line, at.column, what);
  }

  void read_group(const JsonValue& at, StaticTargets& group) {
    const auto* members = at.as_object();
    if (members == nullptr) return expected(at, "an object with the keys targets and labels");
    for (const auto& [key, value] : *members) {
      const bool is_null = std::holds_alternative<std::nullptr_t>(value.value);
      if (key != "targets" && key != "labels") expected(value, "one of the keys targets and labels, found " + quoted(key));
      else if (is_null) continue;
      else if (key == "targets") read_addresses(value, group.targets);
      else group.labels = read_labels(value);
    }
  }

  void read_addresses(const JsonValue& at, std::vector<std::string>& out) {
    const auto* elements = at.as_array();
    if (elements == nullptr) return expected(at, "a list of texts such as HOST:PORT");
    for (const JsonValue& element : *elements) {
      const std::string* address = element.as_string();
      if (address == nullptr || address->empty()) return expected(element, "a text such as HOST:PORT");
      out.push_back(*address);
    }
  }

  Labels read_labels(const JsonValue& at) {
    std::vector<Labels::Pair> pairs;
    const auto* members = at.as_object();
    if (members == nullptr) expected(at, "an object of label names with texts");
    else
      for (const auto& [name, value] : *members) {
        if (!is_label_name(name)) expected(value, "a label name before this, found " + quoted(name));
        else if (value.as_string() == nullptr) expected(value, "a text");
        else pairs.emplace_back(name, *value.as_string());
      }
    return Labels(std::move(pairs));
  }

  std::string problem_;
};

Result<std::vector<StaticTargets>> groups_of_json(std::string_view text, const std::string& path) {
  const Result<JsonValue> json = parse_json(text);
  if (!json)
    return not_groups(path, json.error().on.empty() ? json.error().detail : json.error().on + ": " + json.error().detail);
  return GroupReader().read(*json, path);
}

Result<std::vector<StaticTargets>> groups_of_yaml(std::string text, const std::string& path) {
  Result<Tree, TreeError> tree = parse_tree(std::move(text));
  if (!tree)
    return not_groups(path,
                      fmt::format("line {}, column {}: {}", tree.error().at.line, tree.error().at.column, tree.error().text));
  SourceFile file;
  file.path = path;
  file.dialect = Dialect::prometheus;
  file.tree = std::move(*tree);
  Report report;
  std::vector<StaticTargets> groups;
  const Cursor root(report, file, file.tree.root, "");
  if (!is_null(root.node())) read_target_groups(root, groups);  // an empty file has no targets
  if (!report.has_errors()) return groups;
  const Finding first = report.take().front();
  return not_groups(path, fmt::format("line {}, column {}: {}{}{}", first.place.at.line, first.place.at.column, first.path,
                                      first.path.empty() ? "" : ": ", first.text));
}

}  // namespace

void read_target_groups(const Cursor& at, std::vector<StaticTargets>& out) {
  read_each<StaticTargets, read_target_group>(at, out);
}

void read_file_discovery(const Cursor& at, std::vector<FileDiscoveryConfiguration>& out) {
  read_each<FileDiscoveryConfiguration, read_file>(at, out);
}

void read_dns_discovery(const Cursor& at, std::vector<DnsDiscoveryConfiguration>& out) {
  read_each<DnsDiscoveryConfiguration, read_dns>(at, out);
}

void read_http_discovery(const Cursor& at, std::vector<HttpDiscoveryConfiguration>& out) {
  read_each<HttpDiscoveryConfiguration, read_http>(at, out);
}

Result<std::vector<StaticTargets>> parse_target_groups(std::string text, const std::string& path, GroupSyntax syntax) {
  return syntax == GroupSyntax::json ? groups_of_json(text, path) : groups_of_yaml(std::move(text), path);
}

std::vector<TableView> discovery_tables() {
  return {target_group.view(), file_discovery.view(), http_discovery.view(), dns_discovery.view()};
}

}  // namespace watchbill::config
