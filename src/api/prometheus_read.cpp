// POST /api/v1/read: remote read, answered with samples or in frames of chunks, whichever of the two the client names first. As
// Prometheus 2.42 (storage/remote/read_handler.go): matchers that ask for an external label are met by every series that lacks
// it, and series get the external labels that they lack. Staleness markers are given as they are stored. Native histograms go
// with samples only: chunks of theirs are not written here.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/prometheus.h"
#include "api/routes.h"
#include "api/running.h"
#include "metrics/histogram/arena.h"
#include "metrics/promql/limits.h"
#include "metrics/remote/block.h"
#include "metrics/remote/read_request.h"
#include "metrics/remote/read_stream.h"

namespace watchbill::api {
namespace {

namespace remote = metrics::remote;
namespace tsdb = metrics::tsdb;
namespace histogram = metrics::histogram;

// Of one answer: 16 bytes a sample here and as many in the message. Prometheus' limit is 50,000,000. Labels count as the samples
// that take as much.
constexpr std::size_t samples_max = 5'000'000;
// Of one answer in samples, and in frames, which hold about two bytes a sample. A result has a length of 32 bits.
constexpr std::size_t response_bytes_max = std::size_t{256} << 20;
constexpr std::size_t label_bytes_of_sample = 16;
constexpr Duration read_timeout = metrics::promql::query_time_max;

using ExternalLabels = std::map<std::string, std::string, std::less<>>;

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
  const Call& call;
  const ExternalLabels& external;
  bool has_chunks{false};  // the answer is `stream`, else `response`
  std::size_t query_index{0};
  Instant until;
  remote::ReadResponseWriter response;
  remote::ReadStreamWriter stream;
  std::size_t sample_count{0};
};

// Why the answer is not what was asked for.
struct Ended {
  std::uint32_t status{0};
  std::string text;
  bool is_for_samples{false};  // chunks cannot hold it
};
using Going = std::optional<Ended>;

Ended over_samples() { return {400, "exceeded sample limit (" + std::to_string(samples_max) + ")"}; }

// Asked before each series: one takes a millisecond or so at most.
Going must_end(const Reading& reading) {
  if (reading.call.has_left()) return Ended{503, caller_left.message};
  if (reading.call.services.watch.is_ending()) return Ended{503, "the controller is closing"};
  if (reading.call.services.watch.now() > reading.until)
    return Ended{503,
                 "remote read timed out after " + format_duration(read_timeout) + ": ask for fewer series, or a shorter time"};
  return std::nullopt;
}

Labels with_external(const Labels& labels, const ExternalLabels& external) {
  Labels merged = labels;
  for (const auto& [name, value] : external)
    if (!merged.has(name)) merged.set(name, value);
  return merged;
}

// A series as it is told.
struct Found {
  Labels labels;  // with the external ones
  tsdb::SeriesView series;
};

// Those that are asked for, in the order of their names with the external labels in them.
Going find_series(const remote::ReadQuery& query, const std::vector<tsdb::Matcher>& matchers, const tsdb::Snapshot& snapshot,
                  Reading& reading, std::vector<Found>& out) {
  for (const tsdb::SeriesView& series : snapshot.select(matchers, query.from, query.to)) {
    if (Going end = must_end(reading)) return end;
    const Found& found = out.emplace_back(Found{with_external(series.labels(), reading.external), series});
    std::size_t bytes = 0;
    for (const auto& [name, value] : found.labels) bytes += name.size() + value.size();
    reading.sample_count += 1 + bytes / label_bytes_of_sample;
    if (reading.sample_count > samples_max) return over_samples();
  }
  if (!reading.external.empty())
    std::stable_sort(out.begin(), out.end(), [](const Found& left, const Found& right) { return left.labels < right.labels; });
  return std::nullopt;
}

Going add_series(const Found& found, const remote::ReadQuery& query, Reading& reading) {
  std::vector<tsdb::Sample> stored;
  histogram::Arena arena;
  found.series.read(query.from, query.to, stored, arena);
  if (stored.empty()) return std::nullopt;
  // Chunks are bounded by their bytes.
  if (!reading.has_chunks) reading.sample_count += stored.size() + arena.size_in_samples();
  if (reading.sample_count > samples_max) return over_samples();
  std::vector<remote::Sample> samples;
  std::vector<remote::HistogramSample> histograms;
  for (const tsdb::Sample& sample : stored) {
    if (histogram::is_mark(sample.v)) histograms.push_back({Instant{sample.t_ms}, arena.at(sample.v)});
    else samples.push_back({Instant{sample.t_ms}, sample.v});
  }
  const std::string labels = remote::encode_labels(found.labels);
  if (!reading.has_chunks) {
    reading.response.series(labels, samples, histograms);
  } else if (histograms.empty()) {
    reading.stream.series(reading.query_index, labels, samples);
  } else {
    return Ended{400,
                 "native histograms are given as SAMPLES only, not in STREAMED_XOR_CHUNKS: accept both types, or "
                 "leave series out that have them",
                 true};
  }
  if ((reading.has_chunks ? reading.stream.bytes() : reading.response.size()) > response_bytes_max)
    return Ended{400, "exceeded response limit (" + std::to_string(response_bytes_max) + " bytes); ask for less at once"};
  return std::nullopt;
}

Going answer_query(const remote::ReadQuery& query, const tsdb::Snapshot& snapshot, Reading& reading) {
  if (Going end = must_end(reading)) return end;
  const auto matchers = matchers_of(query, reading.external);
  if (!matchers) return Ended{400, matchers.error().text()};
  reading.response.begin_result();
  std::vector<Found> all;
  if (Going end = find_series(query, *matchers, snapshot, reading, all)) return end;
  for (const Found& found : all) {
    if (Going end = must_end(reading)) return end;
    if (Going end = add_series(found, query, reading)) return end;
  }
  return std::nullopt;
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

void read(const CallPointer& call, const remote::ReadRequest& request, const ExternalLabels& external, Instant until, Form form) {
  const tsdb::Snapshot snapshot = call->services.watch.head.snapshot();
  Reading reading{*call, external, form == Form::chunks, 0, until, {}, remote::ReadStreamWriter(), 0};
  for (const remote::ReadQuery& query : request.queries) {
    if (const Going end = answer_query(query, snapshot, reading)) {
      if (end->is_for_samples && request.accepts_samples) return read(call, request, external, until, Form::samples);
      return answer_text(*call, end->status, end->text);
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
  const auto work = [asked = std::move(*request), external = std::move(external),
                     until = call->services.watch.now() + read_timeout](const CallPointer& at) {
    read(at, asked, external, until, asked.prefers_chunks ? Form::chunks : Form::samples);
  };
  if (!call->services.watch.run([call, work] { work(call); }))
    answer_text(*call, 503, "busy: too many queries are waiting");
}

}  // namespace

Routes prometheus_read_routes() {
  Route route{"POST",
              "/api/v1/read",
              "remote read: samples, or chunks of them, for another Prometheus",
              "viewer",
              {},
              {},
              {},
              begin_read,
              Decides::route,
              Dialect::prometheus};
  route.takes = "application/x-protobuf";
  return {route};
}

}  // namespace watchbill::api
