// What the state owes the world and when: two ordered indexes that apply() keeps, so that release and deadlines never scan the
// state.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
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

// Subjects ordered by time, then owner, then name: at most one instant for each. O(log n) for every change; asking for and
// changing the instant of a subject that is not there costs one hash.
class TimeIndex {
 public:
  TimeIndex() = default;
  TimeIndex(const TimeIndex& other);
  TimeIndex& operator=(const TimeIndex& other);
  TimeIndex(TimeIndex&&) noexcept = default;
  TimeIndex& operator=(TimeIndex&&) noexcept = default;
  ~TimeIndex() = default;

  // Sets, moves or (with Instant::never()) removes the instant of a subject.
  void set(const Subject& subject, Instant at);
  void remove(const Subject& subject) { set(subject, Instant::never()); }
  // The earliest instant, or never.
  [[nodiscard]] Instant next() const noexcept { return order_.empty() ? Instant::never() : order_.begin()->at; }
  // Calls visit(at, subject) for all with at <= now, earliest first, until it returns false. The index must not change meanwhile.
  template <class Visit>
  void each_due(Instant now, Visit&& visit) const {
    for (const Place& place : order_)
      if (place.at > now || !visit(place.at, *place.subject)) return;
  }
  [[nodiscard]] bool contains(const Subject& subject) const { return places_.contains(subject); }
  [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }
  friend bool operator==(const TimeIndex& a, const TimeIndex& b) noexcept {
    return std::equal(a.order_.begin(), a.order_.end(), b.order_.begin(), b.order_.end(),
                      [](const Place& one, const Place& other) { return one.at == other.at && *one.subject == *other.subject; });
  }

 private:
  // Points to the key in places_, which stays where it is as long as the entry lives.
  struct Place {
    Instant at;
    const Subject* subject{nullptr};
  };
  struct IsEarlier {
    bool operator()(const Place& a, const Place& b) const noexcept {
      return a.at != b.at ? a.at < b.at : *a.subject < *b.subject;
    }
  };
  // Not noexcept, so that the library keeps each hash in its node: else it would read and hash the names of all neighbours again.
  struct HashOfSubject {
    std::size_t operator()(const Subject& subject) const {
      return std::hash<std::string>{}(subject.name) + static_cast<std::size_t>(subject.owner);
    }
  };
  using Order = std::set<Place, IsEarlier>;

  Order order_;
  std::unordered_map<Subject, Order::iterator, HashOfSubject> places_;  // only ever asked for one subject
};

// Where an effect stands in line: each queue has seats of its own. Ten thousand messages to a channel that hangs are no detour to
// another channel's, or to a step of a run.
struct Queue {
  Area area{Area::engine};
  std::string name;  // of messages their channel; else ""
  friend auto operator<=>(const Queue&, const Queue&) = default;
};

// Effects by queue. One that is asked for is named with its queue; queues that nobody stands in are not there.
class ReadyIndex {
 public:
  void set(const Subject& subject, Instant at, const std::string& queue = {}) {
    const auto place = queues_.try_emplace(Queue{subject.owner, queue}).first;
    place->second.set(subject, at);
    if (place->second.size() == 0) queues_.erase(place);
  }
  void remove(const Subject& subject, const std::string& queue = {}) { set(subject, Instant::never(), queue); }
  [[nodiscard]] const std::map<Queue, TimeIndex>& queues() const noexcept { return queues_; }
  [[nodiscard]] bool contains(const Subject& subject, const std::string& queue = {}) const {
    const auto found = queues_.find(Queue{subject.owner, queue});
    return found != queues_.end() && found->second.contains(subject);
  }
  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t size = 0;
    for (const auto& [queue, index] : queues_) size += index.size();
    return size;
  }
  friend bool operator==(const ReadyIndex&, const ReadyIndex&) noexcept = default;

 private:
  std::map<Queue, TimeIndex> queues_;
};

// The indexes of one State. Derived from it: the full scan core::rebuild_schedule() must always give the same.
struct Schedule {
  ReadyIndex ready;     // effects that are due from this instant on
  TimeIndex deadlines;  // MeetDeadline commands that are due from this instant on

  friend bool operator==(const Schedule&, const Schedule&) noexcept = default;
};

}  // namespace watchbill
