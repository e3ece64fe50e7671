#include "config/prometheus_text.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <span>

#include <fmt/core.h>

#include "base/time.h"
#include "config/paths.h"

namespace watchbill::config {
namespace {

constexpr std::string_view hidden = "<secret>";

// --- one scalar ---

// Whether YAML would take the plain text for something else than text.
bool has_other_type(std::string_view text) {
  static const std::set<std::string_view> words{"",   "~",  "null", "true", "false", "yes", "no", "on", "off",
                                                "y",  "n",  "<<",   "=",    ".nan",  ".inf", "-.inf", "+.inf"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  if (words.count(lower) != 0) return true;
  const bool begins_as_number = text.find_first_of("0123456789") == (text.find_first_of("+-.") == 0 ? 1U : 0U);
  return begins_as_number && lower.find_first_not_of("0123456789+-.:_xoabcdef") == std::string::npos &&
         std::count(lower.begin(), lower.end(), '.') < 2;
}

// The length of the character at the beginning when a writer of YAML must escape it, else 0; its code point in `code`.
std::size_t length_of_escaped(std::string_view text, unsigned& code) {
  const auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  code = byte(0);
  if (code < 0x20 || code == 0x7f) return 1;
  code = byte(1);
  if (byte(0) == 0xc2 && code < 0xa0) return 2;
  code = 0x2000 + byte(2) - 0x80;  // line and paragraph separators
  if (byte(0) == 0xe2 && byte(1) == 0x80 && (code == 0x2028 || code == 0x2029)) return 3;
  code = 0xfeff;
  return text.starts_with("\xef\xbb\xbf") ? 3 : 0;
}

bool has_control(std::string_view text) {
  unsigned code = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (length_of_escaped(text.substr(i), code) != 0) return true;
  return false;
}

bool needs_quotes(std::string_view text) {
  constexpr std::string_view indicators = ",[]{}#&*!|>'\"%@`";
  if (text.front() == ' ' || text.back() == ' ' || text.back() == ':') return true;
  if (indicators.find(text.front()) != std::string_view::npos) return true;
  const bool is_dash = text.front() == '-' || text.front() == '?' || text.front() == ':';
  if (is_dash && (text.size() == 1 || text[1] == ' ')) return true;
  return text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos;
}

std::string in_single_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? "'" : "").push_back(c);
  return out + "'";
}

std::string in_double_quotes(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    unsigned code = 0;
    const std::size_t length = length_of_escaped(text.substr(i), code);
    if (length == 0) {
      out.append(text[i] == '"' || text[i] == '\\' ? "\\" : "").push_back(text[i]);
    } else if (code == '\n' || code == '\t') {
      out += code == '\n' ? "\\n" : "\\t";
    } else {
      out += fmt::format("\\u{:04X}", code);
    }
    i += std::max<std::size_t>(length, 1);
  }
  return out + "\"";
}

std::string text_scalar(std::string_view text) {
  if (has_other_type(text) || has_control(text)) return in_double_quotes(text);
  return needs_quotes(text) ? in_single_quotes(text) : std::string(text);
}

// The password of a URL, as Go hides it.
std::string without_password(std::string text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  const std::size_t begin = scheme + 3, end = std::min(text.find_first_of("/?#", begin), text.size());
  const std::size_t at = text.rfind('@', end);
  if (at == std::string::npos || at < begin || at >= end) return text;
  const std::size_t colon = text.find(':', begin);
  if (colon < at) text.replace(colon + 1, at - colon - 1, "xxxxx");
  return text;
}

// --- objects that have an order and defaults ---

struct OrderedKey {
  std::string_view name;
  std::string_view fallback{};  // shown when nobody wrote the key
};

constexpr std::array<OrderedKey, 5> global_keys{{{"scrape_interval", "1m"},
                                                 {"scrape_timeout", "10s"},
                                                 {"evaluation_interval", "1m"},
                                                 {"query_log_file"},
                                                 {"external_labels"}}};
constexpr std::array<OrderedKey, 25> scrape_keys{
    {{"job_name"}, {"honor_labels"}, {"honor_timestamps", "true"}, {"params"}, {"scrape_interval", "1m"},
     {"scrape_timeout", "10s"}, {"metrics_path", "/metrics"}, {"scheme", "http"}, {"body_size_limit"}, {"sample_limit"},
     {"target_limit"}, {"label_limit"}, {"label_name_length_limit"}, {"label_value_length_limit"}, {"basic_auth"},
     {"authorization"}, {"oauth2"}, {"bearer_token"}, {"bearer_token_file"}, {"proxy_url"}, {"tls_config"},
     {"follow_redirects", "true"}, {"enable_http2", "true"}, {"relabel_configs"}, {"metric_relabel_configs"}}};
constexpr std::array<OrderedKey, 17> remote_write_keys{
    {{"url"}, {"remote_timeout", "30s"}, {"headers"}, {"write_relabel_configs"}, {"name"}, {"send_exemplars"},
     {"send_native_histograms"}, {"basic_auth"}, {"authorization"}, {"oauth2"}, {"bearer_token"}, {"bearer_token_file"},
     {"proxy_url"}, {"tls_config"}, {"follow_redirects", "false"}, {"queue_config"}, {"metadata_config"}}};
constexpr std::array<OrderedKey, 8> queue_keys{
    {{"capacity", "2500"}, {"max_shards", "200"}, {"min_shards", "1"}, {"max_samples_per_send", "500"},
     {"batch_send_deadline", "5s"}, {"min_backoff", "30ms"}, {"max_backoff", "5s"}, {"retry_on_http_429"}}};
constexpr std::array<OrderedKey, 3> metadata_keys{
    {{"send", "true"}, {"send_interval", "1m"}, {"max_samples_per_send", "500"}}};
constexpr std::array<OrderedKey, 12> alertmanager_keys{
    {{"basic_auth"}, {"authorization"}, {"oauth2"}, {"proxy_url"}, {"tls_config"}, {"follow_redirects", "true"},
     {"enable_http2", "true"}, {"scheme", "http"}, {"path_prefix"}, {"timeout", "10s"}, {"api_version", "v2"},
     {"relabel_configs"}}};
constexpr std::array<OrderedKey, 7> relabel_keys{{{"source_labels"}, {"separator", ";"}, {"regex", "(.*)"}, {"modulus"},
                                                  {"target_label"}, {"replacement", "$1"}, {"action", "replace"}}};
constexpr std::array<OrderedKey, 2> target_keys{{{"targets"}, {"labels"}}};
constexpr std::array<OrderedKey, 7> tls_keys{{{"ca_file"}, {"cert_file"}, {"key_file"}, {"server_name"},
                                              {"insecure_skip_verify", "false"}, {"min_version"}, {"max_version"}}};
constexpr std::array<OrderedKey, 3> authorization_keys{{{"type", "Bearer"}, {"credentials"}, {"credentials_file"}}};

constexpr std::array<OrderedKey, 11> http_discovery_keys{
    {{"basic_auth"}, {"authorization"}, {"oauth2"}, {"bearer_token"}, {"bearer_token_file"}, {"proxy_url"}, {"tls_config"},
     {"follow_redirects", "true"}, {"enable_http2", "true"}, {"refresh_interval", "1m"}, {"url"}}};
constexpr std::array<OrderedKey, 4> dns_keys{{{"names"}, {"refresh_interval", "30s"}, {"type", "SRV"}, {"port", "0"}}};

// What the objects under a key are; of a list, its elements.
std::span<const OrderedKey> keys_under(std::string_view name) {
  if (name == "global") return global_keys;
  if (name == "scrape_configs") return scrape_keys;
  if (name == "remote_write") return remote_write_keys;
  if (name == "queue_config") return queue_keys;
  if (name == "metadata_config") return metadata_keys;
  if (name == "alertmanagers") return alertmanager_keys;
  if (name == "relabel_configs" || name == "metric_relabel_configs" || name == "alert_relabel_configs" ||
      name == "write_relabel_configs") return relabel_keys;
  if (name == "static_configs") return target_keys;
  if (name == "tls_config") return tls_keys;
  if (name == "http_sd_configs") return http_discovery_keys;
  if (name == "dns_sd_configs") return dns_keys;
  if (name == "authorization") return authorization_keys;
  return {};
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_secret(std::string_view name) {
  constexpr std::array<std::string_view, 12> names{"password", "credentials", "bearer_token", "client_secret", "secret_key",
                                                   "token", "secrets", "key", "application_secret", "consumer_key",
                                                   "api_key", "api_secret"};
  return is_one_of(names, name);
}

// Maps by names that people choose: nothing in them is a key of Prometheus', and all values are text.
bool holds_text(std::string_view name) {
  constexpr std::array<std::string_view, 4> names{"labels", "external_labels", "params", "headers"};
  return is_one_of(names, name);
}

bool is_text(std::string_view name) {
  constexpr std::array<std::string_view, 8> names{"job_name",     "targets",     "source_labels", "separator", "regex",
                                                  "target_label", "replacement", "username"};
  return is_one_of(names, name);
}

// Lists of files.
bool is_path(std::string_view name) { return name == "rule_files" || name == "files"; }

// --- the writer ---

struct Member {
  std::string name;
  NodeIndex value{no_node};
  std::string text;  // of a default
};

class Writer {
 public:
  explicit Writer(const std::vector<PrometheusSection>& sections) : sections_(sections) {
    for (const PrometheusSection& section : sections)
      if (section.name == "global") {
        interval_ = duration_at(section, "scrape_interval").value_or(interval_);
        timeout_ = duration_at(section, "scrape_timeout").value_or(std::min(interval_, timeout_));
      }
  }

  std::string text() {
    const bool has_global = std::any_of(sections_.begin(), sections_.end(),
                                        [](const PrometheusSection& section) { return section.name == "global"; });
    if (!has_global) out_ += "global:\n  scrape_interval: 1m\n  scrape_timeout: 10s\n  evaluation_interval: 1m\n";
    std::string_view open;  // the list that further sections of its name add to
    for (const PrometheusSection& section : sections_) {
      file_ = section.file;
      tree_ = &section.file->tree;
      const Node& node = tree_->at(section.value);
      if (is_null(node) || (node.kind != NodeKind::scalar && node.children.empty())) continue;
      if (open != section.name) out_.append(section.name).append(":");
      if (open == section.name) write_elements(node, section.name, 0);
      else write_value({std::string(section.name), section.value, ""}, section.name, 0, false);
      open = section.name;
    }
    return std::move(out_);
  }

 private:
  static std::optional<Duration> duration_at(const PrometheusSection& section, std::string_view key) {
    const NodeIndex found = section.file->tree.find(section.value, key);
    if (found == no_node) return std::nullopt;
    const auto duration = parse_duration(section.file->tree.at(found).text);
    return duration ? std::optional<Duration>(*duration) : std::nullopt;
  }

  // The members of an object as they are shown: in the order of the neighbour, with its defaults; others behind them.
  [[nodiscard]] std::vector<Member> members_of(const Node& object, std::string_view name) const {
    std::map<std::string_view, NodeIndex> written;
    for (std::size_t i = 0; i < object.children.size(); i += 2)
      if (!is_null(tree_->at(object.children[i + 1]))) written[tree_->at(object.children[i]).text] = object.children[i + 1];
    const std::span<const OrderedKey> keys = keys_under(name);
    std::vector<Member> members;
    for (const OrderedKey& key : keys) {
      const auto found = written.find(key.name);
      if (found != written.end()) members.push_back({std::string(key.name), found->second, ""});
      else if (!key.fallback.empty()) members.push_back({std::string(key.name), no_node, fallback(key, object, name)});
      if (found != written.end()) written.erase(found);
    }
    if (holds_text(name)) {
      for (const auto& [key, value] : written) members.push_back({std::string(key), value, ""});
      return members;
    }
    for (std::size_t i = 0; i < object.children.size(); i += 2)
      if (const std::string& key = tree_->at(object.children[i]).text; written.count(key) != 0)
        members.push_back({key, object.children[i + 1], ""});
    return members;
  }

  // Jobs take interval and timeout of `global`; a timeout that nobody wrote gives way to a shorter interval.
  [[nodiscard]] std::string fallback(const OrderedKey& key, const Node& object, std::string_view name) const {
    if (name == "global" && key.name == "scrape_timeout") return format_duration(timeout_);
    if (name != "scrape_configs" || (key.name != "scrape_interval" && key.name != "scrape_timeout"))
      return std::string(key.fallback);
    Duration interval = interval_;
    for (std::size_t i = 0; i < object.children.size(); i += 2)
      if (tree_->at(object.children[i]).text == "scrape_interval")
        if (const auto own = parse_duration(tree_->at(object.children[i + 1]).text)) interval = *own;
    return format_duration(key.name == "scrape_interval" ? interval : std::min(interval, timeout_));
  }

  void indent(std::size_t level) { out_.append(2 * level, ' '); }

  void write_object(const Node& object, std::string_view name, std::size_t level, bool is_begun) {
    for (const Member& member : members_of(object, name)) {
      if (!is_begun) indent(level);
      is_begun = false;
      out_.append(text_scalar(member.name)).append(":");
      write_value(member, holds_text(name) ? name : std::string_view(member.name), level, holds_text(name));
    }
  }

  // Elements stand at the level of their key, as Go's writer has it.
  void write_elements(const Node& list, std::string_view name, std::size_t level) {
    for (const NodeIndex index : list.children) {
      const Node& element = tree_->at(index);
      indent(level);
      out_ += "-";
      if (element.kind == NodeKind::mapping && !members_of(element, name).empty()) {
        out_ += " ";
        write_object(element, name, level + 1, true);
      } else {
        write_value({std::string(name), index, ""}, name, level, holds_text(name));
      }
    }
  }

  // Behind "key:" or "-". `name` says what stands there, `is_free`: below a name that somebody chose.
  void write_value(const Member& member, std::string_view name, std::size_t level, bool is_free) {
    if (member.value == no_node) {
      out_.append(" ").append(member.text).append("\n");
      return;
    }
    const Node& node = tree_->at(member.value);
    if (!is_free && is_secret(member.name)) {
      out_.append(" ").append(hidden).append("\n");
    } else if (node.kind == NodeKind::scalar) {
      out_.append(" ").append(scalar(node, name, is_free)).append("\n");
    } else if (node.kind == NodeKind::sequence && node.children.empty()) {
      out_ += " []\n";
    } else if (node.kind == NodeKind::mapping && members_of(node, name).empty()) {
      out_ += " {}\n";
    } else if (node.kind == NodeKind::mapping) {
      out_ += "\n";
      write_object(node, name, level + 1, false);
    } else if (name == "source_labels") {
      out_ += " [";
      for (std::size_t i = 0; i < node.children.size(); ++i)
        out_ += (i == 0 ? "" : ", ") + text_scalar(tree_->at(node.children[i]).text);
      out_ += "]\n";
    } else {
      out_ += "\n";
      write_elements(node, name, level);
    }
  }

  [[nodiscard]] std::string scalar(const Node& node, std::string_view name, bool is_free) const {
    if (!is_free && (is_path(name) || name.ends_with("_file"))) return text_scalar(absolute_path(file_->folder, node.text));
    if (is_free || holds_text(name) || is_text(name)) return text_scalar(node.text);
    if (name.ends_with("_interval") || name.ends_with("timeout") || name.ends_with("_deadline") || name.ends_with("_backoff"))
      if (const auto duration = parse_duration(node.text)) return format_duration(*duration);
    if (node.style == ScalarStyle::plain && !has_control(node.text)) {
      constexpr std::array<std::string_view, 2> yes{"yes", "on"}, no{"no", "off"};
      if (is_one_of(yes, node.text)) return "true";
      if (is_one_of(no, node.text)) return "false";
      return without_password(node.text);
    }
    return text_scalar(without_password(node.text));
  }

  const std::vector<PrometheusSection>& sections_;
  const SourceFile* file_{nullptr};
  const Tree* tree_{nullptr};
  Duration interval_{Duration::minutes(1)};
  Duration timeout_{Duration::seconds(10)};
  std::string out_;
};

}  // namespace

std::string prometheus_text(const std::vector<PrometheusSection>& sections) { return Writer(sections).text(); }

}  // namespace watchbill::config
