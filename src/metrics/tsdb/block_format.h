// Where what lies in a block file; docs/storage.md has the same in words. All numbers have the low byte first.
//
//   header, then extents (of series and of time lists, in the order in which they were written, without gaps), then five sections
//   in the order of `BlockSection`, then the footer. Each extent's checksum stands in its table, each section's in the footer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace watchbill::metrics::tsdb {

enum class BlockSection : std::uint8_t {
  symbol_ends,  // u32 for each symbol: where its text ends in symbol_texts
  symbol_texts,
  labels,       // for each series: varint count, for each label varint symbol of the name, varint symbol of the value
  time_lists,   // time_list_bytes each
  series,       // series_bytes each, in label order
};

struct BlockFormat {
  static constexpr std::string_view magic = "WBblock\n";
  static constexpr std::string_view end_magic = "WBblkend";
  static constexpr std::uint32_t version = 1;

  // magic, u32 version, u32 zero, i64 covered_before_ms, u32 run, u32 segment, u64 offset, 20 zeros, u32 checksum of these.
  static constexpr std::size_t header_bytes = 64;
  static constexpr std::size_t header_checksum_at = 60;

  static constexpr std::size_t section_count = 5;

  // u64 offset, i64 first_ms, i64 last_ms, u32 length, u32 checksum, then: of a list, u32 sample count and u32 zero; of a series,
  // u32 offset in `labels` and u32 sample count.
  static constexpr std::size_t entry_bytes = 40;

  // For each section u64 offset, u64 length, u32 checksum, u32 zero; i64 first_ms, i64 last_ms, u64 sample count, u64 bytes of
  // the file, u32 flags, u32 checksum of all these, end_magic.
  static constexpr std::size_t section_entry_bytes = 24;
  static constexpr std::size_t footer_checksum_at = section_count * section_entry_bytes + 36;
  static constexpr std::size_t footer_bytes = footer_checksum_at + 4 + end_magic.size();
  // The first label of every series is __name__, so that one name is a stretch of the table.
  static constexpr std::uint32_t flag_names_first = 1;

  // The extent of a series is a row of chunks: varint (2 * number of its time list, plus 1 where it holds native histograms),
  // varint length, bytes. The bytes are a column of values (column.h); of native histograms, for each sample a varint length and
  // as many bytes of histogram::encode(), or a 0 and the eight bytes of a double.
  static constexpr std::uint64_t chunk_holds_histograms = 1;
};

}  // namespace watchbill::metrics::tsdb
