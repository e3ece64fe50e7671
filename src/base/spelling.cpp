#include "base/spelling.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace watchbill {
namespace {

constexpr std::size_t name_bytes_max = 64;

char folded(char letter) noexcept { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter; }

// Optimal string alignment distance in three rows.
std::size_t edit_count(std::string_view left, std::string_view right) noexcept {
  std::array<std::array<std::size_t, name_bytes_max + 1>, 3> rows{};
  for (std::size_t column = 0; column <= right.size(); ++column) rows[0][column] = column;
  for (std::size_t row = 1; row <= left.size(); ++row) {
    auto& now = rows[row % 3];
    const auto& before = rows[(row + 2) % 3];
    const auto& two_before = rows[(row + 1) % 3];
    now[0] = row;
    for (std::size_t column = 1; column <= right.size(); ++column) {
      const char a = folded(left[row - 1]);
      const char b = folded(right[column - 1]);
      now[column] = std::min({before[column] + 1, now[column - 1] + 1, before[column - 1] + (a == b ? 0 : 1)});
      if (row > 1 && column > 1 && a == folded(right[column - 2]) && folded(left[row - 2]) == b)
        now[column] = std::min(now[column], two_before[column - 2] + 1);
    }
  }
  return rows[left.size() % 3][right.size()];
}

}  // namespace

std::string_view nearest_spelling(std::string_view wanted, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t best_count = (wanted.size() + 2) / 3 + 1;
  if (wanted.empty() || wanted.size() > name_bytes_max) return best;
  for (const std::string_view candidate : candidates) {
    if (candidate.empty() || candidate.size() > name_bytes_max) continue;
    const std::size_t count = edit_count(wanted, candidate);
    if (count >= best_count) continue;
    best = candidate;
    best_count = count;
  }
  return best;
}

}  // namespace watchbill
