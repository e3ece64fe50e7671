#include "template/scan.h"

#include <algorithm>

#include <fmt/format.h>

#include "template/go_text.h"
#include "template/runes.h"

namespace watchbill::text_template {
namespace {

constexpr std::string_view blanks = " \t\r\n";

bool is_blank(char letter) noexcept { return blanks.find(letter) != std::string_view::npos; }
bool is_digit(char letter) noexcept { return letter >= '0' && letter <= '9'; }
bool is_word_rune(char32_t rune) noexcept { return rune == '_' || (rune >= '0' && rune <= '9') || is_letter(rune); }

class Scanner {
 public:
  explicit Scanner(const Source& source) : source_(source), text_(source.text) {}

  Result<std::vector<Token>> run() {
    while (error_.empty() && scan_text()) {
      if (!open_action()) continue;  // it was a comment
      while (error_.empty() && !close_action() && error_.empty()) scan_token();
    }
    if (!error_.empty()) return error_at("read template", source_.name, position(error_offset_), error_);
    tokens_.push_back(Token{Token::Kind::end, {}, position(text_.size()), false});
    return std::move(tokens_);
  }

 private:
  // Takes text up to the next "{{"; false at the end of the source.
  bool scan_text() {
    const std::size_t open = text_.find("{{", at_);
    std::size_t first = at_;
    if (trims_next_)
      while (first < text_.size() && is_blank(text_[first])) ++first;
    trims_next_ = false;
    std::size_t last = std::min(open, text_.size());
    first = std::min(first, last);
    const bool trims_before =
        open != std::string_view::npos && open + 3 < text_.size() && text_[open + 2] == '-' && is_blank(text_[open + 3]);
    if (trims_before)
      while (last > first && is_blank(text_[last - 1])) --last;
    if (last > first) push(Token::Kind::text, first, last);
    if (open == std::string_view::npos) return false;
    open_ = open;
    at_ = open + (trims_before ? 3 : 2);
    return true;
  }

  // After "{{" or "{{-". False when a comment followed, which is then behind us.
  bool open_action() {
    std::size_t begin = at_;
    if (at_ > open_ + 2)
      while (begin < text_.size() && is_blank(text_[begin])) ++begin;
    if (!text_.substr(begin).starts_with("/*")) {
      push(Token::Kind::open, open_, at_);
      depth_ = 0;
      return true;
    }
    const std::size_t close = text_.find("*/", begin + 2);
    if (close == std::string_view::npos) {
      fail(begin, "the comment is not closed; end it with */}}");
      return false;
    }
    at_ = close + 2;
    std::size_t after = at_;
    while (after < text_.size() && is_blank(text_[after])) ++after;
    if (after > at_ && text_.substr(after).starts_with("-}}")) {
      trims_next_ = true;
      at_ = after + 3;
    } else if (text_.substr(at_).starts_with("}}")) {
      at_ += 2;
    } else {
      fail(at_, "a comment must fill its action; write */}} at its end");
    }
    return false;
  }

  // Skips white space; true when "}}" or "-}}" was taken.
  bool close_action() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    follows_blank_ = at_ > begin;
    if (at_ >= text_.size()) {
      fail(open_, "the action is not closed; end it with }}");
      return false;
    }
    const std::string_view rest = text_.substr(at_);
    trims_next_ = follows_blank_ && rest.starts_with("-}}");
    if (!trims_next_ && !rest.starts_with("}}")) return false;
    if (depth_ > 0) {
      fail(at_, "a parenthesis is not closed before }}");
      return false;
    }
    const std::size_t size = trims_next_ ? 3 : 2;
    push(Token::Kind::close, at_, at_ + size);
    at_ += size;
    return true;
  }

  void scan_token() {
    const char letter = text_[at_];
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    switch (letter) {
      case '"': return quoted('"', Token::Kind::string, "text in quotes");
      case '\'': return quoted('\'', Token::Kind::character, "a character constant");
      case '`': return raw();
      case '|': return take(Token::Kind::pipe, 1);
      case ',': return take(Token::Kind::comma, 1);
      case '=': return take(Token::Kind::assign, 1);
      case '(': ++depth_; return take(Token::Kind::open_parenthesis, 1);
      case ')':
        if (depth_ == 0) return fail(at_, "this parenthesis was never opened");
        --depth_;
        return take(Token::Kind::close_parenthesis, 1);
      case ':':
        if (next != '=') return fail(at_, "a colon stands only in :=");
        return take(Token::Kind::declare, 2);
      case '$': return name(Token::Kind::variable, at_);
      case '.':
        if (is_digit(next)) return number();
        return name(Token::Kind::field, at_);
      default: break;
    }
    if (is_digit(letter) || ((letter == '-' || letter == '+') && (is_digit(next) || next == '.'))) return number();
    const Rune rune = first_rune(text_.substr(at_));
    if (is_word_rune(rune.value)) return name(Token::Kind::word, at_);
    fail(at_, fmt::format("unexpected character {}; an action holds names, literals, |, :=, = and parentheses",
                          go_quoted(text_.substr(at_, rune.bytes))));
  }

  // A name from `begin` on, whose first byte (a dot or dollar too) is part of the token.
  void name(Token::Kind kind, std::size_t begin) {
    std::size_t end = kind == Token::Kind::word ? begin : begin + 1;
    while (end < text_.size()) {
      const Rune rune = first_rune(text_.substr(end));
      if (!is_word_rune(rune.value)) break;
      end += rune.bytes;
    }
    if (!terminates(end))
      return fail(end, fmt::format("unexpected character {} directly after {}; put a blank between", one_rune(end),
                                   text_.substr(begin, end - begin)));
    if (kind == Token::Kind::field && end == begin + 1) kind = Token::Kind::dot;
    push(kind, begin, end);
    if (kind == Token::Kind::field) tokens_.back().text.remove_prefix(1);
    at_ = end;
  }

  void number() {
    std::size_t end = at_;
    const auto continues = [&] {
      const char letter = text_[end];
      const char before = end > at_ ? text_[end - 1] : '\0';
      const bool is_hexadecimal = text_.substr(at_, 4).find_first_of("xX") != std::string_view::npos;
      const bool is_exponent = before == 'p' || before == 'P' || (!is_hexadecimal && (before == 'e' || before == 'E'));
      return letter == '.' || is_word_rune(first_rune(text_.substr(end)).value) ||
             ((letter == '+' || letter == '-') && (end == at_ || is_exponent));
    };
    while (end < text_.size() && continues()) end += first_rune(text_.substr(end)).bytes;
    if (!terminates(end)) return fail(at_, fmt::format("{} is not a number", go_quoted(text_.substr(at_, end + 1 - at_))));
    take(Token::Kind::number, end - at_);
  }

  void quoted(char quote, Token::Kind kind, std::string_view what) {
    std::size_t end = at_ + 1;
    for (; end < text_.size() && text_[end] != quote && text_[end] != '\n'; ++end)
      if (text_[end] == '\\' && end + 1 < text_.size() && text_[end + 1] != '\n') ++end;
    if (end >= text_.size() || text_[end] != quote)
      return fail(at_, fmt::format("{} is not closed on its line; close it with {}", what, quote));
    take(kind, end + 1 - at_);
  }

  void raw() {
    const std::size_t end = text_.find('`', at_ + 1);
    if (end == std::string_view::npos) return fail(at_, "text in back quotes is not closed; close it with `");
    take(Token::Kind::raw_string, end + 1 - at_);
  }

  [[nodiscard]] bool terminates(std::size_t at) const {
    return at >= text_.size() || is_blank(text_[at]) || std::string_view(".,|:()=}").find(text_[at]) != std::string_view::npos;
  }
  [[nodiscard]] std::string one_rune(std::size_t at) const {
    return go_quoted(text_.substr(at, first_rune(text_.substr(at)).bytes));
  }

  void take(Token::Kind kind, std::size_t size) {
    push(kind, at_, at_ + size);
    at_ += size;
  }
  void push(Token::Kind kind, std::size_t first, std::size_t last) {
    tokens_.push_back(Token{kind, text_.substr(first, last - first), position(first), follows_blank_});
  }
  void fail(std::size_t offset, std::string what) {
    if (!error_.empty()) return;
    error_ = std::move(what);
    error_offset_ = offset;
  }

  // Offsets are asked for in rising order, except for errors.
  Position position(std::size_t offset) {
    if (offset < counted_) {
      counted_ = line_begin_ = 0;
      line_ = 1;
    }
    for (; counted_ < offset; ++counted_) {
      if (text_[counted_] != '\n') continue;
      ++line_;
      line_begin_ = counted_ + 1;
    }
    return Position{line_, static_cast<std::uint32_t>(offset - line_begin_ + 1)};
  }

  const Source& source_;
  std::string_view text_;
  std::vector<Token> tokens_;
  std::string error_;
  std::size_t error_offset_{0};
  std::size_t at_{0};
  std::size_t open_{0};   // of the current action
  std::size_t depth_{0};  // open parentheses in it
  bool trims_next_{false};
  bool follows_blank_{false};
  std::size_t counted_{0};
  std::size_t line_begin_{0};
  std::uint32_t line_{1};
};

}  // namespace

Result<std::vector<Token>> scan(const Source& source) { return Scanner(source).run(); }

}  // namespace watchbill::text_template
