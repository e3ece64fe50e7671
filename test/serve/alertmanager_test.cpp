// Alertmanager's API v2 with unmodified clients: Debian's amtool, and its Prometheus with this program as its Alertmanager.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "serve/folder.h"
#include "serve/neighbour.h"
#include "serve/target.h"

namespace watchbill::serve_test {
namespace {

std::optional<std::string> amtool() {
  if (const char* named = std::getenv("WB_AMTOOL"); named != nullptr) return named;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (std::filesystem::exists(folder + "/amtool")) return folder + "/amtool";
  return std::nullopt;
}

constexpr const char* no_amtool = "no amtool in the PATH, and WB_AMTOOL is not set";

// A drop-in: both files of the neighbours, and a webhook that answers.
class alertmanager_api : public ServedFolder {
 protected:
  alertmanager_api() {
    write("prometheus.yml", "global: {scrape_interval: 1s, evaluation_interval: 1s}\n");
    write("am.yml",
          "global: {resolve_timeout: 2m}\nroute:\n  receiver: ops\n  group_by: [alertname]\n"
          "  group_wait: 100ms\n  group_interval: 100ms\n  routes:\n"
          "  - {receiver: pager, matchers: [severity=page], continue: true}\n"
          "  - {receiver: pager, matchers: ['severity=~\"page|ticket\"'], group_by: [alertname, job]}\n"
          "receivers:\n- name: ops\n  webhook_configs: [{url: \"http://" + sink_.address() + "/hook?key=topsecret\"}]\n"
          "- name: pager\n  webhook_configs: [{url: \"http://" + sink_.address() + "/a\"}, {url: \"http://" + sink_.address() +
          "/b\"}]\n");
    start();
  }
  void start() {
    controller_.emplace(path("data"), std::vector<std::string>{"--prometheus.config", path("prometheus.yml"),
                                                               "--alertmanager.config", path("am.yml")});
  }
  Ended am(std::vector<std::string> words) const {
    words.insert(words.begin(), {*amtool(), "--alertmanager.url=" + controller_->url()});
    return run_words(std::move(words));
  }
  [[nodiscard]] HttpReply get(const std::string& target) const {
    return controller_->ask({"GET", target, {}, {}, {}, {}});
  }
  [[nodiscard]] HttpReply post(const std::string& target, const std::string& body) const {
    return controller_->ask({"POST", target, {}, {}, body, {"Content-Type: application/json"}});
  }
  // Values of one label of all alerts, in their order.
  [[nodiscard]] std::string names(const std::string& query = {}) const {
    std::string out;
    const JsonValue alerts = get("/api/v2/alerts" + query).json();
    if (alerts.as_array() == nullptr) return "no list";
    for (const JsonValue& each : *alerts.as_array())
      out += (out.empty() ? "" : " ") + *each.find("labels")->find("alertname")->as_string();
    return out;
  }

  Target sink_{""};
  std::optional<Controller> controller_;
};

TEST_F(alertmanager_api, amtool_adds_and_asks_for_alerts) {
  if (!amtool()) GTEST_SKIP() << no_amtool;
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().out;
  const Ended added = am({"alert", "add", "alertname=Cold", "severity=page", "job=x", "--annotation=summary=it is cold",
                          "--generator-url=http://example.com/g"});
  EXPECT_EQ(added.exit_code, 0) << added.err;
  const Ended listed = am({"alert", "query", "severity=page", "-o", "json"});
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  const auto alerts = parse_json(listed.out);
  ASSERT_TRUE(alerts && alerts->as_array() != nullptr && alerts->as_array()->size() == 1) << listed.out;
  const JsonValue& alert = alerts->as_array()->front();
  EXPECT_EQ(*alert.find("annotations")->find("summary")->as_string(), "it is cold");
  EXPECT_EQ(*alert.find("generatorURL")->as_string(), "http://example.com/g");
  EXPECT_EQ(alert.find("receivers")->as_array()->size(), 2U) << "one for each route";
  EXPECT_EQ(am({"alert", "query", "severity=ticket", "-o", "simple"}).out.find("Cold"), std::string::npos);
  EXPECT_NE(am({"alert", "query", "-r", "pager", "-o", "simple"}).out.find("Cold"), std::string::npos);
  EXPECT_NE(am({"alert", "query", "Cold", "-o", "extended"}).out.find("active"), std::string::npos);
  EXPECT_TRUE(eventually([&] { return sink_.answered_count() > 0; }));
  const Ended wrong = am({"alert", "add", "alertname=Bad", "--end=yesterday"});
  EXPECT_NE(wrong.exit_code, 0);
}

TEST_F(alertmanager_api, amtool_makes_changes_and_ends_silences) {
  if (!amtool()) GTEST_SKIP() << no_amtool;
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().out;
  ASSERT_EQ(am({"alert", "add", "alertname=Cold"}).exit_code, 0);
  const Ended added = am({"silence", "add", "alertname=Cold", "-a", "ana", "-c", "known", "-d", "1h"});
  ASSERT_EQ(added.exit_code, 0) << added.err;
  const std::string id = added.out.substr(0, added.out.find('\n'));
  EXPECT_EQ(id.size(), 36U) << added.out;
  EXPECT_EQ(names("?silenced=false"), "");
  EXPECT_NE(am({"alert", "query", "-s", "-o", "simple"}).out.find("Cold"), std::string::npos);
  EXPECT_NE(am({"silence", "query", "-o", "extended"}).out.find(id), std::string::npos);
  const Ended updated = am({"silence", "update", id, "-d", "2h", "-c", "longer"});
  EXPECT_EQ(updated.exit_code, 0) << updated.err;
  EXPECT_NE(updated.out.find("longer"), std::string::npos) << updated.out;
  const Ended exported = am({"silence", "query", "-o", "json"});
  write("silences.json", exported.out);
  EXPECT_EQ(am({"silence", "expire", id}).exit_code, 0);
  EXPECT_EQ(am({"silence", "query", "-q"}).out, "");
  EXPECT_NE(am({"silence", "query", "--expired", "-q"}).out.find(id), std::string::npos);
  EXPECT_EQ(names("?silenced=false"), "Cold");
  const Ended imported = am({"silence", "import", "--force", path("silences.json")});
  EXPECT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_EQ(names("?silenced=false"), "");
  EXPECT_NE(am({"silence", "expire", "6a29e4fd-2a8c-4a4b-9d3c-0d4d3a2b1c0f"}).exit_code, 0);
}

TEST_F(alertmanager_api, amtool_shows_the_file_and_no_secret_of_it) {
  if (!amtool()) GTEST_SKIP() << no_amtool;
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().out;
  const Ended shown = am({"config", "show"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_NE(shown.out.find("resolve_timeout: 2m"), std::string::npos) << shown.out;
  EXPECT_EQ(shown.out.find("topsecret"), std::string::npos) << shown.out;
  const Ended routes = am({"config", "routes", "test", "severity=page"});
  EXPECT_EQ(routes.exit_code, 0) << routes.err;
  EXPECT_EQ(routes.out, "pager,pager\n");
  const Ended cluster = am({"cluster", "show"});
  EXPECT_EQ(cluster.exit_code, 0) << cluster.err;
  EXPECT_NE(cluster.out.find("disabled"), std::string::npos) << cluster.out;
  EXPECT_EQ(get("/api/v2/receivers").body, "[{\"name\":\"ops\"},{\"name\":\"pager\"}]\n");
}

TEST_F(alertmanager_api, no_secret_of_the_file_is_on_the_disk) {
  ASSERT_EQ(post("/api/v2/alerts", R"([{"labels":{"alertname":"A"}}])").status, 200);
  EXPECT_TRUE(eventually([this] { return sink_.answered_count() > 0; })) << "the webhook is told all the same";
  std::size_t read = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path("data"))) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    EXPECT_EQ(bytes.str().find("topsecret"), std::string::npos) << entry.path();
    read += bytes.str().find("AlertFired") != std::string::npos ? 1U : 0U;
  }
  EXPECT_GT(read, 0U) << "what is searched is the journal as it is written";
}

TEST_F(alertmanager_api, groups_are_those_of_the_routes_and_not_of_the_webhooks) {
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().out;
  const HttpReply posted = post("/api/v2/alerts", R"([
    {"labels":{"alertname":"A","severity":"page","job":"x"}}, {"labels":{"alertname":"A","severity":"ticket","job":"x"}},
    {"labels":{"alertname":"A","severity":"ticket","job":"y","instance":"1"}},
    {"labels":{"alertname":"B","severity":"page","job":"x"}}, {"labels":{"alertname":"Z"}}, {"labels":{"alertname":"A"}}])");
  ASSERT_EQ(posted.status, 200) << posted.body;
  const auto groups = [&](const std::string& query) {
    std::string out;
    const JsonValue answer = get("/api/v2/alerts/groups" + query).json();
    if (answer.as_array() == nullptr) return std::string("no list");
    for (const JsonValue& group : *answer.as_array()) {
      out += *group.find("receiver")->find("name")->as_string();
      for (const auto& [name, value] : *group.find("labels")->as_object()) out += " " + name + "=" + *value.as_string();
      for (const JsonValue& alert : *group.find("alerts")->as_array()) {
        const JsonValue* labels = alert.find("labels");
        out += " [" + *labels->find("alertname")->as_string();
        if (const JsonValue* severity = labels->find("severity")) out += " " + *severity->as_string();
        out += " " + std::to_string(alert.find("receivers")->as_array()->size()) + "]";
      }
      out += "\n";
    }
    return out;
  };
  // As the real Alertmanager 0.25 answers it.
  EXPECT_EQ(groups(""), "ops alertname=A [A 1]\npager alertname=A [A page 2]\npager alertname=B [B page 2]\n"
                        "ops alertname=Z [Z 1]\npager alertname=A job=x [A page 2] [A ticket 1]\n"
                        "pager alertname=A job=y [A ticket 1]\npager alertname=B job=x [B page 2]\n");
  EXPECT_EQ(groups("?receiver=ops"), "ops alertname=A [A 1]\nops alertname=Z [Z 1]\n");
  EXPECT_EQ(groups("?receiver=op"), "");
}

TEST_F(alertmanager_api, alerts_and_silences_outlive_a_kill) {
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().out;
  ASSERT_EQ(post("/api/v2/alerts", R"([{"labels":{"alertname":"Cold"},"annotations":{"s":"x"}}])").status, 200);
  const HttpReply set = post("/api/v2/silences", R"({"matchers":[{"name":"alertname","value":"Cold","isRegex":false}],)"
                                                 R"("startsAt":"2026-01-01T00:00:00Z","endsAt":"2999-01-01T00:00:00Z",)"
                                                 R"("createdBy":"ana","comment":"c"})");
  ASSERT_EQ(set.status, 200) << set.body;
  controller_->kill_at_once();
  start();
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().out;
  EXPECT_TRUE(eventually([&] { return names("?active=false") == "Cold"; }));
  EXPECT_EQ(get("/api/v2/silence/" + set.member("silenceID")).status, 200);
}

TEST_F(alertmanager_api, a_prometheus_delivers_and_resolves_an_alert) {
  const std::optional<std::string> program = Prometheus::program();
  if (!program) GTEST_SKIP() << "no prometheus in the PATH, and WB_PROMETHEUS is not set";
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().out;
  Target house("temperature -4\n");
  write("rules.yml", "groups: [{name: g, rules: [{alert: Cold, expr: 'temperature < 0', labels: {severity: info}}]}]\n");
  write("peer.yml", "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\nscrape_configs:\n"
                    "- {job_name: house, static_configs: [{targets: [\"" + house.address() + "\"]}]}\n"
                    "alerting: {alertmanagers: [{static_configs: [{targets: [\"127.0.0.1:" +
                        std::to_string(controller_->port()) + "\"]}]}]}\n");
  const Prometheus prometheus(*program, path("peer.yml"), path("peer"));
  EXPECT_TRUE(eventually([&] { return names() == "Cold"; }));
  EXPECT_TRUE(eventually([&] { return sink_.answered_count() == 1; }));
  house.show("temperature 4\n");
  EXPECT_TRUE(eventually([&] { return names().empty(); }));
  EXPECT_TRUE(eventually([&] { return sink_.answered_count() == 2; }));
  const Ended journal = run_program({"journal", "list", "--data", path("data"), "-o", "json"});
  EXPECT_NE(journal.out.find("\"cause\":\"sender\""), std::string::npos) << journal.out;
}

}  // namespace
}  // namespace watchbill::serve_test
