// Reads a metrics page in protobuf: messages io.prometheus.client.MetricFamily, each behind its length. It alone brings native
// histograms. Used as the readers of text are (page_reader.h): next() until `end` or `malformed`; views and references are valid
// until the next call; one bad family makes the whole page bad.
//
// A histogram or summary becomes the series that a page of text has of it, with `le` and `quantile` as OpenMetrics writes them
// ("1.0"). Created timestamps are passed over. Pure; time linear in the page. Source: Prometheus 2.42
// (model/textparse/protobufparse.go); classic gauge histograms have _bucket, _sum and _count as in later versions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/exposition/exemplar.h"
#include "metrics/exposition/page_reader.h"

namespace watchbill::metrics::exposition {

// What of a histogram that is native and perhaps classic too is read.
struct HistogramParts {
  bool native{true};    // false: only the classic part
  bool classic{false};  // beside the native part; without one the classic part is always read
};

class ProtobufParser {
 public:
  using Entry = PageReader::Entry;

  explicit ProtobufParser(std::string_view page, const TextLimits& limits = {}, HistogramParts parts = {}) noexcept
      : rest_(page), page_(page), limits_(limits), parts_(parts) {}

  // The next entry; never `unit`. Each family begins with `help` and `type`. After `end` and `malformed` it gives the same again.
  [[nodiscard]] Entry next();

  // As PageReader has them.
  [[nodiscard]] std::string_view metric_name() const noexcept { return metric_name_; }
  [[nodiscard]] std::string_view series_text() const noexcept { return series_text_; }
  [[nodiscard]] std::span<const RawLabel> raw_labels() const noexcept { return raw_labels_; }
  [[nodiscard]] Labels labels() const;
  [[nodiscard]] double value() const noexcept { return value_; }
  [[nodiscard]] std::optional<std::int64_t> timestamp_ms() const noexcept { return timestamp_ms_; }
  [[nodiscard]] FamilyType type() const noexcept { return type_; }
  // After help.
  [[nodiscard]] const std::string& help() const noexcept { return help_; }
  // After sample: a native histogram as histogram::encode() writes it; empty when the sample is value().
  [[nodiscard]] const std::string& encoded_histogram() const noexcept { return encoded_histogram_; }
  // After sample: of a native histogram all that it has with a time, or those of its classic buckets; of others one at most. What
  // is malformed in one is left out.
  [[nodiscard]] std::vector<Exemplar> exemplars() const;
  // `on` is "byte N" (from 0) of the family that is bad.
  [[nodiscard]] const Error& error() const noexcept { return error_; }

 private:
  // One of the samples that a metric stands for.
  struct Part {
    std::string_view suffix;
    std::string_view label;  // its name; empty: none
    double label_value{0};
    double value{0};
    std::string_view exemplar;  // its message; empty: none
  };

  [[nodiscard]] Entry read_next();
  [[nodiscard]] bool begin_family();
  [[nodiscard]] bool read_family(std::string_view message);
  [[nodiscard]] bool begin_metric(std::string_view message);
  [[nodiscard]] bool read_label(std::string_view message);
  [[nodiscard]] bool read_value(std::string_view message);
  [[nodiscard]] bool read_histogram(std::string_view message);
  void read_summary(std::string_view message);
  [[nodiscard]] bool set_sample(const Part& part);
  bool fail(std::string detail, ErrorKind kind = ErrorKind::invalid);

  std::string_view rest_;
  std::string_view page_;
  TextLimits limits_;
  HistogramParts parts_;
  std::size_t family_at_{0};
  std::size_t sample_count_{0};
  enum class Stage : std::uint8_t { family, type, samples, ended, failed } stage_{Stage::family};

  std::string family_;
  std::string help_;
  FamilyType type_{FamilyType::untyped};
  std::vector<std::string_view> metrics_;
  std::size_t next_metric_{0};
  std::vector<Part> samples_;  // of the metric
  std::size_t next_sample_{0};
  std::size_t metric_label_count_{0};
  std::string native_;  // of the metric, encoded
  std::vector<std::string_view> native_exemplars_;

  std::string metric_name_;
  std::string series_text_;
  std::string extra_value_;
  std::vector<RawLabel> raw_labels_;
  double value_{0};
  std::optional<std::int64_t> timestamp_ms_;
  std::string encoded_histogram_;
  std::vector<std::string_view> exemplars_;  // of the sample
  Error error_;
};

}  // namespace watchbill::metrics::exposition
