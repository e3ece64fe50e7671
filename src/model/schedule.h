// What the state owes the world and when: two ordered indexes that apply() keeps, so that release and deadlines never scan the
// state.
#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/time.h"
#include "model/area.h"

namespace watchbill {

// The object of an area that owes an effect or has a deadline.
struct Subject {
  Area owner{Area::engine};
  std::string name;

  friend auto operator<=>(const Subject&, const Subject&) = default;
};

// Subjects ordered by time, then owner, then name: at most one instant for each. O(log n) for every change.
class TimeIndex {
 public:
  // Sets, moves or (with Instant::never()) removes the instant of a subject.
  void set(const Subject& subject, Instant at);
  void remove(const Subject& subject) { set(subject, Instant::never()); }
  // The earliest instant, or never.
  [[nodiscard]] Instant next() const noexcept { return order_.empty() ? Instant::never() : order_.begin()->first; }
  // Calls visit(at, subject) for all with at <= now, earliest first, until it returns false. The index must not change meanwhile.
  template <class Visit>
  void each_due(Instant now, Visit&& visit) const {
    for (const auto& [at, subject] : order_)
      if (at > now || !visit(at, subject)) return;
  }
  [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }
  friend bool operator==(const TimeIndex& a, const TimeIndex& b) noexcept { return a.order_ == b.order_; }

 private:
  std::map<Subject, Instant> at_;
  std::set<std::pair<Instant, Subject>> order_;
};

// The indexes of one State. Derived from it: the full scan core::rebuild_schedule() must always give the same.
struct Schedule {
  TimeIndex ready;      // effects that are due from this instant on
  TimeIndex deadlines;  // MeetDeadline commands that are due from this instant on

  friend bool operator==(const Schedule&, const Schedule&) noexcept = default;
};

}  // namespace watchbill
