// POST /api/v1/read: remote read, answered with samples or in frames of chunks, whichever of the two the client names first. As
// Prometheus 2.42 (storage/remote/read_handler.go): matchers that ask for an external label are met by every series that lacks
// it, and series get the external labels that they lack. Staleness markers are given as they are stored. Native histograms go
// with samples only: chunks of theirs are not written here.
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
#include "metrics/remote/read_stream.h"

namespace watchbill::api {
namespace {

namespace remote = metrics::remote;
namespace tsdb = metrics::tsdb;
namespace histogram = metrics::histogram;

// Of one answer: 16 bytes a sample here and as many in the message. Prometheus' limit is 50,000,000.
constexpr std::size_t samples_max = 5'000'000;
// Of one answer in frames, which holds about two bytes a sample: some 100,000,000 samples.
constexpr std::size_t stream_bytes_max = std::size_t{256} << 20;

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
  bool has_chunks{false};  // the answer is `stream`, else `response`
  std::size_t query_index{0};
  remote::ReadResponseWriter response;
  remote::ReadStreamWriter stream;
  std::size_t sample_count{0};
};

// Why no answer of the form that was begun can be given.
enum class Stop : std::uint8_t { none, too_many_samples, too_many_bytes, native_histograms };

Labels with_external(const Labels& labels, const ExternalLabels& external) {
  Labels merged = labels;
  for (const auto& [name, value] : external)
    if (!merged.has(name)) merged.set(name, value);
  return merged;
}

Stop add_series(const tsdb::SeriesView& series, const remote::ReadQuery& query, Reading& reading) {
  std::vector<tsdb::Sample> stored;
  histogram::Arena arena;
  series.read(query.from, query.to, stored, arena);
  if (stored.empty()) return Stop::none;
  reading.sample_count += stored.size() + arena.size_in_samples();
  if (!reading.has_chunks && reading.sample_count > samples_max) return Stop::too_many_samples;
  std::vector<remote::Sample> samples;
  std::vector<remote::HistogramSample> histograms;
  for (const tsdb::Sample& sample : stored) {
    if (histogram::is_mark(sample.v)) histograms.push_back({Instant{sample.t_ms}, arena.at(sample.v)});
    else samples.push_back({Instant{sample.t_ms}, sample.v});
  }
  const std::string labels = remote::encode_labels(with_external(series.labels(), reading.external));
  if (!reading.has_chunks) {
    reading.response.series(labels, samples, histograms);
    return Stop::none;
  }
  if (!histograms.empty()) return Stop::native_histograms;
  reading.stream.series(reading.query_index, labels, samples);
  return reading.stream.bytes() > stream_bytes_max ? Stop::too_many_bytes : Stop::none;
}

// The names as they are ordered with the external labels in them.
std::vector<tsdb::SeriesView> in_order(std::vector<tsdb::SeriesView> found, const ExternalLabels& external) {
  if (external.empty()) return found;
  std::stable_sort(found.begin(), found.end(), [&external](const tsdb::SeriesView& left, const tsdb::SeriesView& right) {
    return with_external(left.labels(), external) < with_external(right.labels(), external);
  });
  return found;
}

void answer(Call& call, Reading& reading) {
  if (reading.has_chunks)
    return call.answer(
        ports::HttpResponse{200, {{"Content-Type", std::string(remote::read_stream_type)}}, reading.stream.take()});
  call.answer(ports::HttpResponse{200,
                                  {{"Content-Type", "application/x-protobuf"}, {"Content-Encoding", "snappy"}},
                                  remote::compress(reading.response.take())});
}

enum class Form : std::uint8_t { samples, chunks };

void read(const CallPointer& call, const remote::ReadRequest& request, const ExternalLabels& external, Form form) {
  const tsdb::Snapshot snapshot = call->services.watch.head.snapshot();
  Reading reading{snapshot, external, form == Form::chunks, 0, {}, remote::ReadStreamWriter(), 0};
  for (const remote::ReadQuery& query : request.queries) {
    const auto matchers = matchers_of(query, external);
    if (!matchers) return answer_text(*call, 400, matchers.error().text());
    reading.response.begin_result();
    for (const tsdb::SeriesView& series : in_order(snapshot.select(*matchers, query.from, query.to), external)) {
      if (call->services.watch.is_ending()) return answer_text(*call, 503, "the controller is closing");
      switch (add_series(series, query, reading)) {
        case Stop::none: break;
        case Stop::too_many_samples:
          return answer_text(*call, 400, "exceeded sample limit (" + std::to_string(samples_max) + ")");
        case Stop::too_many_bytes:
          return answer_text(*call, 400, "exceeded the size of an answer in chunks (" + std::to_string(stream_bytes_max) +
                                             " bytes); ask for less at once");
        case Stop::native_histograms:
          if (request.accepts_samples) return read(call, request, external, Form::samples);
          return answer_text(*call, 400,
                             "native histograms are given as SAMPLES only, not in STREAMED_XOR_CHUNKS: accept both types, or "
                             "leave series out that have them");
      }
    }
    ++reading.query_index;
  }
  answer(*call, reading);
}

void begin_read(const CallPointer& call) {
  const Result<std::string> body = remote::decompress(call->request.body, remote::ReadLimits().body_bytes_max);
  if (!body) return answer_text(*call, 400, body.error().text());
  Result<remote::ReadRequest> request = remote::decode_read_request(*body);
  if (!request) return answer_text(*call, 400, request.error().text());
  if (!request->accepts_samples && !request->prefers_chunks)
    return answer_text(*call, 400,
                       "server does not support any of the requested response types; supported: SAMPLES, STREAMED_XOR_CHUNKS");
  if (const auto fault = store_fault(call->services.watch)) return answer_text(*call, 503, *fault);
  ExternalLabels external;
  for (const auto& [name, value] : call->services.running().external_labels) external.emplace(name, value);
  const auto work = [asked = std::move(*request), external = std::move(external)](const CallPointer& at) {
    read(at, asked, external, asked.prefers_chunks ? Form::chunks : Form::samples);
  };
  if (!call->services.watch.run([call, work] { work(call); }))
    answer_text(*call, 503, "busy: too many queries are waiting");
}

}  // namespace

Routes prometheus_read_routes() {
  Route route{"POST", "/api/v1/read", "remote read: samples, or chunks of them, for another Prometheus", "viewer", {}, {}, {}, begin_read,
              Decides::route, Dialect::prometheus};
  route.takes = "application/x-protobuf";
  return {route};
}

}  // namespace watchbill::api
