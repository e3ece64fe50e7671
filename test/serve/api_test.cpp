// The API of the running program: who may, what is kept, what comes again after a restart (design/http.md).
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "serve/program.h"

namespace watchbill::serve_test {
namespace {

const std::string base = "/api/watchbill/v1";

TEST(api, a_stranger_on_loopback_reads_and_changes_nothing) {
  const TemporaryDirectory directory;
  Controller controller(directory.path());
  EXPECT_EQ(controller.get("/status").status, 200);
  const HttpReply refused = controller.ask({"PUT", base + "/hold", {}, {}, R"({"reason":"x"})", {}});
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.member("reason"), "not_authenticated");
  EXPECT_EQ(controller.ask({"GET", base + "/status", std::string(64, 'a'), {}, {}, {}}).status, 401)
      << "a wrong token is not taken for none";
  EXPECT_TRUE(controller.get("/hold").json().find("items")->as_array()->empty());
}

TEST(api, a_hold_is_set_shown_refused_twice_and_released) {
  const TemporaryDirectory directory;
  Controller controller(directory.path());
  const HttpReply set = controller.hold("all");
  ASSERT_EQ(set.status, 200) << set.body;
  const std::string sequence = set.headers.at("x-watchbill-sequence");
  const HttpReply shown = controller.get("/hold?min_sequence=" + sequence);
  ASSERT_EQ(shown.json().find("items")->as_array()->size(), 1U) << shown.body;
  const HttpReply twice = controller.hold("all");
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(twice.member("reason"), "hold_active");
  EXPECT_EQ(controller.release("all").status, 200);
  EXPECT_EQ(controller.release("all").member("reason"), "not_held");
}

TEST(api, the_same_request_id_gets_the_recorded_answer_after_kill_9) {
  const TemporaryDirectory directory;
  HttpReply first;
  {
    Controller controller(directory.path());
    first = controller.hold("binding/Web", "req-1");
    ASSERT_EQ(first.status, 200) << first.body;
    controller.kill_at_once();
  }
  Controller controller(directory.path());
  const HttpReply again = controller.hold("binding/Web", "req-1");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.at("idempotency-replayed"), "true");
  const HttpReply other = controller.hold("binding/Mail", "req-1");
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.member("reason"), "idempotency_key_reused");
}

TEST(api, what_is_not_known_is_refused_by_name) {
  const TemporaryDirectory directory;
  Controller controller(directory.path());
  EXPECT_EQ(controller.get("/hold?limt=3").member("message"), "the parameter limt is not known here, did you mean limit?");
  EXPECT_EQ(controller.get("/hold?limit=0").status, 400);
  EXPECT_EQ(controller.get("/hold?cursor=zz").status, 400);
  EXPECT_EQ(controller.get("/events?area=nowhere").status, 400);
  EXPECT_EQ(controller.get("/events?since=9999").status, 410);
  EXPECT_EQ(controller.get("/journal/9999").member("reason"), "unknown_record");
  EXPECT_EQ(controller.get("/holds").member("fix"), "did you mean /api/watchbill/v1/hold?");
  const HttpReply unbuilt = controller.get("/rollouts");
  EXPECT_EQ(unbuilt.status, 501);
  EXPECT_EQ(unbuilt.member("message"), "GET /api/watchbill/v1/rollouts");
  for (const std::string body :
       {"{", "[]", R"({"reason":1})", R"({"reason":"x","scop":"all"})", R"({})", R"({"reason":"x","restarts":"yes"})"}) {
    const HttpReply refused = controller.ask({"PUT", base + "/hold", controller.admin_token(), {}, body, {}});
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_EQ(refused.member("reason"), "bad_argument") << refused.body;
  }
}

TEST(api, foreign_hosts_and_origins_are_refused) {
  const TemporaryDirectory directory;
  Controller controller(directory.path());
  const HttpReply host = controller.ask({"GET", base + "/status", {}, {}, {}, {"Host: evil.example"}});
  EXPECT_EQ(host.status, 403);
  EXPECT_EQ(host.member("reason"), "host_not_allowed");
  const HttpReply origin = controller.ask(
      {"PUT", base + "/hold", controller.admin_token(), {}, R"({"reason":"x"})", {"Origin: https://evil.example"}});
  EXPECT_EQ(origin.status, 403);
  EXPECT_EQ(origin.member("reason"), "origin_not_allowed");
}

TEST(api, malformed_and_oversized_requests_do_no_harm) {
  const TemporaryDirectory directory;
  Controller controller(directory.path());
  {
    Connection slow(controller.port());  // open all the while, never finishing its head
    ASSERT_TRUE(slow.send("GET /api/watchbill/v1/sta"));
    for (const std::string text : {"\x16\x03\x01\x02\n\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"}) {
      Connection connection(controller.port());
      connection.send(text);
      EXPECT_TRUE(connection.is_closed()) << text;
    }
    EXPECT_EQ(controller.ask({"GET", "/%zz", {}, {}, {}, {}}).status, 400);
    const HttpReply large =
        controller.ask({"PUT", base + "/hold", controller.admin_token(), {}, std::string((1U << 20) + 1, ' '), {}});
    EXPECT_EQ(large.status, 413);
    EXPECT_EQ(large.member("reason"), "body_too_large");
    const HttpReply long_head = controller.ask({"GET", base + "/status", {}, {}, {}, {"X-Long: " + std::string(70'000, 'x')}});
    EXPECT_EQ(long_head.status, 431);
  }
  EXPECT_EQ(controller.get("/status").status, 200);
}

TEST(api, events_resume_over_a_restart_without_gap_or_double) {
  const TemporaryDirectory directory;
  std::string last;
  {
    Controller controller(directory.path());
    Connection events(controller.port());
    events.send("GET " + base + "/events?since=1&area=control HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(controller.port()) +
                "\r\n\r\n");
    const HttpReply set = controller.hold("binding/One");
    ASSERT_EQ(set.status, 200);
    const std::string& read = events.read_until("binding/One");
    ASSERT_NE(read.find("event: HoldSet"), std::string::npos) << read;
    EXPECT_EQ(read.find("event: EpochStarted"), std::string::npos) << "another area's";
    last = set.headers.at("x-watchbill-sequence") + ".0";
    ASSERT_NE(read.find("id: " + last + "\n"), std::string::npos) << read;
    ASSERT_EQ(controller.hold("binding/Two").status, 200);
    controller.kill_at_once();
  }
  Controller controller(directory.path());
  ASSERT_EQ(controller.hold("binding/Three").status, 200);
  Connection events(controller.port());
  events.send("GET " + base + "/events?type=HoldSet HTTP/1.1\r\nLast-Event-ID: " + last +
              "\r\nHost: 127.0.0.1:" + std::to_string(controller.port()) + "\r\n\r\n");
  const std::string& read = events.read_until("binding/Three");
  EXPECT_EQ(read.find("binding/One"), std::string::npos) << read;
  EXPECT_NE(read.find("binding/Two"), std::string::npos) << read;
  EXPECT_NE(read.find("binding/Three"), std::string::npos) << read;
}

TEST(api, lists_go_on_where_the_page_before_ended) {
  const TemporaryDirectory directory;
  Controller controller(directory.path());
  for (const std::string name : {"a", "b", "c", "d", "e"}) ASSERT_EQ(controller.hold("binding/" + name).status, 200);
  for (const std::string list : {"/hold?limit=2", "/journal?type=HoldSet&limit=2", "/why/binding%2Fc?limit=1"}) {
    std::size_t items = 0;
    std::string cursor;
    for (int page = 0; page < 10; ++page) {
      const HttpReply reply = controller.get(list + (cursor.empty() ? "" : "&cursor=" + cursor));
      ASSERT_EQ(reply.status, 200) << reply.body;
      items += reply.json().find("items")->as_array()->size();
      cursor = reply.member("next");
      if (cursor.empty()) break;
    }
    EXPECT_EQ(items, list.starts_with("/why") ? 1U : 5U) << list;
  }
}

TEST(api, metrics_are_those_that_are_declared) {
  const TemporaryDirectory directory;
  // A family whose labels are names of the bill is there with the first of them.
  std::ofstream(directory.path() + "/rules.yml") << "groups: [{name: g, rules: [{record: a, expr: up}]}]\n";
  std::ofstream(directory.path() + "/watchbill.yaml")
      << "watchbill: 1\nrule_files: [rules.yml]\nremote_write: [{url: \"http://127.0.0.1:1/\"}]\n"
         "scrape_configs: [{job_name: found, http_sd_configs: [{url: \"http://127.0.0.1:1/\"}]}]\n";
  Controller controller(directory.path(), {"--config", directory.path() + "/watchbill.yaml"});
  ASSERT_TRUE(eventually([&] { return controller.ask({"GET", "/-/ready", {}, {}, {}, {}}).status == 200; }));
  const HttpReply page = controller.ask({"GET", "/metrics", {}, {}, {}, {}});
  ASSERT_EQ(page.status, 200);
  const JsonValue catalogue = controller.get("/metrics-catalogue").json();
  // Of workloads there are series only where there are workloads, and no time of a sample or slot is known before there is one.
  const auto may_be_absent = [](std::string_view name) {
    return name.starts_with("watchbill_workload_") || name.starts_with("prometheus_notifications_") ||
           name.starts_with("prometheus_rule_group_last_") ||
           name == "prometheus_remote_storage_highest_timestamp_in_seconds" ||
           name == "prometheus_remote_storage_queue_highest_sent_timestamp_seconds";
  };
  std::set<std::string> shown, wanted;
  for (std::size_t at = page.body.find("# TYPE "); at != std::string::npos; at = page.body.find("# TYPE ", at + 1)) {
    const std::string line = page.body.substr(at + 7, page.body.find('\n', at) - at - 7);
    if (!may_be_absent(line.substr(0, line.find(' ')))) shown.insert(line);
  }
  for (const JsonValue& metric : *catalogue.find("items")->as_array())
    if (!may_be_absent(*metric.find("name")->as_string()))
      wanted.insert(*metric.find("name")->as_string() + " " + *metric.find("type")->as_string());
  EXPECT_EQ(shown, wanted);
}

}  // namespace
}  // namespace watchbill::serve_test
