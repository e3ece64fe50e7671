#include "metrics/promql/natural_order.h"

namespace watchbill::metrics::promql {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// The digits at the front of `text` without leading zeros; `length` is what they took with them.
std::string_view number_at_front(std::string_view text, std::size_t& length) noexcept {
  length = 0;
  while (length < text.size() && is_digit(text[length])) ++length;
  std::size_t zeros = 0;
  while (zeros + 1 < length && text[zeros] == '0') ++zeros;
  return text.substr(zeros, length - zeros);
}

}  // namespace

bool natural_less(std::string_view left, std::string_view right) noexcept {
  const std::string_view whole_left = left;
  const std::string_view whole_right = right;
  while (!left.empty() && !right.empty()) {
    if (is_digit(left.front()) && is_digit(right.front())) {
      std::size_t left_length = 0;
      std::size_t right_length = 0;
      const std::string_view a = number_at_front(left, left_length);
      const std::string_view b = number_at_front(right, right_length);
      if (a.size() != b.size()) return a.size() < b.size();
      if (a != b) return a < b;
      left.remove_prefix(left_length);
      right.remove_prefix(right_length);
      continue;
    }
    if (left.front() != right.front())
      return static_cast<unsigned char>(left.front()) < static_cast<unsigned char>(right.front());
    left.remove_prefix(1);
    right.remove_prefix(1);
  }
  if (left.empty() != right.empty()) return left.empty();
  return whole_left < whole_right;
}

}  // namespace watchbill::metrics::promql
