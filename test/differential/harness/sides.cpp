#include "differential/harness/sides.h"

#include <chrono>
#include <fstream>
#include <string_view>
#include <utility>
#include <vector>

#include "differential/harness/world.h"
#include "metrics/remote/block.h"
#include "metrics/remote/write_request.h"

namespace watchbill::differential {
namespace {

namespace remote = metrics::remote;

Instant world_begin() {
  constexpr std::int64_t grid_ms = 600'000;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  return Instant{(now.count() / grid_ms - 5) * grid_ms};
}

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out.append("%").push_back(digits[byte >> 4U]);
    out.push_back(digits[byte & 15U]);
  }
  return out;
}

std::string seconds(std::int64_t ms) {
  const std::string rest = std::to_string(1000 + ms % 1000);
  return std::to_string(ms / 1000) + "." + rest.substr(1);
}

std::string request(std::uint16_t port, const std::string& path, const std::string& headers, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string query_request(std::uint16_t port, const Question& question, const std::string& more) {
  return request(port, question.is_range() ? "/api/v1/query_range" : "/api/v1/query",
                 "Content-Type: application/x-www-form-urlencoded\r\n", question.form() + more);
}

}  // namespace

std::string Question::form() const {
  const std::string query = "query=" + encoded(expression);
  if (!step) return query + "&time=" + seconds(start.ms);
  return query + "&start=" + seconds(start.ms) + "&end=" + seconds(end.ms) + "&step=" + seconds(step->ms);
}

void Sides::Line::send(const std::string& request) {
  if (!connection) connection = std::make_unique<serve_test::Connection>(port);
  connection->send(request);
}

Reply Sides::Line::reply(const std::string& request) {
  serve_test::HttpReply got = connection->reply();
  if (got.status == 0) {  // the other side ended it meanwhile; it is asked again once
    connection = std::make_unique<serve_test::Connection>(port);
    connection->send(request);
    got = connection->reply();
  }
  if (got.status == 0 || got.headers["connection"] == "close") connection.reset();
  return {got.status, std::move(got.body)};
}

Sides::Sides(const std::string& prometheus, std::uint64_t world_seed) : begin_(world_begin()) {
  const std::string file = directory_.path() + "/prometheus.yml";
  std::ofstream(file) << "global: {}\n";
  const std::uint16_t port = serve_test::free_port();
  prometheus_.emplace(prometheus, file, serve_test::Prometheus::Place{port, directory_.path() + "/tsdb"},
                      std::vector<std::string>{"--web.enable-remote-write-receiver", "--enable-feature=native-histograms",
                                               "--log.level=error"});
  watchbill_.emplace(directory_.path() + "/data", std::vector<std::string>{"--prometheus.config", file});
  if (!watchbill_->is_serving()) {
    trouble_ = "watchbill does not serve: " + watchbill_->ended().out;
    return;
  }
  to_prometheus_.port = port;
  to_watchbill_.port = watchbill_->port();
  feed(world_seed);
}

bool Sides::write(const std::string& body) {
  const std::string headers =
      "Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n";
  for (Line* line : {&to_prometheus_, &to_watchbill_}) {
    Reply reply;
    const std::string post = request(line->port, "/api/v1/write", headers, body);
    // Neither takes anything before it has read what it stored.
    const bool is_taken = serve_test::eventually([&] {
      line->connection = std::make_unique<serve_test::Connection>(line->port);
      line->send(post);
      reply = {};
      const serve_test::HttpReply got = line->connection->reply();
      reply = {got.status, got.body};
      return reply.status != 0 && reply.status != 503;
    });
    line->connection.reset();
    if (!is_taken || reply.status / 100 != 2) {
      trouble_ = std::string(line == &to_prometheus_ ? "Prometheus" : "watchbill") + " does not take the samples: " +
                 std::to_string(reply.status) + " " + reply.body;
      return false;
    }
  }
  return true;
}

void Sides::feed(std::uint64_t world_seed) {
  const std::vector<WorldSeries> series = world(world_seed, begin_);
  std::vector<std::size_t> sent(series.size(), 0);
  std::vector<std::size_t> sent_histograms(series.size(), 0);
  // In slices of a minute: a Prometheus refuses what is older than an hour before its newest sample, and so may anyone.
  for (std::int64_t until_ms = begin_.ms; until_ms <= begin_.ms + world_span.ms + 60'000; until_ms += 60'000) {
    remote::WriteRequestWriter writer;
    for (std::size_t i = 0; i < series.size(); ++i) {
      const std::vector<remote::Sample>& samples = series[i].samples;
      const std::size_t first = sent[i];
      while (sent[i] < samples.size() && samples[sent[i]].at.ms <= until_ms) ++sent[i];
      const std::vector<remote::HistogramSample>& histograms = series[i].histograms;
      const std::size_t first_histogram = sent_histograms[i];
      while (sent_histograms[i] < histograms.size() && histograms[sent_histograms[i]].at.ms <= until_ms) ++sent_histograms[i];
      if (sent[i] != first || sent_histograms[i] != first_histogram)
        writer.series(remote::encode_labels(series[i].labels), std::span(samples).subspan(first, sent[i] - first),
                      std::span(histograms).subspan(first_histogram, sent_histograms[i] - first_histogram));
    }
    if (!writer.empty() && !write(remote::compress(writer.body()))) return;
  }
}

Replies Sides::ask(const Question& question) {
  const std::string there = query_request(to_prometheus_.port, question, "");
  const std::string here = query_request(to_watchbill_.port, question, "&semantics=prometheus_2");
  to_prometheus_.send(there);
  to_watchbill_.send(here);
  Replies replies;
  replies.watchbill = to_watchbill_.reply(here);
  replies.prometheus = to_prometheus_.reply(there);
  return replies;
}

Reply Sides::ask_prometheus(const Question& question) {
  const std::string there = query_request(to_prometheus_.port, question, "");
  to_prometheus_.send(there);
  return to_prometheus_.reply(there);
}

}  // namespace watchbill::differential
