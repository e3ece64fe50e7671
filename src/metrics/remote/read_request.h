// The messages of remote read: what is asked for, and the answer with samples (response type SAMPLES; read_stream.h has the
// other one).
// Source: Prometheus' prompb/remote.proto; https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/remote/message.h"

namespace watchbill::metrics::remote {

struct ReadLimits {
  std::size_t body_bytes_max{std::size_t{8} << 20};  // decompressed
  std::size_t query_count_max{1'000};                // of one request
  std::size_t matcher_count_max{1'000};              // of one query
};

// In the message's numbers.
enum class ReadMatch : std::uint8_t { equal, not_equal, matches, matches_not };

struct ReadMatcher {
  ReadMatch match{ReadMatch::equal};
  std::string name;
  std::string value;
};

// Hints are passed over: they say what a store could leave out, and none must.
struct ReadQuery {
  Instant from;  // both inclusive
  Instant to;
  std::vector<ReadMatcher> matchers;
};

struct ReadRequest {
  std::vector<ReadQuery> queries;
  // Whether an answer of samples may be given: it is named among the types, or none is.
  bool accepts_samples{true};
  // Whether streamed chunks are named, and before samples: the first type that is known is what the answer has.
  bool prefers_chunks{false};
};

// Reads a decompressed body. Fails (invalid) on what is no such message, an unknown kind of matcher, text that is not UTF-8;
// (exhausted) beyond the limits.
[[nodiscard]] Result<ReadRequest> decode_read_request(std::string_view body, const ReadLimits& limits = {});

// Gathers the message ReadResponse: for each query, in order, begin_result() and its series in label order.
class ReadResponseWriter {
 public:
  void begin_result();
  void series(std::string_view encoded_labels, std::span<const Sample> samples, std::span<const HistogramSample> histograms);
  // Bytes so far. Holds: no result grows beyond 2^32 of them.
  [[nodiscard]] std::size_t size() const noexcept { return message_.size() + result_.size(); }
  // The message; the writer is empty afterwards.
  [[nodiscard]] std::string take();

 private:
  void end_result();

  std::string message_;
  std::string result_;
  bool has_result_{false};
};

}  // namespace watchbill::metrics::remote
