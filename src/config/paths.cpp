#include "config/paths.h"

#include <filesystem>
#include <vector>

namespace watchbill::config {
namespace {

// Reads one class `[…]` at the front of `pattern` and takes it away; false when it is broken.
bool take_class(std::string_view& pattern, char c, bool& is_in) noexcept {
  pattern.remove_prefix(1);
  const bool is_negated = !pattern.empty() && pattern.front() == '^';
  if (is_negated) pattern.remove_prefix(1);
  const auto take = [&pattern](char& out) {
    if (pattern.empty() || pattern.front() == '-' || pattern.front() == ']') return false;
    if (pattern.front() == '\\') pattern.remove_prefix(1);
    if (pattern.empty()) return false;
    out = pattern.front();
    pattern.remove_prefix(1);
    return true;
  };
  bool found = false;
  for (bool is_first = true; is_first || pattern.empty() || pattern.front() != ']'; is_first = false) {
    char low = '\0';
    if (!take(low)) return false;
    char high = low;
    if (pattern.size() > 1 && pattern.front() == '-' && pattern[1] != ']') {
      pattern.remove_prefix(1);
      if (!take(high)) return false;
    }
    found = found || (low <= c && c <= high);
  }
  pattern.remove_prefix(1);
  is_in = found != is_negated;
  return true;
}

// Takes one element that is no star from the front of both; false when they differ.
bool take_one(std::string_view& pattern, std::string_view& name) noexcept {
  if (name.empty() || pattern.empty()) return false;
  const char c = name.front();
  bool is_equal = true;
  if (pattern.front() == '[') {
    if (!take_class(pattern, c, is_equal)) return false;
  } else {
    const bool is_any = pattern.front() == '?';
    if (pattern.front() == '\\') pattern.remove_prefix(1);
    if (pattern.empty()) return false;
    is_equal = is_any || pattern.front() == c;
    pattern.remove_prefix(1);
  }
  name.remove_prefix(1);
  return is_equal;
}

}  // namespace

std::string absolute_path(std::string_view folder, std::string_view path) {
  std::string whole = path.starts_with('/') ? std::string(path) : std::string(folder) + "/" + std::string(path);
  std::vector<std::string_view> parts;
  std::string_view rest = whole;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part != "..")
      parts.push_back(part);
    else if (!parts.empty())
      parts.pop_back();
  }
  std::string out;
  for (const std::string_view part : parts) out.append("/").append(part);
  return out.empty() ? "/" : out;
}

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string{} : std::string(path.substr(0, slash));
}

std::string seen_from(const std::string& folder, const std::string& path) {
  return folder.empty() ? path : std::filesystem::path(path).lexically_relative(folder).string();
}

std::string_view file_name_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool is_pattern(std::string_view text) noexcept { return text.find_first_of("*?[\\") != std::string_view::npos; }

bool matches(std::string_view pattern, std::string_view name) noexcept {
  // The last star seen, and what stood behind it: on a difference it takes one character more.
  std::string_view star_pattern;
  std::string_view star_name;
  bool has_star = false;
  while (true) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      star_pattern = pattern;
      star_name = name;
      has_star = true;
      continue;
    }
    if (name.empty() && pattern.empty()) return true;
    if (take_one(pattern, name)) continue;
    if (!has_star || star_name.empty()) return false;
    star_name.remove_prefix(1);
    pattern = star_pattern;
    name = star_name;
  }
}

}  // namespace watchbill::config
