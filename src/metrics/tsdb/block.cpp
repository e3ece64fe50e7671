#include "metrics/tsdb/block.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <optional>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/bytes_code.h"
#include "metrics/histogram/arena.h"
#include "metrics/tsdb/checksum.h"
#include "metrics/tsdb/column.h"
#include "metrics/tsdb/start_times.h"

namespace watchbill::metrics::tsdb {

using format = BlockFormat;

// Where a series or a time list lies, as its table says.
struct Block::Extent {
  std::uint64_t offset{0};
  std::int64_t first_ms{0};
  std::int64_t last_ms{0};
  std::uint32_t length{0};
  std::uint32_t checksum{0};
  std::uint32_t a{0};  // of a list: samples; of a series: where its labels are
  std::uint32_t b{0};  // of a series: samples
};

namespace {

// The labels of a series, one after the other.
class LabelSymbols {
 public:
  explicit LabelSymbols(std::string_view bytes) noexcept : bytes_(bytes), left_(bytes_.varint()) {}
  // The numbers of the next name and value.
  [[nodiscard]] bool next(std::uint64_t& name, std::uint64_t& value) noexcept {
    if (left_ == 0) return false;
    --left_;
    name = bytes_.varint();
    value = bytes_.varint();
    return bytes_.is_good();
  }

 private:
  ByteReader bytes_;
  std::uint64_t left_;
};

}  // namespace

Block::Block(ports::MappedBytes file, std::string name) noexcept
    : file_(std::move(file)), bytes_(file_.bytes), name_(std::move(name)) {}

Result<std::shared_ptr<const Block>> Block::open(ports::MappedBytes file, std::string name) {
  auto block = std::make_shared<Block>(std::move(file), std::move(name));
  const char* wrong = block->open_header();
  if (wrong == nullptr && fixed_at<std::uint32_t>(block->bytes_, format::magic.size()) > format::version)
    return Error{ErrorKind::invalid, "open block", block->name_, "a newer release of watchbill wrote it"};
  if (wrong == nullptr) wrong = block->open_footer();
  if (wrong == nullptr)
    block->may_have_companions_ = block->section(BlockSection::symbol_texts).find(start_time_label) != std::string_view::npos;
  if (wrong == nullptr && !block->names_first_) block->index_names();
  if (block->file_.rest) block->file_.rest();
  if (wrong != nullptr) return Error{ErrorKind::corrupt, "open block", block->name_, wrong};
  return std::shared_ptr<const Block>(std::move(block));
}

const char* Block::open_header() {
  if (bytes_.size() < format::header_bytes + format::footer_bytes) return "it is shorter than an empty block";
  if (!bytes_.starts_with(format::magic)) return "it does not begin as a block does";
  ByteReader header(bytes_.substr(format::magic.size()));
  static_cast<void>(header.fixed<std::uint64_t>());  // version, zero
  covered_.before_ms = header.fixed<std::int64_t>();
  covered_.position.run = header.fixed<std::uint32_t>();
  covered_.position.segment = header.fixed<std::uint32_t>();
  covered_.position.offset = header.fixed<std::uint64_t>();
  if (fixed_at<std::uint32_t>(bytes_, format::header_checksum_at) != checksum(bytes_.substr(0, format::header_checksum_at)))
    return "the checksum of its header does not fit";
  return nullptr;
}

const char* Block::open_footer() {
  const std::string_view footer = bytes_.substr(bytes_.size() - format::footer_bytes);
  if (!footer.ends_with(format::end_magic)) return "it does not end as a block does: its end is missing";
  if (fixed_at<std::uint32_t>(footer, format::footer_checksum_at) != checksum(footer.substr(0, format::footer_checksum_at)))
    return "the checksum of its footer does not fit";
  ByteReader reader(footer);
  for (std::string_view& section : sections_) {
    const auto offset = reader.fixed<std::uint64_t>();
    const auto length = reader.fixed<std::uint64_t>();
    const auto sum = reader.fixed<std::uint32_t>();
    static_cast<void>(reader.fixed<std::uint32_t>());
    if (offset > bytes_.size() || length > bytes_.size() - offset) return "a table lies outside of it";
    section = bytes_.substr(offset, length);
    if (checksum(section) != sum) return "the checksum of a table does not fit";
  }
  first_ms_ = reader.fixed<std::int64_t>();
  last_ms_ = reader.fixed<std::int64_t>();
  static_cast<void>(reader.fixed<std::uint64_t>());  // sample count
  if (reader.fixed<std::uint64_t>() != bytes_.size()) return "it has another length than it was written with";
  names_first_ = (reader.fixed<std::uint32_t>() & format::flag_names_first) != 0;
  return nullptr;
}

std::string_view Block::section(BlockSection section) const noexcept { return sections_[static_cast<std::size_t>(section)]; }
std::size_t Block::series_count() const noexcept { return section(BlockSection::series).size() / format::entry_bytes; }
std::int64_t Block::first_ms(std::uint32_t series) const noexcept { return extent(BlockSection::series, series).first_ms; }
std::int64_t Block::last_ms(std::uint32_t series) const noexcept { return extent(BlockSection::series, series).last_ms; }

std::string_view Block::symbol(std::uint64_t number) const noexcept {
  const std::string_view ends = section(BlockSection::symbol_ends);
  const std::string_view texts = section(BlockSection::symbol_texts);
  if (number >= ends.size() / sizeof(std::uint32_t)) return {};
  const std::size_t begin = number == 0 ? 0 : fixed_at<std::uint32_t>(ends, (number - 1) * sizeof(std::uint32_t));
  const std::size_t end = fixed_at<std::uint32_t>(ends, number * sizeof(std::uint32_t));
  return begin > end || end > texts.size() ? std::string_view() : texts.substr(begin, end - begin);
}

Block::Extent Block::extent(BlockSection table, std::size_t number) const noexcept {
  ByteReader entry(section(table).substr(number * format::entry_bytes, format::entry_bytes));
  Extent extent;
  extent.offset = entry.fixed<std::uint64_t>();
  extent.first_ms = entry.fixed<std::int64_t>();
  extent.last_ms = entry.fixed<std::int64_t>();
  extent.length = entry.fixed<std::uint32_t>();
  extent.checksum = entry.fixed<std::uint32_t>();
  extent.a = entry.fixed<std::uint32_t>();
  extent.b = entry.fixed<std::uint32_t>();
  return extent;
}

// The bytes of an extent, which are never none; nothing when they are damaged.
std::string_view Block::verified(const Extent& extent) const noexcept {
  if (extent.offset > bytes_.size() || extent.length > bytes_.size() - extent.offset) return {};
  const std::string_view bytes = bytes_.substr(extent.offset, extent.length);
  return checksum(bytes) == extent.checksum ? bytes : std::string_view();
}

std::string_view Block::packed_labels(std::uint32_t series) const noexcept {
  const std::string_view all = section(BlockSection::labels);
  return all.substr(std::min<std::size_t>(extent(BlockSection::series, series).a, all.size()));
}

// Of the first label; meant for blocks in which that is the name.
std::string_view Block::metric_name(std::uint32_t series) const noexcept {
  std::uint64_t name = 0;
  std::uint64_t value = 0;
  return LabelSymbols(packed_labels(series)).next(name, value) ? symbol(value) : std::string_view();
}

Labels Block::labels(std::uint32_t series) const {
  std::vector<Labels::Pair> pairs;
  LabelSymbols packed(packed_labels(series));
  std::uint64_t name = 0;
  std::uint64_t value = 0;
  while (packed.next(name, value)) pairs.emplace_back(symbol(name), symbol(value));
  return Labels(std::move(pairs));
}

template <class Others>
std::strong_ordering Block::compare_each(std::uint32_t series, const Others& labels) const noexcept {
  LabelSymbols packed(packed_labels(series));
  std::uint64_t name = 0;
  std::uint64_t value = 0;
  for (const auto& [other_name, other_value] : labels) {
    if (!packed.next(name, value)) return std::strong_ordering::less;
    if (const auto order = symbol(name) <=> std::string_view(other_name); order != 0) return order;
    if (const auto order = symbol(value) <=> std::string_view(other_value); order != 0) return order;
  }
  return packed.next(name, value) ? std::strong_ordering::greater : std::strong_ordering::equal;
}

std::strong_ordering Block::compare(std::uint32_t series, const Labels& labels) const noexcept {
  return compare_each(series, labels);
}
std::strong_ordering Block::compare(std::uint32_t series, const PackedLabels& labels) const noexcept {
  return compare_each(series, labels);
}

namespace {

// A matcher that remembers what it said of the symbols of one block: patterns are slow.
class RememberingMatcher {
 public:
  explicit RememberingMatcher(const Matcher& matcher) noexcept : matcher_(matcher) {}
  [[nodiscard]] const std::string& name() const noexcept { return matcher_.name(); }
  [[nodiscard]] bool matches_empty() const noexcept { return matcher_.matches_empty(); }
  [[nodiscard]] bool matches(std::uint64_t symbol, std::string_view text) {
    if (matcher_.is_literal()) return matcher_.matches(text);
    const auto [at, is_new] = known_.try_emplace(symbol, false);
    if (is_new) at->second = matcher_.matches(text);
    return at->second;
  }

 private:
  const Matcher& matcher_;
  boost::unordered_flat_map<std::uint64_t, bool> known_;
};

}  // namespace

// The stretches of the table where the answers are, in its order.
std::vector<Block::Stretch> Block::stretches_of(std::span<const Matcher> matchers) const {
  const auto end = static_cast<std::uint32_t>(series_count());
  const auto is_name = [](const Matcher& m) {
    return m.name() == metric_name_label && m.is_literal() && !m.is_negative() && !m.matches_empty();
  };
  const auto name = std::find_if(matchers.begin(), matchers.end(), is_name);
  if (name == matchers.end()) return {{0, end}};
  std::vector<Stretch> stretches;
  if (!names_first_) {
    for (const std::string& literal : name->literals())
      if (const auto at = series_of_names_.find(literal); at != series_of_names_.end())
        for (const std::uint32_t series : at->second) stretches.emplace_back(series, series + 1);
    std::sort(stretches.begin(), stretches.end());
    return stretches;
  }
  const auto numbers = [&](std::uint32_t begin, auto is_before) {
    std::uint32_t count = end - begin;
    while (count > 0) {
      const std::uint32_t half = count / 2;
      if (is_before(metric_name(begin + half))) {
        begin += half + 1;
        count -= half + 1;
      } else {
        count = half;
      }
    }
    return begin;
  };
  for (const std::string& literal : name->literals()) {  // sorted, so the stretches are
    const std::uint32_t first = numbers(0, [&](std::string_view text) { return text < literal; });
    stretches.emplace_back(first, numbers(first, [&](std::string_view text) { return text <= literal; }));
  }
  return stretches;
}

// Of a block in which some labels sort before the name.
void Block::index_names() {
  const auto end = static_cast<std::uint32_t>(series_count());
  for (std::uint32_t series = 0; series < end; ++series) {
    LabelSymbols labels(packed_labels(series));
    std::uint64_t name = 0;
    std::uint64_t value = 0;
    while (labels.next(name, value)) {
      if (symbol(name) != metric_name_label) continue;
      const std::string_view text = symbol(value);
      auto at = series_of_names_.find(text);
      if (at == series_of_names_.end()) at = series_of_names_.emplace(text, std::vector<std::uint32_t>()).first;
      at->second.push_back(series);
      break;
    }
  }
}

std::vector<std::uint32_t> Block::select(std::span<const Matcher> matchers, std::int64_t from, std::int64_t to) const {
  std::vector<RememberingMatcher> remembering(matchers.begin(), matchers.end());
  const auto is_match = [&](std::uint32_t series) {
    const std::string_view packed = packed_labels(series);
    return std::all_of(remembering.begin(), remembering.end(), [&](RememberingMatcher& matcher) {
      LabelSymbols labels(packed);
      std::uint64_t name = 0;
      std::uint64_t value = 0;
      while (labels.next(name, value))
        if (symbol(name) == matcher.name()) return matcher.matches(value, symbol(value));
      return matcher.matches_empty();
    });
  };
  std::vector<std::uint32_t> found;
  for (const auto& [first, stretch_end] : stretches_of(matchers))
    for (std::uint32_t series = first; series < stretch_end; ++series)
      if (first_ms(series) <= to && last_ms(series) >= from && is_match(series)) found.push_back(series);
  return found;
}

bool Block::read(std::uint32_t series, std::int64_t from, std::int64_t to, std::vector<Sample>& out,
                 std::vector<std::string>* encoded) const {
  const std::string_view bytes = verified(extent(BlockSection::series, series));
  ByteReader chunks(bytes);
  bool is_good = !bytes.empty();
  while (is_good && !chunks.rest().empty()) {
    const std::uint64_t list_and_kind = chunks.varint();
    const std::string_view chunk = chunks.text(chunks.varint());
    is_good = chunks.is_good() && read_chunk(chunk, list_and_kind, from, to, out, encoded);
  }
  if (!is_good) is_damaged_.store(true, std::memory_order_relaxed);
  return is_good;
}

namespace {

bool add_histograms(std::string_view chunk, std::span<const std::int64_t> times, std::int64_t from, std::int64_t to,
                    std::vector<Sample>& out, std::vector<std::string>* encoded) {
  ByteReader values(chunk);
  for (const std::int64_t t : times) {
    const std::uint64_t size = values.varint();
    const bool is_wanted = t >= from && t <= to;
    if (size == 0) {
      const double value = std::bit_cast<double>(values.fixed<std::uint64_t>());
      if (is_wanted && values.is_good()) out.push_back(Sample{t, value});
    } else {
      const std::string_view text = values.text(size);
      if (!is_wanted || encoded == nullptr || !values.is_good()) continue;
      out.push_back(Sample{t, histogram::mark_of(encoded->size())});
      encoded->emplace_back(text);
    }
  }
  return values.is_good();
}

}  // namespace

bool Block::read_chunk(std::string_view chunk, std::uint64_t list_and_kind, std::int64_t from, std::int64_t to,
                       std::vector<Sample>& out, std::vector<std::string>* encoded) const {
  const std::uint64_t number = list_and_kind / 2;
  if (number >= section(BlockSection::time_lists).size() / format::entry_bytes) return false;
  const Extent list = extent(BlockSection::time_lists, number);
  if (list.last_ms < from || list.first_ms > to) return true;
  const std::size_t count = list.a;
  if (count == 0 || count > column_samples_max) return false;
  std::array<std::int64_t, column_samples_max>
      all_times;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled in the next lines
  const std::span<std::int64_t> times(all_times.data(), count);
  if (!read_times(verified(list), times)) return false;
  if ((list_and_kind & format::chunk_holds_histograms) != 0) return add_histograms(chunk, times, from, to, out, encoded);
  std::array<double, column_samples_max> all_values;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled in the next lines
  const std::span<double> values(all_values.data(), count);
  if (!read_values(chunk, values)) return false;
  std::size_t begin = 0;
  std::size_t end = count;
  while (begin < end && times[begin] < from) ++begin;
  while (end > begin && times[end - 1] > to) --end;
  // Written in place: a push_back for each sample took a sixth of a query.
  const std::size_t before = out.size();
  out.resize(before + (end - begin));
  const std::span<Sample> added(out.data() + before, end - begin);
  for (std::size_t i = 0; i < added.size(); ++i) {
    const double value = values[begin + i];
    added[i] = Sample{times[begin + i], histogram::is_mark(value) ? std::numeric_limits<double>::quiet_NaN() : value};
  }
  return true;
}

}  // namespace watchbill::metrics::tsdb
