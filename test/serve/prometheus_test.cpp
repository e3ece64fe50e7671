// Prometheus' API paths: what they answer, how they refuse, and that a real Prometheus beside us answers the same.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <sstream>

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
        "global: {scrape_interval: 1s, evaluation_interval: 1s, external_labels: {site: lab, room: none}}\n"
        "scrape_configs: [{job_name: house, static_configs: [{targets: [\"" +
        target_.address() +
        "\"], labels: {floor: all}}]}]\n"
        "rule_files: [rules.yml]\n";
    write("rules.yml", rules_file);
    write("prometheus.yml", scrape);
    write("watchbill.yaml", "watchbill: 1\n" + scrape + "bindings: {RoomHot: {unbound: a test}, RoomCold: {unbound: a test}}\n");
    controller_.emplace(path("data"), std::vector<std::string>{"--config", path("watchbill.yaml")});
  }
  // Until the stored samples are loaded, questions are answered 503.
  void SetUp() override {
    ASSERT_TRUE(eventually([this] { return ask(port(), "/api/v1/query?query=1").status == 200; }));
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
  const auto type = reply.headers.find("content-type");
  std::string out = std::to_string(reply.status) + " " + (type == reply.headers.end() ? "" : type->second) + " ";
  append_json(out, value);
  return out;
}

// A page of samples without their times.
std::string without_times(const HttpReply& reply) {
  const auto type = reply.headers.find("content-type");
  std::string out = std::to_string(reply.status) + " " + (type == reply.headers.end() ? "" : type->second) + "\n";
  std::istringstream lines(reply.body);
  for (std::string line; std::getline(lines, line);)
    out += (line.starts_with("#") || reply.status != 200 ? line : line.substr(0, line.rfind(' '))) + "\n";
  return out;
}

std::string encoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out.append("%").push_back(digits[byte >> 4U]);
    out.push_back(digits[byte & 15U]);
  }
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

TEST_F(prometheus_api, answers_as_prometheus_2_who_asks_for_it) {
  const auto value = [this](const std::string& more) {
    return ask(port(), "/api/v1/query", "query=sum(vector(-0))&time=5" + more).body;
  };
  EXPECT_NE(value("").find("[5,\"0\"]"), std::string::npos) << value("");
  EXPECT_EQ(value("&semantics=prometheus_3"), value(""));
  EXPECT_NE(value("&semantics=prometheus_2").find("[5,\"-0\"]"), std::string::npos) << value("&semantics=prometheus_2");
  const std::string warned = "query=quantile(2,vector(1))&time=5";
  EXPECT_NE(ask(port(), "/api/v1/query", warned).body.find("\"warnings\""), std::string::npos);
  EXPECT_EQ(ask(port(), "/api/v1/query", warned + "&semantics=prometheus_2").body.find("\"warnings\""), std::string::npos);
  EXPECT_EQ(ask(port(), "/api/v1/query?query=1&semantics=prometheus_4").body,
            R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"semantics\": cannot parse \"prometheus_4\" )"
            R"(to prometheus_3 or prometheus_2"})"
            "\n");
}

TEST_F(prometheus_api, refuses_in_the_neighbours_words) {
  const HttpReply bad = ask(port(), "/api/v1/query?query=up%7B");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.member("status"), "error");
  EXPECT_EQ(bad.member("errorType"), "bad_data");
  EXPECT_EQ(ask(port(), "/api/v1/query_range?query=up&start=0&end=99999&step=1").member("errorType"), "bad_data")
      << "11,000 points";
  EXPECT_EQ(ask(port(), "/api/v1/notifications").status, 501);
  EXPECT_EQ(ask(port(), "/api/v1/otlp/v1/metrics", "x").status, 501);
  EXPECT_EQ(ask(port(), "/api/v1/nothing").status, 404);
  EXPECT_EQ(ask(port(), "/api/v1/targets", "x").status, 405);
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

TEST_F(prometheus_api, measures_each_rule) {
  ASSERT_TRUE(is_watching(port()));
  const std::string rules = ask(port(), "/api/v1/rules").body;
  EXPECT_NE(rules.find(R"("health":"ok","evaluationTime":0.0)"), std::string::npos) << rules;
  EXPECT_EQ(rules.find(R"("health":"ok","evaluationTime":0,)"), std::string::npos) << rules;
}

TEST_F(prometheus_api, gives_an_expression_as_the_tree_of_prometheus_3) {
  const auto tree = [this](const std::string& query) {
    return ask(port(), "/api/v1/parse_query", "query=" + encoded(query)).body;
  };
  EXPECT_EQ(tree("up{job!=\"x\"}[5m] @ 1.5 offset 2s"),
            R"({"status":"success","data":{"anchored":false,"matchers":[{"name":"job","type":"!=","value":"x"},)"
            R"({"name":"__name__","type":"=","value":"up"}],"name":"up","offset":2000,"range":300000,"smoothed":false,)"
            R"("startOrEnd":null,"timestamp":1500,"type":"matrixSelector"}})"
            "\n");
  EXPECT_EQ(tree("sum without(a) (round(1, -2)) > bool 2"),
            R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:23: parse error: expected type )"
            R"(instant vector in call to function \"round\", got scalar"})"
            "\n");
  EXPECT_EQ(
      tree("topk(2, (a)) / on(x) group_left(y) -b"),
      R"({"status":"success","data":{"bool":false,"lhs":{"expr":{"expr":{"anchored":false,"matchers":[{"name":"__name__",)"
      R"("type":"=","value":"a"}],"name":"a","offset":0,"smoothed":false,"startOrEnd":null,"timestamp":null,)"
      R"("type":"vectorSelector"},"type":"parenExpr"},"grouping":[],"op":"topk","param":{"type":"numberLiteral","val":"2"},)"
      R"("type":"aggregation","without":false},"matching":{"card":"many-to-one","fillValues":{"lhs":null,"rhs":null},)"
      R"("include":["y"],"labels":["x"],"on":true},"op":"/","rhs":{"expr":{"anchored":false,"matchers":[{"name":"__name__",)"
      R"("type":"=","value":"b"}],"name":"b","offset":0,"smoothed":false,"startOrEnd":null,"timestamp":null,)"
      R"("type":"vectorSelector"},"op":"-","type":"unaryExpr"},"type":"binaryExpr"}})"
      "\n");
  EXPECT_EQ(tree("label_join(a, \"x\", \",\")[1h:] @ end()"),
            R"({"status":"success","data":{"expr":{"args":[{"anchored":false,"matchers":[{"name":"__name__","type":"=",)"
            R"("value":"a"}],"name":"a","offset":0,"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},)"
            R"({"type":"stringLiteral","val":"x"},{"type":"stringLiteral","val":","}],"func":{"argTypes":["vector","string",)"
            R"("string","string"],"name":"label_join","returnType":"vector","variadic":-1},"type":"call"},"offset":0,)"
            R"("range":3600000,"startOrEnd":"end","step":0,"timestamp":null,"type":"subquery"}})"
            "\n");
  EXPECT_NE(
      tree("day_of_week() and 1 + a").find(R"("argTypes":["vector"],"name":"day_of_week","returnType":"vector","variadic":1)"),
      std::string::npos);
  EXPECT_NE(tree("1 + a").find(R"("matching":null)"), std::string::npos);
  EXPECT_NE(tree("b and a").find(R"("card":"many-to-many")"), std::string::npos);
}

TEST_F(prometheus_api, tells_how_it_runs) {
  const std::string runtime = ask(port(), "/api/v1/status/runtimeinfo").body;
  for (const char* key : {"startTime", "CWD", "reloadConfigSuccess", "lastConfigTime", "corruptionCount", "goroutineCount",
                          "GOMAXPROCS", "GOGC", "GODEBUG", "storageRetention"})
    EXPECT_NE(runtime.find("\"" + std::string(key) + "\":"), std::string::npos) << runtime;
  EXPECT_NE(runtime.find(R"("storageRetention":"1d")"), std::string::npos) << runtime;
  const std::string flags = ask(port(), "/api/v1/status/flags").body;
  EXPECT_NE(flags.find("\"config.file\":\"" + path("watchbill.yaml") + "\""), std::string::npos) << flags;
  write("watchbill.yaml", "watchbill: 1\nscrape_configs: 5\n");
  EXPECT_EQ(controller_->ask({"POST", "/-/reload", controller_->admin_token(), {}, {}, {}}).status, 500);
  EXPECT_NE(ask(port(), "/api/v1/status/runtimeinfo").body.find(R"("reloadConfigSuccess":false)"), std::string::npos);
  write("watchbill.yaml", "watchbill: 1\nscrape_configs: [{job_name: other, static_configs: []}]\n");
  EXPECT_EQ(controller_->ask({"POST", "/-/reload", controller_->admin_token(), {}, {}, {}}).status, 200);
  EXPECT_NE(ask(port(), "/api/v1/status/runtimeinfo").body.find(R"("reloadConfigSuccess":true)"), std::string::npos);
  EXPECT_EQ(ask(port(), "/api/v1/scrape_pools").body, "{\"status\":\"success\",\"data\":{\"scrapePools\":[\"other\"]}}\n");
  EXPECT_NE(ask(port(), "/api/v1/status/config").body.find("job_name: other"), std::string::npos);
}

// The clients that people have: promtool's queries, and its opinion of our own page.
TEST_F(prometheus_api, serves_promtool) {
  const std::optional<std::string> tool = Prometheus::tool();
  if (!tool) GTEST_SKIP() << "no prometheus with its promtool in the PATH, and WB_PROMETHEUS is not set";
  ASSERT_TRUE(is_watching(port()));
  const std::string url = controller_->url();
  const auto query = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {*tool, "query"});
    const Ended ended = run_words(std::move(words));
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return ended.out;
  };
  EXPECT_NE(
      query({"instant", url, "temperature{room=\"attic\"}"})
          .find(R"(temperature{floor="all", instance=")" + target_.address() + R"(", job="house", room="attic"} => 80.5 @[)"),
      std::string::npos);
  EXPECT_NE(query({"range", "--step=1s", url, "up"}).find("1 @["), std::string::npos);
  EXPECT_NE(query({"series", "--match=temperature", url}).find("room=\"oven\""), std::string::npos);
  EXPECT_EQ(query({"labels", url, "room"}), "attic\ncellar\noven\n");
  write("page", ask(port(), "/metrics").body);
  const Ended checked = run_words({"/bin/sh", "-c", *tool + " check metrics <" + path("page")});
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
}

// What both are asked.
const char* const questions[] = {
    "/api/v1/query?query=temperature",
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
    "/api/v1/metadata?limit=0",
    "/api/v1/metadata?limit=x",
    "/api/v1/targets/metadata?metric=temperature",
    "/api/v1/targets/metadata?metric=took_seconds&match_target=%7Bjob=%22house%22%7D",
    "/api/v1/targets/metadata?match_target=%7Bjob=%22x%22%7D",
    "/api/v1/targets/metadata?limit=x",
    "/api/v1/targets/metadata?limit=0",
    "/api/v1/query_exemplars?query=up",
    "/api/v1/query_exemplars?query=up&start=0&end=10",
    "/api/v1/query_exemplars?query=up&start=10&end=0",
    "/api/v1/query_exemplars?query=up&start=x",
    "/api/v1/scrape_pools",
    "/api/v1/alertmanagers",
    "/api/v1/status/config",
    "/api/v1/status/walreplay",
    "/api/v1/targets",
    "/api/v1/targets?state=dropped",
    "/api/v1/rules",
    "/api/v1/rules?type=record",
    "/api/v1/rules?type=x",
    "/api/v1/alerts",
};

TEST_F(prometheus_api, answers_as_a_real_prometheus_does) {
  const std::optional<std::string> program = Prometheus::program();
  if (!program) GTEST_SKIP() << "no prometheus in the PATH, and WB_PROMETHEUS is not set";
  // From the same file: with a bill the store has our own series too.
  controller_.emplace(path("drop_in"), std::vector<std::string>{"--prometheus.config", path("prometheus.yml")});
  const Prometheus neighbour(*program, path("prometheus.yml"), path("tsdb"));
  ASSERT_TRUE(is_watching(port()));
  ASSERT_TRUE(is_watching(neighbour.port()));
  // The next whole second: the newest samples of both lie before it.
  const std::string now = std::to_string(1 + std::chrono::duration_cast<std::chrono::seconds>(
                                             std::chrono::system_clock::now().time_since_epoch()).count());
  for (const char* target : questions) {
    std::string asked = target;
    if (asked.find("query?query") != std::string::npos && asked.find("time=") == std::string::npos) asked += "&time=" + now;
    EXPECT_EQ(masked(ask(port(), asked)), masked(ask(neighbour.port(), asked))) << asked;
  }
}

TEST_F(prometheus_api, is_federated_as_a_real_prometheus_is) {
  const std::optional<std::string> program = Prometheus::program();
  if (!program) GTEST_SKIP() << "no prometheus in the PATH, and WB_PROMETHEUS is not set";
  // From the same file: with a bill the store has our own series too.
  controller_.emplace(path("drop_in"), std::vector<std::string>{"--prometheus.config", path("prometheus.yml")});
  const Prometheus neighbour(*program, path("prometheus.yml"), path("tsdb"));
  ASSERT_TRUE(is_watching(port()));
  ASSERT_TRUE(is_watching(neighbour.port()));
  for (const char* target :
       {"/federate", "/federate?match[]=%7B%7D", "/federate?match[]=temperature",
        "/federate?match[]=temperature&match[]=%7Broom=~%22.*%22,__name__!~%22scrape_duration.*|.*_added|ALERTS.*%22%7D",
        "/federate?match[]=room:temperature:max", "/federate?match[]=nothing", "/federate?match[]=took_seconds_bucket"})
    EXPECT_EQ(without_times(ask(port(), target)), without_times(ask(neighbour.port(), target))) << target;
  EXPECT_EQ(ask(port(), "/federate?match[]=up%7B").status, ask(neighbour.port(), "/federate?match[]=up%7B").status);
}

TEST_F(prometheus_api, lays_out_expressions_as_a_real_prometheus_does) {
  const std::optional<std::string> program = Prometheus::program();
  if (!program) GTEST_SKIP() << "no prometheus in the PATH, and WB_PROMETHEUS is not set";
  const Prometheus neighbour(*program, path("prometheus.yml"), path("tsdb"));
  ASSERT_TRUE(eventually([&] { return ask(neighbour.port(), "/-/ready").status == 200; }));
  const std::string long_name(60, 'a');
  for (const std::string& query : std::vector<std::string>{
           "up", "sum(up)by(job)/ignoring(a)group_left+b", "1", "-1", "-(1)", "\"a\\n\"", "up[5m:1m]", "",
           "sum by(a,b) (" + long_name + ") + on(x) group_left(y) avg without(c) (" + long_name + ")",
           "topk(5, rate(" + long_name + "{x=\"" + long_name + "\"}[5m]))",
           "(" + long_name + " > bool " + long_name + ")",
           "histogram_quantile(0.9, sum by (le) (rate(" + long_name + "_bucket{job=\"x\"}[5m])))",
           "label_replace(" + long_name + ", \"destination\", \"$1\", \"source\", \"(.*)" + long_name + "\")",
           "max_over_time(sum(" + long_name + "{x=\"" + long_name + "\"})[1h:5m] offset 5m)",
           "-sum(" + long_name + " * " + long_name + ")", "sum(" + long_name + "[1h:5m])",
           "min_over_time((" + long_name + " and " + long_name + ")[1h:])",
           long_name + " unless on() " + long_name + " or ignoring(q) " + long_name,
           "time() - " + long_name + " @ end() offset -1h > 4 * " + long_name + "[5m] @ 17"})
    EXPECT_EQ(masked(ask(port(), "/api/v1/format_query", "query=" + encoded(query))),
              masked(ask(neighbour.port(), "/api/v1/format_query", "query=" + encoded(query))))
        << query;
}

}  // namespace
}  // namespace watchbill::serve_test
