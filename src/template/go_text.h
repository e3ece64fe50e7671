// Values as Go's package fmt prints them: %v and its relatives, quoting, numbers. Bounded: a text stops growing at its limit.
// Source: Go's fmt and strconv. Deviations: widths and precisions above 10 000 are %!(BADWIDTH) and %!(BADPREC) (Go: 1 000
// 000), and %b of a float is a wrong verb.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "template/value.h"

namespace watchbill::text_template {

// A text that grows up to a limit. After that it takes nothing and says so; what it holds is then of no use.
class BoundedText {
 public:
  explicit BoundedText(std::size_t bytes_max) noexcept : bytes_max_(bytes_max) {}
  void append(std::string_view text) {
    if (is_over_ || text.size() > bytes_max_ - text_.size()) {
      is_over_ = true;
      return;
    }
    text_ += text;
  }
  [[nodiscard]] bool is_over() const noexcept { return is_over_; }
  [[nodiscard]] std::size_t bytes_max() const noexcept { return bytes_max_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] std::string take() noexcept { return std::move(text_); }

  // The first late value that somebody tried to print into this text: it has no text yet.
  void meet_late(const Late& late) {
    if (late_.empty()) late_ = late.name;
  }
  [[nodiscard]] const std::string& late() const noexcept { return late_; }

 private:
  std::string text_;
  std::string late_;
  std::size_t bytes_max_;
  bool is_over_{false};
};

// Go's Sprint (blanks between two operands of which neither is text), Sprintln and Sprintf.
void append_print(BoundedText& out, std::span<const Value> values);
void append_println(BoundedText& out, std::span<const Value> values);
void append_printf(BoundedText& out, std::string_view format, std::span<const Value> values);

// %v of one value; nil is "<nil>".
void append_value(BoundedText& out, const Value& value);

// Go's strconv.FormatFloat: verb one of e E f F g G x X; precision -1 is the shortest text that reads back. "+Inf", "-Inf",
// "NaN".
[[nodiscard]] std::string real_text(double value, char verb, int precision);

// Go's strconv.Quote.
[[nodiscard]] std::string go_quoted(std::string_view text, bool ascii_only = false);

}  // namespace watchbill::text_template
