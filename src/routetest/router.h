// Which receivers are told of an alert at a moment, by a routing alone: the core's own tree, inhibition and quiet times, without
// groups and their waiting.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/route/inhibition.h"
#include "core/route/state.h"
#include "model/configuration_routing.h"
#include "model/labels.h"
#include "model/matcher/matcher.h"

namespace watchbill::routetest {

// One route that an alert takes.
struct Way {
  std::string route;  // "{}/{severity=\"page\"}"
  std::string receiver;
  std::optional<Muting> muted;  // by what it is not told; of inhibition `id` names the alert that inhibits, as begin() did
};

class Router {
 public:
  explicit Router(const RoutingConfiguration& routing);

  // An alert fires, or ends: it may inhibit others. `name` is how Way names it.
  void begin(const std::string& name, const Labels& labels) { inhibition_.add(name, labels); }
  void end(const std::string& name, const Labels& labels) { static_cast<void>(inhibition_.remove(name, labels)); }
  // A silence that holds at `at`, until it is lifted. Fails (invalid) on a pattern that does not compile.
  [[nodiscard]] Status silence(const std::string& id, const std::vector<LabelMatcher>& matchers, Instant from, Instant until);
  void move(const std::string& id, Instant from, Instant until);
  void lift(const std::string& id) { silences_.erase(id); }

  // In the order of the tree. Without `at` nobody asks for silences and time intervals.
  [[nodiscard]] std::vector<Way> ways_of(const Labels& labels, std::optional<Instant> at) const;
  // Whether a route that the alert takes is quiet at times: without an instant nobody can say who is told.
  [[nodiscard]] bool depends_on_time(const Labels& labels) const;

 private:
  struct Silence {
    Matchers matchers;
    Instant from, until;
  };

  core::route::Routing routing_;
  core::route::RouteTree tree_;
  core::route::Inhibition inhibition_;
  std::map<std::string, Silence> silences_;
};

// The receivers that are told, in the order of the tree, each once.
[[nodiscard]] std::vector<std::string> told(const std::vector<Way>& ways);
// What keeps somebody from being told: of the first way that is muted.
[[nodiscard]] std::optional<Muting> mute_in(const std::vector<Way>& ways);

}  // namespace watchbill::routetest
