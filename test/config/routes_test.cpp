// The tree of routes as it is laid out: order, ends, what is inherited and what is not, and its bounds.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "config/alertmanager_routes.h"
#include "config/cases.h"
#include "core/route/tree.h"
#include "model/matcher/matcher.h"

namespace watchbill::config {
namespace {

Loaded load_routes(const std::string& text) {
  const MemoryFiles files{{"/am.yml", text}};
  return check_alertmanager_file("/am.yml", reader_of(files));
}

std::vector<RouteConfiguration> routes_in(const std::string& text) {
  const Loaded loaded = load_routes(text);
  EXPECT_TRUE(loaded.configuration) << report_of(loaded);
  return loaded.configuration ? loaded.configuration->routing->routes : std::vector<RouteConfiguration>(1);
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& each : names) out += (out.empty() ? "" : " ") + each;
  return out;
}

// One line for each: matchers, receiver, end, labels of groups, waits in seconds.
std::string lines_of(const std::vector<RouteConfiguration>& routes) {
  const auto seconds = [](Duration of) { return std::to_string(of.ms / 1000); };
  std::string out;
  for (const RouteConfiguration& each : routes)
    out += text(each.matchers) + " " + each.receiver + " " + std::to_string(each.end) + " [" + joined(each.group_by) + "] " +
           seconds(each.group_wait) + " " + seconds(each.group_interval) + " " + seconds(each.repeat_interval) +
           (each.after == AfterMatch::next_sibling ? " goes on\n" : "\n");
  return out;
}

TEST(routes, children_inherit_all_but_their_matchers_and_continue) {
  EXPECT_EQ(lines_of(routes_in(R"(
receivers: [{name: o}, {name: p}]
route:
  routes:
    - matchers: [b=~c, a!=1]
      continue: true
      receiver: p
      group_by: [z, y]
      group_wait: 0s
      repeat_interval: 1h
      routes:
        - match: {m: 5}
          match_re: {m: 5, k: x.*}
          matchers: ['{l!~"d",l="d"}']
          group_interval: 1m
          routes:
            - {}
        - {group_by: ['...'], receiver: o, group_wait: 2s}
    - matchers: []
      group_by: []
      routes: [{receiver: ""}]
  receiver: o
  group_by: [x]
  group_wait: 1s
)")),
            "{} o 7 [x] 1 300 14400\n"
            "{a!=\"1\",b=~\"c\"} p 5 [y z] 0 300 3600 goes on\n"
            "{k=~\"^(?:x.*)$\",l=\"d\",l!~\"d\",m=\"5\",m=~\"^(?:5)$\"} p 4 [y z] 0 60 3600\n"
            "{} p 4 [y z] 0 60 3600\n"
            "{} o 5 [...] 2 300 3600\n"
            "{} o 7 [x] 1 300 14400\n"
            "{} o 7 [x] 1 300 14400\n");
}

TEST(routes, labels_of_groups_replace_all_labels_and_the_other_way) {
  EXPECT_EQ(
      lines_of(routes_in("receivers: [{name: o}]\n"
                         "route: {receiver: o, group_by: ['...'], routes: [{group_by: [], continue: true}, {group_by: [a]}]}\n")),
      "{} o 3 [...] 30 300 14400\n"
      "{} o 2 [...] 30 300 14400 goes on\n"
      "{} o 3 [a] 30 300 14400\n");
}

TEST(routes, of_a_file_without_children_there_is_one) {
  EXPECT_EQ(lines_of(routes_in("receivers: [{name: o}]\nroute: {receiver: o}\n")), "{} o 1 [] 30 300 14400\n");
}

TEST(routes, an_alert_takes_the_first_that_matches_and_more_when_that_one_goes_on) {
  const std::vector<RouteConfiguration> routes = routes_in(R"(
receivers: [{name: o}]
route:
  receiver: o
  routes:
    - {matchers: [a=1], continue: true, routes: [{matchers: [b=1]}, {matchers: [b=2]}]}
    - {matchers: [a=~"1|2", c!=1]}
    - {matchers: [a!=1]}
)");
  const core::route::RouteTree tree(routes);
  const auto taken = [&tree](std::vector<Labels::Pair> pairs) { return tree.match(Labels(std::move(pairs))); };
  using Indexes = std::vector<std::uint32_t>;
  EXPECT_EQ(taken({{"a", "1"}, {"d", "4"}}), (Indexes{1, 4}));
  EXPECT_EQ(taken({{"a", "1"}, {"b", "2"}}), (Indexes{3, 4}));
  EXPECT_EQ(taken({{"a", "1"}, {"c", "1"}}), (Indexes{1}));
  EXPECT_EQ(taken({{"a", "12"}, {"d", "4"}}), (Indexes{5})) << "a pattern matches the whole value";
  EXPECT_EQ(taken({{"x", "1"}, {"d", "4"}}), (Indexes{5})) << "a label that is not there is not 1";
  EXPECT_EQ(taken({{"a", "2"}, {"c", "1"}}), (Indexes{5}));
}

// In the flow style, so that depth costs no blanks.
std::string nested(std::size_t levels) {
  std::string text = "{receiver: o";
  std::string end = "}";
  for (std::size_t i = 1; i < levels; ++i) {
    text += ", routes: [{matchers: [l" + std::to_string(i) + "=x]";
    end += "]}";
  }
  return "receivers: [{name: o}]\nroute: " + text + end + "\n";
}

TEST(routes, levels_are_bounded) {
  EXPECT_EQ(routes_in(nested(route_levels_max)).size(), route_levels_max);
  const std::string report = report_of(load_routes(nested(route_levels_max + 1)));
  EXPECT_NE(
      report.find(".routes[0]: routes below one another on more than 32 levels: one route with the matchers of several says "
                  "the same [too_large]\n"),
      std::string::npos)
      << report;
  EXPECT_NE(report_of(load_routes(nested(200))).find("[too_large]"), std::string::npos);
}

// All have a matcher in common.
std::string siblings(std::size_t count) {
  std::string text = "receivers: [{name: o}]\nroute:\n  receiver: o\n  routes:\n";
  for (std::size_t i = 0; i < count; ++i) text += "  - {matchers: [a=x, n=" + std::to_string(i) + "]}\n";
  return text;
}

TEST(routes, their_number_is_bounded) {
  EXPECT_EQ(routes_in(siblings(routes_max - 1)).size(), routes_max);
  EXPECT_EQ(report_of(load_routes(siblings(routes_max + 5))),
            "/am.yml:10004:5: error: route.routes[9999]: more than 10000 routes in one file [too_large]\n");
}

TEST(routes, the_number_of_their_matchers_is_bounded) {
  std::string many = "a0=b";
  for (std::size_t i = 1; i < matcher_count_max; ++i) many += ",a" + std::to_string(i) + "=b";
  const std::string before = "receivers: [{name: o}]\nroute: {receiver: o, routes: [{matchers: ['" + many + "']";
  EXPECT_EQ(routes_in(before + "}]}\n").back().matchers.size(), matcher_count_max);
  EXPECT_EQ(
      report_of(load_routes(before + ", match: {x: y}}]}\n")),
      "/am.yml:2:31: error: route.routes[0]: 1001 matchers at one route; at most 1000 are read: a pattern with | says the same "
      "of several [too_large]\n");
}

}  // namespace
}  // namespace watchbill::config
