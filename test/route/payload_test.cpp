// The message about a group of alerts.
#include <gtest/gtest.h>

#include "route/audience.h"

namespace watchbill::core::route {
namespace {

TEST(payload, is_alertmanagers_version_4) {
  Audience ops;
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
  routing.receivers["ops"].integrations.front().max_alerts = 2;
  Audience ops(routing);
  for (const char* instance : {"a", "b", "c"}) ops.fire("Down", instance);
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a b");
  EXPECT_NE(ops.last_body().find("\"truncatedAlerts\":1}"), std::string::npos);
  Audience mixed;
  mixed.limits.notification_bytes_max = 1;
  for (const char* instance : {"a", "b"}) mixed.fire("Down", instance);
  mixed.wait(wait_time);
  mixed.deliver();
  mixed.end("Down", "a");
  mixed.wait(interval);
  EXPECT_EQ(mixed.on_its_way(), "ops/webhook[0] firing b") << "what fires is told before what has ended";
  Audience small;
  small.limits.notification_bytes_max = 1;
  for (const char* instance : {"a", "b", "c"}) small.fire("Down", instance);
  small.wait(wait_time);
  EXPECT_EQ(small.on_its_way(), "ops/webhook[0] firing a");
}

// The receivers that labels lead to, by their routes' indexes.
std::string taken(const std::vector<RouteConfiguration>& routes, const Labels& labels) {
  std::string text;
  for (const std::uint32_t index : RouteTree(routes).match(labels)) text += (text.empty() ? "" : " ") + routes[index].receiver;
  return text;
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

// As Alertmanager takes a Go map's word for what is not in it.
TEST(payload, an_empty_annotation_of_the_first_alert_is_common_with_none) {
  Group group;
  GroupedAlert first, second;
  first.labels = labels({{"alertname", "a"}, {"instance", "1"}});
  first.annotations = {{"note", ""}, {"summary", "s"}};
  second.labels = labels({{"alertname", "a"}, {"instance", "2"}});
  const std::string body = payload(group, {{"1", &first}, {"2", &second}}, {"http://e", "{}", 0, 1 << 20});
  EXPECT_NE(body.find(R"("commonAnnotations":{"note":""})"), std::string::npos) << body;
}

TEST(payload, a_secret_in_a_webhooks_address_stays_out_of_the_state) {
  Audience ops;
  std::string text;
  write_snapshot(ops.state(), text);
  EXPECT_EQ(text.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace watchbill::core::route
