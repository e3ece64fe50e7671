#include "model/schedule.h"

namespace watchbill {

void TimeIndex::set(const Subject& subject, Instant at) {
  if (const auto known = at_.find(subject); known != at_.end()) {
    if (known->second == at) return;
    order_.erase({known->second, subject});
    if (at == Instant::never()) {
      at_.erase(known);
      return;
    }
    known->second = at;
  } else {
    if (at == Instant::never()) return;
    at_.emplace(subject, at);
  }
  order_.emplace(at, subject);
}

}  // namespace watchbill
