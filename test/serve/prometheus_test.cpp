// Prometheus' API paths: what they answer, how they refuse, and that a real Prometheus beside us answers the same.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "serve/neighbour.h"
#include "serve/program.h"
#include "serve/target.h"

namespace watchbill::serve_test {
namespace {

const std::string page = R"(# HELP requests_total Requests that came.
# TYPE requests_total counter
requests_total{code="200",path="/a"} 1027
requests_total{code="500",path="/a"} 3
# TYPE temperature gauge
temperature{room="attic"} 80.5
temperature{room="cellar"} -3e-7
temperature{room="oven"} 1e+22
# HELP took_seconds How long it took.
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} 5
took_seconds_bucket{le="1"} 9
took_seconds_bucket{le="+Inf"} 10
took_seconds_sum 4.2
took_seconds_count 10
)";

const std::string rules_file = R"(groups:
  - name: rooms
    interval: 1s
    rules:
      - {record: room:temperature:max, expr: max(temperature), labels: {kind: max}}
      - {alert: RoomHot, expr: 'temperature{room="attic"} > 50', labels: {severity: page}, annotations: {summary: "{{ $value }}"}}
      - {alert: RoomCold, expr: temperature < -50, for: 5m}
)";

HttpReply ask(std::uint16_t port, const std::string& target, const std::string& form = {}) {
  Connection connection(port);
  const std::string host = "Host: 127.0.0.1:" + std::to_string(port) + "\r\nConnection: close\r\n";
  if (form.empty()) {
    connection.send("GET " + target + " HTTP/1.1\r\n" + host + "\r\n");
  } else {
    connection.send("POST " + target + " HTTP/1.1\r\n" + host +
                    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " + std::to_string(form.size()) +
                    "\r\n\r\n" + form);
  }
  return connection.reply();
}

class prometheus_api : public ::testing::Test {
 protected:
  prometheus_api() {
    const std::string scrape =
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        "scrape_configs: [{job_name: house, static_configs: [{targets: [\"" +
        target_.address() +
        "\"], labels: {floor: all}}]}]\n"
        "rule_files: [rules.yml]\n";
    write("rules.yml", rules_file);
    write("prometheus.yml", scrape);
    write("watchbill.yaml", "watchbill: 1\n" + scrape + "bindings: {RoomHot: {unbound: a test}, RoomCold: {unbound: a test}}\n");
    controller_.emplace(path("data"), std::vector<std::string>{"--config", path("watchbill.yaml")});
  }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  [[nodiscard]] std::uint16_t port() const { return controller_->port(); }
  [[nodiscard]] static bool is_watching(std::uint16_t port) {
    return eventually([port] { return ask(port, "/api/v1/alerts").body.find("firing") != std::string::npos; }) &&
           eventually(
               [port] { return ask(port, "/api/v1/query?query=room:temperature:max").body.find("1e+22") != std::string::npos; });
  }

  TemporaryDirectory directory_;
  Target target_{page};
  std::optional<Controller> controller_;
};

// What differs between two programs that see the same world: times of their own doing.
void mask(JsonValue& value) {
  if (auto* list = std::get_if<JsonValue::Array>(&value.value))
    for (JsonValue& each : *list) mask(each);
  auto* object = std::get_if<JsonValue::Object>(&value.value);
  if (object == nullptr) return;
  for (auto& [key, member] : *object) {
    for (const std::string_view own :
         {"lastScrape", "lastScrapeDuration", "lastEvaluation", "evaluationTime", "activeAt", "globalUrl"})
      if (key == own) member.value = std::string("*");
    mask(member);
  }
}

std::string masked(const HttpReply& reply) {
  JsonValue value = reply.json();
  mask(value);
  std::string out = std::to_string(reply.status) + " ";
  append_json(out, value);
  return out;
}

TEST_F(prometheus_api, answers_queries_by_get_and_by_form) {
  ASSERT_TRUE(is_watching(port()));
  const std::string got = ask(port(), "/api/v1/query?query=temperature%7Broom%3D%22attic%22%7D").body;
  EXPECT_NE(
      got.find(
          R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"temperature","floor":"all",)"),
      std::string::npos)
      << got;
  EXPECT_EQ(ask(port(), "/api/v1/query", "query=1%2B1&time=5.25").body,
            "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[5.250,\"2\"]}}\n");
  EXPECT_EQ(ask(port(), "/api/v1/query_range", "query=time()&start=10&end=12&step=1s").body,
            "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\"values\":"
            "[[10,\"10\"],[11,\"11\"],[12,\"12\"]]}]}}\n");
}

TEST_F(prometheus_api, refuses_in_the_neighbours_words) {
  const HttpReply bad = ask(port(), "/api/v1/query?query=up%7B");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.member("status"), "error");
  EXPECT_EQ(bad.member("errorType"), "bad_data");
  EXPECT_EQ(ask(port(), "/api/v1/query_range?query=up&start=0&end=99999&step=1").member("errorType"), "bad_data")
      << "11,000 points";
  EXPECT_EQ(ask(port(), "/api/v1/query_exemplars?query=up").status, 501);
  const HttpReply stranger = controller_->ask({"GET", "/api/v1/query?query=1", "no-such-token", {}, {}, {}});
  EXPECT_EQ(stranger.status, 401);
  EXPECT_EQ(stranger.member("status"), "error") << stranger.body;
}

TEST_F(prometheus_api, shows_a_target_that_is_down_and_a_rule_that_fails) {
  target_.show("what {");
  write("rules.yml", "groups: [{name: g, rules: [{record: a, expr: 'label_replace(up, \"x\", \"$1\", \"y\", \"(\")'}]}]\n");
  EXPECT_TRUE(eventually([&] { return ask(port(), "/api/v1/targets").body.find(R"("health":"down")") != std::string::npos; }));
  EXPECT_NE(ask(port(), "/metrics").body.find("watchbill_rule_group_iterations_missed_total"), std::string::npos);
}

TEST_F(prometheus_api, answers_as_a_real_prometheus_does) {
  const std::optional<std::string> program = Prometheus::program();
  if (!program) GTEST_SKIP() << "no prometheus in the PATH, and WB_PROMETHEUS is not set";
  const Prometheus neighbour(*program, path("prometheus.yml"), path("tsdb"));
  ASSERT_TRUE(is_watching(port()));
  ASSERT_TRUE(is_watching(neighbour.port()));
  // The next whole second: the newest samples of both lie before it.
  const std::string now = std::to_string(1 + std::chrono::duration_cast<std::chrono::seconds>(
                                             std::chrono::system_clock::now().time_since_epoch()).count());
  for (const char* target : {"/api/v1/query?query=temperature",
                             "/api/v1/query?query=sum+by(code)(requests_total)",
                             "/api/v1/query?query=sort_desc(temperature)",
                             "/api/v1/query?query=histogram_quantile(0.9,took_seconds_bucket)",
                             "/api/v1/query?query=up",
                             "/api/v1/query?query=ALERTS",
                             "/api/v1/query?query=room:temperature:max",
                             "/api/v1/query?query=scrape_samples_scraped",
                             "/api/v1/query?query=%22text%22",
                             "/api/v1/query?query=1/0",
                             "/api/v1/query?query=0/0",
                             "/api/v1/query?query=nothing",
                             "/api/v1/query?query=1e-7",
                             "/api/v1/query?query=1e21",
                             "/api/v1/query",
                             "/api/v1/query?query=up&time=yesterday",
                             "/api/v1/query?query=up&timeout=x",
                             "/api/v1/query?query=rate(up)",
                             "/api/v1/query?query=unheard_of(up)",
                             "/api/v1/query_range?query=time()&start=0&end=10&step=2",
                             "/api/v1/query_range?query=up&start=10&end=0&step=2",
                             "/api/v1/query_range?query=up&start=0&end=10&step=0",
                             "/api/v1/query_range?query=up&start=0&end=10&step=x",
                             "/api/v1/query_range?query=up&start=x&end=10&step=1",
                             "/api/v1/query_range?query=up&start=0&end=99999&step=1",
                             "/api/v1/query_range?query=up&end=1&step=1",
                             "/api/v1/query_range?query=up[5m]&start=0&end=10&step=1",
                             "/api/v1/labels",
                             "/api/v1/labels?match[]=up",
                             "/api/v1/labels?match[]=%7B%7D",
                             "/api/v1/labels?start=x",
                             "/api/v1/series?match[]=%7B%7D",
                             "/api/v1/label/a/values?match[]=%7B%7D",
                             "/api/v1/label/__name__/values",
                             "/api/v1/label/room/values?match[]=temperature",
                             "/api/v1/label/no-name/values",
                             "/api/v1/series?match[]=temperature&match[]=up",
                             "/api/v1/series",
                             "/api/v1/metadata",
                             "/api/v1/metadata?metric=requests_total",
                             "/api/v1/targets",
                             "/api/v1/targets?state=dropped",
                             "/api/v1/rules",
                             "/api/v1/rules?type=record",
                             "/api/v1/rules?type=x",
                             "/api/v1/alerts"}) {
    std::string asked = target;
    if (asked.find("query?query") != std::string::npos && asked.find("time=") == std::string::npos) asked += "&time=" + now;
    EXPECT_EQ(masked(ask(port(), asked)), masked(ask(neighbour.port(), asked))) << asked;
  }
}

}  // namespace
}  // namespace watchbill::serve_test
