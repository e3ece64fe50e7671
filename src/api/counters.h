// What the running controller counts for /metrics since its start. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "api/delivery_counts.h"
#include "base/time.h"
#include "model/area.h"
#include "model/refusal.h"

namespace watchbill::api {

inline constexpr std::size_t refusal_count = Words<Refusal>::table.size();

// Upper bounds of the append histogram in seconds: from a fast NVMe's sync to a disk that is about to fail.
inline constexpr std::array<double, 12> append_seconds_bounds{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                                              0.05,   0.1,   0.25,  0.5,   1,    5};

class Counters {
 public:
  using Count = std::atomic<std::uint64_t>;

  void count_event(Area area) noexcept { add(events[static_cast<std::size_t>(area)]); }
  void count_refusal(Area area, Refusal reason) noexcept {
    add(refusals[static_cast<std::size_t>(area)][static_cast<std::size_t>(reason)]);
  }
  // One durable append that took this long.
  void count_append(double seconds) noexcept;
  // One restart by standing order.
  void count_restart(const std::string& workload, std::string_view reason);
  // Of those, by workload and reason.
  [[nodiscard]] std::map<std::pair<std::string, std::string>, std::uint64_t> restarts() const;

  std::array<Count, area_count> events{};
  std::array<std::array<Count, refusal_count>, area_count> refusals{};
  DeliveryCounts deliveries;
  std::array<Count, append_seconds_bounds.size() + 1> appends{};
  Count append_microseconds{0};

 private:
  mutable std::mutex restarts_mutex_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> restarts_;

  static void add(Count& count) noexcept { count.fetch_add(1, std::memory_order_relaxed); }
};

}  // namespace watchbill::api
