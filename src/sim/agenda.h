// What will happen in a simulated world, in order of time and, at one time, of planning.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "base/time.h"

namespace watchbill::sim {

class Agenda {
 public:
  using Action = std::function<void()>;

  void plan(Instant at, Action action) { entries_.emplace(std::pair{at, order_++}, std::move(action)); }
  [[nodiscard]] Instant next() const noexcept { return entries_.empty() ? Instant::never() : entries_.begin()->first.first; }
  // Runs the earliest action if it is due at `now`.
  bool run_one(Instant now) {
    if (next() > now) return false;
    Action action = std::move(entries_.begin()->second);
    entries_.erase(entries_.begin());
    action();
    return true;
  }

 private:
  std::map<std::pair<Instant, std::uint64_t>, Action> entries_;
  std::uint64_t order_{0};
};

}  // namespace watchbill::sim
