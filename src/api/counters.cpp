#include "api/counters.h"

#include <algorithm>

namespace watchbill::api {

void Counters::count_append(double seconds) noexcept {
  const auto bound = std::lower_bound(append_seconds_bounds.begin(), append_seconds_bounds.end(), seconds);
  add(appends[static_cast<std::size_t>(bound - append_seconds_bounds.begin())]);
  append_microseconds.fetch_add(static_cast<std::uint64_t>(seconds * 1e6), std::memory_order_relaxed);
}

}  // namespace watchbill::api
