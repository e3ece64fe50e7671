// Native histograms where a column of doubles holds the values: a double that stands for the histogram, and the place where the
// histograms of one reader are.
//
// Most samples are floats, and a histogram is a hundred times as large: so a column stays a vector of doubles, and a histogram in
// it is a mark, a NaN that no computation gives, with a number. What the number counts is said by who gives the mark: the
// histograms of a chunk (in the store), or those of an Arena.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "metrics/histogram/histogram.h"

namespace watchbill::metrics::histogram {

inline constexpr std::uint64_t mark_bits = 0x7FF5'0000'0000'0000;
inline constexpr std::uint64_t mark_mask = 0xFFFF'0000'0000'0000;

// Whether a value is a mark. Data may hold any bits: who takes values from outside makes such a NaN an ordinary one.
[[nodiscard]] constexpr bool is_mark(double value) noexcept {
  return (std::bit_cast<std::uint64_t>(value) & mark_mask) == mark_bits;
}
// Holds: number < 2^48.
[[nodiscard]] constexpr double mark_of(std::uint64_t number) noexcept { return std::bit_cast<double>(mark_bits | number); }
// Holds: is_mark(value).
[[nodiscard]] constexpr std::uint64_t number_of(double value) noexcept {
  return std::bit_cast<std::uint64_t>(value) & ~mark_mask;
}

// The histograms of one evaluation or one answer. They stay where they are and are never dropped one by one. One thread.
class Arena {
 public:
  // Keeps it; gives its mark.
  [[nodiscard]] double put(Histogram histogram) {
    bytes_ += sizeof(Histogram) + (histogram.positive.size() + histogram.negative.size()) * sizeof(BucketCount);
    histograms_.push_back(std::move(histogram));
    return mark_of(histograms_.size() - 1);
  }
  // Holds: `mark` is one that put() gave.
  [[nodiscard]] const Histogram& at(double mark) const { return histograms_[static_cast<std::size_t>(number_of(mark))]; }
  [[nodiscard]] Histogram& edit(double mark) { return histograms_[static_cast<std::size_t>(number_of(mark))]; }
  // How many samples would fill the same memory: what limits count.
  [[nodiscard]] std::uint64_t size_in_samples() const noexcept { return bytes_ / bytes_of_sample; }

 private:
  static constexpr std::uint64_t bytes_of_sample = 16;

  std::deque<Histogram> histograms_;
  std::uint64_t bytes_{0};
};

}  // namespace watchbill::metrics::histogram
