// The metrics path of the running program: a target is scraped, a rule fires and resolves, a reload adds one, a restart resolves
// nothing (design/architecture.md, the metrics path).
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <memory>

#include "serve/program.h"
#include "serve/target.h"

namespace watchbill::serve_test {
namespace {

const std::string hot = "# TYPE temperature gauge\ntemperature{room=\"attic\"} 80\n";
const std::string cool = "# TYPE temperature gauge\ntemperature{room=\"attic\"} 20\n";

const std::string hot_rule =
    "      - {alert: RoomHot, expr: 'temperature > 50', annotations: {summary: '{{ $labels.room }} has {{ $value }}'}}\n";
const std::string cool_rule = "      - {alert: RoomCool, expr: 'temperature < 50'}\n";

class watch : public ::testing::Test {
 protected:
  watch() {
    write("watchbill.yaml", bill());
    write("rules.yml", rules(hot_rule));
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(directory_.path() + "/" + name) << text; }
  [[nodiscard]] std::string bill(const std::string& more = {}) const {
    return "watchbill: 1\nglobal: {scrape_interval: 100ms, scrape_timeout: 100ms, evaluation_interval: 200ms}\n"
           "scrape_configs: [{job_name: house, static_configs: [{targets: [\"" + target_.address() + "\"]}]}]\n"
           "rule_files: [rules.yml]\n"
           "bindings: {RoomHot: {unbound: a test}, RoomCool: {unbound: a test}, Own: {unbound: a test}}\n" + more;
  }
  [[nodiscard]] static std::string rules(const std::string& list) {
    return "groups:\n  - name: rooms\n    rules:\n" + list;
  }
  [[nodiscard]] std::string data() const { return directory_.path() + "/data"; }
  [[nodiscard]] std::vector<std::string> arguments() const { return {"--config", directory_.path() + "/watchbill.yaml"}; }
  // The events of one type, as JSON lines.
  [[nodiscard]] std::string events(const std::string& type) const {
    return run_program({"journal", "list", "--data", data(), "--type", type, "-o", "json"}).out;
  }
  [[nodiscard]] bool comes(const std::string& type, const std::string& text) const {
    return eventually([&] { return events(type).find(text) != std::string::npos; });
  }

  TemporaryDirectory directory_;
  Target target_{hot};
};

bool reload(const Controller& controller) {
  return controller.ask({"POST", "/-/reload", controller.admin_token(), {}, {}, {}}).status == 200;
}

TEST_F(watch, a_rule_fires_with_its_sample_and_resolves_with_its_cause) {
  Controller controller(data(), arguments());
  ASSERT_TRUE(controller.is_serving()) << controller.ended().out;
  EXPECT_TRUE(eventually([&] { return controller.ask({"GET", "/-/ready", {}, {}, {}, {}}).status == 200; }));
  ASSERT_TRUE(comes("AlertFired", "RoomHot"));
  const std::string fired = events("AlertFired");
  EXPECT_NE(fired.find("attic has 80"), std::string::npos) << fired;
  EXPECT_NE(fired.find(R"("value":"80")"), std::string::npos) << fired;
  target_.show(cool);
  ASSERT_TRUE(comes("AlertResolved", "RoomHot"));
  EXPECT_NE(events("AlertResolved").find("condition_false"), std::string::npos) << events("AlertResolved");
}

TEST_F(watch, a_target_that_goes_away_ends_its_alert_with_no_series) {
  Controller controller(data(), arguments());
  ASSERT_TRUE(comes("AlertFired", "RoomHot"));
  target_.show("this is no page {");
  ASSERT_TRUE(comes("AlertResolved", "RoomHot"));
  EXPECT_NE(events("AlertResolved").find("no_series"), std::string::npos) << events("AlertResolved");
}

TEST_F(watch, a_reload_adds_a_rule_and_a_rule_that_left_ends_its_alerts) {
  Controller controller(data(), arguments());
  ASSERT_TRUE(comes("AlertFired", "RoomHot"));
  write("rules.yml", rules(cool_rule));
  ASSERT_TRUE(reload(controller));
  target_.show(cool);
  EXPECT_TRUE(comes("AlertFired", "RoomCool"));
  EXPECT_TRUE(comes("AlertResolved", "RoomHot"));
}

TEST_F(watch, a_restart_resolves_nothing_and_fires_nothing_again) {
  {
    Controller controller(data(), arguments());
    ASSERT_TRUE(comes("AlertFired", "RoomHot"));
    controller.kill_at_once();
  }
  Controller controller(data(), arguments());
  ASSERT_TRUE(controller.is_serving());
  const std::size_t answered = target_.answered_count();
  ASSERT_TRUE(eventually([&] { return target_.answered_count() > answered + 20; })) << "ten slots and more have gone by";
  EXPECT_EQ(events("AlertResolved"), "");
  const std::string fired = events("AlertFired");
  EXPECT_EQ(std::count(fired.begin(), fired.end(), '\n'), 1) << fired;
  target_.show(cool);
  EXPECT_TRUE(comes("AlertResolved", "RoomHot"));
}

TEST_F(watch, verbs_show_what_is_measured_and_what_fires) {
  Controller controller(data(), arguments());
  ASSERT_TRUE(comes("AlertFired", "RoomHot"));
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--server", controller.url(), "--data", data()});
    return run_program(std::move(words));
  };
  const Ended asked = run({"query", "temperature * 2"});
  EXPECT_EQ(asked.exit_code, 0);
  EXPECT_NE(asked.out.find("room=\"attic\"}  160 @"), std::string::npos) << asked.out;
  EXPECT_NE(run({"query", "temperature", "--since", "5m", "--step", "1m"}).out.find("\n  80 @"), std::string::npos);
  EXPECT_EQ(run({"query", "1 +"}).exit_code, 2);
  const Ended wrong = run({"query", "sum(temperature"});
  EXPECT_TRUE(wrong.err.ends_with("unclosed left parenthesis\n  sum(temperature\n     ^\n")) << wrong.err;
  EXPECT_EQ(run({"query", "sum(temperature", "-o", "json"}).err, "") << "a caret is for people";
  EXPECT_EQ(run({"query", "1", "--at", "noon"}).exit_code, 2);
  EXPECT_EQ(run({"query", "vector(1)", "--at", "1772366400"}).out, "{}  1 @1772366400\n");
  EXPECT_EQ(run({"query", "vector(1)", "--at", "1772366400.5"}).out, "{}  1 @1772366400.5\n");
  EXPECT_EQ(run({"query", "vector(1)", "--at", "1772366400", "--since", "30", "--step", "15"}).out,
            "{}\n  1 @1772366370\n  1 @1772366385\n  1 @1772366400\n");
  EXPECT_EQ(run({"query", "1", "--since", "1h", "--step", "0"}).exit_code, 2);
  EXPECT_NE(run({"alerts"}).out.find("firing  RoomHot"), std::string::npos) << run({"alerts"}).out;
  EXPECT_NE(run({"alerts", "list", "--filter", "room=\"attic\""}).out.find("RoomHot"), std::string::npos);
  EXPECT_EQ(run({"alerts", "list", "--filter", "room!=\"attic\""}).out,
            "no alert that meets the filter is pending or firing, others may be\n");
  EXPECT_EQ(run({"alerts", "list", "--filter", "attic"}).exit_code, 2);
  const std::string shown = run({"alerts", "show", "RoomHot"}).out;
  EXPECT_TRUE(shown.starts_with("RoomHot is firing\n")) << shown;
  EXPECT_NE(shown.find("rule         temperature > 50"), std::string::npos) << shown;
  EXPECT_NE(shown.find("sample       temperature{"), std::string::npos) << shown;
  EXPECT_NE(shown.find("             80 @"), std::string::npos) << shown;
  EXPECT_EQ(run({"alerts", "show", "RoomCold"}).exit_code, 2);
  const std::size_t id = shown.find("id           ");
  ASSERT_NE(id, std::string::npos) << shown;
  const std::string why = run_program({"why", shown.substr(id + 13, 64), "--data", data()}).out;
  EXPECT_NE(why.find("  RuleEvaluated         RoomHot in "), std::string::npos) << why;
  EXPECT_NE(why.find("rule     temperature > 50\n"), std::string::npos) << why;
  EXPECT_NE(why.find("  AlertFired            RoomHot{instance="), std::string::npos) << why;
  EXPECT_NE(why.find("summary  attic has 80\n"), std::string::npos) << why;
  EXPECT_NE(why.find("room=\"attic\"}  80 @"), std::string::npos) << why;
  target_.show("no page {");
  EXPECT_TRUE(eventually([&] { return run({"status"}).out.find("targets     down 1") != std::string::npos; }));
}

TEST_F(watch, a_stop_keeps_the_window_and_the_next_start_goes_on_with_it) {
  {
    Controller controller(data(), arguments());
    ASSERT_TRUE(comes("AlertFired", "RoomHot"));
    controller.stop();
  }
  Controller controller(data(), arguments());
  ASSERT_TRUE(eventually([&] { return controller.ask({"GET", "/-/ready", {}, {}, {}, {}}).status == 200; }));
  EXPECT_NE(run_program({"query", "count_over_time(temperature[1m]) > 0", "--server", controller.url()}).out.find("attic"),
            std::string::npos);
  target_.show(cool);
  EXPECT_TRUE(comes("AlertResolved", "RoomHot")) << "the pause was short, and what is loaded counts";
}

TEST_F(watch, a_probe_leaves_samples_and_a_rule_reads_them) {
  write("rules.yml", rules("      - {alert: Own, expr: 'probe_success{job=\"door\", side=\"front\"} == 0'}\n"));
  auto door = std::make_unique<Target>("");
  write("watchbill.yaml", bill("probes: {door: {tcp: \"" + door->address() + "\", every: 100ms, labels: {side: front}}}\n"));
  Controller controller(data(), arguments());
  ASSERT_TRUE(controller.is_serving()) << controller.ended().out;
  const auto asked = [&](const std::string& expression) {
    return run_program({"query", expression, "--server", controller.url(), "--data", data()}).out;
  };
  EXPECT_TRUE(
      eventually([&] { return asked("probe_success").find("instance=\"" + door->address() + "\"") != std::string::npos; }));
  EXPECT_NE(asked("probe_duration_seconds"), "no series\n") << "with a bill all of our own are kept, also what no rule reads";
  door.reset();
  EXPECT_TRUE(comes("AlertFired", "Own"));
  write("watchbill.yaml", bill());
  ASSERT_TRUE(reload(controller));
  EXPECT_TRUE(eventually([&] { return asked("probe_success") == "no series\n"; })) << "what is not asked any more ends";
}

TEST_F(watch, a_probe_is_answered_by_an_early_look_and_waits_for_no_slot) {
  write("watchbill.yaml", bill("evaluation: {early: all}\n"
                               "probes: {door: {tcp: \"127.0.0.1:1\", every: 100ms, fall: 1}}\n"));
  write("rules.yml", "groups:\n  - name: rooms\n    interval: 1000h\n    rules:\n"
                     "      - {alert: Own, expr: 'probe_success{job=\"door\"} == 0'}\n");
  Controller controller(data(), arguments());
  ASSERT_TRUE(controller.is_serving()) << controller.ended().out;
  ASSERT_TRUE(comes("AlertFired", "door"));
  EXPECT_NE(events("RuleEvaluated").find(R"("kind":"early")"), std::string::npos) << events("RuleEvaluated");
}

TEST_F(watch, our_own_series_are_stored_when_a_rule_reads_them) {
  write("rules.yml", rules("      - {alert: Own, expr: 'watchbill_holds > 0 and on() node_load1 >= 0'}\n"));
  write("watchbill.yaml", bill());
  Controller controller(data(), arguments());
  ASSERT_TRUE(controller.is_serving());
  ASSERT_EQ(controller.hold("all").status, 200);
  EXPECT_TRUE(comes("AlertFired", "Own"));
}

}  // namespace
}  // namespace watchbill::serve_test
