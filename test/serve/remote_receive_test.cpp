// POST /api/v1/write: by hand, and by a real Prometheus that goes on sending while we are killed.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <optional>
#include <span>

#include <protozero/pbf_writer.hpp>

#include "metrics/remote/block.h"
#include "metrics/remote/write_request.h"
#include "serve/folder.h"
#include "serve/neighbour.h"

namespace watchbill::serve_test {
namespace {

namespace remote = metrics::remote;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string body_of(const std::string& name, std::vector<remote::Sample> samples) {
  remote::WriteRequestWriter writer;
  writer.series(remote::encode_labels(Labels({{"__name__", name}, {"room", "attic"}})), samples);
  return remote::compress(writer.body());
}

class remote_receive : public ServedFolder {
 protected:
  [[nodiscard]] std::vector<std::string> from_file(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"--prometheus.config", path("prometheus.yml")};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] static HttpReply post(const Controller& controller, const std::string& body,
                                      std::vector<std::string> headers = {}, const std::string& token = {}) {
    if (headers.empty())
      headers = {"Content-Type: application/x-protobuf", "Content-Encoding: snappy", "X-Prometheus-Remote-Write-Version: 0.1.0"};
    return controller.ask({"POST", "/api/v1/write", token, {}, body, std::move(headers)});
  }
  // Posts once stored samples are loaded.
  [[nodiscard]] static HttpReply post_when_ready(const Controller& controller, const std::string& body) {
    HttpReply reply;
    static_cast<void>(eventually([&] { return (reply = post(controller, body)).status != 503; }));
    return reply;
  }
  [[nodiscard]] static HttpReply get(const Controller& controller, const std::string& target) {
    return controller.ask({"GET", target, {}, {}, {}, {}});
  }
};

HttpReply get_from(std::uint16_t port, const std::string& target) {
  Connection connection(port);
  connection.send("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\nConnection: close\r\n\r\n");
  return connection.reply();
}

HttpReply post_to(std::uint16_t port, const std::string& target, const std::string& body) {
  Connection connection(port);
  connection.send("POST " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\nConnection: close\r\n" +
                  "Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\nContent-Length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + body);
  return connection.reply();
}

// The value of the only series of an instant query, as a number; nothing while there is none.
std::optional<double> value_of(std::uint16_t port, const std::string& query) {
  const JsonValue answer = get_from(port, "/api/v1/query?query=" + query).json();
  const JsonValue* data = answer.find("data");
  const JsonValue* result = data == nullptr ? nullptr : data->find("result");
  if (result == nullptr || result->as_array() == nullptr || result->as_array()->size() != 1) return std::nullopt;
  const JsonValue* value = result->as_array()->front().find("value");
  return std::stod(*value->as_array()->at(1).as_string());
}

// Where two answers part.
std::string difference(const std::string& expected, const std::string& got) {
  const auto [left, right] = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
  const auto at = static_cast<std::size_t>(left - expected.begin());
  const std::size_t from = at < 300 ? 0 : at - 300;
  return expected.substr(from, 600) + "\n" + got.substr(from, 600);
}

TEST_F(remote_receive, what_was_acknowledged_is_there_after_a_kill) {
  write("prometheus.yml", "global: {}\n");
  const std::int64_t at = now_ms();
  for (int life = 0; life < 5; ++life) {
    Controller controller(path("data"), from_file());
    ASSERT_TRUE(controller.is_serving()) << controller.ended().out;
    const HttpReply reply = post_when_ready(controller, body_of("pushed", {{Instant{at + life}, 1.0 + life}}));
    EXPECT_EQ(reply.status, 204) << reply.body;
    controller.kill_at_once();
  }
  const Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving());
  EXPECT_TRUE(eventually([&] { return value_of(controller.port(), "count_over_time(pushed[5m])") == 5.0; }));
}

TEST_F(remote_receive, says_what_it_does_not_take) {
  write("prometheus.yml", "global: {}\n");
  const Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving());
  const std::int64_t at = now_ms();
  EXPECT_EQ(post_when_ready(controller, body_of("a", {{Instant{at}, 1}})).status, 204);
  const HttpReply disorder = post(controller, body_of("a", {{Instant{at - 1}, 1}, {Instant{at + 1}, 2}}));
  EXPECT_EQ(disorder.status, 400);
  EXPECT_EQ(disorder.body, "out of order sample, series a{room=\"attic\"} at " + std::to_string(at - 1) +
                               " ms (1 sample of this request was refused, 1 is stored)\n");
  const HttpReply twice = post(controller, body_of("a", {{Instant{at + 1}, 3}}));
  EXPECT_EQ(twice.status, 400);
  EXPECT_TRUE(twice.body.starts_with("duplicate sample for timestamp")) << twice.body;
  EXPECT_EQ(post(controller, body_of("a", {{Instant{at + 1}, 2}})).status, 204) << "a repetition";
  EXPECT_EQ(post(controller, "nonsense").status, 400);
  EXPECT_EQ(post(controller, body_of("a", {}), {"Content-Encoding: gzip"}).status, 415);
  const HttpReply zstd = post(controller, body_of("a", {}), {"Content-Encoding: zstd"});
  EXPECT_EQ(zstd.status, 415) << "neither version of the protocol knows it";
  EXPECT_NE(zstd.body.find("\"zstd\", expected snappy"), std::string::npos) << zstd.body;
  EXPECT_EQ(post(controller, body_of("a", {}), {"Content-Type: application/json"}).status, 415);
  EXPECT_EQ(
      post(controller, body_of("a", {}), {"Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request"}).status,
      415);
  EXPECT_EQ(post(controller, body_of("a", {}), {"Content-Type: application/x-protobuf; proto=prometheus.WriteRequest"}).status,
            204);
  EXPECT_EQ(post(controller, remote::compress(std::string(std::size_t{33} << 20, '\0'))).status, 413);
  const std::string page = get(controller, "/metrics").body;
  for (const char* line : {"watchbill_remote_write_samples_total 3\n",
                           "watchbill_remote_write_requests_total{outcome=\"unreadable\"} 2\n",
                           "watchbill_remote_write_refused_samples_total{reason=\"out_of_order\"} 1\n",
                           "watchbill_remote_write_refused_samples_total{reason=\"memory_full\"} 0\n"})
    EXPECT_NE(page.find(line), std::string::npos) << line;
}

TEST_F(remote_receive, asks_for_a_token_where_the_bill_is_ours) {
  write("watchbill.yaml", "watchbill: 1\n");
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  const std::string body = body_of("a", {{Instant{now_ms()}, 1}});
  EXPECT_EQ(post(controller, body).status, 401);
  EXPECT_TRUE(eventually([&] { return post(controller, body, {}, controller.admin_token()).status == 204; }));
}

TEST_F(remote_receive, a_rule_looks_at_what_came_before_its_slot) {
  write("rules.yml", "groups: [{name: g, interval: 1h, rules: [{alert: Cold, expr: 'temperature < 0'}]}]\n");
  write("watchbill.yaml", "watchbill: 1\naccess: {compatible: open}\nrule_files: [rules.yml]\nevaluation: {early: all}\n"
                          "bindings: {Cold: {unbound: a test}}\n");
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving()) << "the bill";
  ASSERT_EQ(post_when_ready(controller, body_of("temperature", {{Instant{now_ms()}, -4}})).status, 204);
  EXPECT_TRUE(eventually([&] { return get(controller, "/api/v1/alerts").body.find("firing") != std::string::npos; }));
}

// The hard one: Prometheus 2.42 sends what it scrapes of itself; we are killed three times in between, it is not.
TEST_F(remote_receive, a_prometheus_that_sends_misses_nothing_when_we_are_killed) {
  const std::optional<std::string> program = Prometheus::program();
  if (!program) GTEST_SKIP() << "no prometheus in the PATH";
  write("prometheus.yml", "global: {}\n");
  const std::uint16_t port = free_port();
  const std::vector<std::string> words = from_file({"--listen", "127.0.0.1:" + std::to_string(port)});
  auto controller = std::make_optional<Controller>(path("data"), words);
  ASSERT_TRUE(controller->is_serving()) << controller->ended().out;
  write("sender.yml", "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
                      "scrape_configs: [{job_name: self, static_configs: [{targets: [\"localhost:9090\"]}]}]\n"
                      "remote_write: [{url: \"http://127.0.0.1:" + std::to_string(port) +
                          "/api/v1/write\", queue_config: {max_samples_per_send: 300, min_shards: 4, batch_send_deadline: 100ms,"
                          " min_backoff: 10ms, max_backoff: 100ms}}]\n");
  const Prometheus sender(*program, path("sender.yml"), path("sender"), [this](std::uint16_t own) {
    std::string text = read("sender.yml");
    write("sender.yml", text.replace(text.find("localhost:9090"), 14, "127.0.0.1:" + std::to_string(own)));
  });
  const auto newest = [](std::uint16_t at) { return value_of(at, "max(timestamp(up))").value_or(0); };
  ASSERT_TRUE(eventually([&] { return newest(port) > 0; }));
  const auto begin = static_cast<std::int64_t>(newest(port) * 1000) + 1;
  for (int life = 0; life < 3; ++life) {
    ASSERT_TRUE(eventually([&, until = newest(port) + 2] { return newest(port) >= until; }));
    controller->kill_at_once();
    ASSERT_TRUE(eventually([&, until = newest(sender.port()) + 2] { return newest(sender.port()) >= until; }));
    controller.emplace(path("data"), words);
    ASSERT_TRUE(controller->is_serving()) << controller->ended().out;
  }
  const auto end = static_cast<std::int64_t>(newest(sender.port()) * 1000);
  const std::string all = "/api/v1/query?query=%7B__name__%3D~%22.%2B%22%7D%5B" + std::to_string(end - begin) +
                          "ms%5D&time=" + std::to_string(end / 1000) + "." + std::to_string(1000 + end % 1000).substr(1);
  const std::string expected = get_from(sender.port(), all).body;
  EXPECT_GT(expected.size(), 100'000U) << expected.substr(0, 500);
  std::string got;
  EXPECT_TRUE(eventually([&] { return (got = get_from(port, all).body) == expected + "\n"; }))
      << "sent " << expected.size() << " bytes, found " << got.size() << "; they part at\n" << difference(expected, got);
}

// A Prometheus without samples of its own answers with ours.
TEST_F(remote_receive, a_prometheus_reads_what_we_have) {
  const std::optional<std::string> program = Prometheus::program();
  if (!program) GTEST_SKIP() << "no prometheus in the PATH";
  write("prometheus.yml", "global: {external_labels: {site: lab}}\n");
  const Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving());
  const std::int64_t at = now_ms();
  ASSERT_EQ(post_when_ready(controller, body_of("a", {{Instant{at - 2000}, 1}, {Instant{at - 1000}, 2}})).status, 204);
  ASSERT_EQ(post_when_ready(controller, body_of("b", {{Instant{at - 1000}, 3}})).status, 204);
  write("reader.yml", "remote_read: [{url: \"" + controller.url() + "/api/v1/read\", read_recent: true}]\n");
  const Prometheus reader(*program, path("reader.yml"), path("reader"));
  const auto ask = [&](const std::string& query) { return get_from(reader.port(), "/api/v1/query?query=" + query).body; };
  EXPECT_TRUE(eventually([&] { return value_of(reader.port(), "count_over_time(a[5m])") == 2.0; })) << ask("a");
  EXPECT_NE(ask("b").find("{\"__name__\":\"b\",\"room\":\"attic\",\"site\":\"lab\"}"), std::string::npos) << ask("b");
  EXPECT_EQ(value_of(reader.port(), "count(%7B__name__%3D~%22a%7Cb%22,site%3D%22lab%22%7D)"), 2.0);
  EXPECT_EQ(value_of(reader.port(), "count(%7B__name__%3D~%22a%7Cb%22,site!%3D%22lab%22%7D)").value_or(0), 2.0)
      << "as in Prometheus: only asking for an external label is undone";
}

// Both are written the same samples and asked for the same series as streamed chunks.
TEST_F(remote_receive, frames_of_chunks_are_those_of_a_real_prometheus) {
  const std::optional<std::string> program = Prometheus::program();
  if (!program) GTEST_SKIP() << "no prometheus in the PATH";
  write("prometheus.yml", "global: {external_labels: {site: lab}}\n");
  const Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving());
  const Prometheus real(*program, path("prometheus.yml"), {free_port(), path("real")}, {"--web.enable-remote-write-receiver"});
  const std::int64_t begin = now_ms() - 60'000;
  remote::WriteRequestWriter writer;
  std::vector<remote::Sample> samples;
  for (int i = 0; i < 25; ++i)
    samples.push_back({Instant{begin + i * 2'000 + (i % 5 == 0 ? 7 * i : 0)}, i % 3 == 0 ? 0.1 * i : 5.0});
  writer.series(remote::encode_labels(Labels({{"__name__", "a"}, {"room", "attic"}})), samples);
  writer.series(remote::encode_labels(Labels({{"__name__", "a"}, {"room", "hall"}})), std::span(samples).first(1));
  const std::string written = remote::compress(writer.body());
  // Two queries: {__name__="a"} and {room="hall"}; then the type STREAMED_XOR_CHUNKS alone.
  const auto query = [&](const std::string& name, const std::string& value) {
    std::string matcher;
    protozero::pbf_writer(matcher).add_string(2, name);
    protozero::pbf_writer(matcher).add_string(3, value);
    std::string out;
    protozero::pbf_writer(out).add_int64(1, begin);
    protozero::pbf_writer(out).add_int64(2, begin + 60'000);
    protozero::pbf_writer(out).add_message(3, matcher);
    return out;
  };
  std::string asked;
  protozero::pbf_writer(asked).add_message(1, query("__name__", "a"));
  protozero::pbf_writer(asked).add_message(1, query("room", "hall"));
  protozero::pbf_writer(asked).add_enum(2, 1);
  std::array<HttpReply, 2> replies;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const std::uint16_t port = i == 0 ? controller.port() : real.port();
    ASSERT_TRUE(eventually([&] { return post_to(port, "/api/v1/write", written).status == 204; })) << i;
    replies[i] = post_to(port, "/api/v1/read", remote::compress(asked));
    EXPECT_EQ(replies[i].status, 200) << replies[i].body;
    EXPECT_EQ(replies[i].headers["content-type"], "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse");
  }
  EXPECT_FALSE(replies[0].body.empty());
  EXPECT_TRUE(replies[0].body == replies[1].body)
      << replies[0].body.size() << " bytes, there " << replies[1].body.size();
}

// Requests with samples and exemplars, one of them too late, one twice, one too long, one of an unknown series.
std::vector<std::string> requests_with_exemplars(std::int64_t at) {
  const std::string a = remote::encode_labels(Labels({{"__name__", "a"}, {"room", "attic"}}));
  const std::string b = remote::encode_labels(Labels(std::vector<Labels::Pair>{{"__name__", "b"}}));
  const auto exemplar = [at](const std::string& trace, std::int64_t ms) {
    return remote::ExemplarSample{Labels({{"trace_id", trace}}), 0.25, Instant{at + ms}};
  };
  const std::vector<std::vector<remote::ExemplarSample>> of_a{
      {exemplar("one", 0), exemplar("two", 10)},
      {exemplar("two", 10), exemplar("late", 5), exemplar(std::string(130, 'x'), 20), exemplar("three", 30),
       exemplar("four", 40)}};
  std::vector<std::string> out;
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    const std::vector<remote::Sample> samples{{Instant{at + static_cast<std::int64_t>(i) * 1000}, 1}};
    const std::vector<remote::ExemplarSample> unknown{exemplar("unknown", 0)};
    remote::WriteRequestWriter writer;
    writer.series(a, samples);
    for (const remote::ExemplarSample& each : of_a[i]) writer.series(a, {}, {}, std::span(&each, 1));
    writer.series(b, {}, {}, unknown);
    out.push_back(remote::compress(writer.body()));
  }
  return out;
}

TEST_F(remote_receive, exemplars_are_those_of_a_real_prometheus) {
  const std::optional<std::string> program = Prometheus::program();
  if (!program) GTEST_SKIP() << "no prometheus in the PATH";
  write("prometheus.yml", "storage: {exemplars: {max_exemplars: 3}}\n");
  const Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving());
  const Prometheus real(*program, path("prometheus.yml"), {free_port(), path("real")},
                        {"--web.enable-remote-write-receiver", "--enable-feature=exemplar-storage"});
  const std::int64_t at = now_ms() - 5'000;
  const std::string asked = "/api/v1/query_exemplars?query=%7B__name__%3D~%22a%7Cb%22%7D&start=" +
                            std::to_string(at / 1000 - 60) + "&end=" + std::to_string(at / 1000 + 60);
  std::array<std::string, 2> bodies;
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const std::uint16_t port = i == 0 ? controller.port() : real.port();
    for (const std::string& request : requests_with_exemplars(at))
      ASSERT_TRUE(eventually([&] { return post_to(port, "/api/v1/write", request).status == 204; })) << i;
    bodies[i] = get_from(port, asked).body;
  }
  EXPECT_NE(bodies[0].find("three"), std::string::npos) << bodies[0];
  EXPECT_EQ(bodies[0].find("one"), std::string::npos) << "three are kept";
  EXPECT_EQ(bodies[0], bodies[1] + "\n");
  const std::string page = get(controller, "/metrics").body;
  for (const char* line : {"watchbill_remote_write_exemplars_total 5\n",
                           "watchbill_remote_write_exemplars_dropped_total{reason=\"no_series\"} 2\n",
                           "watchbill_remote_write_exemplars_dropped_total{reason=\"out_of_order\"} 1\n",
                           "watchbill_remote_write_exemplars_dropped_total{reason=\"too_long\"} 1\n",
                           "prometheus_tsdb_exemplar_max_exemplars 3\n"})
    EXPECT_NE(page.find(line), std::string::npos) << line;
}

// What came to us by remote write goes on to a Prometheus, with its exemplars.
TEST_F(remote_receive, exemplars_go_on_to_a_real_prometheus) {
  const std::optional<std::string> program = Prometheus::program();
  if (!program) GTEST_SKIP() << "no prometheus in the PATH";
  write("real.yml", "global: {}\n");
  const Prometheus real(*program, path("real.yml"), {free_port(), path("real")},
                        {"--web.enable-remote-write-receiver", "--enable-feature=exemplar-storage"});
  write("prometheus.yml", "remote_write: [{url: \"http://127.0.0.1:" + std::to_string(real.port()) +
                              "/api/v1/write\", send_exemplars: true, queue_config: {batch_send_deadline: 100ms}}]\n");
  const Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving());
  const std::int64_t at = now_ms() - 5'000;
  for (const std::string& request : requests_with_exemplars(at))
    ASSERT_TRUE(eventually([&] { return post_to(controller.port(), "/api/v1/write", request).status == 204; }));
  const std::string asked = "/api/v1/query_exemplars?query=a&start=" + std::to_string(at / 1000 - 60) +
                            "&end=" + std::to_string(at / 1000 + 60);
  const std::string ours = get(controller, asked).body;
  EXPECT_NE(ours.find("four"), std::string::npos) << ours;
  EXPECT_TRUE(eventually([&] { return get_from(real.port(), asked).body + "\n" == ours; }))
      << get_from(real.port(), asked).body << "\n" << ours;
}

TEST_F(remote_receive, reading_refuses_what_it_cannot_answer) {
  write("prometheus.yml", "global: {}\n");
  const Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving());
  const auto read = [&](const std::string& body) { return controller.ask({"POST", "/api/v1/read", {}, {}, body, {}}); };
  const HttpReply unknown = read(remote::compress("\x10\x07"));  // accepted_response_types: one that nobody knows
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.body,
            "server does not support any of the requested response types; supported: SAMPLES, STREAMED_XOR_CHUNKS\n");
  EXPECT_EQ(read("nonsense").status, 400);
  HttpReply nothing;
  static_cast<void>(eventually([&] { return (nothing = read(remote::compress(""))).status != 503; }));
  EXPECT_EQ(nothing.status, 200);
  EXPECT_EQ(nothing.headers.at("content-encoding"), "snappy");
}

}  // namespace
}  // namespace watchbill::serve_test
