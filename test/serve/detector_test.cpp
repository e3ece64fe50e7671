// What users of other detectors reported, played with the real program (docs/STATUS.md lists the scenarios by name). Intervals
// are tenths of a second where the scenarios say half minutes, and so is what is measured in them.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <sstream>
#include <thread>

#include "agent/house.h"
#include "serve/folder.h"
#include "serve/neighbour.h"
#include "serve/target.h"

namespace watchbill::serve_test {
namespace {

const std::string hot = "# TYPE temperature gauge\ntemperature{room=\"attic\"} 80\n";
const std::string cool = "# TYPE temperature gauge\ntemperature{room=\"attic\"} 20\n";

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

HttpReply get_from(std::uint16_t port, const std::string& target) {
  Connection connection(port);
  connection.send("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\nConnection: close\r\n\r\n");
  return connection.reply();
}

class detector : public ServedFolder {
 protected:
  // `settings` of `global`, then whole lines.
  void write_bill(const std::string& settings, const std::string& more = {}) const {
    write("watchbill.yaml", "watchbill: 1\n" + scraping(settings) + more);
  }
  [[nodiscard]] std::string scraping(const std::string& settings) const {
    return "global: {" + settings + "}\nscrape_configs: [{job_name: house, static_configs: [{targets: [\"" + target_.address() +
           "\"]}]}]\nrule_files: [rules.yml]\n";
  }
  void write_rules(const std::string& list) const { write("rules.yml", "groups:\n  - name: g\n    rules:\n" + list); }
  [[nodiscard]] std::string data() const { return path("data"); }
  // The events of one type, one line of JSON each.
  [[nodiscard]] std::string events(const std::string& type) const {
    return run_program({"journal", "list", "--data", data(), "--type", type, "-o", "json"}).out;
  }
  [[nodiscard]] static std::size_t lines_with(const std::string& text, const std::string& word) {
    std::istringstream lines(text);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);) count += line.find(word) != std::string::npos ? 1U : 0U;
    return count;
  }
  [[nodiscard]] std::size_t count_of(const std::string& type, const std::string& word = {}) const {
    return lines_with(events(type), word);
  }
  [[nodiscard]] bool comes(const std::string& type, const std::string& word) const {
    return eventually([&] { return count_of(type, word) > 0; });
  }
  // `at_ms` of the first event of this type that has the word.
  [[nodiscard]] std::int64_t time_of(const std::string& type, const std::string& word) const {
    std::istringstream lines(events(type));
    for (std::string line; std::getline(lines, line);) {
      const std::size_t at = line.find("\"at_ms\":");
      if (line.find(word) != std::string::npos && at != std::string::npos) return std::stoll(line.substr(at + 8));
    }
    return 0;
  }

  Target target_{hot};
};

// The scenario's `for` of 5 min, interval of 30 s and 30 kills, one each second of it, are 4 s, 300 ms and 10 here; two hours of
// firing are some moments.
TEST_F(detector, a_firing_alert_stays_firing_over_restart) {
  Target sink{""};
  write_rules("      - {alert: RoomHot, expr: temperature > 50, for: 4s}\n");
  write("am.yml", "route: {receiver: ops, group_wait: 100ms}\nreceivers: [{name: ops, webhook_configs: [{url: \"http://" +
                      sink.address() + "/\"}]}]\n");
  write_bill("scrape_interval: 100ms, scrape_timeout: 100ms, evaluation_interval: 300ms",
             "alertmanager_config: am.yml\nbindings: {RoomHot: {unbound: a test}}\n");
  std::string active_at;
  {
    Controller controller(data(), arguments());
    ASSERT_TRUE(comes("AlertFired", "RoomHot"));
    ASSERT_TRUE(eventually([&] { return sink.answered_count() == 1; }));
    const std::string shown = controller.ask({"GET", "/api/v1/alerts", {}, {}, {}, {}}).body;
    const std::size_t at = shown.find("\"activeAt\":\"");
    ASSERT_NE(at, std::string::npos) << shown;
    active_at = shown.substr(at, shown.find('"', at + 12) - at);
    controller.kill_at_once();
  }
  for (int life = 0; life < 10; ++life) {
    Controller controller(data(), arguments());
    ASSERT_TRUE(controller.is_serving());
    std::string rules;
    ASSERT_TRUE(eventually([&] {
      rules = controller.ask({"GET", "/api/v1/rules", {}, {}, {}, {}}).body;
      const std::size_t at = rules.find("\"lastEvaluation\":\"");
      return at != std::string::npos && !rules.substr(at + 18).starts_with("0001");
    })) << rules;
    EXPECT_NE(rules.find(active_at), std::string::npos) << "life " << life << ": " << rules;
    EXPECT_NE(rules.find("\"state\":\"firing\""), std::string::npos) << "life " << life << ": " << rules;
    EXPECT_EQ(rules.find("\"state\":\"pending\""), std::string::npos) << rules;
    std::this_thread::sleep_for(std::chrono::milliseconds(30 * life));  // the kill falls on another part of the interval
    controller.kill_at_once();
  }
  EXPECT_EQ(count_of("AlertBecamePending"), 1U);
  EXPECT_EQ(count_of("AlertFired", "RoomHot"), 1U);
  EXPECT_EQ(events("AlertResolved"), "");
  EXPECT_EQ(sink.answered_count(), 1U) << "told once, before repeat_interval";
}

// 6 s for the scenario's 10 min, slots every 200 ms, down for one second after the second one.
TEST_F(detector, keep_firing_for_survives_restart) {
  write_rules("      - {alert: RoomHot, expr: temperature > 50, keep_firing_for: 6s}\n");
  write_bill("scrape_interval: 100ms, scrape_timeout: 100ms, evaluation_interval: 200ms",
             "bindings: {RoomHot: {unbound: a test}}\n");
  std::int64_t over_at = 0;
  {
    Controller controller(data(), arguments());
    ASSERT_TRUE(comes("AlertFired", "RoomHot"));
    target_.show(cool);
    ASSERT_TRUE(comes("RuleEvaluated", "\"kept\":["));
    over_at = time_of("RuleEvaluated", "\"kept\":[");
    ASSERT_TRUE(eventually([&] { return now_ms() - over_at > 2000; }));
    controller.kill_at_once();
  }
  ASSERT_TRUE(eventually([&] { return now_ms() - over_at > 3000; }));
  const Controller controller(data(), arguments());
  ASSERT_TRUE(comes("AlertResolved", "RoomHot"));
  const std::int64_t took = time_of("AlertResolved", "RoomHot") - over_at;
  EXPECT_GE(took, 6000) << "not at the restart";
  EXPECT_LT(took, 8500) << "and not counted anew from there, at 9 s";
  EXPECT_EQ(count_of("AlertFired", "RoomHot"), 1U);
}

// "NAME STATE" of all alerts, sorted.
std::string alerts_at(std::uint16_t port) {
  const JsonValue answer = get_from(port, "/api/v1/alerts").json();
  const JsonValue* data = answer.find("data");
  const JsonValue* alerts = data == nullptr ? nullptr : data->find("alerts");
  if (alerts == nullptr || alerts->as_array() == nullptr) return "no answer";
  std::vector<std::string> lines;
  for (const JsonValue& alert : *alerts->as_array()) {
    std::string line;
    append_json(line, *alert.find("labels")->find("alertname"));
    append_json(line, *alert.find("state"));
    lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const std::string& line : lines) out += line + " ";
  return out;
}

// 20 min without an answer are some slots here. Incidents, which the scenario has beside the alert, do not exist yet.
TEST_F(detector, a_vanished_series_is_not_good_news) {
  write_rules("      - {alert: RoomHot, expr: temperature > 50}\n      - {alert: TargetDown, expr: up == 0}\n");
  const std::string settings = "scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s";
  write("prometheus.yml", scraping(settings));
  write_bill(settings, "bindings: {RoomHot: {unbound: a test}, TargetDown: {unbound: a test}}\n");
  const std::optional<std::string> program = Prometheus::program();
  std::optional<Prometheus> neighbour;
  if (program) neighbour.emplace(*program, path("prometheus.yml"), path("tsdb"));
  const Controller controller(data(), arguments());
  ASSERT_TRUE(controller.is_serving());
  const auto both_show = [&](const std::string& alerts) {
    return eventually([&] { return alerts_at(controller.port()) == alerts; }) &&
           (!neighbour || eventually([&] { return alerts_at(neighbour->port()) == alerts; }));
  };
  ASSERT_TRUE(both_show("\"RoomHot\"\"firing\" ")) << alerts_at(controller.port());
  target_.show("this is no page {");
  ASSERT_TRUE(both_show("\"TargetDown\"\"firing\" ")) << alerts_at(controller.port());
  const std::string ended = events("AlertResolved");
  EXPECT_EQ(lines_with(ended, "RoomHot"), 1U) << ended;
  EXPECT_NE(ended.find("\"cause\":\"no_series\""), std::string::npos) << ended;
  target_.show(hot);
  ASSERT_TRUE(both_show("\"RoomHot\"\"firing\" ")) << alerts_at(controller.port());
  EXPECT_EQ(count_of("AlertFired", "RoomHot"), 2U);
  EXPECT_NE(events("AlertResolved").find("\"cause\":\"condition_false\""), std::string::npos) << "the target's own alert";
  if (!neighbour) GTEST_SKIP() << "not compared: no prometheus in the PATH, and WB_PROMETHEUS is not set";
}

// Own alerts: others cannot be posted yet.
TEST_F(detector, a_reload_neither_resolves_nor_resets) {
  std::string page;
  for (int i = 0; i < 100; ++i)
    for (const char* name : {"hot", "warm"}) page += std::string(name) + "{n=\"" + std::to_string(i) + "\"} 1\n";
  target_.show(page);
  std::string rules = "      - {alert: Hot, expr: hot == 1}\n      - {alert: Warm, expr: warm == 1, for: 1h}\n";
  std::string bindings = "Hot: {unbound: a test}, Warm: {unbound: a test}";
  const auto write_all = [&](const std::string& more = {}) {
    write_rules(rules);
    write_bill("scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 400ms",
               "bindings: {" + bindings + "}\n" + more);
  };
  write_all();
  const Controller controller(data(), arguments());
  ASSERT_TRUE(eventually([&] { return count_of("AlertFired", "\"Hot\"") == 100 && count_of("AlertBecamePending") == 100; }));
  const auto reload = [&] { return controller.ask({"POST", "/-/reload", controller.admin_token(), {}, {}, {}}); };
  std::size_t invalid_count = 0;
  for (int i = 0; i < 50; ++i) {
    if (i % 10 == 3) {
      const std::string name = "Added" + std::to_string(i);
      rules += "      - {alert: " + name + ", expr: 'vector(1)'}\n";
      bindings += ", " + name + ": {unbound: a test}";
      write_all();
      ASSERT_EQ(reload().status, 200);
      ASSERT_TRUE(comes("AlertFired", name)) << "it is evaluated";
    } else if (i % 3 == 1) {
      write_all("listn" + std::to_string(i) + ": x\n");
      const HttpReply refused = reload();
      EXPECT_EQ(refused.status, 500);
      EXPECT_NE(refused.body.find("watchbill.yaml:6:1"), std::string::npos) << refused.body;
      ++invalid_count;
    } else {
      write_all();
      ASSERT_EQ(reload().status, 200);
    }
  }
  EXPECT_EQ(count_of("ConfigRejected", "\"line\":6,\"path\":\"listn"), invalid_count) << events("ConfigRejected");
  const std::size_t evaluated = target_.answered_count();
  // Rules that have left the bill are retired every 5 s.
  ASSERT_TRUE(eventually([&] { return target_.answered_count() > evaluated + 35; })) << "7 s after the last reload";
  EXPECT_EQ(count_of("AlertFired", "\"Hot\""), 100U);
  EXPECT_EQ(count_of("AlertFired", "\"Warm\""), 0U);
  EXPECT_EQ(count_of("AlertBecamePending"), 100U);
  EXPECT_EQ(events("AlertResolved"), "");
}

// A counter that comes into being with 1: no increase here as there, a finding of `check`, and no such counter of our own.
TEST_F(detector, a_counter_born_at_one_is_a_finding_not_a_surprise) {
  write_rules("      - {alert: RareThing, expr: 'increase(rare_things_total[10m]) > 0'}\n");
  const std::string settings = "scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s";
  write("prometheus.yml", scraping(settings));
  write_bill(settings, "bindings: {RareThing: {unbound: a test}}\n");
  const Ended checked = run_program({"check", "rules", path("rules.yml")});
  EXPECT_EQ(checked.exit_code, 0);
  EXPECT_NE(checked.out.find("warning"), std::string::npos) << checked.out;
  EXPECT_NE(checked.out.find("[counter_not_initialised]"), std::string::npos) << checked.out;
  const std::optional<std::string> program = Prometheus::program();
  std::optional<Prometheus> neighbour;
  if (program) neighbour.emplace(*program, path("prometheus.yml"), path("tsdb"));
  const Controller controller(data(), arguments());
  ASSERT_TRUE(controller.is_serving());
  const std::string first_page = controller.ask({"GET", "/metrics", {}, {}, {}, {}}).body;
  for (const char* series : {"watchbill_events_total{area=\"alert\"} 0\n", "watchbill_inbox_refused_total{lane=\"people\"} 0\n",
                             "watchbill_deliveries_total{channel=\"webhook\",outcome=\"failed\"} 0\n",
                             "watchbill_refusals_total{area=\"alert\",reason=\"too_many_alerts\"} 0\n"})
    EXPECT_NE(first_page.find(series), std::string::npos) << series;
  target_.show(hot + "# TYPE rare_things_total counter\nrare_things_total 1\n");
  const auto answer = [](std::uint16_t port, const std::string& query) {
    const HttpReply reply = get_from(port, "/api/v1/query?query=" + query);
    const std::size_t at = reply.body.find("\"value\":[");
    return at == std::string::npos ? std::string() : reply.body.substr(reply.body.find(',', at), 40);
  };
  const auto has_samples = [&](std::uint16_t port) {
    return eventually([&] { return !answer(port, "count_over_time(rare_things_total[10m])%3E3").empty(); });
  };
  ASSERT_TRUE(has_samples(controller.port()));
  const std::string increase = answer(controller.port(), "increase(rare_things_total[10m])");
  EXPECT_TRUE(increase.starts_with(",\"0\"]")) << increase;
  EXPECT_EQ(alerts_at(controller.port()), "") << "the first one is not seen";
  if (!neighbour) GTEST_SKIP() << "not compared: no prometheus in the PATH, and WB_PROMETHEUS is not set";
  ASSERT_TRUE(has_samples(neighbour->port()));
  EXPECT_EQ(answer(neighbour->port(), "increase(rare_things_total[10m])").substr(0, 5), increase.substr(0, 5));
  EXPECT_EQ(alerts_at(neighbour->port()), "");
}

// What the bill adds to a rule, each with a kill in the middle: it begins at the tenth slot, counted over two lives, and what is
// neither hot nor cool goes on.
TEST_F(detector, hysteresis_of_the_bill_begins_and_ends_an_alert_later) {
  write_rules("      - {alert: RoomHot, expr: temperature > 50}\n");
  write_bill("scrape_interval: 100ms, scrape_timeout: 100ms, evaluation_interval: 200ms",
             "bindings: {RoomHot: {unbound: a test}}\nalerts: {RoomHot: {recover: temperature < 30, k_of_n: 10 of 60}}\n");
  const auto slots_held = [this] { return count_of("RuleEvaluated", "\"held\":["); };
  const auto shown = [this](const Controller& controller) {
    return run_program({"alerts", "show", "RoomHot", "--data", data(), "--server", "http://127.0.0.1:" +
                        std::to_string(controller.port())}).out;
  };
  {
    Controller controller(data(), arguments());
    ASSERT_TRUE(eventually([&] { return slots_held() >= 3; }));
    const std::string pending = shown(controller);
    EXPECT_NE(pending.find("fires when its condition held at 10 of 60 slots\n"), std::string::npos) << pending;
    EXPECT_NE(pending.find("\nheld at "), std::string::npos) << pending;
    controller.kill_at_once();
  }
  {
    Controller controller(data(), arguments());
    ASSERT_TRUE(comes("AlertFired", "RoomHot"));
    EXPECT_EQ(count_of("AlertBecamePending", "RoomHot"), 1U) << "one slot was not enough";
    EXPECT_EQ(slots_held(), 8U) << "the first and the last stand in events of their own";
    target_.show("temperature{room=\"attic\"} 40\n");
    ASSERT_TRUE(comes("RuleEvaluated", "\"kept\":["));
    controller.kill_at_once();
  }
  const Controller controller(data(), arguments());
  const std::size_t answered = target_.answered_count();
  ASSERT_TRUE(eventually([&] { return target_.answered_count() > answered + 20; })) << "slots go by";
  EXPECT_EQ(events("AlertResolved"), "");
  EXPECT_EQ(alerts_at(controller.port()), "\"RoomHot\"\"firing\" ");
  const std::string kept = shown(controller);
  EXPECT_NE(kept.find("goes on until temperature < 30\n"), std::string::npos) << kept;
  EXPECT_NE(kept.find("\nkept since "), std::string::npos) << kept;
  target_.show(cool);
  ASSERT_TRUE(comes("AlertResolved", "RoomHot"));
  const std::string why = run_program({"why", "RoomHot", "--data", data()}).out;
  EXPECT_NE(why.find("held     1 at one more slot of k_of_n\n"), std::string::npos) << why;
  EXPECT_NE(why.find("kept     1 by keep_firing_for or recover\n"), std::string::npos) << why;
}

// The same of counters that come with what the bill has: each reason of a restart, before there was one.
TEST(first_page, has_the_restarts_of_a_workload_for_every_reason) {
  const agent_test::House house;
  house.write_bill("workloads:\n  web:\n    command: [/bin/sleep, \"1000\"]\n" + agent_test::user_line());
  const Controller controller(house.data(), house.arguments());
  ASSERT_TRUE(controller.is_serving());
  std::string page;
  EXPECT_TRUE(eventually([&] {
    page = controller.ask({"GET", "/metrics", {}, {}, {}, {}}).body;
    return page.find("watchbill_workload_incarnation{workload=\"web\"}") != std::string::npos;
  }));
  for (const char* reason : {"exit", "signal", "hang", "liveness", "runtime_exceeded", "start_failed"})
    EXPECT_NE(page.find(std::string("watchbill_workload_restarts_total{reason=\"") + reason + "\",workload=\"web\"} 0\n"),
              std::string::npos)
        << reason;
}

}  // namespace
}  // namespace watchbill::serve_test
