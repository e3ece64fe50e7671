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
  if (at == Instant::never()) {
    const auto known = places_.find(subject);
    if (known == places_.end()) return;
    order_.erase(known->second);
    places_.erase(known);
    return;
  }
  // The end is where most belong: what is set now is due after what was set before.
  const auto [place, is_new] = places_.try_emplace(subject);
  if (is_new) {
    place->second = order_.insert(order_.end(), Place{at, &place->first});
  } else if (place->second->at != at) {
    Order::node_type node = order_.extract(place->second);
    node.value().at = at;
    place->second = order_.insert(order_.end(), std::move(node));
  }
}

}  // namespace watchbill
