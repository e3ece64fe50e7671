// The bytes of one log record: what was appended between two flushes, each series named by a number that the segment explains.
//
// An entry is a control byte and what it announces:
//   10000000   labels of a series: varint number, varint label count, for each label its name and value (varint length, bytes)
//   10000001   the same, as far as it differs from the labels before it in the record: signed varint difference of the numbers,
//              varint label count, varint of what is shared (bit 2i: the name, bit 2i + 1: the value of label i, from 0, is that
//              of label i before; the first 32 may share), then the names and values that are not shared
//   0nt.cccc   a sample: n = its series is the one after that of the last sample, else a signed varint difference follows;
//              t = its time is that of the last sample, else a signed varint difference follows; then cccc (0 to 8) bytes of the
//              value, highest first, the rest being zero
//   0nt10000   a native histogram: as a sample, with the bytes of histogram::encode() (varint length, bytes) for its value
// Differences begin at 0 in each record and nothing is shared across records, so that a lost one damages no other.
//
// The labels of one target differ in one or two values: 90 bytes of a series are 20 then, and a segment repeats them all.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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
  struct Piece {
    std::uint32_t offset{0};  // in bytes_
    std::uint32_t size{0};
  };
  using LabelPieces = std::array<Piece, 2>;  // name, value

  void place(std::uint8_t control, std::uint64_t number, std::int64_t t_ms);
  [[nodiscard]] std::uint64_t shared_with_last(const PackedLabels& labels) const noexcept;
  void text(std::string_view text, Piece& piece);

  std::string bytes_;
  std::uint64_t number_{0};
  std::int64_t t_ms_{0};
  std::uint64_t labels_number_{0};
  std::vector<LabelPieces> last_labels_;  // of the record; empty before the first ones
};

class LogDecoder {
 public:
  enum class Entry : std::uint8_t { labels, sample, histogram, end, malformed };

  explicit LogDecoder(std::string_view record) noexcept : rest_(record) {}
  // After `labels`: number() and labels(). After `sample`: number() and sample(). After `histogram`: number(), the time of
  // sample() and encoded(). `end` and `malformed` are final.
  [[nodiscard]] Entry next();
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] Labels labels() const;
  [[nodiscard]] Sample sample() const noexcept { return sample_; }
  [[nodiscard]] std::string_view encoded() const noexcept { return encoded_; }

 private:
  [[nodiscard]] bool difference(std::int64_t& out) noexcept;
  [[nodiscard]] bool text(std::string_view& out) noexcept;
  [[nodiscard]] bool read_labels(bool may_share);
  [[nodiscard]] bool read_sample(std::uint8_t control) noexcept;
  [[nodiscard]] bool read_place(std::uint8_t control) noexcept;
  [[nodiscard]] bool read_histogram(std::uint8_t control) noexcept;

  std::string_view rest_;
  std::uint64_t number_{0};
  std::uint64_t sample_number_{0};
  std::uint64_t labels_number_{0};
  std::vector<std::array<std::string_view, 2>> labels_;  // names and values in the record
  Sample sample_;
  std::string_view encoded_;
};

}  // namespace watchbill::metrics::tsdb
