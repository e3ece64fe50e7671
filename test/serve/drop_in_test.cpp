// `serve --prometheus.config FILE`: Prometheus' own file alone, and Alertmanager's beside it, without a bill (design/bill.md §4).
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "serve/folder.h"
#include "serve/neighbour.h"
#include "serve/target.h"

namespace watchbill::serve_test {
namespace {

class drop_in : public ServedFolder {
 protected:
  drop_in() {
    write("rules.yml", "groups: [{name: g, rules: [{alert: Cold, expr: 'temperature < 0'}]}]\n");
    write("prometheus.yml", configuration());
  }
  [[nodiscard]] std::string configuration(const std::string& more = {}) const {
    return "global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\nrule_files: [rules.yml]\nscrape_configs:\n"
           "  - job_name: house\n    static_configs: [{targets: [\"" + target_.address() + "\"]}]\n" + more;
  }
  [[nodiscard]] std::vector<std::string> from_file() const { return {"--prometheus.config", path("prometheus.yml")}; }
  [[nodiscard]] static HttpReply get(const Controller& controller, const std::string& target) {
    return controller.ask({"GET", target, {}, {}, {}, {}});
  }
  [[nodiscard]] static bool answers(const Controller& controller, const std::string& target, const std::string& text) {
    return eventually([&] { return get(controller, target).body.find(text) != std::string::npos; });
  }

  Target target_{"temperature -4\n"};
};

TEST_F(drop_in, runs_from_the_file_of_prometheus_alone) {
  Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving()) << controller.ended().out;
  EXPECT_TRUE(answers(controller, "/api/v1/query?query=temperature", "\"-4\""));
  EXPECT_TRUE(answers(controller, "/api/v1/alerts", "firing"));
  EXPECT_TRUE(answers(controller, "/api/v1/status/config", "job_name: house"));
  EXPECT_TRUE(answers(controller, "/api/v1/status/flags", path("prometheus.yml")));
  // Nothing follows an alert, and `why` tells of it all the same.
  const Ended why = run_program({"why", "Cold", "--data", path("data")});
  EXPECT_EQ(why.exit_code, 0) << why.err;
  EXPECT_NE(why.out.find("Cold"), std::string::npos) << why.out;
}

TEST_F(drop_in, reads_the_file_again_all_or_none_and_asks_no_token_on_loopback) {
  Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving()) << controller.ended().out;
  const auto reload = [&] { return controller.ask({"POST", "/-/reload", {}, {}, {}, {}}); };
  write("prometheus.yml", configuration("remote_read: [{url: \"http://127.0.0.1:1/\"}]\n"));
  const HttpReply refused = reload();
  EXPECT_EQ(refused.status, 500);
  EXPECT_NE(refused.body.find("remote_read"), std::string::npos) << refused.body;
  EXPECT_EQ(get(controller, "/api/v1/status/config").body.find("remote_read"), std::string::npos);
  write("prometheus.yml",
        configuration("  - {job_name: second, static_configs: [{targets: [\"" + target_.address() + "\"]}]}\n"));
  EXPECT_EQ(reload().status, 200);
  EXPECT_TRUE(answers(controller, "/api/v1/query?query=up", "\"job\":\"second\""));
  write("rules.yml", "groups: [{name: g, rules: [{alert: Freezing, expr: 'temperature < 0'}]}]\n");
  controller.signal(SIGHUP);
  EXPECT_TRUE(answers(controller, "/api/v1/rules", "Freezing"));
  // Our own paths ask for a token as ever.
  EXPECT_EQ(controller.ask({"POST", "/api/watchbill/v1/reload", {}, {}, {}, {}}).status, 401);
}

TEST_F(drop_in, tells_of_alerts_by_the_file_of_alertmanager) {
  Target sink{""};
  write("am.yml", "route: {receiver: ops, group_wait: 100ms}\nreceivers: [{name: ops, webhook_configs: [{url: \"http://" +
                      sink.address() + "/\"}]}]\n");
  const std::string own = "127.0.0.1:" + std::to_string(free_port());
  write("prometheus.yml",
        configuration("alerting: {alertmanagers: [{static_configs: [{targets: [\"" + own + "\"]}]}]}\n"));
  const Controller controller(path("data"), {"--prometheus.config", path("prometheus.yml"), "--alertmanager.config",
                                             path("am.yml"), "--listen", own});
  ASSERT_TRUE(controller.is_serving());
  EXPECT_TRUE(eventually([&] { return sink.answered_count() > 0; }));
}

TEST_F(drop_in, routes_alerts_as_the_tree_of_alertmanager_says) {
  Target ops{""}, cold{""}, house{""}, nobody{""};
  const auto receiver = [](const char* name, const Target& sink) {
    return std::string("  - {name: ") + name + ", webhook_configs: [{url: \"http://" + sink.address() + "/\"}]}\n";
  };
  write("rules.yml", "groups: [{name: g, rules: [{alert: Cold, expr: 'temperature < 0', labels: {severity: page}},"
                     " {alert: Down, expr: 'up == 1', labels: {severity: info}}]}]\n");
  write("am.yml", "route:\n  receiver: ops\n  group_wait: 100ms\n  group_by: [alertname]\n  routes:\n"
                  "  - {receiver: nobody, matchers: [severity=pages]}\n"
                  "  - receiver: house\n    continue: true\n    matchers: [\"job =~ ho.*\", alertname!=Down]\n"
                  "  - {receiver: cold, match: {alertname: Cold}}\nreceivers:\n" +
                      receiver("ops", ops) + receiver("cold", cold) + receiver("house", house) + receiver("nobody", nobody));
  Controller controller(path("data"), {"--prometheus.config", path("prometheus.yml"), "--alertmanager.config", path("am.yml")});
  ASSERT_TRUE(controller.is_serving()) << controller.ended().out;
  EXPECT_TRUE(eventually([&] { return ops.answered_count() > 0 && cold.answered_count() > 0 && house.answered_count() > 0; }));
  const Ended journal = run_program({"journal", "list", "--data", path("data"), "-o", "json"});
  const auto is_told = [&](const std::string& name, const std::string& alert) {
    const std::string subject = "\"subject\":\"alerts {alertname=\\\"" + alert + "\\\"}\"";
    return journal.out.find("\"receiver\":\"" + name + "/webhook[0]\"," + subject) != std::string::npos;
  };
  EXPECT_TRUE(is_told("house", "Cold") && is_told("cold", "Cold") && is_told("ops", "Down")) << journal.out;
  EXPECT_FALSE(is_told("ops", "Cold")) << "who took a child's route leaves the root's";
  EXPECT_FALSE(is_told("house", "Down"));
  EXPECT_EQ(nobody.answered_count(), 0U);
}

TEST_F(drop_in, refuses_by_name_what_it_cannot_do) {
  const auto ended = [&](std::vector<std::string> words) { return Controller(path("data"), std::move(words)).ended(); };
  write("prometheus.yml", configuration("alerting: {alertmanagers: [{dns_sd_configs: [{names: [am.example]}]}]}\n"));
  const Ended alerting = ended(from_file());
  EXPECT_EQ(alerting.exit_code, 2);
  EXPECT_NE(
      alerting.out.find("prometheus.yml:8:29: error: alerting.alertmanagers[0].dns_sd_configs: this release does not have it"),
      std::string::npos)
      << alerting.out;
  EXPECT_EQ(run_program({"check", "--prometheus.config", path("prometheus.yml")}).out, alerting.out);
  write("prometheus.yml", configuration("remote_read: [{url: \"http://127.0.0.1:1/\"}]\n"));
  const Ended writing = ended(from_file());
  EXPECT_EQ(writing.exit_code, 2);
  EXPECT_NE(writing.out.find("remote_read: this release does not have it"), std::string::npos) << writing.out;
  write("watchbill.yaml", "watchbill: 1\n");
  std::vector<std::string> both = from_file();
  both.insert(both.end(), {"--config", path("watchbill.yaml")});
  EXPECT_EQ(ended(both).exit_code, 2);
  EXPECT_EQ(ended({"--prometheus.config", path("nothing.yml")}).exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(path("data")));
}

TEST_F(drop_in, takes_flags_of_prometheus_and_shows_them) {
  std::vector<std::string> words = from_file();
  for (const char* flag : {"--storage.tsdb.retention.time=2d", "--storage.tsdb.retention.size=1GB",
                           "--web.external-url=http://ops.example/p", "--enable-feature=native-histograms"})
    words.emplace_back(flag);
  Controller controller(path("data"), words);
  ASSERT_TRUE(controller.is_serving()) << controller.ended().out;
  const std::string flags = get(controller, "/api/v1/status/flags").body;
  for (const char* shown : {R"("storage.tsdb.retention.time":"2d")", R"("storage.tsdb.retention.size":"1073741824B")",
                            R"("web.external-url":"http://ops.example/p")", R"("enable-feature":"native-histograms")",
                            R"("web.enable-remote-write-receiver":"true")"})
    EXPECT_NE(flags.find(shown), std::string::npos) << shown << " in " << flags;
  EXPECT_TRUE(eventually([&] { return target_.last_request().find("application/vnd.google.protobuf") != std::string::npos; }));
}

TEST_F(drop_in, says_what_takes_the_place_of_other_flags_of_prometheus) {
  const auto said = [&](const std::string& flag) {
    std::vector<std::string> words{"serve"};
    for (const std::string& word : from_file()) words.push_back(word);
    words.push_back(flag);
    const Ended ended = run_program(words);
    EXPECT_EQ(ended.exit_code, 2) << flag;
    return ended.err;
  };
  EXPECT_NE(said("--config.file=prometheus.yml").find("--config.file: write --prometheus.config FILE"), std::string::npos);
  EXPECT_NE(said("--storage.tsdb.path=/x").find("--storage.tsdb.path: write --data DIRECTORY"), std::string::npos);
  EXPECT_NE(said("--web.enable-lifecycle").find("--web.enable-lifecycle: leave it out: this is always on"), std::string::npos);
  EXPECT_NE(said("--no-storage.tsdb.wal-compression").find("leave it out: the store is another one"), std::string::npos);
  // A bill has keys for them.
  write("watchbill.yaml", "watchbill: 1\n");
  const Ended bill = run_program({"serve", "--config", path("watchbill.yaml"), "--storage.tsdb.retention.time", "1d"});
  EXPECT_EQ(bill.exit_code, 2);
  EXPECT_NE(bill.err.find("goes with --prometheus.config; a bill has the keys storage.retention"), std::string::npos) << bill.err;
}

TEST_F(drop_in, check_and_serve_agree_about_addresses_beyond_loopback) {
  const std::string refused = "0.0.0.0:9090 is beyond loopback";
  const Ended checked = run_program({"check", "--prometheus.config", path("prometheus.yml"), "--listen", "0.0.0.0:9090"});
  EXPECT_EQ(checked.exit_code, 2);
  EXPECT_NE(checked.out.find(refused), std::string::npos) << checked.out;
  const Ended served = run_program(
      {"serve", "--prometheus.config", path("prometheus.yml"), "--web.listen-address", "0.0.0.0:9090", "--data", path("data")});
  EXPECT_EQ(served.exit_code, 2);
  EXPECT_NE((served.out + served.err).find(refused), std::string::npos) << served.out << served.err;
}

TEST_F(drop_in, logs_every_reload_and_shows_what_is_in_force) {
  Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving()) << controller.ended().out;
  write("prometheus.yml", configuration("remote_read: [{url: \"http://127.0.0.1:1/\"}]\n"));
  EXPECT_EQ(controller.ask({"POST", "/-/reload", {}, {}, {}, {}}).status, 500);
  std::string with_labels = configuration();
  with_labels.insert(std::string("global:\n").size(), "  external_labels: {site: lab}\n");
  write("prometheus.yml", with_labels);
  EXPECT_EQ(controller.ask({"POST", "/-/reload", {}, {}, {}, {}}).status, 200);
  EXPECT_NE(get(controller, "/api/v1/status/config").body.find("site: lab"), std::string::npos);
  EXPECT_TRUE(answers(controller, "/federate?match[]=temperature", "site=\"lab\"")) << "in force without a restart";
  const std::string err = controller.stop().err;
  EXPECT_NE(err.find("remote_read: this release does not have it"), std::string::npos) << err;
  EXPECT_NE(err.find("serve: reload: config_invalid"), std::string::npos) << err;
  EXPECT_NE(err.find("serve: reload: the bill was taken"), std::string::npos) << err;
  EXPECT_EQ(err.find("next start"), std::string::npos) << err;
}

TEST_F(drop_in, names_files_as_the_first_of_them_was_named) {
  std::filesystem::create_directories(path("sd"));
  write("sd/one.json", "[{\"targets\": [\"" + target_.address() + "\"]}]");
  write("prometheus.yml", configuration("  - {job_name: found, file_sd_configs: [{files: ['sd/*.json']}]}\n"));
  for (const std::string& folder : {std::filesystem::relative(path("")).string() + "/", path("")}) {
    Controller controller(path("data"), {"--prometheus.config", folder + "prometheus.yml"});
    ASSERT_TRUE(controller.is_serving()) << controller.ended().out;
    EXPECT_TRUE(answers(controller, "/api/v1/rules", "\"file\":\"" + folder + "rules.yml\"")) << folder;
    EXPECT_TRUE(answers(controller, "/api/v1/targets", "\"__meta_filepath\":\"" + folder + "sd/one.json\"")) << folder;
  }
}

TEST_F(drop_in, has_a_page_that_says_what_this_is) {
  Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving()) << controller.ended().out;
  for (const char* place : {"/", "/graph?g0.expr=up&g0.tab=1"}) {
    HttpReply page = get(controller, place);
    EXPECT_EQ(page.status, 200) << place;
    EXPECT_EQ(page.headers["content-type"], "text/html; charset=utf-8");
    EXPECT_NE(page.body.find("/api/watchbill/v1/openapi.json"), std::string::npos) << page.body;
  }
}

TEST_F(drop_in, is_the_beginning_of_a_bill) {
  Target peer("");
  const std::string alerting = "alerting:\n  alertmanagers:\n  - path_prefix: /am\n    static_configs: [{targets: [\"" +
                               peer.address() + "\"]}]\n# The end.\n";
  write("prometheus.yml", "---\n# Our house.\n" + configuration(alerting));
  const Ended imported = run_program({"import", "prometheus", path("prometheus.yml")});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_EQ(imported.out, "watchbill: 1\n# Our house.\n" + configuration(alerting) +
                              "access: {compatible: open}\nevaluation: {early: none}\nbindings:\n"
                              "  \"Cold\": {unbound: \"imported from prometheus.yml\"}\n");
  write("watchbill.yaml", imported.out);
  Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving()) << controller.ended().out;
  EXPECT_TRUE(answers(controller, "/api/v1/alerts", "firing"));
  EXPECT_TRUE(eventually([&] { return peer.last_request().starts_with("POST /am/api/v2/alerts"); })) << peer.last_request();
  EXPECT_TRUE(answers(controller, "/api/v1/alertmanagers", "http://" + peer.address() + "/am/api/v2/alerts"));
  write("prometheus.yml", configuration("remote_read: [{url: \"http://127.0.0.1:1/\"}]\n"));
  const Ended refused = run_program({"import", "prometheus", path("prometheus.yml")});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(refused.out, "");
  EXPECT_NE(refused.err.find("remote_read: this release does not have it"), std::string::npos) << refused.err;
  EXPECT_EQ(run_program({"import", "prometheus", path("nothing.yml")}).exit_code, 2);
}

}  // namespace
}  // namespace watchbill::serve_test
