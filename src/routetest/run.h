// Runs one test of a routing.
#pragma once

#include <string>
#include <vector>

#include "routetest/router.h"
#include "routetest/test_file.h"

namespace watchbill::routetest {

struct RouteVerdict {
  std::string name;
  config::Place place;
  bool has_passed{false};
  std::vector<std::string> differences;  // sentences: "receivers: expected [pager], got [tickets]"
  std::vector<Way> ways;                 // what was found
};

// Asks the routes about the alert of a test and compares.
[[nodiscard]] RouteVerdict run(const RoutingConfiguration& routing, const RouteTest& test);

// "[pager, tickets]"
[[nodiscard]] std::string text_of(const std::vector<std::string>& receivers);
// "silence 1", "time_interval nights", "inhibition by {alertname=\"HostDown\"}"
[[nodiscard]] std::string text_of(const Muting& muting);

}  // namespace watchbill::routetest
