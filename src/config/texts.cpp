#include "config/texts.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/core.h>

#include "config/expressions.h"
#include "config/paths.h"
#include "config/secrets.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

namespace templates = text_template;

void expand_into(const Cursor& at, std::string& out) {
  const templates::Value data = templates::Value::record(
      {{"Dir", templates::Value::text(at.file().folder)}, {"Host", templates::Value::text(at.file().host)}});
  static const templates::Shape names =
      templates::Shape::record({{"Dir", templates::Shape::leaf()}, {"Host", templates::Shape::leaf()}});
  if (std::optional<std::string> text = expand(at, data, names)) out = std::move(*text);
}

}  // namespace

bool is_name(std::string_view text, std::size_t bytes_max) noexcept {
  const auto belongs = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= bytes_max && text.front() != '.' && std::all_of(text.begin(), text.end(), belongs);
}

void check_names(const Cursor& map, std::size_t bytes_max) {
  if (map.node().kind != NodeKind::mapping) return;
  const std::vector<NodeIndex>& children = map.node().children;
  for (std::size_t i = 0; i < children.size(); i += 2)
    if (!is_name(map.at(children[i]).text, bytes_max))
      map.complain_at_key(
          children[i], "out_of_range",
          fmt::format("a name has letters, digits and . _ - only, does not begin with a dot, and has at most {} bytes",
                      bytes_max));
}

void read_expanded(const Cursor& at, std::string& out) {
  std::string text;
  read_filled(at, text);
  if (text.empty()) return;
  check_secret(at);
  if (text.find("{{") == std::string::npos)
    out = std::move(text);
  else
    expand_into(at, out);
}

void read_expanded_path(const Cursor& at, std::string& out) {
  std::string text;
  read_expanded(at, text);
  if (!text.empty()) out = absolute_path(at.file().folder, text);
}

void read_command(const Cursor& at, std::vector<std::string>& out) {
  if (!is_list(at, "texts: a program and its arguments")) return;
  if (at.node().children.empty()) return at.complain("out_of_range", "expected a program and its arguments");
  out.clear();
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    std::string& text = out.emplace_back();
    // An argument may be empty, the program may not.
    if (i > 0 && element.node().kind == NodeKind::scalar && element.node().text.empty() && !is_null(element.node())) continue;
    read_expanded(element, text);
  }
}

bool is_url(std::string_view text) noexcept {
  for (const std::string_view scheme : {"http://", "https://"})
    if (text.starts_with(scheme) && text.size() > scheme.size())
      return text[scheme.size()] != '/' && text.find(' ') == std::string_view::npos;
  return false;
}

void read_url(const Cursor& at, std::string& out) {
  read_expanded(at, out);
  if (!out.empty() && !is_url(out))
    at.complain("out_of_range", fmt::format("expected a URL such as https://HOST/PATH, found \"{}\"", out));
}

bool is_address(std::string_view text) noexcept {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool is_bracketed = host.front() == '[' && host.back() == ']' && host.size() > 2;
  if (!is_bracketed && host.find_first_of(":[] /") != std::string_view::npos) return false;
  std::uint16_t number = 0;
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), number);
  return failure == std::errc{} && end == port.data() + port.size();
}

bool is_loopback(std::string_view host) noexcept {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host == "localhost" || host == "::1") return true;
  std::array<int, 4> parts{};
  const char* at = host.data();
  const char* const end = at + host.size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto [after, failure] = std::from_chars(at, end, parts[i]);
    if (failure != std::errc{} || parts[i] < 0 || parts[i] > 255 || after - at > 3) return false;
    const bool is_last = i + 1 == parts.size();
    if (is_last ? after != end : after == end || *after != '.') return false;
    at = after + 1;
  }
  return parts[0] == 127;
}

void read_address(const Cursor& at, std::string& out) {
  read_expanded(at, out);
  if (!out.empty() && !is_address(out))
    at.complain("out_of_range", fmt::format("expected an address such as 127.0.0.1:8080, found \"{}\"", out));
}

}  // namespace watchbill::config
