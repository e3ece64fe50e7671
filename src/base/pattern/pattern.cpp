#include "base/pattern/pattern.h"

#include <algorithm>
#include <charconv>

#include <re2/re2.h>

namespace watchbill {
namespace {

re2::StringPiece piece_of(std::string_view text) { return re2::StringPiece(text.data(), text.size()); }

// Letters, digits and underscores; every byte above ASCII counts as part of a letter.
bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Takes "name" or "{name}" off the front; "" when there is none, and then nothing is taken.
std::string_view take_name(std::string_view& rest) {
  const bool is_braced = rest.starts_with('{');
  const std::size_t begin = is_braced ? 1 : 0;
  std::size_t end = begin;
  while (end < rest.size() && is_word(rest[end])) ++end;
  const std::string_view name = rest.substr(begin, end - begin);
  if (name.empty() || (is_braced && (end == rest.size() || rest[end] != '}'))) return {};
  rest.remove_prefix(is_braced ? end + 1 : end);
  return name;
}

}  // namespace

Result<Pattern> Pattern::compile(std::string_view text, Options options) {
  re2::RE2::Options to;
  to.set_log_errors(false);
  to.set_max_mem(options.memory_bytes_max);
  to.set_dot_nl(options.dot_matches_newline);
  to.set_never_capture(!options.captures);
  auto compiled = std::make_shared<const re2::RE2>(piece_of(text), to);
  if (!compiled->ok()) return Error{ErrorKind::invalid, "compile the pattern", std::string(text), compiled->error()};
  return Pattern(std::move(compiled));
}

bool Pattern::occurs_in(std::string_view text) const {
  return compiled_->Match(piece_of(text), 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

bool Pattern::matches_whole(std::string_view text) const {
  return compiled_->Match(piece_of(text), 0, text.size(), re2::RE2::ANCHOR_BOTH, nullptr, 0);
}

bool Pattern::find(std::string_view text, std::size_t from, Groups& groups) const { return match(text, from, false, groups); }

bool Pattern::match_whole(std::string_view text, Groups& groups) const { return match(text, 0, true, groups); }

bool Pattern::match(std::string_view text, std::size_t from, bool is_whole, Groups& groups) const {
  std::vector<re2::StringPiece> pieces(static_cast<std::size_t>(compiled_->NumberOfCapturingGroups()) + 1);
  const auto anchor = is_whole ? re2::RE2::ANCHOR_BOTH : re2::RE2::UNANCHORED;
  if (!compiled_->Match(piece_of(text), from, text.size(), anchor, pieces.data(), static_cast<int>(pieces.size()))) return false;
  groups.clear();
  for (const re2::StringPiece& piece : pieces) groups.emplace_back(piece.data(), piece.size());
  return true;
}

void Pattern::expand(std::string_view replacement, const Groups& groups,
                     const std::function<void(std::string_view)>& append) const {
  while (!replacement.empty()) {
    const std::size_t dollar = replacement.find('$');
    append(replacement.substr(0, dollar));
    if (dollar == std::string_view::npos) return;
    replacement.remove_prefix(dollar + 1);
    if (replacement.starts_with('$')) {
      append("$");
      replacement.remove_prefix(1);
      continue;
    }
    const std::string_view name = take_name(replacement);
    append(name.empty() ? std::string_view("$") : group(name, groups));
  }
}

std::string_view Pattern::group(std::string_view name, const Groups& groups) const {
  std::size_t index = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (failure != std::errc{} || end != name.data() + name.size()) {
    const auto found = compiled_->NamedCapturingGroups().find(std::string(name));
    if (found == compiled_->NamedCapturingGroups().end()) return {};
    index = static_cast<std::size_t>(found->second);
  }
  return index < groups.size() ? groups[index] : std::string_view();
}

std::string Pattern::common_prefix() const {
  constexpr int prefix_bytes_max = 64;
  std::string least;
  std::string greatest;
  if (!compiled_->PossibleMatchRange(&least, &greatest, prefix_bytes_max)) return {};
  const auto end = std::mismatch(least.begin(), least.end(), greatest.begin(), greatest.end()).first;
  return std::string(least.begin(), end);
}

}  // namespace watchbill
