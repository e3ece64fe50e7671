// The message WriteRequest of remote write 1.0: read piece by piece without building it up, and written piece by piece.
// Source: Prometheus' prompb/remote.proto; https://prometheus.io/docs/specs/prw/remote_write_spec/. Pure; one thread.
//
//   for (WriteRequestReader reader(body);;) switch (reader.next()) { … }
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/remote/message.h"

namespace watchbill::metrics::remote {

struct WriteLimits {
  std::size_t compressed_bytes_max{std::size_t{16} << 20};  // as design/http.md has it for ingest
  std::size_t body_bytes_max{std::size_t{32} << 20};        // decompressed; as Prometheus 3
  std::size_t series_count_max{200'000};                    // of one request
  std::size_t sample_count_max{500'000};                    // of one request, native histograms and exemplars included
};

// Prometheus' MetricMetadata.MetricType, in its numbers.
enum class MetricType : std::uint8_t { unknown, counter, gauge, histogram, gauge_histogram, summary, info, state_set };
// As the metadata API of Prometheus says it: "counter", "gaugehistogram", "stateset".
[[nodiscard]] std::string_view word(MetricType type) noexcept;
// The type of such a word; unknown for any other.
[[nodiscard]] MetricType metric_type(std::string_view word) noexcept;

// What is said of one family. Views hold as long as what they were read from.
struct FamilyMetadata {
  MetricType type{MetricType::unknown};
  std::string_view family;
  std::string_view help;
  std::string_view unit;
};

// Reads a decompressed body. About 30 ns for a series with one sample; no allocation once its buffers have grown. `body` must
// stay as it is while the reader or one of its views is used.
class WriteRequestReader {
 public:
  enum class Entry : std::uint8_t { series, metadata, end, malformed };

  explicit WriteRequestReader(std::string_view body, const WriteLimits& limits = {}) noexcept;

  // The next piece. After end or malformed it stays there. Pieces before a malformed one were read well: who must write all or
  // nothing waits for the end.
  [[nodiscard]] Entry next();

  // Of a series: its encoded labels (see message.h), not read yet. Gone with the next call of next().
  [[nodiscard]] std::string_view encoded_labels() const noexcept { return encoded_labels_; }
  [[nodiscard]] std::span<const Sample> samples() const noexcept { return samples_; }
  // Messages for decode_histogram().
  [[nodiscard]] std::span<const std::string_view> histograms() const noexcept { return histograms_; }
  // Messages for decode_exemplar().
  [[nodiscard]] std::span<const std::string_view> exemplars() const noexcept { return exemplars_; }

  // Of metadata. The text may be any bytes.
  [[nodiscard]] const FamilyMetadata& metadata() const noexcept { return metadata_; }

  // Of malformed: what was wrong (invalid), or which limit was met (exhausted).
  [[nodiscard]] const Error& error() const noexcept { return error_; }

 private:
  [[nodiscard]] Entry read_next();
  [[nodiscard]] Entry read_series(std::string_view message);
  [[nodiscard]] Entry read_metadata(std::string_view message);
  [[nodiscard]] Entry fail(Error error);
  void add_label(std::string_view message, const char* begin, const char* end);

  std::string_view rest_;
  WriteLimits limits_;
  std::string_view encoded_labels_;
  std::string gathered_;  // labels that do not stand together
  std::vector<Sample> samples_;
  std::vector<std::string_view> histograms_;
  std::vector<std::string_view> exemplars_;
  FamilyMetadata metadata_;
  std::size_t series_count_{0};
  std::size_t sample_count_{0};
  bool is_ended_{false};
  bool is_malformed_{false};
  Error error_;
};

// Gathers a body. About 20 ns and 12 bytes a sample beside its labels.
class WriteRequestWriter {
 public:
  // One TimeSeries. Labels should be sorted and have a __name__, samples rise in time: the protocol asks for it.
  void series(std::string_view encoded_labels, std::span<const Sample> samples, std::span<const HistogramSample> histograms = {},
              std::span<const ExemplarSample> exemplars = {});
  void metadata(const FamilyMetadata& family);

  // The WriteRequest so far; compress() makes it the body of a request. Empty when nothing was written.
  [[nodiscard]] std::string_view body() const noexcept { return body_; }
  [[nodiscard]] bool empty() const noexcept { return body_.empty(); }
  // Begins a new one in the same memory.
  void clear() noexcept { body_.clear(); }

 private:
  std::string body_;
};

}  // namespace watchbill::metrics::remote
