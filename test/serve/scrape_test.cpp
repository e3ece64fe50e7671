// Scraping by the running program: formats, labels, rules, limits, secrets and discovery, against real HTTP servers.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "serve/program.h"
#include "serve/target.h"

namespace watchbill::serve_test {
namespace {

constexpr const char* open_metrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";

class scrape : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    // In one step: a reader never sees half a file.
    std::ofstream(path(name + ".new")) << text;
    std::filesystem::rename(path(name + ".new"), path(name));
  }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  void write_bill(const std::string& jobs) const {
    write("watchbill.yaml", "watchbill: 1\nglobal: {scrape_interval: 100ms, scrape_timeout: 100ms}\nscrape_configs:\n" + jobs);
  }
  void start() {
    controller_ = std::make_unique<Controller>(path("data"), std::vector<std::string>{"--config", path("watchbill.yaml")});
    ASSERT_TRUE(controller_->is_serving()) << controller_->ended().out;
  }
  [[nodiscard]] HttpReply get(const std::string& target) const {
    return controller_->ask({"GET", target, controller_->admin_token(), {}, {}, {}});
  }
  [[nodiscard]] std::string asked(const std::string& expression) const {
    return run_program({"query", expression, "--server", controller_->url(), "--data", path("data")}).out;
  }
  // The answer to an expression has this text within 20 s.
  [[nodiscard]] bool says(const std::string& expression, const std::string& text) const {
    return eventually([&] { return asked(expression).find(text) != std::string::npos; });
  }
  [[nodiscard]] bool targets_say(const std::string& text) const {
    return eventually([&] { return get("/api/v1/targets").body.find(text) != std::string::npos; });
  }
  [[nodiscard]] bool reload() const {
    return controller_->ask({"POST", "/-/reload", controller_->admin_token(), {}, {}, {}}).status == 200;
  }
  [[nodiscard]] static std::string listing(const std::string& targets, const std::string& labels = "{}") {
    return "[{\"targets\": [" + targets + "], \"labels\": " + labels + "}]";
  }
  [[nodiscard]] std::string quoted_address() const { return "\"" + target_.address() + "\""; }

  TemporaryDirectory directory_;
  Target target_{"x 1\n"};
  std::unique_ptr<Controller> controller_;
};

TEST_F(scrape, a_target_that_speaks_openmetrics_is_asked_for_it) {
  target_.show("# TYPE x counter\n# UNIT x_seconds seconds\nx_total{a=\"b\"} 17 # {trace=\"1\"} 0.5\n# EOF\n", open_metrics);
  write_bill("  - {job_name: j, static_configs: [{targets: [" + quoted_address() + "]}]}\n");
  start();
  EXPECT_TRUE(says("x_total", "17 @"));
  const std::string request = target_.last_request();
  EXPECT_NE(request.find("Accept: application/openmetrics-text;version=1.0.0,"), std::string::npos) << request;
  EXPECT_NE(request.find("Accept-Encoding: zstd, gzip\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("X-Prometheus-Scrape-Timeout-Seconds: 0.1\r\n"), std::string::npos) << request;
  EXPECT_NE(get("/api/v1/metadata?metric=x").body.find("\"counter\""), std::string::npos);
  target_.show("x_total 18\n", open_metrics);
  EXPECT_TRUE(targets_say("expected # EOF where the page ends"));
}

TEST_F(scrape, a_page_may_come_compressed_by_zstd) {
  const std::string page{"\x28\xb5\x2f\xfd\0\x68\x51\0\0x 18\ny 19\n", 19};  // one raw block
  target_.show(page, "text/plain; version=0.0.4", "Content-Encoding: zstd\r\n");
  write_bill("  - {job_name: j, static_configs: [{targets: [" + quoted_address() + "]}]}\n");
  start();
  EXPECT_TRUE(says("y", "19 @"));
  target_.show(page.substr(0, 15), "text/plain; version=0.0.4", "Content-Encoding: zstd\r\n");
  EXPECT_TRUE(targets_say("this is no zstd, or not all of it"));
}

TEST_F(scrape, rules_choose_targets_and_samples_and_a_reload_changes_them) {
  target_.show("x{path=\"/a\"} 1\ny 2\ngo_x 3\n");
  const auto bill = [&](const std::string& keep, const std::string& drop) {
    write_bill("  - job_name: j\n    static_configs:\n      - {targets: [" + quoted_address() +
               ", \"127.0.0.1:1\"], labels: {__meta_zone: z1, job: other}}\n"
               "    relabel_configs:\n"
               "      - {source_labels: [__address__], regex: '" + keep + "', action: keep}\n"
               "      - {action: labelmap, regex: __meta_(.+)}\n"
               "      - {source_labels: [zone], target_label: __param_zone}\n"
               "    metric_relabel_configs:\n"
               "      - {source_labels: [__name__], regex: '" + drop + "', action: drop}\n"
               "      - {source_labels: [path], target_label: path, regex: /(.*), replacement: '${1}!'}\n");
  };
  bill(target_.address(), "go_.*");
  start();
  ASSERT_TRUE(says("x", "path=\"a!\", zone=\"z1\"}  1 @")) << asked("x");
  EXPECT_NE(asked("x").find("job=\"other\""), std::string::npos) << asked("x");
  EXPECT_EQ(asked("go_x").find("go_x"), std::string::npos);
  EXPECT_NE(target_.last_request().find("GET /metrics?zone=z1 HTTP"), std::string::npos) << target_.last_request();
  const std::string targets = get("/api/v1/targets").body;
  EXPECT_NE(targets.find(R"("droppedTargets":[{"discoveredLabels":{"__address__":"127.0.0.1:1","__meta_zone":"z1")"),
            std::string::npos)
      << targets;
  EXPECT_EQ(get("/api/v1/targets?state=active").body.find("127.0.0.1:1\""), std::string::npos);
  EXPECT_EQ(get("/api/v1/targets?state=dropped").body.find("scrapeUrl"), std::string::npos);
  bill(".*", "y");
  ASSERT_TRUE(reload());
  EXPECT_TRUE(says("go_x", "3 @"));
  EXPECT_TRUE(eventually([&] { return asked("y").find("2 @") == std::string::npos; })) << asked("y");
  EXPECT_TRUE(targets_say("\"droppedTargets\":[]"));
  EXPECT_TRUE(says("count(up == 0)", "1 @"));
}

TEST_F(scrape, a_limit_of_a_job_or_of_all_fails_the_scrape_and_says_which) {
  target_.show("x{name=\"" + std::string(200, 'v') + "\"} 1\ny 1\nz 1\n");
  const auto with = [&](const std::string& limit) {
    write_bill("  - {job_name: j, " + limit + ", static_configs: [{targets: [" + quoted_address() + "]}]}\n");
  };
  with("sample_limit: 2");
  start();
  EXPECT_TRUE(targets_say("sample_limit exceeded (limit: 2)"));
  for (const auto& [limit, told] : std::vector<std::pair<std::string, std::string>>{
           {"label_limit: 3", "label_limit exceeded (limit: 3)"},
           {"label_name_length_limit: 7", "label_name_length_limit exceeded (limit: 7)"},
           {"label_value_length_limit: 199", "label_value_length_limit exceeded (limit: 199)"},
           {"body_size_limit: 200B", "body_size_limit: a page has at most 199 bytes"}}) {
    with(limit);
    ASSERT_TRUE(reload()) << limit;
    EXPECT_TRUE(targets_say(told)) << get("/api/v1/targets").body;
  }
  write("watchbill.yaml",
        "watchbill: 1\nglobal: {scrape_interval: 100ms, scrape_timeout: 100ms, target_limit: 1}\n"
        "scrape_configs: [{job_name: j, static_configs: [{targets: [" +
            quoted_address() + ", \"127.0.0.1:1\"]}]}]\n");
  ASSERT_TRUE(reload());
  EXPECT_TRUE(targets_say("target_limit exceeded (number of targets: 2, limit: 1)"));
}

TEST_F(scrape, the_labels_of_a_page_may_win) {
  target_.show("x{job=\"theirs\",instance=\"\"} 1\n");
  write_bill("  - {job_name: j, honor_labels: true, static_configs: [{targets: [" + quoted_address() + "]}]}\n");
  start();
  EXPECT_TRUE(says("x", "x{job=\"theirs\"}  1 @")) << asked("x");
  write_bill("  - {job_name: j, static_configs: [{targets: [" + quoted_address() + "]}]}\n");
  ASSERT_TRUE(reload());
  EXPECT_TRUE(says("x", "exported_job=\"theirs\", instance=\"" + target_.address() + "\", job=\"j\"}  1 @")) << asked("x");
}

TEST_F(scrape, a_secret_reaches_the_target_and_nobody_else) {
  write("password", "open sesame\n");
  write_bill("  - {job_name: j, basic_auth: {username: me, password_file: password}, static_configs: [{targets: [" +
             quoted_address() + "]}]}\n");
  start();
  ASSERT_TRUE(says("x", "1 @"));
  EXPECT_NE(target_.last_request().find("Authorization: Basic bWU6b3BlbiBzZXNhbWU=\r\n"), std::string::npos);
  write("password", "another\n");
  EXPECT_TRUE(eventually([&] { return target_.last_request().find("Basic bWU6YW5vdGhlcg==") != std::string::npos; }))
      << "a renewed secret holds from the next call on";
  std::filesystem::remove(path("password"));
  EXPECT_TRUE(targets_say("No such file or directory"));
  const std::string all = get("/api/v1/targets").body + get("/metrics").body + get("/api/watchbill/v1/status").body;
  const Ended ended = controller_->stop();
  std::string stored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path("data"))) {
    std::ifstream file(entry.path(), std::ios::binary);
    if (entry.is_regular_file()) stored.append(std::istreambuf_iterator<char>(file), {});
  }
  EXPECT_GT(stored.size(), 1000U);
  for (const std::string secret : {"sesame", "bWU6b3BlbiBzZXNhbWU=", "another"})
    EXPECT_EQ((all + ended.out + ended.err + stored).find(secret), std::string::npos) << secret;
}

TEST_F(scrape, a_file_names_targets_and_a_broken_one_keeps_the_last_good_ones) {
  write("found.json", listing(quoted_address(), "{\"zone\": \"z1\"}"));
  write_bill("  - {job_name: j, file_sd_configs: [{files: ['found*.json', other.yml]}], relabel_configs: "
             "[{source_labels: [__meta_filepath], regex: '.*/(.*)', target_label: file}]}\n");
  start();
  ASSERT_TRUE(says("x", "zone=\"z1\"}  1 @")) << asked("x");
  EXPECT_NE(asked("x").find("file=\"found.json\""), std::string::npos);
  write("found.json", listing(quoted_address(), "{\"zone\": \"z2\"}"));
  EXPECT_TRUE(says("x", "zone=\"z2\"}  1 @")) << "a change is seen without being told";
  EXPECT_TRUE(eventually([&] { return asked("x").find("z1") == std::string::npos; }));
  write("found.json", "[{\"targets\": ");
  write("other.yml", "- targets: ['127.0.0.1:1']\n");
  ASSERT_TRUE(says("up", "127.0.0.1:1")) << "the broken file was read too by then";
  EXPECT_NE(asked("x").find("z2"), std::string::npos);
  ASSERT_TRUE(reload());
  EXPECT_NE(asked("x").find("z2"), std::string::npos) << "nor does a reload forget them";
  std::filesystem::remove(path("found.json"));
  EXPECT_TRUE(eventually([&] { return asked("x").find("z2") == std::string::npos; })) << "a file that is gone names none";
  const Ended ended = controller_->stop();
  EXPECT_NE((ended.out + ended.err).find("found.json: "), std::string::npos) << ended.out << ended.err;
  EXPECT_NE((ended.out + ended.err).find("those that it named last stay"), std::string::npos) << ended.out << ended.err;
}

TEST_F(scrape, a_server_names_targets_and_a_wrong_answer_keeps_the_last_good_ones) {
  Target finder(listing(quoted_address(), "{\"__meta_zone\": \"z1\"}"));
  finder.show(listing(quoted_address(), "{\"__meta_zone\": \"z1\"}"), "application/json; charset=utf-8");
  write("token", "abc\n");
  write_bill("  - {job_name: j, http_sd_configs: [{url: 'http://" + finder.address() +
             "/sd', refresh_interval: 100ms, authorization: {credentials_file: token}}], relabel_configs: "
             "[{source_labels: [__meta_zone, __meta_url], separator: ' ', target_label: found}]}\n");
  start();
  ASSERT_TRUE(says("x", "found=\"z1 http://" + finder.address() + "/sd\"")) << asked("x");
  const std::string request = finder.last_request();
  EXPECT_TRUE(request.starts_with("GET /sd HTTP/1.1\r\n")) << request;
  for (const std::string header : {"Accept: application/json\r\n", "X-Prometheus-Refresh-Interval-Seconds: 0.1\r\n",
                                    "Authorization: Bearer abc\r\n"})
    EXPECT_NE(request.find(header), std::string::npos) << request;
  const std::size_t answered = finder.answered_count();
  finder.show("[]", "text/html");
  ASSERT_TRUE(eventually([&] { return finder.answered_count() > answered + 3; }));
  EXPECT_NE(get("/api/v1/targets").body.find("z1 http"), std::string::npos);
  const auto page_says = [&](const std::string& line) { return get("/metrics").body.find(line) != std::string::npos; };
  EXPECT_FALSE(page_says("watchbill_discovery_failures_total{job=\"j\",kind=\"http\"} 0\n"));
  EXPECT_TRUE(page_says("prometheus_sd_discovered_targets{config=\"j\",name=\"scrape\"} 1\n")) << get("/metrics").body;
  EXPECT_TRUE(page_says("prometheus_sd_refresh_failures_total{config=\"j\",mechanism=\"http\"} "));
  EXPECT_TRUE(page_says("prometheus_sd_dns_lookup_failures_total 0\n"));
  finder.show("[]", "application/json");
  EXPECT_TRUE(eventually([&] { return get("/api/v1/targets").body.find("z1 http") == std::string::npos; }));
  EXPECT_TRUE(page_says("prometheus_sd_discovered_targets{config=\"j\",name=\"scrape\"} 0\n"));
  const Ended ended = controller_->stop();
  EXPECT_NE((ended.out + ended.err).find("expected the Content-Type application/json, found \"text/html\""), std::string::npos)
      << ended.out << ended.err;
}

}  // namespace
}  // namespace watchbill::serve_test
