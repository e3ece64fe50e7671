#include "model/schedule.h"

namespace watchbill {

TimeIndex::TimeIndex(const TimeIndex& other) {
  for (const Place& place : other.order_) set(*place.subject, place.at);
}

TimeIndex& TimeIndex::operator=(const TimeIndex& other) {
  if (this != &other) *this = TimeIndex(other);
  return *this;
}

void TimeIndex::set(const Subject& subject, Instant at) {
  const auto known = places_.find(subject);
  if (known == places_.end()) {
    if (at == Instant::never()) return;
    const auto added = places_.try_emplace(subject).first;
    added->second = order_.insert(Place{at, &added->first}).first;
    return;
  }
  if (known->second->at == at) return;
  Order::node_type node = order_.extract(known->second);
  if (at == Instant::never()) {
    places_.erase(known);
    return;
  }
  node.value().at = at;
  known->second = order_.insert(std::move(node)).position;
}

}  // namespace watchbill
