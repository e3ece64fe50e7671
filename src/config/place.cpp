// Where a byte of a scalar's text stands in the file. The scalar is read a second time, beside its decoded text: what was
// written and what it means go forward together, so that no table of positions is kept for the many scalars nobody asks about.
#include "config/tree.h"

namespace watchbill::config {
namespace {

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
constexpr bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

class Walk {
 public:
  Walk(std::string_view source, const Node& scalar) : source_(source), text_(scalar.text), style_(scalar.style) {
    go_to(scalar.begin);
  }

  Mark place(std::size_t offset) {
    if (is_block())
      enter_block();
    else if (style_ != ScalarStyle::plain)
      step();  // the opening quote
    while (decoded_ < offset && at_ < source_.size()) is_block() ? step_block() : step_flow();
    if (is_block() && fresh_line_) skip_indentation();
    if (style_ == ScalarStyle::double_quoted && is_escaped_break()) escape();
    return here_;
  }

 private:
  [[nodiscard]] bool is_block() const noexcept { return style_ == ScalarStyle::literal || style_ == ScalarStyle::folded; }
  [[nodiscard]] char current() const noexcept { return at_ < source_.size() ? source_[at_] : '\0'; }

  void go_to(Mark mark) {
    while (at_ < source_.size() && here_ < mark) step();
  }

  // One character of the file.
  void step() {
    if (at_ >= source_.size()) return;
    const bool ends_line = current() == '\n';
    ++at_;
    while (at_ < source_.size() && is_continuation(source_[at_])) ++at_;
    if (ends_line) {
      ++here_.line;
      here_.column = 1;
    } else {
      ++here_.column;
    }
  }

  // One character of the meaning, of one byte or more.
  void advance_decoded() {
    if (decoded_ < text_.size()) ++decoded_;
    while (decoded_ < text_.size() && is_continuation(text_[decoded_])) ++decoded_;
  }

  [[nodiscard]] char meant() const noexcept { return decoded_ < text_.size() ? text_[decoded_] : '\0'; }

  // Behind `|` or `>` and its indicators; finds the indentation.
  void enter_block() {
    std::size_t explicit_indentation = 0;
    while (at_ < source_.size() && current() != '\n') {
      if (current() >= '1' && current() <= '9' && here_.column > 1 && !in_comment_) explicit_indentation = 1;
      if (current() == '#') in_comment_ = true;
      step();
    }
    step();
    fresh_line_ = true;
    indentation_ = 0;
    std::size_t line_begin = at_;
    while (line_begin < source_.size()) {
      std::size_t first = line_begin;
      while (first < source_.size() && source_[first] == ' ') ++first;
      if (first < source_.size() && source_[first] != '\n' && source_[first] != '\r') {
        indentation_ = first - line_begin;
        break;
      }
      line_begin = source_.find('\n', first);
      if (line_begin == std::string_view::npos) break;
      ++line_begin;
    }
    // With an indicator the text itself may begin with blanks: those belong to it.
    if (explicit_indentation != 0) {
      std::size_t own = 0;
      while (own < text_.size() && text_[own] == ' ') ++own;
      indentation_ -= own < indentation_ ? own : indentation_;
    }
  }

  void skip_indentation() {
    for (std::size_t i = 0; i < indentation_ && current() == ' '; ++i) step();
    fresh_line_ = false;
  }

  void step_block() {
    if (fresh_line_) skip_indentation();
    if (current() == '\r') step();
    if (current() == '\n') {
      step();
      fresh_line_ = true;
      if (meant() == '\n' || (style_ == ScalarStyle::folded && meant() == ' ')) advance_decoded();
      return;
    }
    step();
    advance_decoded();
  }

  void step_flow() {
    if (at_break()) return fold();
    if (style_ == ScalarStyle::double_quoted && current() == '\\') return escape();
    if (style_ == ScalarStyle::single_quoted && current() == '\'') step();
    step();
    advance_decoded();
  }

  // True before blanks that end a line, and at its end.
  [[nodiscard]] bool at_break() const noexcept {
    std::size_t i = at_;
    while (i < source_.size() && (is_blank(source_[i]) || source_[i] == '\r')) ++i;
    return i < source_.size() && source_[i] == '\n';
  }

  // Line breaks within a flow scalar: one is a blank, each further one a line break.
  void fold() {
    std::size_t breaks = 0;
    while (is_blank(current()) || current() == '\r' || current() == '\n') {
      if (current() == '\n') ++breaks;
      step();
    }
    for (std::size_t i = 0; i < (breaks > 1 ? breaks - 1 : 1); ++i)
      if (meant() == ' ' || meant() == '\n') advance_decoded();
  }

  [[nodiscard]] bool is_escaped_break() const noexcept {
    const std::string_view rest = source_.substr(at_, 2);
    return rest == "\\\n" || rest == "\\\r";
  }

  void escape() {
    step();
    std::size_t digits = 0;
    switch (current()) {
      case 'x': digits = 2; break;
      case 'u': digits = 4; break;
      case 'U': digits = 8; break;
      case '\r':
      case '\n':  // an escaped line break means nothing, nor do the blanks after it
        while (is_blank(current()) || current() == '\r' || current() == '\n') step();
        return;
      default: break;
    }
    for (std::size_t i = 0; i <= digits; ++i) step();
    advance_decoded();
  }

  std::string_view source_;
  std::string_view text_;
  ScalarStyle style_;
  std::size_t at_{0};
  std::size_t decoded_{0};
  std::size_t indentation_{0};
  Mark here_;
  bool fresh_line_{false};
  bool in_comment_{false};
};

}  // namespace

Mark Tree::place_in(const Node& scalar, std::size_t offset) const { return Walk(source, scalar).place(offset); }

}  // namespace watchbill::config
