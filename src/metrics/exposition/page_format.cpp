#include "metrics/exposition/page_format.h"

#include <algorithm>
#include <array>

namespace watchbill::metrics::exposition {
namespace {

constexpr std::string_view open_metrics = "application/openmetrics-text";
constexpr std::string_view protobuf = "application/vnd.google.protobuf";
constexpr std::size_t parameters_max = 16;  // more than any header has; one with more is not read

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_equal(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

void trim(std::string_view& text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
}

std::string_view take_token(std::string_view& text) noexcept {
  constexpr std::string_view specials = "()<>@,;:\\\"/[]?=";
  std::size_t end = 0;
  while (end < text.size() && text[end] > ' ' && text[end] < '\x7f' && specials.find(text[end]) == std::string_view::npos) ++end;
  const std::string_view token = text.substr(0, end);
  text.remove_prefix(end);
  return token;
}

// A token or a text in double quotes; false when it is neither.
bool skip_value(std::string_view& text) noexcept {
  if (!text.starts_with('"')) return !take_token(text).empty();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\r' || text[i] == '\n') return false;
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    if (text[i] == '\\') ++i;
  }
  return false;
}

// `; name=value` as often as it comes, and one `;` at the end.
bool are_parameters(std::string_view text) noexcept {
  std::array<std::string_view, parameters_max> names{};
  std::size_t count = 0;
  for (trim(text); !text.empty(); trim(text)) {
    if (text.front() != ';') return false;
    text.remove_prefix(1);
    trim(text);
    if (text.empty()) return true;
    const std::string_view name = take_token(text);
    trim(text);
    if (name.empty() || !text.starts_with('=')) return false;
    text.remove_prefix(1);
    trim(text);
    const auto is_same = [name](std::string_view known) { return is_equal(known, name); };
    const auto end = names.begin() + static_cast<std::ptrdiff_t>(count);
    if (!skip_value(text) || count == parameters_max || std::any_of(names.begin(), end, is_same)) return false;
    names[count++] = name;
  }
  return true;
}

}  // namespace

PageFormat page_format(std::string_view content_type) noexcept {
  const std::size_t end = std::min(content_type.find(';'), content_type.size());
  std::string_view type = content_type.substr(0, end);
  trim(type);
  while (!type.empty() && is_space(type.back())) type.remove_suffix(1);
  if (!are_parameters(content_type.substr(end))) return PageFormat::text;
  if (is_equal(type, open_metrics)) return PageFormat::open_metrics;
  return is_equal(type, protobuf) ? PageFormat::protobuf : PageFormat::text;
}

}  // namespace watchbill::metrics::exposition
