// Samples that come from several places, put into order of time. Of two at one time the one from the earlier place stays.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "metrics/tsdb/sample.h"

namespace watchbill::metrics::tsdb {

namespace detail {
inline bool is_before(const Sample& a, const Sample& b) noexcept { return a.t_ms < b.t_ms; }
inline bool is_same_time(const Sample& a, const Sample& b) noexcept { return a.t_ms == b.t_ms; }
}  // namespace detail

// Those from `begin` on, in any order.
inline void sort_by_time(std::vector<Sample>& samples, std::size_t begin) {
  const auto first = samples.begin() + static_cast<std::ptrdiff_t>(begin);
  if (!std::is_sorted(first, samples.end(), detail::is_before)) std::stable_sort(first, samples.end(), detail::is_before);
  samples.erase(std::unique(first, samples.end(), detail::is_same_time), samples.end());
}

// Those from `begin` to `middle` and those from there on, each in order; mostly the second are all younger.
inline void merge_by_time(std::vector<Sample>& samples, std::size_t begin, std::size_t middle) {
  if (middle == begin || middle == samples.size() || samples[middle - 1].t_ms < samples[middle].t_ms) return;
  const auto at = [&](std::size_t index) { return samples.begin() + static_cast<std::ptrdiff_t>(index); };
  std::inplace_merge(at(begin), at(middle), samples.end(), detail::is_before);
  samples.erase(std::unique(at(begin), samples.end(), detail::is_same_time), samples.end());
}

}  // namespace watchbill::metrics::tsdb
