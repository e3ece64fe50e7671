// The bytes of one log record: what was appended between two flushes, each series named by a number that the segment explains.
//
// An entry is a control byte and what it announces:
//   1.......            labels of a series: varint number, varint label count, for each label its name and value (varint length,
//   bytes) 0nt.cccc            a sample: n = its series is the one after that of the last sample, else a signed varint difference
//   follows;
//                       t = its time is that of the last sample, else a signed varint difference follows; then cccc (0 to 8)
//                       bytes of the value, highest first, the rest being zero
//   0nt10000            a native histogram: as a sample, with the bytes of histogram::encode() (varint length, bytes) for its
//                       value
// Differences begin at 0 in each record, so that a lost record damages no other one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "metrics/tsdb/packed_labels.h"
#include "metrics/tsdb/sample.h"
#include "model/labels.h"

namespace watchbill::metrics::tsdb {

class LogEncoder {
 public:
  void labels(std::uint64_t number, const PackedLabels& labels);
  void sample(std::uint64_t number, Sample sample);
  void histogram(std::uint64_t number, std::int64_t t_ms, std::string_view encoded);
  // Gives the record and begins the next one.
  [[nodiscard]] std::string take();
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  void place(std::uint8_t control, std::uint64_t number, std::int64_t t_ms);

  std::string bytes_;
  std::uint64_t number_{0};
  std::int64_t t_ms_{0};
};

class LogDecoder {
 public:
  enum class Entry : std::uint8_t { labels, sample, histogram, end, malformed };

  explicit LogDecoder(std::string_view record) noexcept : rest_(record) {}
  // After `labels`: number() and labels(). After `sample`: number() and sample(). After `histogram`: number(), the time of
  // sample() and encoded(). `end` and `malformed` are final.
  [[nodiscard]] Entry next();
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] Labels& labels() noexcept { return labels_; }
  [[nodiscard]] Sample sample() const noexcept { return sample_; }
  [[nodiscard]] std::string_view encoded() const noexcept { return encoded_; }

 private:
  [[nodiscard]] bool difference(std::int64_t& out) noexcept;
  [[nodiscard]] bool text(std::string& out);
  [[nodiscard]] bool read_labels();
  [[nodiscard]] bool read_sample(std::uint8_t control) noexcept;
  [[nodiscard]] bool read_place(std::uint8_t control) noexcept;
  [[nodiscard]] bool read_histogram(std::uint8_t control) noexcept;

  std::string_view rest_;
  std::uint64_t number_{0};
  std::uint64_t sample_number_{0};
  Labels labels_;
  Sample sample_;
  std::string_view encoded_;
};

}  // namespace watchbill::metrics::tsdb
