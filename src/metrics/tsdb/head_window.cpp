// The moving window: dropping what is old, and the index of what is there.
#include <algorithm>

#include "base/assert.h"
#include "metrics/tsdb/head_core.h"

namespace watchbill::metrics::tsdb {
namespace {

void free_all(const std::vector<Chunk*>& chunks) noexcept {
  for (Chunk* chunk : chunks) destroy(chunk);
}

}  // namespace

HeadCore::HeadCore(const HeadLimits& limits)
    : limits_(limits), blocks_(std::make_shared<Blocks>()), metadata_(std::make_shared<MetadataTable>()) {}

HeadCore::~HeadCore() {
  WB_ASSERT(readers_.empty(), "every snapshot is dropped before its head");
  free_all(collect_locked());
  for (const std::shared_ptr<Page>& page : pages_)
    for (const SeriesState& state : page->states)
      for (Chunk* chunk = state.chunk_count == 0 ? nullptr : state.oldest; chunk != nullptr;)
        destroy(std::exchange(chunk, chunk->next));
}

// What counts its bytes in the head's account goes before the head is told that it may end.
SnapshotView::~SnapshotView() {
  pages.clear();
  segments.clear();
  found_.clear();
  late.reset();
  core_.release(version_);
}

std::shared_ptr<const SnapshotView> HeadCore::snapshot() {
  const std::lock_guard lock(mutex_);
  seal_locked();
  auto view = std::make_shared<SnapshotView>(*this, version_);
  ++readers_[version_++];
  view->pages = pages_;
  view->segments = segments_;
  view->metadata = metadata_;
  view->blocks = blocks_;
  view->blocks_before_ms = blocks_before_ms_;
  view->late = late_;
  view->series_count = counts_.series_count;
  view->newest_ms = newest_ms_;
  return view;
}

void HeadCore::release(std::uint64_t version) noexcept {
  std::vector<Chunk*> unread;
  {
    const std::lock_guard lock(mutex_);
    const auto at = readers_.find(version);
    WB_ASSERT(at != readers_.end(), "a snapshot is counted until it is released");
    if (--at->second == 0) readers_.erase(at);
    unread = collect_locked();
  }
  free_all(unread);
}

void HeadCore::describe(std::string_view metric_name, const Metadata& metadata) {
  const std::lock_guard lock(mutex_);
  const auto at = metadata_->find(metric_name);
  const bool is_new = at == metadata_->end();
  if (is_new ? metadata_->size() >= limits_.metadata_count_max : at->second == metadata) return;
  if (metadata_version_ <= newest_reader_locked()) {
    metadata_ = std::make_shared<MetadataTable>(*metadata_);
    metadata_version_ = version_;
  }
  metadata_->insert_or_assign(std::string(metric_name), metadata);
}

void HeadCore::advance(Instant now) {
  constexpr int rounds_max = 16;
  {
    const std::lock_guard lock(mutex_);
    if (has_time_ && now.ms < now_ms_) return;
    has_time_ = true;
    now_ms_ = now.ms;
    horizon_ms_ = std::max(horizon_ms_, (now - limits_.retention).ms);
  }
  drop_before(horizon_ms_);
  // Too much for the memory that is allowed: give up a sixteenth of the window, oldest first, until it fits.
  for (int round = 0; round < rounds_max; ++round) {
    {
      const std::lock_guard lock(mutex_);
      // What only snapshots still hold comes back without us: dropping more would not bring it sooner.
      const std::size_t retired_bytes = (chunks_allocated_ - counts_.chunk_count) * sizeof(Chunk);
      if (memory_bytes_locked() - retired_bytes <= limits_.bytes_max / 16 * 15) break;
      horizon_ms_ = std::min(horizon_ms_ + limits_.retention.ms / rounds_max, now.ms);
    }
    drop_before(horizon_ms_);
  }
  compact_index();
}

// In steps of a few pages, so that appends wait for none of them long.
void HeadCore::drop_before(std::int64_t horizon_ms) {
  constexpr std::size_t pages_per_step = 8;
  std::size_t page = 0;
  for (bool is_more = true; is_more;) {
    std::vector<Chunk*> unread;
    {
      const std::lock_guard lock(mutex_);
      const std::size_t end = std::min(page + pages_per_step, pages_.size());
      for (; page < end; ++page) drop_page_before_locked(page, horizon_ms);
      is_more = page < pages_.size();
      unread = collect_locked();
    }
    free_all(unread);
  }
}

void HeadCore::drop_page_before_locked(std::size_t page, std::int64_t horizon_ms) {
  for (std::size_t i = 0; i < page_series; ++i) {
    const SeriesState& state = pages_[page]->states[i];
    if (state.record == nullptr) continue;
    if (UnpackedLabels* labels = state.record->take_unused(); labels != nullptr)
      retired_labels_.push_back(RetiredLabels{version_, std::unique_ptr<UnpackedLabels>(labels)});
    const auto slot = static_cast<std::uint32_t>(page * page_series + i);
    const bool rests = state.newest.t_ms <= state.moved_ms && state.newest.t_ms < now_ms_ - resting_max.ms &&
                       (late_ == nullptr || !late_->contains(state.record));
    if (rests) drop_series_locked(slot);
    if (rests || state.oldest_ms >= horizon_ms) continue;
    if (state.newest.t_ms < horizon_ms) drop_series_locked(slot);
    else if (state.chunk_count > 1 && state.oldest->last_ms < horizon_ms) drop_chunks_before_locked(slot, horizon_ms);
  }
}

void HeadCore::drop_chunks_before_locked(std::uint32_t slot, std::int64_t horizon_ms) {
  SeriesState& state = writable_locked(slot);
  while (state.chunk_count > 1 && state.oldest->last_ms < horizon_ms) drop_oldest_chunk_locked(state);
}

// The open chunk is never dropped this way.
void HeadCore::drop_oldest_chunk_locked(SeriesState& state) {
  Chunk* old = state.oldest;
  state.oldest = old->next;
  state.oldest_ms = state.oldest->first_ms;
  --state.chunk_count;
  counts_.sample_count -= old->sample_count;
  --counts_.chunk_count;
  retired_.push_back(Retired{version_, old});
}

void HeadCore::drop_series_locked(std::uint32_t slot) {
  SeriesState& state = writable_locked(slot);
  if (state.chunk_count != 0) {
    while (state.chunk_count > 1) drop_oldest_chunk_locked(state);
    counts_.sample_count -= state.newest.sample_count;
    --counts_.chunk_count;
    retired_.push_back(Retired{version_, state.newest.chunk});
  }
  drop_late_locked(state.record);
  slots_.remove(slot);
  const std::uint32_t generation = state.generation;
  state = SeriesState{};
  state.generation = generation;
  free_slots_.push_back(slot);
  --counts_.series_count;
  ++counts_.series_dropped_count;
}

// Takes the retired chunks that no snapshot can reach any more: all that are as old as the oldest snapshot.
std::vector<Chunk*> HeadCore::collect_locked() {
  std::vector<Chunk*> unread;
  const std::uint64_t oldest_reader = readers_.empty() ? std::numeric_limits<std::uint64_t>::max() : readers_.begin()->first;
  while (!retired_labels_.empty() && retired_labels_.front().version <= oldest_reader) retired_labels_.pop_front();
  const auto end = std::find_if(retired_.begin(), retired_.end(), [&](const Retired& r) { return r.version > oldest_reader; });
  unread.reserve(static_cast<std::size_t>(end - retired_.begin()));
  for (auto at = retired_.begin(); at != end; ++at) unread.push_back(at->chunk);
  retired_.erase(retired_.begin(), end);
  chunks_allocated_ -= unread.size();
  return unread;
}

void HeadCore::seal_locked() {
  if (unsealed_.empty()) return;
  std::erase_if(unsealed_, [&](const Member& m) { return state_at(pages_, m.slot).record != m.record.get(); });
  if (!unsealed_.empty()) add_segment_locked(IndexSegment::build(std::exchange(unsealed_, {})));
}

// Keeps few segments, each at least twice as large as the next: a series is merged about log2(count) times in all.
void HeadCore::add_segment_locked(std::shared_ptr<const IndexSegment> segment) {
  while (!segments_.empty()) {
    const IndexSegment& last = *segments_.back();
    const bool is_alike = last.members().size() < 2 * segment->members().size();
    if (!is_alike || last.members().size() + segment->members().size() > merged_under_lock_series) break;
    segment = IndexSegment::merge(last, *segment, pages_);
    segments_.pop_back();
  }
  segments_.push_back(std::move(segment));
  index_bytes_ = 0;
  for (const std::shared_ptr<const IndexSegment>& each : segments_) index_bytes_ += each->memory_bytes();
}

// Merges what add_segment_locked() left apart, and sheds series that are gone, outside the lock: segments are immutable, and a
// snapshot keeps still the pages that say who lives.
void HeadCore::compact_index() {
  const std::shared_ptr<const SnapshotView> view = snapshot();
  std::size_t member_count = 0;
  for (const std::shared_ptr<const IndexSegment>& segment : view->segments) member_count += segment->members().size();
  // Each further segment costs every select a merge; a merge of all costs some 0.3 µs for each series, so it must be worth it.
  constexpr std::size_t segments_max = 8;
  const bool has_many_dead = member_count > view->series_count + view->series_count / 4 + sealed_at_series;
  const bool has_many_apart =
      view->segments.size() > 1 && member_count - view->segments.front()->members().size() > member_count / 8;
  if (view->segments.size() < segments_max && !has_many_dead && !has_many_apart) return;
  std::shared_ptr<const IndexSegment> merged = IndexSegment::build({});
  // From the small ones to the large ones, so that each is copied few times.
  for (auto at = view->segments.rbegin(); at != view->segments.rend(); ++at)
    merged = IndexSegment::merge(**at, *merged, view->pages);

  const std::lock_guard lock(mutex_);
  const std::size_t count = view->segments.size();
  if (segments_.size() < count || !std::equal(view->segments.begin(), view->segments.end(), segments_.begin())) return;
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(count));
  segments_.insert(segments_.begin(), std::move(merged));
  index_bytes_ = 0;
  for (const std::shared_ptr<const IndexSegment>& each : segments_) index_bytes_ += each->memory_bytes();
}

std::size_t HeadCore::memory_bytes_locked() const noexcept {
  return counted_bytes_.load() + chunks_allocated_ * sizeof(Chunk) + index_bytes_ + slots_.memory_bytes() +
         unsealed_.capacity() * sizeof(Member) + free_slots_.capacity() * sizeof(std::uint32_t) +
         (late_ == nullptr ? 0 : late_->bucket_count() * sizeof(LateTable::value_type)) + retired_.capacity() * sizeof(Retired) +
         log_.bytes().capacity();
}

HeadStatistics HeadCore::statistics() {
  const std::lock_guard lock(mutex_);
  HeadStatistics statistics = counts_;
  statistics.memory_bytes = memory_bytes_locked();
  return statistics;
}

void HeadCore::set_blocks(std::shared_ptr<const Blocks> blocks, std::int64_t before_ms) {
  const std::lock_guard lock(mutex_);
  blocks_ = std::move(blocks);
  blocks_before_ms_ = std::max(blocks_before_ms_, before_ms);
}

// In steps, so that appends wait for none of them long.
void HeadCore::move_out(std::span<const MovedSeries> moved, std::int64_t before_ms) {
  constexpr std::size_t series_per_step = 1024;
  while (!moved.empty()) {
    const std::span<const MovedSeries> step = moved.first(std::min(series_per_step, moved.size()));
    moved = moved.subspan(step.size());
    std::vector<Chunk*> unread;
    {
      const std::lock_guard lock(mutex_);
      for (const MovedSeries& each : step) move_out_locked(each, before_ms);
      unread = collect_locked();
    }
    free_all(unread);
  }
}

void HeadCore::move_out_locked(const MovedSeries& moved, std::int64_t before_ms) {
  if (!is_current_locked(moved.series)) return;  // it left the window meanwhile
  SeriesState& state = writable_locked(moved.series.slot);
  state.moved_ms = std::max(state.moved_ms, moved.newest.ms);
  while (state.chunk_count > 1 && state.oldest->last_ms <= state.moved_ms) drop_oldest_chunk_locked(state);
  if (moved.late_count == 0) return;
  LateRun left = late_->at(state.record).without(before_ms, moved.late_count, counted_bytes_);
  drop_late_locked(state.record);
  if (left.count() == 0) return;
  counts_.sample_count += left.count();
  counts_.late_count += left.count();
  writable_late_locked()[state.record] = std::move(left);
}

void HeadCore::drop_late_locked(const SeriesRecord* record) {
  if (late_ == nullptr || !late_->contains(record)) return;
  LateTable& table = writable_late_locked();
  const std::size_t count = table.at(record).count();
  counts_.sample_count -= count;
  counts_.late_count -= count;
  table.erase(record);
  if (table.empty()) late_ = nullptr;
}

void HeadCore::begin_log() {
  const std::lock_guard lock(mutex_);
  is_logging_ = true;
}

std::string HeadCore::take_log(bool ends_segment) {
  const std::lock_guard lock(mutex_);
  if (ends_segment) ++log_segment_;
  return log_.take();
}

}  // namespace watchbill::metrics::tsdb
