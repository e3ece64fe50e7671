// The tree of routes, and who is told by it.
#include <gtest/gtest.h>

#include "route/audience.h"

namespace watchbill::core::route {
namespace {

TEST(route_tree, goes_as_deep_as_it_matches_and_on_only_when_told) {
  std::vector<RouteConfiguration> routes{
      route({}, "root"),
      route({matcher("team", MatcherKind::equal, "web")}, "web", AfterMatch::next_sibling),
      route({matcher("severity", MatcherKind::regex, "page|critical")}, "web-page"),
      route({matcher("severity", MatcherKind::not_equal, "")}, "any-severity"),
      route({matcher("team", MatcherKind::not_regex, "w.b")}, "not-web"),
  };
  routes[0].end = 5;
  routes[1].end = 3;
  for (const std::size_t leaf : {2U, 3U, 4U}) routes[leaf].end = static_cast<std::uint32_t>(leaf) + 1;
  EXPECT_EQ(taken(routes, labels({{"team", "web"}, {"severity", "page"}})), "web-page any-severity");
  EXPECT_EQ(taken(routes, labels({{"team", "web"}, {"severity", "pages"}})), "web any-severity") << "a pattern matches the whole";
  EXPECT_EQ(taken(routes, labels({{"team", "web"}})), "web") << "a label that is not there is empty";
  EXPECT_EQ(taken(routes, labels({{"severity", "info"}})), "any-severity") << "no continue, so nobody behind it is asked";
  EXPECT_EQ(taken(routes, Labels()), "not-web");
  EXPECT_EQ(taken({route({}, "root")}, Labels()), "root");
  EXPECT_EQ(taken({}, Labels()), "");
}

TEST(route_tree, names_a_route_by_its_matchers_from_the_root_down) {
  std::vector<RouteConfiguration> routes{route({}, "root"), route({matcher("a", MatcherKind::equal, "b")}, "x"),
                                         route({matcher("c", MatcherKind::regex, "d")}, "x"),
                                         route({matcher("a", MatcherKind::equal, "b")}, "y")};
  routes[0].end = 4;
  routes[1].end = routes[2].end = 3;
  routes[3].end = 4;
  const RouteTree tree(routes);
  EXPECT_EQ(tree.key(0), "{}");
  EXPECT_EQ(tree.key(2), "{}/{a=\"b\"}/{c=~\"d\"}");
  EXPECT_EQ(tree.key(3), "{}/{a=\"b\"}");
  EXPECT_EQ(tree.identity(3), "{}/{a=\"b\"}#2");
}

TEST(routes, each_tells_its_receiver_in_its_own_time) {
  RouteConfiguration child = route({matcher("instance", MatcherKind::equal, "a")}, "page");
  child.group_by = {"instance"};
  child.group_wait = Duration();
  Audience told(routing_with(child));
  told.fire("Down", "a");
  told.fire("Down", "b");
  told.wait(Duration::milliseconds(1));
  EXPECT_EQ(told.on_its_way(), "page/webhook[0] firing a");
  EXPECT_NE(told.last_body().find(R"("groupKey":"{}/{instance=\"a\"}:{instance=\"a\"}")"), std::string::npos) << told.last_body();
  told.deliver();
  told.wait(wait_time);
  EXPECT_EQ(told.on_its_way(), "ops/webhook[0] firing b");
  told.deliver();
  told.end("Down", "a");
  told.wait(Duration::minutes(5));
  EXPECT_EQ(told.on_its_way(), "page/webhook[0] resolved a-");
}

TEST(routes, two_that_an_alert_takes_tell_apart) {
  RoutingConfiguration routing =
      routing_with(route({matcher("instance", MatcherKind::equal, "a")}, "page", AfterMatch::next_sibling));
  routing.routes.push_back(route({}, "ops"));
  routing.routes[0].end = routing.routes[2].end = 3;
  Audience told(routing);
  told.fire("Down", "a");
  told.fire("Down", "b");
  told.wait(wait_time);
  std::string both = told.on_its_way();
  EXPECT_NE(both.find("page/webhook[0] firing a"), std::string::npos) << both;
  EXPECT_NE(both.find("ops/webhook[0] firing a b"), std::string::npos) << both;
}

TEST(routes, a_reload_tells_nobody_twice_and_whoever_is_new_at_once) {
  Audience told;
  told.fire("Down", "a");
  told.fire("Down", "b");
  told.wait(wait_time);
  told.deliver();
  told.wait(Duration::seconds(1));
  RouteConfiguration child = route({matcher("instance", MatcherKind::equal, "a")}, "page");
  told.configure(routing_with(child));
  told.wait(Duration::milliseconds(1));
  EXPECT_EQ(told.on_its_way(), "page/webhook[0] firing a") << "it fires for longer than group_wait: nobody there waits again";
  told.deliver();
  told.wait(Duration::minutes(10));
  EXPECT_EQ(told.on_its_way(), "") << "b was told, and stays with whom it was told";
  told.configure(routing_by({"alertname"}));
  told.wait(Duration::minutes(10));
  EXPECT_EQ(told.on_its_way(), "ops/webhook[0] firing a b") << "a came back to those who were told long ago, in another group";
}

// `a` has a route of its own, which says nothing about `b`.
RoutingConfiguration routing_with_a_apart() {
  return routing_with(route({matcher("instance", MatcherKind::equal, "a")}, "page"));
}

TEST(routes, a_reload_that_leaves_a_group_alone_hears_how_its_message_ended) {
  Audience accepted;
  accepted.fire("Down", "b");
  accepted.wait(wait_time);
  accepted.configure(routing_with_a_apart());
  accepted.deliver();
  accepted.wait(interval * 2);
  EXPECT_EQ(accepted.on_its_way(), "");
  Audience failed;
  failed.fire("Down", "b");
  failed.wait(wait_time);
  failed.deliver(DeliveryAnswer::final);
  failed.configure(routing_with_a_apart());
  EXPECT_TRUE(is_failing(failed.state().route, failed.state().schedule, "ops/webhook[0]"));
  failed.wait(interval);
  EXPECT_EQ(failed.on_its_way(), "ops/webhook[0] firing b");
}

TEST(routes, a_reload_that_leaves_a_group_alone_leaves_its_pace) {
  Audience told;
  told.fire("Down", "b");
  told.wait(Duration::seconds(20));
  told.configure(routing_with_a_apart());
  told.wait(Duration::seconds(10));
  EXPECT_EQ(told.on_its_way(), "ops/webhook[0] firing b") << "group_wait does not begin again";
  told.deliver();
  told.wait(repeat);
  told.configure(routing_by({"alertname"}));
  told.wait(interval);
  EXPECT_EQ(told.on_its_way(), "ops/webhook[0] firing b") << "nor does repeat_interval";
}

TEST(routes, a_group_is_found_at_its_routes_new_place) {
  RoutingConfiguration routing = routing_with_a_apart();
  Audience told(routing);
  told.fire("Down", "a");
  told.wait(wait_time);
  told.deliver();
  RouteConfiguration first = route({matcher("instance", MatcherKind::equal, "z")}, "page");
  first.end = 2;
  routing.routes.insert(routing.routes.begin() + 1, first);
  routing.routes[0].end = routing.routes[2].end = 3;
  told.configure(routing);
  told.end("Down", "a");
  told.wait(interval);
  EXPECT_EQ(told.on_its_way(), "page/webhook[0] resolved a-");
  EXPECT_NE(told.last_body().find(R"("groupKey":"{}/{instance=\"a\"}:)"), std::string::npos) << told.last_body();
}

// From the route for `a` back to the root's group, whose message is on its way meanwhile: it says nothing about `a`.
TEST(routes, who_joins_a_group_with_a_message_on_its_way_is_not_part_of_it) {
  RoutingConfiguration apart = routing_with_a_apart();
  apart.routes[1].receiver = "ops";
  apart.routes[1].group_wait = Duration();
  Audience told(apart);
  told.fire("Down", "a");
  told.wait(Duration::milliseconds(1));
  told.deliver();
  told.fire("Down", "b");
  told.wait(wait_time);
  EXPECT_EQ(told.on_its_way(), "ops/webhook[0] firing b");
  RoutingConfiguration together = apart;
  together.routes.resize(1);
  together.routes[0].end = 1;
  told.configure(together);
  told.deliver();
  told.wait(interval * 2);
  EXPECT_EQ(told.on_its_way(), "") << "they know of both";
  told.end("Down", "a");
  told.wait(interval);
  EXPECT_EQ(told.on_its_way(), "ops/webhook[0] firing a- b") << "in one message";
}

// Many, as the order of alerts is that of their ids.
TEST(routes, news_in_a_group_that_is_new_is_told_at_once_whatever_it_stands_beside) {
  for (int i = 0; i < 20; ++i) {
    const std::string late = "b" + std::to_string(i);
    Audience told;
    told.fire("Down", "a");
    told.wait(wait_time);
    told.deliver();
    told.fire("Slow", late);
    told.configure(routing_by({}));
    told.wait(wait_time);
    EXPECT_EQ(told.on_its_way(), "ops/webhook[0] firing a " + late);
  }
}

TEST(routes, a_channel_that_comes_to_a_receiver_takes_no_memory_from_its_others) {
  RoutingConfiguration routing = routing_by({"alertname"});
  std::vector<IntegrationConfiguration>& integrations = routing.receivers["ops"].integrations;
  integrations.push_back(integrations.front());
  integrations.back().kind = IntegrationKind::slack;
  Audience told(routing);
  told.fire("Down", "a");
  told.wait(wait_time);
  EXPECT_EQ(told.on_its_way_by_channel(), "ops/slack[0] firing a; ops/webhook[0] firing a") << "each kind counts for itself";
  told.deliver();
  integrations.insert(integrations.begin() + 1, integrations.front());
  integrations[1].kind = IntegrationKind::email;
  told.configure(routing);
  told.wait(wait_time);
  EXPECT_EQ(told.on_its_way(), "ops/email[0] firing a") << "slack has another place in the list, and is the same";
  told.deliver();
  integrations.erase(integrations.begin());
  told.configure(routing);
  told.end("Down", "a");
  told.wait(interval);
  EXPECT_EQ(told.on_its_way_by_channel(), "ops/email[0] resolved a-; ops/slack[0] resolved a-");
}

TEST(routes, a_channel_of_the_same_kind_that_comes_or_goes_repeats_nothing_to_the_others) {
  RoutingConfiguration routing = routing_by({"alertname"});
  std::vector<IntegrationConfiguration>& integrations = routing.receivers["ops"].integrations;
  Audience told(routing);
  told.fire("Down", "a");
  told.wait(wait_time);
  told.deliver();
  integrations.push_back(integrations.front());
  told.configure(routing);
  told.wait(interval);
  EXPECT_EQ(told.on_its_way(), "ops/webhook[1] firing a");
  told.deliver();
  integrations.pop_back();
  told.configure(routing);
  told.wait(interval);
  EXPECT_EQ(told.on_its_way(), "");
}

TEST(routes, a_bill_from_before_the_tree_has_its_root) {
  RoutingConfiguration routing;
  const std::string text = R"({"receivers":{"ops":{"webhooks":[{"url":"http://127.0.0.1:1"}]}},"resolve_timeout_ms":300000,)"
                           R"("route":{"group_by":["alertname"],"receiver":"ops"}})";
  ASSERT_TRUE(from_canonical_text(text, routing));
  Audience told(routing);
  told.fire("Down", "a");
  told.wait(wait_time);
  EXPECT_EQ(told.on_its_way(), "ops/webhook[0] firing a");
  EXPECT_TRUE(told.state().route.groups.contains(
      sha256("ops/webhook[0]\n{alertname=\"Down\"}").hex().substr(0, 32))) << "groups of the root are named as ever";
}

TEST(routes, a_bill_from_before_the_tree_and_the_same_bill_now_are_one_routing) {
  RoutingConfiguration routing = routing_by({"alertname"});
  routing.route = routing.routes.front();
  routing.routes.clear();
  Audience told(routing);
  told.fire("Down", "a");
  told.wait(wait_time);
  told.configure(routing_by({"alertname"}));
  told.deliver();
  told.wait(interval * 2);
  EXPECT_EQ(told.on_its_way(), "") << "the outcome came to the group that asked";
}

}  // namespace
}  // namespace watchbill::core::route
