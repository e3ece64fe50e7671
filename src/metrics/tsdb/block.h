// One block file, read in place: the samples of many series in a stretch of time, which never change.
//
// Opening checks header, footer and all tables (about 100 bytes a series, 1 ns a byte); samples are checked each time they are
// read (0.6 ns a byte, a tenth of what decoding costs), so what nobody reads is never touched and costs no memory. Whatever the
// bytes are, nothing outside them is read. Threads: any, at once.
#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "metrics/tsdb/block_format.h"
#include "metrics/tsdb/log_position.h"
#include "metrics/tsdb/matcher.h"
#include "metrics/tsdb/packed_labels.h"
#include "metrics/tsdb/sample.h"
#include "model/labels.h"
#include "ports/files.h"

namespace watchbill::metrics::tsdb {

class Block {
 public:
  // Fails corrupt, with the part that does not verify, and invalid where a newer release wrote it. `name` is for errors.
  [[nodiscard]] static Result<std::shared_ptr<const Block>> open(ports::MappedBytes file, std::string name);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::size_t series_count() const noexcept;
  // The times of the oldest and of the newest sample.
  [[nodiscard]] std::int64_t first_ms() const noexcept { return first_ms_; }
  [[nodiscard]] std::int64_t last_ms() const noexcept { return last_ms_; }
  [[nodiscard]] const LogCoverage& covered() const noexcept { return covered_; }
  // Whether there may be companions (start_times.h) in it.
  [[nodiscard]] bool may_have_companions() const noexcept { return may_have_companions_; }
  // Whether something that was read did not verify.
  [[nodiscard]] bool is_damaged() const noexcept { return is_damaged_.load(std::memory_order_relaxed); }

  // The numbers of the series that meet all matchers and overlap [from, to], ascending, which is label order. Cost: with a
  // matcher `__name__="x"` by the series of that name (50 ns each and matcher), else by all of them.
  [[nodiscard]] std::vector<std::uint32_t> select(std::span<const Matcher> matchers, std::int64_t from, std::int64_t to) const;

  // Holds for all that follow: series < series_count().
  [[nodiscard]] Labels labels(std::uint32_t series) const;
  // Where the series stands beside these labels, in label order.
  [[nodiscard]] std::strong_ordering compare(std::uint32_t series, const Labels& labels) const noexcept;
  [[nodiscard]] std::strong_ordering compare(std::uint32_t series, const PackedLabels& labels) const noexcept;
  [[nodiscard]] std::int64_t first_ms(std::uint32_t series) const noexcept;
  [[nodiscard]] std::int64_t last_ms(std::uint32_t series) const noexcept;
  // Adds the samples with from <= t <= to, in order. Native histograms are added to `encoded`, their samples being the marks of
  // their places there; without it they are left out. False when something does not verify: what could be read is there.
  bool read(std::uint32_t series, std::int64_t from, std::int64_t to, std::vector<Sample>& out,
            std::vector<std::string>* encoded) const;

  // Made by open().
  Block(ports::MappedBytes file, std::string name) noexcept;

 private:
  struct Extent;
  using Stretch = std::pair<std::uint32_t, std::uint32_t>;  // of the table of series: first, behind the last

  template <class Others>
  [[nodiscard]] std::strong_ordering compare_each(std::uint32_t series, const Others& labels) const noexcept;
  [[nodiscard]] const char* open_header();
  [[nodiscard]] const char* open_footer();
  void index_names();
  [[nodiscard]] std::vector<Stretch> stretches_of(std::span<const Matcher> matchers) const;
  [[nodiscard]] std::string_view section(BlockSection section) const noexcept;
  [[nodiscard]] std::string_view symbol(std::uint64_t number) const noexcept;
  [[nodiscard]] Extent extent(BlockSection table, std::size_t number) const noexcept;
  [[nodiscard]] std::string_view verified(const Extent& extent) const noexcept;
  [[nodiscard]] std::string_view packed_labels(std::uint32_t series) const noexcept;
  [[nodiscard]] std::string_view metric_name(std::uint32_t series) const noexcept;
  [[nodiscard]] bool read_chunk(std::string_view chunk, std::uint64_t list_and_kind, std::int64_t from, std::int64_t to,
                                std::vector<Sample>& out, std::vector<std::string>* encoded) const;

  ports::MappedBytes file_;
  std::string_view bytes_;
  std::string name_;
  std::array<std::string_view, BlockFormat::section_count> sections_;
  std::int64_t first_ms_{0};
  std::int64_t last_ms_{0};
  LogCoverage covered_;
  bool names_first_{false};
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> series_of_names_;  // where names are not first: 4 bytes a series
  bool may_have_companions_{false};
  mutable std::atomic<bool> is_damaged_{false};
};

// In the order in which they were cut: of samples of one series at one time the first one's counts.
using Blocks = std::vector<std::shared_ptr<const Block>>;

}  // namespace watchbill::metrics::tsdb
