#include "metrics/tsdb/block_writer.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <span>

#include "base/assert.h"
#include "base/bytes_code.h"
#include "metrics/histogram/arena.h"
#include "metrics/tsdb/block_format.h"
#include "metrics/tsdb/checksum.h"
#include "metrics/tsdb/column.h"

namespace watchbill::metrics::tsdb {
namespace {

using format = BlockFormat;

constexpr std::size_t write_bytes = std::size_t{4} << 20;
constexpr std::size_t compared_samples_max = std::size_t{4} << 20;  // 32 MiB
constexpr std::uint64_t table_bytes_max = std::numeric_limits<std::uint32_t>::max();

std::uint64_t hash_of(std::span<const std::int64_t> times) noexcept {
  std::uint64_t hash = times.size();
  for (const std::int64_t t : times) hash = std::rotl((hash ^ static_cast<std::uint64_t>(t)) * 0xD6E8FEB86659FD93, 29);
  return hash;
}

}  // namespace

BlockWriter::BlockWriter(Sink sink, const LogCoverage& covered) : sink_(std::move(sink)) {
  waiting_.append(format::magic);
  put_fixed(waiting_, format::version);
  put_fixed(waiting_, std::uint32_t{0});
  put_fixed(waiting_, covered.before_ms);
  put_fixed(waiting_, covered.position.run);
  put_fixed(waiting_, covered.position.segment);
  put_fixed(waiting_, covered.position.offset);
  waiting_.resize(format::header_checksum_at, '\0');
  put_fixed(waiting_, checksum(waiting_));
  offset_ = format::header_bytes;
}

std::size_t BlockWriter::series_count() const noexcept { return series_.size() / format::entry_bytes; }

Status BlockWriter::add(const Labels& labels, const SeriesSamples& series) {
  WB_ASSERT(!series.samples.empty(), "a series without samples is in no block");
  if (labels_.size() + symbol_texts_.size() > table_bytes_max / 2)
    return Error{ErrorKind::exhausted, "write block", "labels", "they do not fit into one file"};
  times_.clear();
  for (const Sample& sample : series.samples) times_.push_back(sample.t_ms);
  extent_.clear();
  for (std::size_t begin = 0; begin < times_.size();) {
    const std::size_t end = std::min(begin + column_samples_max, times_.size());
    const Result<std::uint32_t> list = time_list(begin, end);
    if (!list.has_value()) return list.error();
    add_chunk(*list, series, begin, end);
    begin = end;
  }
  if (extent_.size() > table_bytes_max)
    return Error{ErrorKind::exhausted, "write block", labels.text(), "its samples do not fit into one file"};

  const Extent extent{offset_, times_.front(), times_.back(), static_cast<std::uint32_t>(extent_.size()), checksum(extent_)};
  first_ms_ = series_.empty() ? extent.first_ms : std::min(first_ms_, extent.first_ms);
  last_ms_ = series_.empty() ? extent.last_ms : std::max(last_ms_, extent.last_ms);
  sample_count_ += times_.size();
  names_first_ = names_first_ && !labels.empty() && labels.pairs().front().first == metric_name_label;
  put_entry(series_, extent, put_labels(labels), static_cast<std::uint32_t>(times_.size()));
  return put(extent_);
}

// The number of the list of these times: that of a series before where it is the same one.
Result<std::uint32_t> BlockWriter::time_list(std::size_t begin, std::size_t end) {
  const std::span<const std::int64_t> times = std::span(times_).subspan(begin, end - begin);
  const std::uint64_t hash = hash_of(times);
  if (const auto at = lists_by_hash_.find(hash); at != lists_by_hash_.end())
    if (std::equal(times.begin(), times.end(), lists_[at->second].begin(), lists_[at->second].end())) return at->second;
  const auto number = static_cast<std::uint32_t>(time_lists_.size() / format::entry_bytes);
  column_.clear();
  write_times(times, column_);
  const Extent extent{offset_, times.front(), times.back(), static_cast<std::uint32_t>(column_.size()), checksum(column_)};
  put_entry(time_lists_, extent, static_cast<std::uint32_t>(times.size()), 0);
  if (list_samples_ + times.size() <= compared_samples_max && lists_by_hash_.try_emplace(hash, number).second) {
    list_samples_ += times.size();
    lists_.resize(number);
    lists_.emplace_back(times.begin(), times.end());
  }
  if (Status written = put(column_); !written.has_value()) return written.error();
  return number;
}

void BlockWriter::add_chunk(std::uint32_t list, const SeriesSamples& series, std::size_t begin, std::size_t end) {
  const std::span<const Sample> samples = std::span(series.samples).subspan(begin, end - begin);
  const bool holds_histograms =
      !series.encoded.empty() &&
      std::any_of(samples.begin(), samples.end(), [](const Sample& sample) { return histogram::is_mark(sample.v); });
  column_.clear();
  if (holds_histograms) {
    for (const Sample& sample : samples) {
      if (histogram::is_mark(sample.v)) {
        const std::string& encoded = series.encoded[histogram::number_of(sample.v)];
        put_varint(column_, encoded.size());
        column_.append(encoded);
      } else {
        put_varint(column_, 0);
        put_fixed(column_, std::bit_cast<std::uint64_t>(sample.v));
      }
    }
  } else {
    values_.clear();
    for (const Sample& sample : samples) values_.push_back(sample.v);
    write_values(values_, column_);
  }
  put_varint(extent_, std::uint64_t{list} * 2 + (holds_histograms ? format::chunk_holds_histograms : 0));
  put_varint(extent_, column_.size());
  extent_.append(column_);
}

std::uint32_t BlockWriter::put_labels(const Labels& labels) {
  const auto offset = static_cast<std::uint32_t>(labels_.size());
  put_varint(labels_, labels.size());
  for (const auto& [name, value] : labels) {
    put_varint(labels_, symbol(name));
    put_varint(labels_, symbol(value));
  }
  return offset;
}

std::uint32_t BlockWriter::symbol(std::string_view text) {
  const auto [at, is_new] = symbols_.try_emplace(std::string(text), static_cast<std::uint32_t>(symbols_.size()));
  if (is_new) {
    symbol_texts_.append(text);
    put_fixed(symbol_ends_, static_cast<std::uint32_t>(symbol_texts_.size()));
  }
  return at->second;
}

void BlockWriter::put_entry(std::string& table, const Extent& extent, std::uint32_t a, std::uint32_t b) {
  put_fixed(table, extent.offset);
  put_fixed(table, extent.first_ms);
  put_fixed(table, extent.last_ms);
  put_fixed(table, extent.length);
  put_fixed(table, extent.checksum);
  put_fixed(table, a);
  put_fixed(table, b);
}

Status BlockWriter::put(std::string_view bytes) {
  waiting_.append(bytes);
  offset_ += bytes.size();
  if (waiting_.size() < write_bytes) return {};
  Status written = sink_(waiting_);
  waiting_.clear();
  return written;
}

Status BlockWriter::finish() {
  std::string footer;
  for (const std::string* section : {&symbol_ends_, &symbol_texts_, &labels_, &time_lists_, &series_}) {
    put_fixed(footer, offset_);
    put_fixed(footer, std::uint64_t{section->size()});
    put_fixed(footer, checksum(*section));
    put_fixed(footer, std::uint32_t{0});
    if (Status written = put(*section); !written.has_value()) return written;
  }
  put_fixed(footer, first_ms_);
  put_fixed(footer, last_ms_);
  put_fixed(footer, sample_count_);
  put_fixed(footer, offset_ + format::footer_bytes);
  put_fixed(footer, names_first_ ? format::flag_names_first : 0);
  put_fixed(footer, checksum(footer));
  footer.append(format::end_magic);
  waiting_.append(footer);
  return sink_(waiting_);
}

}  // namespace watchbill::metrics::tsdb
