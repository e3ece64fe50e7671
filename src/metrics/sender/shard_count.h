// How many shards a remote needs. Source: Prometheus 2.42, QueueManager.calculateDesiredShards: rates are averages of the last
// half minute or so, a twentieth of what is behind is to be caught up in each second, and less than 30 % more or less changes
// nothing. Pure.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace watchbill::metrics::sender {

class ShardCount {
 public:
  static constexpr Duration interval = Duration::seconds(10);

  ShardCount(std::uint32_t min, std::uint32_t max, std::uint32_t now);

  // What happened since the last update().
  struct Flow {
    double read{0};          // samples read from the log
    double dropped{0};       // of them
    double answered{0};      // samples that the far side took or refused
    double busy_seconds{0};  // the time of those requests, added up over shards
    double behind_seconds{0};  // now: from the youngest sample that was sent to the youngest in the store
    bool was_taken{false};   // something was taken lately: with nothing else to measure by, nothing is changed
  };
  // Call it each `interval`.
  void update(const Flow& flow);

  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  [[nodiscard]] double wanted() const noexcept { return wanted_; }

 private:
  class Rate {
   public:
    void add(double amount) noexcept;
    [[nodiscard]] double per_second() const noexcept { return value_; }

   private:
    double value_{0};
    bool has_begun_{false};
  };

  std::uint32_t min_, max_;
  std::uint32_t count_;
  double wanted_;
  Rate read_, dropped_, answered_, busy_;
};

}  // namespace watchbill::metrics::sender
