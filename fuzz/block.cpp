// depends: wb_metrics_tsdb
// Any bytes as a block file, as they are and with checksums that fit: opened, searched and read to the end; and as a column and
// as residuals. Nothing outside the bytes is read, and what is given back keeps its promises.
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "base/bytes_code.h"
#include "metrics/histogram/arena.h"
#include "metrics/tsdb/block.h"
#include "metrics/tsdb/checksum.h"
#include "metrics/tsdb/column.h"

namespace {

namespace tsdb = watchbill::metrics::tsdb;
using Format = tsdb::BlockFormat;

void put(std::string& bytes, std::size_t at, std::uint32_t number) {
  std::string fixed;
  watchbill::put_fixed(fixed, number);
  bytes.replace(at, fixed.size(), fixed);
}

// Makes header, sections and extents verify, so that what lies behind the checksums is reached.
void mend(std::string& bytes) {
  if (bytes.size() < Format::header_bytes + Format::footer_bytes) return;
  bytes.replace(0, Format::magic.size(), Format::magic);
  put(bytes, Format::magic.size(), Format::version);
  put(bytes, Format::header_checksum_at, tsdb::checksum(std::string_view(bytes).substr(0, Format::header_checksum_at)));
  const std::size_t footer = bytes.size() - Format::footer_bytes;
  bytes.replace(bytes.size() - Format::end_magic.size(), Format::end_magic.size(), Format::end_magic);
  for (std::size_t section = 0; section < Format::section_count; ++section) {
    const std::size_t at = footer + section * Format::section_entry_bytes;
    const auto offset = watchbill::fixed_at<std::uint64_t>(bytes, at);
    const auto length = watchbill::fixed_at<std::uint64_t>(bytes, at + 8);
    if (offset > footer || length > footer - offset) continue;
    const bool has_extents = section >= 3;
    for (std::uint64_t entry = offset; has_extents && entry + Format::entry_bytes <= offset + length;
         entry += Format::entry_bytes) {
      const auto begin = watchbill::fixed_at<std::uint64_t>(bytes, entry);
      const auto size = watchbill::fixed_at<std::uint32_t>(bytes, entry + 24);
      if (begin <= bytes.size() && size <= bytes.size() - begin)
        put(bytes, entry + 28, tsdb::checksum(std::string_view(bytes).substr(begin, size)));
    }
    put(bytes, at + 16, tsdb::checksum(std::string_view(bytes).substr(offset, length)));
  }
  std::string size;
  watchbill::put_fixed(size, std::uint64_t{bytes.size()});
  bytes.replace(footer + Format::section_count * Format::section_entry_bytes + 24, size.size(), size);
  put(bytes, footer + Format::footer_checksum_at,
      tsdb::checksum(std::string_view(bytes).substr(footer, Format::footer_checksum_at)));
}

void read_all(std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  const auto block = tsdb::Block::open(watchbill::ports::MappedBytes{owner, *owner, {}}, "block");
  if (!block.has_value()) return;
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  static_cast<void>((*block)->select(std::vector{tsdb::Matcher::equal("__name__", "a")}, least, most));
  std::vector<tsdb::Sample> samples;
  std::vector<std::string> encoded;
  for (const std::uint32_t series : (*block)->select({}, least, most)) {
    if (series >= 1000) break;
    const watchbill::Labels labels = (*block)->labels(series);
    static_cast<void>((*block)->compare(series, labels));
    samples.clear();
    encoded.clear();
    const bool is_good = (*block)->read(series, least, most, samples, &encoded);
    WB_ASSERT(is_good || (*block)->is_damaged(), "damage is remembered");
    for (const tsdb::Sample& sample : samples)
      WB_ASSERT(!watchbill::metrics::histogram::is_mark(sample.v) ||
                    watchbill::metrics::histogram::number_of(sample.v) < encoded.size(),
                "a mark has its histogram");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  read_all(bytes);
  std::string mended = bytes;
  mend(mended);
  read_all(std::move(mended));
  std::vector<double> values(1 + size % tsdb::column_samples_max);
  static_cast<void>(tsdb::read_values(bytes, values));
  std::vector<std::int64_t> times(values.size());
  static_cast<void>(tsdb::read_times(bytes, times));
  return 0;
}
