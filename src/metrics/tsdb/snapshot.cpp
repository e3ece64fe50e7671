#include "metrics/tsdb/snapshot.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <deque>
#include <limits>
#include <set>
#include <utility>

#include "base/assert.h"
#include "metrics/histogram/codec.h"
#include "metrics/tsdb/block.h"
#include "metrics/tsdb/chunk.h"
#include "metrics/tsdb/label_index.h"
#include "metrics/tsdb/sample_order.h"
#include "metrics/tsdb/series_table.h"
#include "metrics/tsdb/start_times.h"
#include "metrics/tsdb/state_reader.h"
#include "metrics/tsdb/view.h"

namespace watchbill::metrics::tsdb {
namespace {

// Makes a sample the mark of one of `histograms`. False: there is nobody to take it, or no release of ours wrote these bytes.
bool bring(std::string_view encoded, Sample& sample, histogram::Arena* histograms) {
  if (histograms == nullptr) return false;
  std::optional<histogram::Histogram> decoded = histogram::decode(encoded);
  if (!decoded) return false;
  sample.v = histograms->put(std::move(*decoded));
  return true;
}

// Merges `few` and `many` (both in label order) into `few`; looks up where each of the few goes, so that comparing labels costs
// by them.
void merge_by_labels(std::vector<const SeriesState*>& few, std::vector<const SeriesState*>& many) {
  if (few.empty()) {
    few.swap(many);
    return;
  }
  const auto by_labels = [](const SeriesState* a, const SeriesState* b) { return a->record->labels < b->record->labels; };
  std::vector<const SeriesState*> merged;
  merged.reserve(few.size() + many.size());
  auto from = many.begin();
  for (const SeriesState* one : few) {
    const auto at = std::upper_bound(from, many.end(), one, by_labels);
    merged.insert(merged.end(), from, at);
    merged.push_back(one);
    from = at;
  }
  merged.insert(merged.end(), from, many.end());
  few.swap(merged);
}

}  // namespace

const Labels& SeriesView::labels() const noexcept { return state_ != nullptr ? state_->record->unpacked() : parts_->labels; }

Instant SeriesView::oldest_at() const noexcept {
  std::int64_t oldest = state_ != nullptr ? state_->oldest_ms : std::numeric_limits<std::int64_t>::max();
  if (parts_ == nullptr) return Instant{oldest};
  for (const auto& [block, series] : parts_->parts) oldest = std::min(oldest, block->first_ms(series));
  if (parts_->late != nullptr) oldest = std::min(oldest, parts_->late->first_ms());
  return Instant{oldest};
}

Instant SeriesView::newest_at() const noexcept {
  std::int64_t newest = state_ != nullptr ? state_->newest.t_ms : std::numeric_limits<std::int64_t>::min();
  if (parts_ != nullptr)
    for (const auto& [block, series] : parts_->parts) newest = std::max(newest, block->last_ms(series));
  return Instant{newest};
}

// Whether the chunks in memory hold all that there is from then on.
bool SeriesView::is_head_enough(Instant from) const noexcept {
  return parts_ == nullptr || (state_ != nullptr && parts_->complete_from_ms <= from.ms);
}

std::size_t SeriesView::read(Instant from, Instant to, std::vector<Sample>& out) const { return read(from, to, out, nullptr); }
std::size_t SeriesView::read(Instant from, Instant to, std::vector<Sample>& out, histogram::Arena& histograms) const {
  return read(from, to, out, &histograms);
}

std::size_t SeriesView::read(Instant from, Instant to, std::vector<Sample>& out, histogram::Arena* histograms) const {
  const std::size_t begin = out.size();
  const bool has_parts = !is_head_enough(from);
  if (has_parts) read_parts(from, to, out, histograms);
  if (state_ == nullptr) return out.size() - begin;
  std::size_t middle = out.size();
  read_state(*state_, from.ms, to.ms, out,
             [histograms](const Chunk& chunk, Sample& sample) { return bring(encoded_at(chunk, sample.v), sample, histograms); });
  merge_by_time(out, begin, middle);
  if (!has_parts || parts_->late == nullptr) return out.size() - begin;
  middle = out.size();
  parts_->late->read(from.ms, to.ms, out);
  merge_by_time(out, begin, middle);
  return out.size() - begin;
}

void SeriesView::read_parts(Instant from, Instant to, std::vector<Sample>& out, histogram::Arena* histograms) const {
  const std::size_t begin = out.size();
  std::vector<std::string> encoded;
  for (const auto& [block, series] : parts_->parts) {
    const std::size_t middle = out.size();
    encoded.clear();
    static_cast<void>(
        block->read(series, from.ms, to.ms, out, histograms == nullptr ? nullptr : &encoded));  // it remembers damage
    const auto is_left_out = [&](Sample& sample) {
      return histogram::is_mark(sample.v) && !bring(encoded[histogram::number_of(sample.v)], sample, histograms);
    };
    if (!encoded.empty())
      out.erase(std::remove_if(out.begin() + static_cast<std::ptrdiff_t>(middle), out.end(), is_left_out), out.end());
    merge_by_time(out, begin, middle);
  }
}

std::optional<Sample> SeriesView::last(Instant at) const { return last(at, nullptr); }
std::optional<Sample> SeriesView::last(Instant at, histogram::Arena& histograms) const { return last(at, &histograms); }

std::optional<Sample> SeriesView::last(Instant at, histogram::Arena* histograms) const {
  if (parts_ == nullptr) return last_in_head(at, histograms);
  // The last one in memory is the last of all where memory is complete from then on, or nothing is younger at all.
  const bool has_newest = state_ != nullptr && at.ms >= state_->newest.t_ms && newest_at().ms == state_->newest.t_ms;
  if (has_newest || is_head_enough(at)) {
    std::optional<Sample> found = last_in_head(at, histograms);
    if (found && (has_newest || parts_->complete_from_ms <= found->t_ms)) return found;
  }
  // Most likely it lies in the last minutes before.
  std::vector<Sample> samples;
  for (const Instant from : {at - Duration::minutes(10), Instant{std::numeric_limits<std::int64_t>::min()}})
    if (samples.empty() && read(from, at, samples, histograms) != 0) return samples.back();
  return std::nullopt;
}

std::optional<Sample> SeriesView::last_in_head(Instant at, histogram::Arena* histograms) const {
  const Chunk* chunk = state_->newest.chunk;
  Sample found{state_->newest.t_ms, std::bit_cast<double>(state_->newest.value_bits)};
  if (at.ms < found.t_ms) {
    if (at.ms < state_->oldest_ms) return std::nullopt;
    for (std::uint32_t left = state_->chunk_count; chunk->first_ms > at.ms; chunk = chunk->previous, --left) {
      WB_ASSERT(left > 1, "the oldest chunk begins at oldest_ms, which is not after `at`");
    }
    std::array<Sample, chunk_samples_max> samples;
    const std::size_t count = read_samples(*state_, chunk, at.ms, samples.data());
    found = samples[count - 1];  // the first one is not after `at`
  }
  if (histogram::is_mark(found.v) && !bring(encoded_at(*chunk, found.v), found, histograms)) return std::nullopt;
  return found;
}

namespace {

// What a select found so far, of memory or of blocks.
struct Found {
  const SeriesState* state{nullptr};
  SeriesParts* parts{nullptr};
  [[nodiscard]] std::strong_ordering compare(const Block& block, std::uint32_t series) const noexcept {
    return state != nullptr ? block.compare(series, state->record->labels) : block.compare(series, parts->labels);
  }
};

// What a select collects of series that are more than their chunks in memory.
class Collector {
 public:
  Collector(const SnapshotView& view, Instant from, Instant to) : view_(view), from_(from), to_(to) {}

  // Adds what a later block has of the series to those before it, in label order.
  std::vector<Found> add_block(std::vector<Found> before, const Block& block, std::span<const std::uint32_t> numbers) {
    std::vector<Found> merged;
    merged.reserve(before.size() + numbers.size());
    auto at = before.begin();
    for (const std::uint32_t series : numbers) {
      std::strong_ordering order = std::strong_ordering::less;
      while (at != before.end() && (order = at->compare(block, series)) > 0) merged.push_back(*at++);
      Found found;
      if (at != before.end() && order == 0) found = *at++;
      // A series whose samples in memory begin early enough needs no block.
      if (found.state == nullptr || complete_from_ms(*found.state) > from_.ms) {
        SeriesParts& parts = parts_of(found);
        if (found.state == nullptr && parts.parts.empty()) parts.labels = block.labels(series);
        parts.parts.emplace_back(&block, series);
      }
      merged.push_back(found);
    }
    merged.insert(merged.end(), at, before.end());
    return merged;
  }

  void add_late(Found& found) {
    const LateRun* late = found.state == nullptr ? nullptr : view_.late_of(found.state->record);
    if (late == nullptr || late->first_ms() > to_.ms || late->last_ms() < from_.ms) return;
    SeriesParts& parts = parts_of(found);
    parts.late = late;
    parts.complete_from_ms = std::numeric_limits<std::int64_t>::max();
  }

  [[nodiscard]] std::deque<SeriesParts> take() { return std::move(kept_); }

 private:
  [[nodiscard]] std::int64_t complete_from_ms(const SeriesState& state) const noexcept {
    return std::max(state.oldest_ms, view_.blocks_before_ms);
  }
  SeriesParts& parts_of(Found& found) {
    if (found.parts == nullptr) {
      found.parts = &kept_.emplace_back();
      if (found.state != nullptr) found.parts->complete_from_ms = complete_from_ms(*found.state);
    }
    return *found.parts;
  }

  const SnapshotView& view_;
  const Instant from_;
  const Instant to_;
  std::deque<SeriesParts> kept_;
};

// The same series with what blocks hold of them and what came late, and the series that only blocks hold.
std::vector<SeriesView> with_parts(const SnapshotView& view, std::vector<Found> found, std::span<const Matcher> matchers,
                                   Instant from, Instant to, bool hides_companions) {
  Collector collector(view, from, to);
  std::vector<Matcher> of_plain_series(matchers.begin(), matchers.end());
  of_plain_series.push_back(Matcher::equal(std::string(start_time_label), ""));
  for (const std::shared_ptr<const Block>& block : *view.blocks)
    if (block->first_ms() <= to.ms && block->last_ms() >= from.ms)
      found = collector.add_block(
          std::move(found), *block,
          block->select(hides_companions && block->may_have_companions() ? std::span<const Matcher>(of_plain_series) : matchers,
                        from.ms, to.ms));
  std::vector<SeriesView> views;
  views.reserve(found.size());
  for (Found& each : found) {
    collector.add_late(each);
    if (each.parts == nullptr) views.emplace_back(*each.state);
    else views.emplace_back(each.state, *each.parts);
  }
  view.keep(collector.take());  // a deque that is moved leaves its elements where they are
  return views;
}

// Whether none of its samples in memory lies between the two.
bool is_apart(const SnapshotView& view, const SeriesState& state, Instant from, Instant to) noexcept {
  if (state.newest.t_ms < from.ms) return true;
  if (state.oldest_ms <= to.ms) return false;
  const LateRun* late = view.late_of(state.record);
  return late == nullptr || late->first_ms() > to.ms;
}

}  // namespace

std::vector<SeriesView> Snapshot::select(std::span<const Matcher> matchers, Instant from, Instant to) const {
  std::vector<const SeriesState*> all;
  std::vector<const SeriesState*> found;
  std::vector<std::uint32_t> ranks;
  const bool hides_companions =
      std::none_of(matchers.begin(), matchers.end(), [](const Matcher& matcher) { return matcher.name() == start_time_label; });
  // From the smallest segment to the largest: what is merged stays small to the end.
  for (auto segment = view_->segments.rbegin(); segment != view_->segments.rend(); ++segment) {
    ranks.clear();
    found.clear();
    (*segment)->select(matchers, ranks);
    const bool has_hidden = hides_companions && (*segment)->has_name(start_time_label);
    for (const std::uint32_t rank : ranks) {
      const Member& member = (*segment)->members()[rank];
      const SeriesState& state = state_at(view_->pages, member.slot);
      if (state.record != member.record.get()) continue;  // it left the window; the segment is older than that
      if (has_hidden && !member.record->labels.find(start_time_label).value.empty()) continue;
      if (is_apart(*view_, state, from, to)) continue;
      found.push_back(&state);
    }
    merge_by_labels(all, found);
  }
  const auto overlaps = [&](const std::shared_ptr<const Block>& b) { return b->first_ms() <= to.ms && b->last_ms() >= from.ms; };
  if (view_->late != nullptr || std::any_of(view_->blocks->begin(), view_->blocks->end(), overlaps)) {
    std::vector<Found> found_in_head;
    found_in_head.reserve(all.size());
    for (const SeriesState* state : all) found_in_head.push_back(Found{state, nullptr});
    return with_parts(*view_, std::move(found_in_head), matchers, from, to, hides_companions);
  }
  std::vector<SeriesView> views;
  views.reserve(all.size());
  for (const SeriesState* state : all) views.emplace_back(*state);
  return views;
}

bool Snapshot::has_companions() const noexcept {
  return std::any_of(view_->segments.begin(), view_->segments.end(),
                     [](const auto& segment) { return segment->has_name(start_time_label); }) ||
         std::any_of(view_->blocks->begin(), view_->blocks->end(),
                     [](const auto& block) { return block->may_have_companions(); });
}

std::vector<std::string> Snapshot::damaged_blocks() const {
  std::vector<std::string> names;
  for (const std::shared_ptr<const Block>& block : *view_->blocks)
    if (block->is_damaged() && view_->has_found(block.get())) names.push_back(block->name());
  return names;
}

std::vector<std::string> Snapshot::label_names(std::span<const Matcher> matchers, Instant from, Instant to) const {
  std::set<std::string_view> names;
  for (const SeriesView& series : select(matchers, from, to))
    for (const auto& [name, value] : series.labels()) names.insert(name);
  return {names.begin(), names.end()};
}

std::vector<std::string> Snapshot::label_values(std::string_view name, std::span<const Matcher> matchers, Instant from,
                                                Instant to) const {
  std::set<std::string_view> values;
  for (const SeriesView& series : select(matchers, from, to))
    if (const std::string_view value = series.labels().get(name); !value.empty()) values.insert(value);
  return {values.begin(), values.end()};
}

std::vector<std::pair<std::string, Metadata>> Snapshot::all_metadata() const {
  return {view_->metadata->begin(), view_->metadata->end()};
}

const Metadata* Snapshot::metadata(std::string_view metric_name) const noexcept {
  const auto at = view_->metadata->find(metric_name);
  return at == view_->metadata->end() ? nullptr : &at->second;
}

std::size_t Snapshot::series_count() const noexcept { return view_->series_count; }
Instant Snapshot::newest_at() const noexcept { return Instant{view_->newest_ms}; }

}  // namespace watchbill::metrics::tsdb
