#include "metrics/tsdb/snapshot.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory_resource>
#include <set>

#include "base/assert.h"
#include "metrics/histogram/codec.h"
#include "metrics/tsdb/chunk.h"
#include "metrics/tsdb/label_index.h"
#include "metrics/tsdb/series_table.h"
#include "metrics/tsdb/start_times.h"
#include "metrics/tsdb/view.h"

namespace watchbill::metrics::tsdb {
namespace {

// The bounds of one chunk as this state saw it: the newest one was open and its own fields were not written yet.
std::int64_t last_ms(const SeriesState& state, const Chunk* chunk) noexcept {
  return chunk == state.newest.chunk ? state.newest.t_ms : chunk->last_ms;
}

ChunkReader reader(const SeriesState& state, const Chunk* chunk) noexcept {
  return chunk == state.newest.chunk ? ChunkReader(state.newest) : ChunkReader(*chunk);
}

// Makes the mark of a histogram of `chunk` one of `histograms`. False: there is nobody to take it.
bool bring(const Chunk& chunk, Sample& sample, histogram::Arena* histograms) {
  if (!histogram::is_mark(sample.v)) return true;
  if (histograms == nullptr) return false;
  const std::string& encoded = static_cast<const HistogramChunk&>(chunk).encoded[histogram::number_of(sample.v)];
  std::optional<histogram::Histogram> decoded = histogram::decode(encoded);
  if (!decoded) return false;  // no release of ours wrote this
  sample.v = histograms->put(std::move(*decoded));
  return true;
}

// Merges `few` and `many` (both in label order) into `few`; looks up where each of the few goes, so that comparing labels costs
// by them.
void merge_by_labels(std::vector<SeriesView>& few, std::vector<SeriesView>& many) {
  if (few.empty()) {
    few.swap(many);
    return;
  }
  const auto by_labels = [](const SeriesView& a, const SeriesView& b) { return a.labels() < b.labels(); };
  std::vector<SeriesView> merged;
  merged.reserve(few.size() + many.size());
  auto from = many.begin();
  for (const SeriesView& one : few) {
    const auto at = std::upper_bound(from, many.end(), one, by_labels);
    merged.insert(merged.end(), from, at);
    merged.push_back(one);
    from = at;
  }
  merged.insert(merged.end(), from, many.end());
  few.swap(merged);
}

}  // namespace

const Labels& SeriesView::labels() const noexcept { return state_->record->labels; }
std::uint64_t SeriesView::number() const noexcept { return state_->record->number; }
Instant SeriesView::oldest_at() const noexcept { return Instant{state_->oldest_ms}; }

Instant SeriesView::newest_at() const noexcept { return Instant{state_->newest.t_ms}; }

std::size_t SeriesView::read(Instant from, Instant to, std::vector<Sample>& out) const { return read(from, to, out, nullptr); }
std::size_t SeriesView::read(Instant from, Instant to, std::vector<Sample>& out, histogram::Arena& histograms) const {
  return read(from, to, out, &histograms);
}

std::size_t SeriesView::read(Instant from, Instant to, std::vector<Sample>& out, histogram::Arena* histograms) const {
  // Chunks are linked from new to old: list those that overlap, then read them backwards.
  std::array<std::byte, 1024> near_memory;
  std::pmr::monotonic_buffer_resource memory(near_memory.data(), near_memory.size());
  std::pmr::vector<const Chunk*> chunks(&memory);
  chunks.reserve(16);
  const Chunk* chunk = state_->newest.chunk;
  for (std::uint32_t left = state_->chunk_count; left > 0 && last_ms(*state_, chunk) >= from.ms; --left, chunk = chunk->previous)
    if (chunk->first_ms <= to.ms) chunks.push_back(chunk);

  const std::size_t size_before = out.size();
  Sample sample;
  for (auto at = chunks.rbegin(); at != chunks.rend(); ++at) {
    ChunkReader samples = reader(*state_, *at);
    const std::size_t begin = out.size();
    bool is_more = samples.next(sample);
    while (is_more && sample.t_ms < from.ms) is_more = samples.next(sample);
    for (; is_more && sample.t_ms <= to.ms; is_more = samples.next(sample)) out.push_back(sample);
    if (!(*at)->holds_histograms) continue;
    const auto is_left_out = [&](Sample& each) { return !bring(**at, each, histograms); };
    out.erase(std::remove_if(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), is_left_out), out.end());
  }
  return out.size() - size_before;
}

std::optional<Sample> SeriesView::last(Instant at) const { return last(at, nullptr); }
std::optional<Sample> SeriesView::last(Instant at, histogram::Arena& histograms) const { return last(at, &histograms); }

std::optional<Sample> SeriesView::last(Instant at, histogram::Arena* histograms) const {
  const Chunk* chunk = state_->newest.chunk;
  Sample found{state_->newest.t_ms, std::bit_cast<double>(state_->newest.value_bits)};
  if (at.ms < found.t_ms) {
    if (at.ms < state_->oldest_ms) return std::nullopt;
    for (std::uint32_t left = state_->chunk_count; chunk->first_ms > at.ms; chunk = chunk->previous, --left) {
      WB_ASSERT(left > 1, "the oldest chunk begins at oldest_ms, which is not after `at`");
    }
    ChunkReader samples = reader(*state_, chunk);
    Sample sample;
    while (samples.next(sample) && sample.t_ms <= at.ms) found = sample;
  }
  if (!bring(*chunk, found, histograms)) return std::nullopt;
  return found;
}

std::vector<SeriesView> Snapshot::select(std::span<const Matcher> matchers, Instant from, Instant to) const {
  std::vector<SeriesView> all;
  std::vector<SeriesView> found;
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
      if (has_hidden && !member.record->labels.get(start_time_label).empty()) continue;
      if (state.newest.t_ms < from.ms || state.oldest_ms > to.ms) continue;
      found.emplace_back(state);
    }
    merge_by_labels(all, found);
  }
  return all;
}

bool Snapshot::has_companions() const noexcept {
  return std::any_of(view_->segments.begin(), view_->segments.end(),
                     [](const auto& segment) { return segment->has_name(start_time_label); });
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
