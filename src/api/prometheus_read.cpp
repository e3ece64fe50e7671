// POST /api/v1/read: remote read, answered with samples. Streamed chunks are not offered: who accepts nothing else is refused, as
// the protocol has it. As Prometheus 2.42 (storage/remote/read_handler.go): matchers that ask for an external label are met by
// every series that lacks it, and series get the external labels that they lack. Staleness markers are given as they are stored.
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "api/prometheus.h"
#include "api/routes.h"
#include "api/running.h"
#include "metrics/histogram/arena.h"
#include "metrics/remote/block.h"
#include "metrics/remote/read_request.h"

namespace watchbill::api {
namespace {

namespace remote = metrics::remote;
namespace tsdb = metrics::tsdb;
namespace histogram = metrics::histogram;

// Of one answer: 16 bytes a sample here and as many in the message. Prometheus' limit is 50,000,000.
constexpr std::size_t samples_max = 5'000'000;

using ExternalLabels = std::map<std::string, std::string, std::less<>>;

void answer_text(Call& call, std::uint32_t status, const std::string& text) {
  call.answer(ports::HttpResponse{
      status, {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}}, text + "\n"});
}

Result<std::vector<tsdb::Matcher>> matchers_of(const remote::ReadQuery& query, const ExternalLabels& external) {
  constexpr std::array<tsdb::MatchKind, 4> kinds{tsdb::MatchKind::equal, tsdb::MatchKind::not_equal, tsdb::MatchKind::regex,
                                                 tsdb::MatchKind::not_regex};
  std::vector<tsdb::Matcher> matchers;
  for (const remote::ReadMatcher& asked : query.matchers) {
    const auto own = external.find(asked.name);
    if (asked.match == remote::ReadMatch::equal && own != external.end() && own->second == asked.value) continue;
    auto matcher = tsdb::Matcher::create(asked.name, kinds[static_cast<std::size_t>(asked.match)], asked.value);
    if (!matcher) return matcher.error();
    matchers.push_back(std::move(*matcher));
  }
  return matchers;
}

struct Reading {
  const tsdb::Snapshot& snapshot;
  const ExternalLabels& external;
  remote::ReadResponseWriter response;
  std::size_t sample_count{0};
};

Labels with_external(const Labels& labels, const ExternalLabels& external) {
  Labels merged = labels;
  for (const auto& [name, value] : external)
    if (!merged.has(name)) merged.set(name, value);
  return merged;
}

// Adds the samples of one series; false beyond the limit.
bool add_series(const tsdb::SeriesView& series, const remote::ReadQuery& query, Reading& reading) {
  std::vector<tsdb::Sample> stored;
  histogram::Arena arena;
  series.read(query.from, query.to, stored, arena);
  reading.sample_count += stored.size() + arena.size_in_samples();
  if (reading.sample_count > samples_max) return false;
  std::vector<remote::Sample> samples;
  std::vector<remote::HistogramSample> histograms;
  for (const tsdb::Sample& sample : stored) {
    if (histogram::is_mark(sample.v)) histograms.push_back({Instant{sample.t_ms}, arena.at(sample.v)});
    else samples.push_back({Instant{sample.t_ms}, sample.v});
  }
  if (stored.empty()) return true;
  reading.response.series(remote::encode_labels(with_external(series.labels(), reading.external)), samples, histograms);
  return true;
}

// The names as they are ordered with the external labels in them.
std::vector<tsdb::SeriesView> in_order(std::vector<tsdb::SeriesView> found, const ExternalLabels& external) {
  if (external.empty()) return found;
  std::stable_sort(found.begin(), found.end(), [&external](const tsdb::SeriesView& left, const tsdb::SeriesView& right) {
    return with_external(left.labels(), external) < with_external(right.labels(), external);
  });
  return found;
}

void read(const CallPointer& call, const remote::ReadRequest& request, const ExternalLabels& external) {
  const tsdb::Snapshot snapshot = call->services.watch.head.snapshot();
  Reading reading{snapshot, external, {}, 0};
  for (const remote::ReadQuery& query : request.queries) {
    const auto matchers = matchers_of(query, external);
    if (!matchers) return answer_text(*call, 400, matchers.error().text());
    reading.response.begin_result();
    for (const tsdb::SeriesView& series : in_order(snapshot.select(*matchers, query.from, query.to), external)) {
      if (call->services.watch.is_ending()) return answer_text(*call, 503, "the controller is closing");
      if (!add_series(series, query, reading))
        return answer_text(*call, 400, "exceeded sample limit (" + std::to_string(samples_max) + ")");
    }
  }
  call->answer(ports::HttpResponse{200,
                                   {{"Content-Type", "application/x-protobuf"}, {"Content-Encoding", "snappy"}},
                                   remote::compress(reading.response.take())});
}

void begin_read(const CallPointer& call) {
  if (const auto fault = store_fault(call->services.watch)) return answer_text(*call, 503, *fault);
  const Result<std::string> body = remote::decompress(call->request.body, remote::ReadLimits().body_bytes_max);
  if (!body) return answer_text(*call, 400, body.error().text());
  Result<remote::ReadRequest> request = remote::decode_read_request(*body);
  if (!request) return answer_text(*call, 400, request.error().text());
  if (!request->accepts_samples)
    return answer_text(*call, 400, "server does not support any of the requested response types; supported: SAMPLES");
  ExternalLabels external;
  for (const auto& [name, value] : call->services.running().external_labels) external.emplace(name, value);
  const auto work = [asked = std::move(*request), external = std::move(external)](const CallPointer& at) {
    read(at, asked, external);
  };
  if (!call->services.watch.run([call, work] { work(call); }))
    answer_text(*call, 503, "busy: too many queries are waiting");
}

}  // namespace

Routes prometheus_read_routes() {
  Route route{"POST", "/api/v1/read", "remote read: samples for another Prometheus", "viewer", {}, {}, {}, begin_read,
              Decides::route, Dialect::prometheus};
  route.takes = "application/x-protobuf";
  return {route};
}

}  // namespace watchbill::api
