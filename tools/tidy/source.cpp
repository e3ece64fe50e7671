#include "tidy/source.h"

#include <algorithm>
#include <array>

namespace watchbill::tidy {
namespace {

constexpr bool is_word_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Copies a text into the two forms, deciding for each character whether it is code, comment or the inside of a literal.
class Separator {
 public:
  explicit Separator(Source& source) : source_(source), text_(source.text) {
    source_.code.assign(text_.size(), ' ');
    source_.comments.assign(text_.size(), ' ');
    for (std::size_t i = 0; i < text_.size(); ++i)
      if (text_[i] == '\n') source_.code[i] = source_.comments[i] = '\n';
  }

  void run() {
    while (at_ < text_.size()) {
      if (starts_with("//")) comment(line_end());
      else if (starts_with("/*")) comment(after("*/", at_ + 2));
      else if (text_[at_] == '"') string_literal();
      else if (text_[at_] == '\'' && !is_digit_separator()) quoted('\'');
      else code();
    }
  }

 private:
  [[nodiscard]] bool starts_with(std::string_view prefix) const noexcept { return text_.substr(at_).starts_with(prefix); }
  [[nodiscard]] std::size_t after(std::string_view end, std::size_t from) const noexcept {
    const std::size_t found = text_.find(end, from);
    return found == std::string_view::npos ? text_.size() : found + end.size();
  }
  // A line comment ends at the first line end that no backslash continues.
  [[nodiscard]] std::size_t line_end() const noexcept {
    std::size_t end = text_.find('\n', at_);
    while (end != std::string_view::npos && end > 0 && text_[end - 1] == '\\') end = text_.find('\n', end + 1);
    return std::min(end, text_.size());
  }

  void comment(std::size_t end) {
    for (; at_ < end; ++at_)
      if (text_[at_] != '\n') source_.comments[at_] = text_[at_];
  }
  void code() {
    if (text_[at_] != '\n') source_.code[at_] = text_[at_];
    ++at_;
  }
  // 1'000, 0xff'ff: the word before the quote begins with a digit. (u8'a' begins with a letter.)
  [[nodiscard]] bool is_digit_separator() const noexcept {
    std::size_t begin = at_;
    while (begin > 0 && (is_word_character(text_[begin - 1]) || text_[begin - 1] == '\'')) --begin;
    return begin < at_ && is_digit(text_[begin]);
  }
  void quoted(char quote) {
    code();
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') at_ += text_[at_] == '\\' ? 2U : 1U;
    at_ = std::min(at_, text_.size());
    if (at_ < text_.size()) code();
  }
  void string_literal() {
    // An include's path is code: rules read it.
    const std::size_t line_begin = text_.rfind('\n', at_) == std::string_view::npos ? 0 : text_.rfind('\n', at_) + 1;
    const std::string_view before = text_.substr(line_begin, at_ - line_begin);
    if (before.starts_with("#") && before.find("include") != std::string_view::npos) {
      while (at_ < text_.size() && text_[at_] != '\n') code();
    } else if (at_ > 0 && text_[at_ - 1] == 'R' && is_raw_prefix()) {
      raw_literal();
    } else {
      quoted('"');
    }
  }
  // R, u8R, uR, UR, LR and not the end of a longer name.
  [[nodiscard]] bool is_raw_prefix() const noexcept {
    std::size_t begin = at_;
    while (begin > 0 && is_word_character(text_[begin - 1])) --begin;
    const std::string_view prefix = text_.substr(begin, at_ - begin);
    constexpr std::array<std::string_view, 5> prefixes{"R", "u8R", "uR", "UR", "LR"};
    return std::find(prefixes.begin(), prefixes.end(), prefix) != prefixes.end();
  }
  void raw_literal() {
    const std::size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) return quoted('"');
    const std::string end = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
    const std::size_t stop = after(end, open);
    code();
    at_ = stop;
    source_.code[stop - 1] = '"';
  }

  Source& source_;
  std::string_view text_;
  std::size_t at_{0};
};

// The end of a preprocessor line with its continuations.
std::size_t directive_end(std::string_view code, std::size_t at) noexcept {
  std::size_t end = code.find('\n', at);
  while (end != std::string_view::npos && end > 0 && code[end - 1] == '\\') end = code.find('\n', end + 1);
  return end == std::string_view::npos ? code.size() : end;
}

std::size_t token_length(std::string_view rest) noexcept {
  if (rest[0] == '"' || rest[0] == '\'') {
    const std::size_t end = rest.find(rest[0], 1);
    return end == std::string_view::npos ? rest.size() : end + 1;
  }
  if (rest.starts_with("::") || rest.starts_with("->")) return 2;
  std::size_t length = 0;
  while (length < rest.size() && (is_word_character(rest[length]) ||
                                  (length > 0 && is_digit(rest[0]) && (rest[length] == '\'' || rest[length] == '.'))))
    ++length;
  return std::max<std::size_t>(length, 1);
}

void tokenize(Source& source) {
  const std::string_view code = source.code;
  std::size_t line = 1;
  bool is_line_begin = true;
  for (std::size_t at = 0; at < code.size();) {
    if (code[at] == '\n') {
      ++line;
      ++at;
      is_line_begin = true;
    } else if (code[at] == ' ' || code[at] == '\t' || code[at] == '\r') {
      ++at;
    } else if (code[at] == '#' && is_line_begin) {
      const std::size_t end = directive_end(code, at);
      line += static_cast<std::size_t>(std::count(code.begin() + static_cast<std::ptrdiff_t>(at),
                                                  code.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
      at = end;
    } else {
      const std::size_t length = token_length(code.substr(at));
      const bool is_literal = code[at] == '"' || code[at] == '\'';
      source.tokens.push_back({code.substr(at, is_literal ? 1 : length), line, at});
      const std::string_view whole = code.substr(at, length);
      line += static_cast<std::size_t>(std::count(whole.begin(), whole.end(), '\n'));
      at += length;
      is_line_begin = false;
    }
  }
}

}  // namespace

std::string_view Source::line_of(const std::string& form, std::size_t line) const noexcept {
  const std::size_t begin = line_offsets[line - 1];
  const std::size_t end = std::min(form.find('\n', begin), form.size());
  return std::string_view(form).substr(begin, end - begin);
}

void read_source(std::string path, std::string text, Source& out) {
  out.path = std::move(path);
  out.text = std::move(text);
  out.tokens.clear();
  out.line_offsets.clear();
  for (std::size_t at = 0; at < out.text.size(); at = std::min(out.text.find('\n', at), out.text.size() - 1) + 1)
    out.line_offsets.push_back(at);
  Separator(out).run();
  tokenize(out);
}

std::vector<Include> includes_of(const Source& source) {
  std::vector<Include> includes;
  for (std::size_t line = 1; line <= source.line_count(); ++line) {
    std::string_view code = source.line_of(source.code, line);
    const auto skip_blanks = [&code] { code.remove_prefix(std::min(code.find_first_not_of(" \t"), code.size())); };
    skip_blanks();
    if (!code.starts_with('#')) continue;
    code.remove_prefix(1);
    skip_blanks();
    if (!code.starts_with("include")) continue;
    const std::size_t open = code.find_first_of("\"<");
    if (open == std::string_view::npos) continue;
    const std::size_t close = code.find(code[open] == '<' ? '>' : '"', open + 1);
    if (close == std::string_view::npos) continue;
    includes.push_back({code.substr(open + 1, close - open - 1), line, code[open] == '"'});
  }
  return includes;
}

}  // namespace watchbill::tidy
