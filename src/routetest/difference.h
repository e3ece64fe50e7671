// Recorded alerts through two routings: who would have been told of what, more or less than before. Each alert is routed at the
// instant at which it fired, beside the others that fired then and under the silences that held; waiting, grouping and repeating
// are left out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/event.h"
#include "routetest/router.h"

namespace watchbill::routetest {

struct Difference {
  std::string receiver;
  std::string alert;         // its labels
  bool is_told_now{false};   // by the new routing and not by the old; else the other way round
  std::string why;           // of the routing that does not tell: "no route leads there", "silence …"
  std::uint64_t count{0};    // times that it fired so
  Instant first_at, last_at;
};

class Comparison {
 public:
  Comparison(const RoutingConfiguration& before, const RoutingConfiguration& after) : before_(before), after_(after) {}

  // Events in the order of the journal. Firings before `since` count as being there, not as differences.
  void take(const Event& event, Instant since);

  [[nodiscard]] std::uint64_t fired_count() const noexcept { return fired_count_; }
  // By receiver, then alert.
  [[nodiscard]] std::vector<Difference> differences() const;

 private:
  void compare(const Labels& labels, Instant at);
  void note(const std::string& receiver, const Labels& labels, bool is_told_now, const std::vector<Way>& silent, Instant at);

  Router before_, after_;
  std::map<std::string, Labels> firing_;  // by id
  std::map<std::pair<std::string, std::string>, Difference> differences_[2];  // taken away, added
  std::uint64_t fired_count_{0};
};

}  // namespace watchbill::routetest
