// Makes the bytes of one block file, series by series.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/result.h"
#include "metrics/tsdb/log_position.h"
#include "metrics/tsdb/sample.h"
#include "model/labels.h"

namespace watchbill::metrics::tsdb {

// The samples of one series, where histograms stand beside: the mark of one (metrics/histogram/arena.h) has its place in
// `encoded`.
struct SeriesSamples {
  std::vector<Sample> samples;
  std::vector<std::string> encoded;  // histogram::encode()

  void clear() noexcept {
    samples.clear();
    encoded.clear();
  }
};

// One thread. Memory: labels and tables of all series (about 100 bytes each), 4 MiB of what goes out next, and up to 32 MiB of
// times, which series of one target share.
class BlockWriter {
 public:
  // Adds bytes to the end of the file.
  using Sink = std::function<Status(std::string_view)>;

  BlockWriter(Sink sink, const LogCoverage& covered);

  // Holds: the labels are behind all that came before, in label order; there are samples, and their times rise.
  // Fails as the sink does, or exhausted where the tables would not fit 32 bits; the file is then of no use.
  [[nodiscard]] Status add(const Labels& labels, const SeriesSamples& series);
  // Writes the tables. Nothing may be added afterwards.
  [[nodiscard]] Status finish();

  [[nodiscard]] std::size_t series_count() const noexcept;

 private:
  struct Extent {
    std::uint64_t offset{0};
    std::int64_t first_ms{0};
    std::int64_t last_ms{0};
    std::uint32_t length{0};
    std::uint32_t checksum{0};
  };

  [[nodiscard]] Status put(std::string_view bytes);
  [[nodiscard]] std::uint32_t symbol(std::string_view text);
  [[nodiscard]] std::uint32_t put_labels(const Labels& labels);
  [[nodiscard]] Result<std::uint32_t> time_list(std::size_t begin, std::size_t end);
  void add_chunk(std::uint32_t list, const SeriesSamples& series, std::size_t begin, std::size_t end);
  static void put_entry(std::string& table, const Extent& extent, std::uint32_t a, std::uint32_t b);

  Sink sink_;
  std::uint64_t offset_{0};  // of the next byte
  std::string waiting_;
  std::string symbol_ends_;
  std::string symbol_texts_;
  std::string labels_;
  std::string time_lists_;
  std::string series_;
  boost::unordered_flat_map<std::string, std::uint32_t> symbols_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> lists_by_hash_;
  std::vector<std::vector<std::int64_t>> lists_;  // those that are still compared with
  std::size_t list_samples_{0};
  std::vector<std::int64_t> times_;   // of the series
  std::vector<double> values_;        // of a chunk
  std::string extent_;                // of the series
  std::string column_;
  std::int64_t first_ms_{0};
  std::int64_t last_ms_{0};
  std::uint64_t sample_count_{0};
  bool names_first_{true};
};

}  // namespace watchbill::metrics::tsdb
