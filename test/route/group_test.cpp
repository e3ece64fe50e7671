// Alerts that are told together: when a group is told, of what, and what a failed delivery means.
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "base/json.h"
#include "core/decide.h"
#include "core/process.h"
#include "core/route/payload.h"
#include "model/codec.h"
#include "model/configuration.h"

namespace watchbill::core::route {
namespace {

constexpr Instant start{1'772'366'400'000};  // 2026-03-01T12:00:00Z

RoutingConfiguration routing_by(std::vector<std::string> group_by) {
  RoutingConfiguration routing;
  RouteConfiguration& root = routing.routes.emplace_back();
  root.receiver = "ops";
  root.group_by = std::move(group_by);
  WebhookConfiguration webhook;
  webhook.url = "http://127.0.0.1:1/secret";
  routing.receivers["ops"].webhooks = {webhook};
  return routing;
}

// The core alone: alerts fire and end, time passes, deliveries end as the test says.
class Told {
 public:
  explicit Told(std::optional<RoutingConfiguration> routing = routing_by({"alertname"})) {
    StartEpoch epoch;
    epoch.state_format = core::state_format;
    take(epoch);
    configure(std::move(routing));
  }

  void configure(std::optional<RoutingConfiguration> routing) {
    Configuration configuration;
    configuration.external_url = "http://watch.example";
    configuration.routing = std::move(routing);
    const std::string text = canonical_text(configuration);
    take(AcceptConfig{sha256(text)}, {text});
  }
  void fire(const std::string& name, const std::string& instance) { tell(name, instance, true); }
  void end(const std::string& name, const std::string& instance) { tell(name, instance, false); }

  // Meets the deadlines of the next `time`, one after the other.
  void wait(Duration time) {
    const Instant until = now_ + time;
    for (int turns = 0; turns < 1000; ++turns) {
      std::optional<Subject> due;
      Instant at;
      state_.schedule.deadlines.each_due(until, [&](Instant when, const Subject& subject) {
        due = subject;
        at = when;
        return false;
      });
      if (!due) break;
      now_ = std::max(now_, at);
      take(deadline_command(seen_, *due, at));
    }
    now_ = until;
  }

  // What is on its way now: "ops/webhook[0] firing a b- c", ends with a "-"; "" when nothing is.
  [[nodiscard]] std::string on_its_way() const {
    std::string text;
    state_.route.deliveries.each([&](const std::string&, const Delivery& delivery) {
      if (delivery.state != DeliveryState::due) return true;
      if (!text.empty()) text += "; ";
      text += delivery.receiver + " " + brief(blobs_.at(delivery.body));
      return true;
    });
    return text;
  }
  [[nodiscard]] const std::string& last_body() const { return blobs_.at(last_body_); }

  // Ends every delivery that is on its way.
  void deliver(DeliveryAnswer answer = DeliveryAnswer::accepted) {
    std::vector<std::pair<std::string, std::uint32_t>> due;
    state_.route.deliveries.each([&](const std::string& id, const Delivery& delivery) {
      if (delivery.state == DeliveryState::due) due.emplace_back(id, delivery.attempts + 1);
      return true;
    });
    for (const auto& [id, attempt] : due) take(NoteDelivery{answer, attempt, DeliveryId{id}, "", {}});
  }

  // Reasons of what was not sent since the last call.
  std::string not_sent() {
    std::string text;
    for (const NotificationNotSent& event : not_sent_)
      text += (text.empty() ? "" : " ") + std::string(word(event.reason)) + ":" + std::to_string(event.total);
    not_sent_.clear();
    return text;
  }
  [[nodiscard]] const core::State& state() const { return state_; }
  Limits limits;

 private:
  static std::string brief(const std::string& body) {
    const auto parsed = parse_json(body);
    EXPECT_TRUE(parsed) << body;
    std::string text = *parsed->find("status")->as_string();
    for (const JsonValue& alert : *parsed->find("alerts")->as_array()) {
      const bool is_over = *alert.find("status")->as_string() == "resolved";
      text += " " + *alert.find("labels")->find("instance")->as_string() + (is_over ? "-" : "");
    }
    return text;
  }

  void tell(const std::string& name, const std::string& instance, bool fires) {
    NoteRuleAnswer answer;
    answer.at = now_;
    answer.name = name;
    answer.group = "f;g";
    answer.rule = rule_id({"f", "g", name, Digest{}, {}, 0});
    ElementChange change;
    change.labels = Labels({{"alertname", name}, {"instance", instance}, {"severity", "critical"}});
    change.annotations["summary"] = instance + " is down";
    change.presence = fires ? Presence::present : Presence::absent;
    answer.changes.push_back(change);
    take(answer);
  }

  void take(const CommandBody& body, std::vector<std::string> blobs = {}) {
    for (const std::string& blob : blobs) blobs_[sha256(blob)] = blob;
    const Command command{body, engine_actor("test"), std::nullopt, std::nullopt, std::move(blobs)};
    // Without reactions: a page of a failed delivery would be a message among those that are counted here.
    Processed processed = core::process(state_, seen_, command, {now_, limits, {}, {}});
    ASSERT_FALSE(processed.answer.refused) << type_of(body) << ": " << processed.answer.refused->message;
    for (const std::string& blob : processed.blobs) {
      blobs_[sha256(blob)] = blob;
      last_body_ = sha256(blob);
    }
    RecordHeader header;
    header.sequence = state_.progress.sequence + 1;
    header.time = now_;
    if (!processed.events.empty())
      apply_end(state_, RecordEnd{header, command.actor.name, command.request, processed.events, processed.pending}, limits);
    for (const RecordedEvent& recorded : processed.events)
      if (const auto* event = std::get_if<NotificationNotSent>(&recorded.event)) not_sent_.push_back(*event);
    core::State scanned = state_;
    rebuild_derived(scanned, limits);
    EXPECT_TRUE(scanned.schedule == state_.schedule) << "the indexes hold what a full scan finds, after " << type_of(body);
  }

  core::State state_;
  core::Seen seen_;
  Instant now_{start};
  std::map<Digest, std::string> blobs_;
  Digest last_body_;
  std::vector<NotificationNotSent> not_sent_;
};

constexpr Duration wait_time = Duration::seconds(30), interval = Duration::minutes(5), repeat = Duration::hours(4);

TEST(groups, a_new_group_waits_group_wait_and_tells_all_that_came_meanwhile) {
  Told ops;
  ops.fire("Down", "a");
  ops.wait(wait_time - Duration{1});
  EXPECT_EQ(ops.on_its_way(), "");
  ops.fire("Down", "b");
  ops.wait(Duration{1});
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a b");
}

TEST(groups, alerts_that_differ_in_group_by_are_told_apart) {
  Told ops;
  ops.fire("Down", "a");
  ops.fire("Slow", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a; ops/webhook[0] firing a");
  Told all(routing_by({}));
  all.fire("Down", "a");
  all.fire("Slow", "b");
  all.wait(wait_time);
  EXPECT_EQ(all.on_its_way(), "ops/webhook[0] firing a b");
  Told each(routing_by({"..."}));
  each.fire("Down", "a");
  each.fire("Down", "b");
  each.wait(wait_time);
  EXPECT_EQ(each.on_its_way(), "ops/webhook[0] firing a; ops/webhook[0] firing b");
}

TEST(groups, news_waits_for_the_next_whole_interval_after_the_last_flush) {
  Told ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  ops.wait(interval + Duration::seconds(1));  // a tick with nothing to say passes
  ops.fire("Down", "b");
  ops.end("Down", "a");
  ops.wait(interval - Duration::seconds(2));
  EXPECT_EQ(ops.on_its_way(), "");
  ops.wait(Duration::seconds(1));
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a- b");
  ops.deliver();
  ops.end("Down", "b");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved b-");
  ops.deliver();
  EXPECT_TRUE(ops.state().route.groups.empty()) << "nothing is left to tell";
  EXPECT_TRUE(ops.state().route.alerts.empty());
}

TEST(groups, the_same_is_told_again_after_repeat_interval) {
  Told ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  ops.wait(repeat);
  EXPECT_EQ(ops.on_its_way(), "") << "at the first tick behind it, as Alertmanager does";
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
  EXPECT_EQ(ops.not_sent(), "");
}

TEST(groups, a_failed_delivery_tells_nobody_and_is_news_for_the_next_flush) {
  Told ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver(DeliveryAnswer::final);
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
  ops.end("Down", "a");
  ops.deliver(DeliveryAnswer::final);
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved a-") << "the message may have arrived, its answer been lost";
}

TEST(groups, an_end_is_owed_until_it_is_accepted) {
  Told ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  ops.end("Down", "a");
  ops.wait(interval);
  ops.deliver(DeliveryAnswer::final);
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved a-");
}

TEST(groups, what_changes_while_a_message_is_on_its_way_is_told_in_the_next) {
  Told ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.end("Down", "a");
  ops.wait(interval * 3);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a") << "one message of a group at a time";
  ops.deliver();
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved a-");
}

TEST(groups, what_comes_and_goes_between_two_flushes_is_named) {
  Told ops;
  ops.fire("Down", "a");
  ops.end("Down", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "");
  EXPECT_EQ(ops.not_sent(), "resolved_before_group_wait:1");
  ops.fire("Down", "b");
  ops.wait(wait_time);
  ops.deliver();
  ops.end("Down", "b");
  ops.fire("Down", "b");
  ops.wait(interval);
  EXPECT_EQ(ops.not_sent(), "not_repeated:1");
}

TEST(groups, without_a_route_or_a_webhook_the_reason_is_named_once) {
  Told nobody(std::nullopt);
  nobody.fire("Down", "a");
  nobody.wait(repeat * 10);
  EXPECT_EQ(nobody.not_sent(), "no_route:1");
  RoutingConfiguration silent = routing_by({"alertname"});
  silent.receivers["ops"].webhooks.clear();
  Told mute(silent);
  mute.fire("Down", "a");
  mute.wait(repeat * 10);
  EXPECT_EQ(mute.not_sent(), "no_route:1");
}

TEST(groups, send_resolved_false_tells_no_ends) {
  RoutingConfiguration routing = routing_by({"alertname"});
  routing.receivers["ops"].webhooks.front().resolved = ResolvedNotice::omitted;
  Told ops(routing);
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  ops.end("Down", "a");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "");
  EXPECT_EQ(ops.not_sent(), "resolved_omitted:1");
  EXPECT_TRUE(ops.state().route.groups.empty());
}

TEST(groups, each_webhook_of_a_receiver_has_its_own_memory) {
  RoutingConfiguration routing = routing_by({"alertname"});
  routing.receivers["ops"].webhooks.push_back(routing.receivers["ops"].webhooks.front());
  Told ops(routing);
  ops.fire("Down", "a");
  ops.wait(wait_time);
  EXPECT_NE(ops.on_its_way().find("ops/webhook[1] firing a"), std::string::npos);
  EXPECT_NE(ops.on_its_way().find("ops/webhook[0] firing a"), std::string::npos);
}

TEST(groups, a_full_outbox_is_named_and_tried_again) {
  Told ops;
  ops.limits.deliveries_max = 1;
  ops.fire("Down", "a");
  ops.fire("Slow", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
  EXPECT_EQ(ops.not_sent(), "outbox_full:1");
  ops.deliver();
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a") << "those that ended take no place";
}

TEST(reload, another_grouping_repeats_nothing_and_forgets_no_end) {
  Told ops;
  ops.fire("Down", "a");
  ops.fire("Down", "b");
  ops.wait(wait_time);
  ops.deliver();
  ops.end("Down", "b");
  ops.configure(routing_by({"instance"}));
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved b-");
  ops.deliver();
  ops.wait(repeat + interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
}

TEST(reload, another_receiver_hears_of_what_fires_now) {
  Told ops;
  ops.fire("Down", "a");
  ops.fire("Down", "b");
  ops.wait(wait_time);
  ops.deliver();
  ops.end("Down", "b");
  RoutingConfiguration other = routing_by({"alertname"});
  other.routes.front().receiver = "team";
  other.receivers["team"] = other.receivers["ops"];
  ops.configure(other);
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "team/webhook[0] firing a");
}

TEST(reload, routing_that_comes_later_tells_what_fires_already) {
  Told ops(std::nullopt);
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.configure(routing_by({"alertname"}));
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
}

TEST(reload, the_outcome_for_a_group_that_is_gone_is_passed_over) {
  Told ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.configure(routing_by({"instance"}));
  ops.deliver();
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a") << "in doubt twice";
}

TEST(reload, the_end_of_what_was_on_its_way_is_told) {
  Told ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.end("Down", "a");
  ops.configure(routing_by({"instance"}));
  ops.deliver();
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved a-") << "the message arrived, though its group was gone";
}

TEST(reload, what_fires_again_while_its_end_is_on_its_way_is_told) {
  Told ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  ops.end("Down", "a");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved a-");
  ops.fire("Down", "a");
  ops.configure(routing_by({"instance"}));
  ops.deliver();
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
}

TEST(payload, is_alertmanagers_version_4) {
  Told ops;
  ops.fire("Down", "b");
  ops.wait(Duration::seconds(1));
  ops.fire("Down", "a");
  ops.wait(wait_time);
  const std::string& body = ops.last_body();
  EXPECT_TRUE(
      body.starts_with(R"({"receiver":"ops","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"Down",)"
                       R"("instance":"a","severity":"critical"},"annotations":{"summary":"a is down"},)"
                       R"("startsAt":"2026-03-01T12:00:01.000Z","endsAt":"0001-01-01T00:00:00Z",)"
                       R"("generatorURL":"http://watch.example/api/watchbill/v1/alerts/)"))
      << body;
  EXPECT_TRUE(body.ends_with(R"(],"groupLabels":{"alertname":"Down"},"commonLabels":{"alertname":"Down","severity":"critical"},)"
                             R"("commonAnnotations":{},"externalURL":"http://watch.example","version":"4",)"
                             R"("groupKey":"{}:{alertname=\"Down\"}","truncatedAlerts":0})"))
      << body;
}

// The two values that the tests of Prometheus' common/model give.
TEST(payload, fingerprints_are_those_of_prometheus) {
  EXPECT_EQ(fingerprint(Labels{}), "cbf29ce484222325");
  EXPECT_EQ(fingerprint(Labels({{"fear", "love is not enough"}, {"name", "garland, briggs"}})), "507a62d79ee76c9a");
}

TEST(payload, what_is_too_much_is_counted) {
  RoutingConfiguration routing = routing_by({"alertname"});
  routing.receivers["ops"].webhooks.front().max_alerts = 2;
  Told ops(routing);
  for (const char* instance : {"a", "b", "c"}) ops.fire("Down", instance);
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a b");
  EXPECT_NE(ops.last_body().find("\"truncatedAlerts\":1}"), std::string::npos);
  Told small;
  small.limits.notification_bytes_max = 1;
  for (const char* instance : {"a", "b", "c"}) small.fire("Down", instance);
  small.wait(wait_time);
  EXPECT_EQ(small.on_its_way(), "ops/webhook[0] firing a");
}

Labels labels(std::vector<Labels::Pair> pairs) { return Labels(std::move(pairs)); }

LabelMatcher matcher(std::string name, MatcherKind kind, std::string value) { return {kind, std::move(name), std::move(value)}; }

RouteConfiguration route(std::vector<LabelMatcher> matchers, std::string receiver, AfterMatch after = AfterMatch::stop) {
  RouteConfiguration out;
  out.matchers = std::move(matchers);
  out.receiver = std::move(receiver);
  out.after = after;
  return out;
}

// The receivers that labels lead to, by their routes' indexes.
std::string taken(const std::vector<RouteConfiguration>& routes, const Labels& labels) {
  std::string text;
  for (const std::uint32_t index : RouteTree(routes).match(labels)) text += (text.empty() ? "" : " ") + routes[index].receiver;
  return text;
}

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

// `child` takes alerts of `Down` whose instance is a, to a receiver of its own.
RoutingConfiguration routing_with(RouteConfiguration child) {
  RoutingConfiguration routing = routing_by({"alertname"});
  routing.routes.front().end = 2;
  child.end = 2;
  routing.receivers[child.receiver] = routing.receivers["ops"];
  routing.routes.push_back(std::move(child));
  return routing;
}

TEST(routes, each_tells_its_receiver_in_its_own_time) {
  RouteConfiguration child = route({matcher("instance", MatcherKind::equal, "a")}, "page");
  child.group_by = {"instance"};
  child.group_wait = Duration();
  Told told(routing_with(child));
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
  Told told(routing);
  told.fire("Down", "a");
  told.fire("Down", "b");
  told.wait(wait_time);
  std::string both = told.on_its_way();
  EXPECT_NE(both.find("page/webhook[0] firing a"), std::string::npos) << both;
  EXPECT_NE(both.find("ops/webhook[0] firing a b"), std::string::npos) << both;
}

TEST(routes, a_reload_tells_nobody_twice_and_whoever_is_new_at_once) {
  Told told;
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
  Told accepted;
  accepted.fire("Down", "b");
  accepted.wait(wait_time);
  accepted.configure(routing_with_a_apart());
  accepted.deliver();
  accepted.wait(interval * 2);
  EXPECT_EQ(accepted.on_its_way(), "");
  Told failed;
  failed.fire("Down", "b");
  failed.wait(wait_time);
  failed.deliver(DeliveryAnswer::final);
  failed.configure(routing_with_a_apart());
  EXPECT_TRUE(is_failing(failed.state().route, failed.state().schedule, "ops/webhook[0]"));
  failed.wait(interval);
  EXPECT_EQ(failed.on_its_way(), "ops/webhook[0] firing b");
}

TEST(routes, a_reload_that_leaves_a_group_alone_leaves_its_pace) {
  Told told;
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
  Told told(routing);
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
  Told told(apart);
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
    Told told;
    told.fire("Down", "a");
    told.wait(wait_time);
    told.deliver();
    told.fire("Slow", late);
    told.configure(routing_by({}));
    told.wait(wait_time);
    EXPECT_EQ(told.on_its_way(), "ops/webhook[0] firing a " + late);
  }
}

TEST(routes, a_bill_from_before_the_tree_has_its_root) {
  RoutingConfiguration routing;
  const std::string text = R"({"receivers":{"ops":{"webhooks":[{"url":"http://127.0.0.1:1"}]}},"resolve_timeout_ms":300000,)"
                           R"("route":{"group_by":["alertname"],"receiver":"ops"}})";
  ASSERT_TRUE(from_canonical_text(text, routing));
  Told told(routing);
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
  Told told(routing);
  told.fire("Down", "a");
  told.wait(wait_time);
  told.configure(routing_by({"alertname"}));
  told.deliver();
  told.wait(interval * 2);
  EXPECT_EQ(told.on_its_way(), "") << "the outcome came to the group that asked";
}

TEST(reload, a_receiver_that_is_gone_leaves_its_alerts_to_who_is_there) {
  Told told(routing_with(route({matcher("instance", MatcherKind::equal, "a")}, "page")));
  told.fire("Down", "a");
  told.wait(wait_time);
  EXPECT_EQ(told.on_its_way(), "page/webhook[0] firing a");
  told.configure(routing_by({"alertname"}));
  told.deliver(DeliveryAnswer::final);
  EXPECT_FALSE(is_failing(told.state().route, told.state().schedule, "page/webhook[0]"));
  told.wait(wait_time);
  EXPECT_EQ(told.on_its_way(), "ops/webhook[0] firing a");
  told.configure(std::nullopt);
  told.deliver();
  told.wait(wait_time);
  EXPECT_EQ(told.on_its_way(), "");
  EXPECT_EQ(told.not_sent(), "no_route:1");
}

TEST(payload, alerts_stand_as_alertmanager_sorts_them) {
  Group group;
  group.receiver = "a.b";
  const std::vector<Labels> wanted{labels({{"instance", "z"}, {"job", "a"}}), labels({{"job", "a"}}), labels({{"job", "b"}}),
                                   labels({{"instance", "a"}, {"x", "1"}}), labels({{"b", "1"}}), labels({{"alertname", "z"}}),
                                   labels({{"alertname", "a"}, {"c", "1"}})};
  std::vector<GroupedAlert> alerts(wanted.size());
  std::vector<Telling> tellings;
  for (std::size_t i = wanted.size(); i-- > 0;) {
    alerts[i].labels = wanted[i];
    tellings.emplace_back("id", &alerts[i]);
  }
  const std::string body = payload(group, tellings, {"http://e", "{}", 0, 1 << 20});
  std::size_t from = 0;
  for (const Labels& each : wanted) {
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    for (const auto& [name, value] : each) json.key(name).string(value);
    json.end_object();
    const std::size_t at = body.find("\"labels\":" + text, from);
    ASSERT_NE(at, std::string::npos) << text << " in " << body.substr(from);
    from = at + 1;
  }
  EXPECT_TRUE(body.starts_with(R"({"receiver":"a\\.b",)")) << body;
}

TEST(payload, a_secret_in_a_webhooks_address_stays_out_of_the_state) {
  Told ops;
  std::string text;
  write_snapshot(ops.state(), text);
  EXPECT_EQ(text.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace watchbill::core::route
