#include "api/counters.h"

#include <algorithm>

namespace watchbill::api {

void Counters::count_append(double seconds) noexcept {
  const auto bound = std::lower_bound(append_seconds_bounds.begin(), append_seconds_bounds.end(), seconds);
  add(appends[static_cast<std::size_t>(bound - append_seconds_bounds.begin())]);
  append_microseconds.fetch_add(static_cast<std::uint64_t>(seconds * 1e6), std::memory_order_relaxed);
}

void Counters::count_restart(const std::string& workload, std::string_view reason) {
  constexpr std::size_t restarts_max = 65'536;  // names that bills used since the start, with their reasons
  const std::lock_guard lock(restarts_mutex_);
  if (restarts_.size() < restarts_max) ++restarts_[{workload, std::string(reason)}];
}

std::map<std::pair<std::string, std::string>, std::uint64_t> Counters::restarts() const {
  const std::lock_guard lock(restarts_mutex_);
  return restarts_;
}

}  // namespace watchbill::api
