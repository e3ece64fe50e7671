#include "config/alertmanager_text.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/json.h"
#include "config/alertmanager_receivers.h"

namespace watchbill::config {
namespace {

constexpr std::string_view hidden = "<secret>";
constexpr std::string_view hidden_part = "xxxxx";

template <std::size_t N>
bool has_any(std::string_view name, const std::array<std::string_view, N>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [name](std::string_view part) { return name.find(part) != std::string_view::npos; });
}

// Whether all that stands under a key is secret. `list` is the key of the list or object that it stands in: the tables of
// integrations and of `global` know theirs, what is deeper has names that say so.
bool is_secret(std::string_view name, std::string_view list) {
  constexpr std::array<std::string_view, 9> words{"password", "secret", "credentials", "token", "api_key", "service_key",
                                                  "routing_key", "user_key", "webhook_url"};
  if (is_secret_key(list, name)) return true;
  if (list == "global" || list.ends_with("_configs")) return false;
  if (name.ends_with("_file") || name.ends_with("_files") || name == "token_url") return false;
  if (name == "proxy_connect_header" || name == "secrets" || name == "key") return true;
  return has_any(name, words);
}

std::string without_secrets_of_url(const std::string& text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  std::string out = text;
  const std::size_t begin = scheme + 3;
  const std::size_t end = std::min(out.find_first_of("/?#", begin), out.size());
  const std::size_t at = out.rfind('@', end);
  if (at != std::string::npos && at >= begin && at < end) {
    const std::size_t colon = out.find(':', begin);
    if (colon < at) out.replace(colon + 1, at - colon - 1, hidden_part);
    else out.replace(begin, at - begin, hidden_part);
  }
  std::size_t value = out.find('?', begin);
  while (value != std::string::npos && value < out.size()) {
    const std::size_t next = std::min(out.find_first_of("&#", value + 1), out.size());
    const std::size_t equals = out.find('=', value);
    std::size_t after = next;
    if (equals < next) {
      out.replace(equals + 1, next - equals - 1, hidden_part);
      after = equals + 1 + hidden_part.size();
    }
    if (after >= out.size() || out[after] == '#') break;
    value = after;
  }
  return out;
}

class Writer {
 public:
  explicit Writer(const Tree& tree) : tree_(tree) {}

  // Recurses no deeper than a tree may be.
  void value(NodeIndex index, std::size_t indent, std::string_view list) {
    const Node& node = tree_.at(index);
    switch (node.kind) {
      case NodeKind::scalar: return scalar(node);
      case NodeKind::sequence: return sequence(node, indent, list);
      case NodeKind::mapping: return mapping(node, indent, list);
    }
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void scalar(const Node& node) {
    const std::string text = without_secrets_of_url(node.text);
    const bool is_plain = node.style == ScalarStyle::plain && std::none_of(text.begin(), text.end(), [](char c) {
      return (c >= 0 && c < ' ') || c == '\x7f';
    });
    out_ += ' ';
    if (is_plain) out_ += text;
    else append_json_string(out_, text);
    out_ += '\n';
  }

  void sequence(const Node& node, std::size_t indent, std::string_view list) {
    if (node.children.empty()) {
      out_ += " []\n";
      return;
    }
    out_ += '\n';
    for (const NodeIndex child : node.children) {
      out_.append(indent, ' ').append("-");
      if (tree_.at(child).kind == NodeKind::mapping && !tree_.at(child).children.empty()) {
        out_ += ' ';
        members(tree_.at(child), indent + 2, list, true);
      } else {
        value(child, indent + 2, list);
      }
    }
  }

  void mapping(const Node& node, std::size_t indent, std::string_view list) {
    if (node.children.empty()) {
      out_ += " {}\n";
      return;
    }
    out_ += '\n';
    members(node, indent, list, false);
  }

  // `is_begun`: the first one stands behind the dash of a list.
  void members(const Node& node, std::size_t indent, std::string_view list, bool is_begun) {
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const Node& key = tree_.at(node.children[i]);
      if (!is_begun || i > 0) out_.append(indent, ' ');
      if (key.style == ScalarStyle::plain) out_ += key.text;
      else append_json_string(out_, key.text);
      out_ += ':';
      const Node& held = tree_.at(node.children[i + 1]);
      if (is_secret(key.text, list) && !(held.kind == NodeKind::scalar && is_null(held))) out_.append(" ").append(hidden) += '\n';
      else value(node.children[i + 1], indent + 2, key.text);
    }
  }

  const Tree& tree_;
  std::string out_;
};

}  // namespace

std::string alertmanager_text(const Tree& tree) {
  if (tree.root == no_node) return {};
  Writer writer(tree);
  writer.value(tree.root, 0, "");
  std::string text = writer.take();
  if (text.starts_with('\n')) text.erase(0, 1);
  return text;
}

}  // namespace watchbill::config
