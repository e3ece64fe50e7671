#include "metrics/tsdb/block_store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "metrics/tsdb/label_index.h"
#include "metrics/tsdb/numbered_names.h"
#include "metrics/tsdb/sample_order.h"
#include "metrics/tsdb/state_reader.h"
#include "metrics/tsdb/view.h"

namespace watchbill::metrics::tsdb {
namespace {

constexpr std::string_view suffix = ".block";
constexpr std::string_view unfinished_suffix = ".block.new";

Error cancelled(const std::string& path) {
  return Error{ErrorKind::interrupted, "write block", path, "the program ends; it is written after the next start"};
}

}  // namespace

BlockStore::BlockStore(Head& head, ports::FilesPort& files, std::string folder, const BlockStoreLimits& limits)
    : head_(head), files_(files), folder_(std::move(folder)), limits_(limits) {}

// --- opening ---

Result<BlocksOpened> BlockStore::open() {
  Result<std::vector<std::string>> names = files_.list(folder_);
  if (!names.has_value()) return names.error();
  std::vector<NamePair> there;
  for (const std::string& name : *names)
    if (const std::optional<NamePair> cuts = numbers_of(name, suffix); cuts && cuts->first > 0 && cuts->first <= cuts->second)
      there.push_back(*cuts);
  for (const NamePair& cuts : there)
    if (cuts.second == name_number_max)
      return Error{ErrorKind::exhausted, "open blocks", path_of(cuts.first, cuts.second),
                   "its number leaves none for the next block; nobody writes so many, so move that file away"};
  for (const std::string& name : *names)  // what a crash left unfinished nobody has relied on
    if (name.ends_with(unfinished_suffix)) static_cast<void>(files_.remove(folder_ + "/" + name));
  BlocksOpened opened;
  for (const NamePair& cuts : there) open_file(cuts.first, cuts.second, opened);
  drop_superseded();
  std::uint32_t expected = blocks_.empty() ? 0 : blocks_.front().first;
  for (const Entry& member : blocks_) {
    const bool is_named = std::any_of(opened.damaged.begin(), opened.damaged.end(),
                                      [&](const Error& error) { return error.on.find(padded(expected)) != std::string::npos; });
    if (member.first > expected && !is_named)
      opened.missing.push_back(padded(expected) + (member.first > expected + 1 ? " to " + padded(member.first - 1) : ""));
    expected = member.last + 1;
    if (member.block->covered().position >= covered_.position) covered_ = member.block->covered();
    cut_before_ms_ = std::max(cut_before_ms_, member.block->covered().before_ms);
  }
  publish();
  return opened;
}

void BlockStore::open_file(std::uint32_t first, std::uint32_t last, BlocksOpened& opened) {
  next_ = std::max(next_, last + 1);
  Result<std::shared_ptr<const Block>> block = map(path_of(first, last));
  if (block.has_value()) blocks_.push_back(Entry{first, last, *block});
  else opened.damaged.push_back(block.error());
}

// A crash between a merge and the removal of what it merged leaves both.
void BlockStore::drop_superseded() {
  std::sort(blocks_.begin(), blocks_.end(),
            [](const Entry& a, const Entry& b) { return a.first != b.first ? a.first < b.first : a.last > b.last; });
  std::vector<Entry> kept;
  for (Entry& member : blocks_) {
    if (kept.empty() || member.last > kept.back().last) kept.push_back(std::move(member));
    else leftovers_.push_back(member.block->name());
  }
  blocks_ = std::move(kept);
}

Result<std::shared_ptr<const Block>> BlockStore::map(const std::string& path) {
  Result<ports::MappedBytes> mapped = files_.map(path);
  if (!mapped.has_value()) return mapped.error();
  return Block::open(std::move(*mapped), path);
}

void BlockStore::publish() {
  Blocks blocks;
  std::uint64_t bytes = 0;
  for (const Entry& member : blocks_) {
    blocks.push_back(member.block);
    bytes += member.block->bytes();
  }
  bytes_ = bytes;
  head_.set_blocks(std::move(blocks), cut_before_ms_);
}

std::vector<std::string> BlockStore::take_damaged() {
  std::vector<std::string> names;
  for (const Entry& member : blocks_)
    if (member.block->is_damaged() && told_.insert(member.block->name()).second) names.push_back(member.block->name());
  return names;
}

// --- working ---

Result<bool> BlockStore::work(Instant now, const LogState& log) {
  if (now < not_before_) return false;
  // What cannot be removed is no reason to keep samples in memory.
  work_ = Work::drop;
  const Result<bool> dropped = drop(now, log.bytes);
  Result<bool> done = dropped;
  if (!dropped.has_value() || !*dropped) {
    const std::optional<Instant> before = due(now, log);
    const std::optional<Range> range = before.has_value() ? std::nullopt : mergeable();
    if (before.has_value() || range.has_value()) {
      work_ = before.has_value() ? Work::cut : Work::merge;
      done = before.has_value() ? cut(*before, log.position) : merge(*range);
      if (done.has_value() && !*done && !dropped.has_value()) {
        work_ = Work::drop;
        done = dropped;
      }
    }
  }
  if (done.has_value()) {
    failure_count_ = 0;
  } else {
    constexpr int doublings_max = 3;
    not_before_ = now + Duration{limits_.pause_after_failure.ms << std::min(failure_count_, doublings_max)};
    ++failure_count_;
  }
  return done;
}

// Drops the oldest block when it is older than the window, or when all is too much. Only ever the first one: a number that is
// missing between others is a block that somebody lost.
Result<bool> BlockStore::drop(Instant now, std::uint64_t log_bytes) {
  // First, for a start would believe what a merged block left behind once that one is gone.
  if (Status removed = remove_leftovers(); !removed.has_value()) return removed.error();
  if (blocks_.empty()) return false;
  const Instant horizon = now - head_.limits().retention;
  const bool is_too_much = limits_.disk_bytes_max != 0 && bytes_ + log_bytes > limits_.disk_bytes_max;
  if (!is_too_much && blocks_.front().block->last_ms() >= horizon.ms) return false;
  if (Status removed = files_.remove(blocks_.front().block->name()); !removed.has_value()) return removed.error();
  blocks_.erase(blocks_.begin());
  publish();
  return true;
}

Status BlockStore::remove_leftovers() {
  while (!leftovers_.empty()) {
    if (Status removed = files_.remove(leftovers_.back()); !removed.has_value()) return removed;
    leftovers_.pop_back();
  }
  return {};
}

// When a block is to be cut, the time before which its samples lie.
std::optional<Instant> BlockStore::due(Instant now, const LogState& log) const {
  // Samples that no log has are in a block as soon as can be.
  if (log.gap.has_value() && !covered_.holds(*log.gap)) return Instant{std::max(log.gap->before_ms, cut_before_ms_)};
  const std::int64_t aligned = (now - limits_.kept).ms / limits_.span.ms * limits_.span.ms;
  if (aligned > cut_before_ms_) return Instant{aligned};
  const HeadStatistics statistics = head_.statistics();
  const std::size_t closed_count = statistics.chunk_count - std::min(statistics.chunk_count, statistics.series_count);
  const bool is_full = closed_count * sizeof(Chunk) > limits_.closed_bytes_max ||
                       statistics.memory_bytes > head_.limits().bytes_max / 8 * 7;
  const Instant early = now - limits_.kept_early;
  // Cutting again and again what is held by few open chunks would not help.
  if (is_full && early.ms >= cut_before_ms_ + limits_.kept_early.ms) return early;
  return std::nullopt;
}

template <class Write>
Status BlockStore::write(const std::string& path, const LogCoverage& covered, Write write_series) {
  const std::string unfinished = path + ".new";
  if (Status removed = files_.remove(unfinished); !removed.has_value()) return removed;
  BlockWriter writer([&](std::string_view bytes) { return files_.append(unfinished, bytes); }, covered);
  Status written = write_series(writer);
  if (written.has_value() && writer.series_count() == 0) return {};
  if (written.has_value()) written = writer.finish();
  if (written.has_value()) written = files_.rename(unfinished, path);
  if (!written.has_value()) static_cast<void>(files_.remove(unfinished));  // it may hold the space that others need
  return written;
}

Result<bool> BlockStore::cut(Instant before, const LogPosition& position) {
  const LogCoverage covered{before.ms, position};
  const std::string path = path_of(next_, next_);
  std::vector<MovedSeries> moved;
  const auto write_series = [&](BlockWriter& writer) {
    // What lies before the log's position was given to the head before, so the view has it.
    return write_head(writer, *head_.view(), before, moved);
  };
  if (Status written = write(path, covered, write_series); !written.has_value()) return written.error();
  if (!moved.empty()) {
    Result<std::shared_ptr<const Block>> block = map(path);
    ++next_;  // also where it cannot be read: its file is left
    if (!block.has_value()) return block.error();
    blocks_.push_back(Entry{next_ - 1, next_ - 1, *block});
    cut_before_ms_ = before.ms;
    publish();
    head_.move_out(moved, before.ms);
  }
  covered_ = covered;  // also where blocks had all of it before
  cut_before_ms_ = before.ms;
  return !moved.empty();
}

namespace {

struct HeadSeries {
  const SeriesRecord* record{nullptr};
  std::uint32_t slot{0};
};

// The series that memory holds, in label order.
std::vector<HeadSeries> in_label_order(const SnapshotView& view) {
  std::vector<HeadSeries> all;
  const auto by_labels = [](const HeadSeries& a, const HeadSeries& b) { return a.record->labels < b.record->labels; };
  for (auto segment = view.segments.rbegin(); segment != view.segments.rend(); ++segment) {  // the small ones first
    const auto middle = static_cast<std::ptrdiff_t>(all.size());
    for (const Member& member : (*segment)->members())
      if (state_at(view.pages, member.slot).record == member.record.get())
        all.push_back(HeadSeries{member.record.get(), member.slot});
    std::inplace_merge(all.begin(), all.begin() + middle, all.end(), by_labels);
  }
  return all;
}

}  // namespace

Status BlockStore::write_head(BlockWriter& writer, const SnapshotView& view, Instant before,
                              std::vector<MovedSeries>& moved) const {
  SeriesSamples series;
  const auto bring = [&series](const Chunk& chunk, Sample& sample) {
    series.encoded.push_back(encoded_at(chunk, sample.v));
    sample.v = histogram::mark_of(series.encoded.size() - 1);
    return true;
  };
  for (const HeadSeries& each : in_label_order(view)) {
    if (is_cancelled_) return cancelled(folder_);
    const SeriesState& state = state_at(view.pages, each.slot);
    series.clear();
    const std::int64_t first = state.moved_ms == std::numeric_limits<std::int64_t>::min() ? state.moved_ms : state.moved_ms + 1;
    read_state(state, first, before.ms - 1, series.samples, bring);
    const LateRun* late = view.late_of(each.record);
    if (late != nullptr) {
      const std::size_t middle = series.samples.size();
      late->read(std::numeric_limits<std::int64_t>::min(), before.ms - 1, series.samples);
      merge_by_time(series.samples, 0, middle);
    }
    if (series.samples.empty()) continue;
    if (Status added = writer.add(each.record->labels.unpack(), series); !added.has_value()) return added;
    const std::size_t late_count = late == nullptr ? 0 : late->count();
    moved.push_back(MovedSeries{{each.slot, state.generation}, Instant{series.samples.back().t_ms}, late_count});
  }
  return {};
}

// --- merging ---

// The first blocks beside each other that end in one stretch of time: first of the usual span, then of four and sixteen spans,
// but of no more than an eighth of the window, as a block leaves the disk as a whole. So a sample is written four times at most.
std::optional<BlockStore::Range> BlockStore::mergeable() const {
  const Duration longest{head_.limits().retention.ms / 8};
  for (std::int64_t span = limits_.span.ms; span <= std::max(longest.ms, limits_.span.ms); span *= 4) {
    if (span > limits_.span.ms * 16) break;
    for (std::size_t begin = 0; begin < blocks_.size(); ++begin) {
      // A block that ends at a multiple of the span belongs to what lies before it.
      const auto stretch = [&](std::size_t i) { return blocks_[i].block->last_ms() / span; };
      std::size_t end = begin;
      while (end < blocks_.size() && !blocks_[end].block->is_damaged() && stretch(end) == stretch(begin) &&
             blocks_[end].first == (end == begin ? blocks_[begin].first : blocks_[end - 1].last + 1))
        ++end;
      const bool is_complete = cut_before_ms_ >= (stretch(begin) + 1) * span;
      if (end - begin >= 2 && is_complete) return Range{begin, end};
      if (end > begin) begin = end - 1;
    }
  }
  return std::nullopt;
}

Result<bool> BlockStore::merge(Range range) {
  const std::uint32_t first = blocks_[range.begin].first;
  const std::uint32_t last = blocks_[range.end - 1].last;
  const std::string path = path_of(first, last);
  const auto write_series = [&](BlockWriter& writer) { return write_merged(writer, range); };
  if (Status written = write(path, blocks_[range.end - 1].block->covered(), write_series); !written.has_value())
    return written.error();
  Result<std::shared_ptr<const Block>> block = map(path);
  if (!block.has_value()) return block.error();
  const auto begin = blocks_.begin() + static_cast<std::ptrdiff_t>(range.begin);
  const std::vector<Entry> merged(begin, blocks_.begin() + static_cast<std::ptrdiff_t>(range.end));
  *begin = Entry{first, last, *block};
  blocks_.erase(begin + 1, begin + static_cast<std::ptrdiff_t>(merged.size()));
  publish();
  for (const Entry& old : merged) leftovers_.push_back(old.block->name());
  if (Status removed = remove_leftovers(); !removed.has_value()) {
    work_ = Work::drop;
    return removed.error();
  }
  return true;
}

Status BlockStore::write_merged(BlockWriter& writer, Range range) const {
  struct Source {
    const Block* block{nullptr};
    std::uint32_t at{0};
    Labels labels;
  };
  std::vector<Source> sources;
  for (std::size_t i = range.begin; i < range.end; ++i) {
    const Block* block = blocks_[i].block.get();
    if (block->series_count() != 0) sources.push_back(Source{block, 0, block->labels(0)});
  }
  SeriesSamples series;
  while (!sources.empty()) {
    if (is_cancelled_) return cancelled(folder_);
    const Labels labels = std::min_element(sources.begin(), sources.end(), [](const Source& a, const Source& b) {
                            return a.labels < b.labels;
                          })->labels;
    series.clear();
    for (Source& source : sources) {
      if (source.labels != labels) continue;
      if (!source.block->read(source.at, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(),
                              series.samples, &series.encoded))
        return Error{ErrorKind::corrupt, "merge block", source.block->name(), "samples in it are damaged"};
      if (++source.at < source.block->series_count()) source.labels = source.block->labels(source.at);
      else source.block = nullptr;
    }
    std::erase_if(sources, [](const Source& source) { return source.block == nullptr; });
    sort_by_time(series.samples, 0);
    if (series.samples.empty()) continue;
    if (Status added = writer.add(labels, series); !added.has_value()) return added;
  }
  return {};
}

std::string BlockStore::path_of(std::uint32_t first, std::uint32_t last) const {
  return folder_ + "/" + numbered_name({first, last}, suffix);
}

}  // namespace watchbill::metrics::tsdb
