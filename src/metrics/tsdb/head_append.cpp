// Appending: finding or making the series, checking the order, writing the chunk.
#include <algorithm>
#include <bit>
#include <functional>

#include "base/assert.h"
#include "metrics/histogram/arithmetic.h"
#include "metrics/histogram/codec.h"
#include "metrics/tsdb/head_core.h"
#include "metrics/tsdb/start_times.h"

namespace watchbill::metrics::tsdb {
namespace {

std::uint64_t hash_of(const Labels& labels) noexcept {
  std::uint64_t hash = 0x9E3779B97F4A7C15;
  const auto mix = [&hash](std::string_view text) {
    hash = std::rotl((hash ^ std::hash<std::string_view>{}(text)) * 0xD6E8FEB86659FD93, 29);
  };
  for (const auto& [name, value] : labels) {
    mix(name);
    mix(value);
  }
  return hash;
}

Result<void, AppendRefusal> check_labels(const Labels& labels, const HeadLimits& limits) {
  if (labels.empty()) return AppendRefusal::no_labels;
  if (labels.size() > limits.label_count_max) return AppendRefusal::too_many_labels;
  for (const auto& [name, value] : labels) {
    if (name.size() > limits.label_name_bytes_max) return AppendRefusal::label_name_too_long;
    if (value.size() > limits.label_value_bytes_max) return AppendRefusal::label_value_too_long;
    if (!is_label_name(name)) return AppendRefusal::bad_label_name;
    if (name == start_time_label && !limits.takes_companions) return AppendRefusal::bad_label_name;
    if (name == metric_name_label && !is_metric_name(value)) return AppendRefusal::bad_label_name;
  }
  return {};
}

// Memory of a text beyond its object: libstdc++ keeps up to 15 bytes inside.
std::size_t text_bytes(const std::string& text) noexcept { return text.capacity() > 15 ? text.capacity() + 1 : 0; }

std::size_t unpacked_bytes(const Labels& labels) noexcept {
  std::size_t bytes = sizeof(UnpackedLabels) + labels.pairs().capacity() * sizeof(Labels::Pair);
  for (const auto& [name, value] : labels) bytes += text_bytes(name) + text_bytes(value);
  return bytes;
}

std::size_t record_bytes(std::size_t packed_bytes) noexcept {
  return sizeof(SeriesRecord) + packed_bytes;
}

// Of a series that is not there yet.
std::size_t record_bytes(const Labels& labels) noexcept {
  std::size_t bytes = 2 * labels.size();
  for (const auto& [name, value] : labels) bytes += name.size() + value.size();
  return record_bytes(bytes);
}

// What readers of a histogram are told of a reset between the sample before, the newest that `before` wrote, and this one: what
// the two say, not what its sender says who may have left out a sample that we miss. Where the one before is no histogram of a
// counter, or there was a reset, it is unknown: the reader compares. Source: counterResetHint() of Prometheus' chunks.
histogram::ResetHint reset_hint(const ChunkWriter& before, const std::string& encoded) {
  using histogram::ResetHint;
  const std::optional<histogram::Histogram> now = histogram::decode(encoded);
  if (!now || now->reset_hint == ResetHint::gauge) return ResetHint::gauge;
  const double newest = std::bit_cast<double>(before.value_bits);
  if (before.chunk == nullptr || now->reset_hint == ResetHint::reset || !histogram::is_mark(newest)) return ResetHint::unknown;
  const auto& chunk = static_cast<const HistogramChunk&>(*before.chunk);
  const auto previous = histogram::decode(chunk.encoded[histogram::number_of(newest)]);
  if (!previous || previous->reset_hint == ResetHint::gauge) return ResetHint::unknown;
  histogram::Histogram compared = *now;
  compared.reset_hint = ResetHint::unknown;
  return histogram::detect_reset(*previous, compared) ? ResetHint::unknown : ResetHint::not_reset;
}

}  // namespace

SeriesRecord::SeriesRecord(std::atomic<std::size_t>& account, const Labels& its_labels)
    : labels(its_labels), account_(account) {
  account_ += record_bytes(labels.memory_bytes());
}

SeriesRecord::~SeriesRecord() {
  delete unpacked_.load();
  account_ -= record_bytes(labels.memory_bytes());
}

UnpackedLabels::UnpackedLabels(std::atomic<std::size_t>& account, const PackedLabels& packed)
    : labels(packed.unpack()), counted(account, unpacked_bytes(labels)) {}

const Labels& SeriesRecord::unpacked() const {
  UnpackedLabels* known = unpacked_.load(std::memory_order_acquire);
  if (known == nullptr) {
    auto fresh = std::make_unique<UnpackedLabels>(account_, labels);
    if (unpacked_.compare_exchange_strong(known, fresh.get(), std::memory_order_acq_rel)) known = fresh.release();
  }
  if (!is_used_.load(std::memory_order_relaxed)) is_used_.store(true, std::memory_order_relaxed);
  return known->labels;
}

UnpackedLabels* SeriesRecord::take_unused() noexcept {
  if (unpacked_.load(std::memory_order_relaxed) == nullptr || is_used_.exchange(false, std::memory_order_relaxed)) return nullptr;
  return unpacked_.exchange(nullptr, std::memory_order_acq_rel);
}

BatchResult HeadCore::append(std::span<BatchSample> batch, std::size_t sample_count_max, Source source) {
  BatchResult result;
  if (batch.size() > sample_count_max) {
    for (BatchSample& sample : batch) sample.taken = AppendRefusal::too_many_samples;
    result.refused_count = batch.size();
    return result;
  }
  const std::lock_guard lock(mutex_);
  for (BatchSample& sample : batch) {
    bool is_new = false;
    const Result<SeriesReference, AppendRefusal> series = resolve_locked(sample, is_new);
    if (series.has_value()) {
      sample.series = *series;
      sample.taken = append_locked(*series, Sample{sample.at.ms, sample.value}, sample.histogram, source);
      if (is_new && !sample.taken.has_value()) drop_series_locked(series->slot);
    } else {
      sample.taken = series.error();
    }
    if (is_new && sample.taken.has_value()) ++result.new_series_count;
    ++(sample.taken.has_value() ? result.taken_count : result.refused_count);
  }
  if (unsealed_.size() >= sealed_at_series) seal_locked();
  return result;
}

Result<SeriesReference, AppendRefusal> HeadCore::append(const Labels& labels, Instant at, double value) {
  BatchSample sample;
  sample.labels = &labels;
  sample.at = at;
  sample.value = value;
  append(std::span(&sample, 1), 1);
  if (!sample.taken.has_value()) return sample.taken.error();
  return sample.series;
}

std::optional<Labels> HeadCore::labels(SeriesReference series) {
  const std::lock_guard lock(mutex_);
  if (!is_current_locked(series)) return std::nullopt;
  return state_at(pages_, series.slot).record->labels.unpack();
}

bool HeadCore::is_current_locked(SeriesReference series) const noexcept {
  if (series.slot >= slots_.slot_count()) return false;
  const SeriesState& state = state_at(pages_, series.slot);
  return state.record != nullptr && state.generation == series.generation;
}

Result<SeriesReference, AppendRefusal> HeadCore::resolve_locked(const BatchSample& sample, bool& is_new) {
  if (is_current_locked(sample.series)) return sample.series;
  if (sample.labels == nullptr) return AppendRefusal::unknown_series;
  const std::uint64_t hash = hash_of(*sample.labels);
  const std::uint32_t slot = find_locked(*sample.labels, hash);
  if (slot != no_slot) return SeriesReference{slot, state_at(pages_, slot).generation};
  if (Result<void, AppendRefusal> checked = check_labels(*sample.labels, limits_); !checked.has_value()) return checked.error();
  if (counts_.series_count >= limits_.series_count_max) return AppendRefusal::too_many_series;
  if (memory_bytes_locked() + record_bytes(*sample.labels) + sizeof(Chunk) > limits_.bytes_max) return AppendRefusal::memory_full;
  is_new = true;
  return create_locked(*sample.labels, hash);
}

Result<SeriesReference, AppendRefusal> HeadCore::create_locked(const Labels& labels, std::uint64_t hash) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = slots_.add_slot();
    if (slot % page_series == 0) {
      pages_.push_back(std::make_shared<Page>(counted_bytes_));
      pages_.back()->version = version_;
    }
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  SeriesHolder record(new SeriesRecord(counted_bytes_, labels));

  SeriesState& state = writable_locked(slot);
  const std::uint32_t generation = state.generation + 1;
  state = SeriesState{};
  state.record = record.get();
  state.number = ++last_number_;
  state.generation = generation;
  slots_.enter(slot, hash);
  unsealed_.push_back(Member{std::move(record), slot});
  ++counts_.series_count;
  ++counts_.series_created_count;
  return SeriesReference{slot, generation};
}

Result<void, AppendRefusal> HeadCore::append_locked(SeriesReference series, Sample sample, std::string_view encoded,
                                                    Source source) {
  if (sample.t_ms < horizon_ms_) return AppendRefusal::too_old;
  if (has_time_ && sample.t_ms > now_ms_ + limits_.ahead_max.ms) return AppendRefusal::too_far_ahead;
  // Who writes a NaN with the bits of a mark means a NaN.
  if (histogram::is_mark(sample.v)) sample.v = std::numeric_limits<double>::quiet_NaN();
  const SeriesState& seen = state_at(pages_, series.slot);
  if (seen.chunk_count != 0 && sample.t_ms <= seen.newest.t_ms) {
    if (sample.t_ms < seen.newest.t_ms)
      return encoded.empty() ? append_late_locked(series, sample, source) : AppendRefusal::out_of_order;
    if (!is_newest_locked(seen, sample, encoded)) return AppendRefusal::duplicate_timestamp;
    return {};
  }
  if (memory_bytes_locked() + encoded.size() > limits_.bytes_max) return AppendRefusal::memory_full;
  SeriesState& state = writable_locked(series.slot);
  if (!encoded.empty()) {
    if (Result<void, AppendRefusal> written = write_histogram_locked(state, sample, encoded); !written.has_value())
      return written;
  } else if (state.chunk_count == 0 || !state.newest.add(sample)) {
    if (Result<void, AppendRefusal> begun = begin_chunk_locked(state, sample, false); !begun.has_value()) return begun;
  }
  if (is_logging_) log_locked(state, sample, encoded);
  newest_ms_ = counts_.appended_count == 0 ? sample.t_ms : std::max(newest_ms_, sample.t_ms);
  ++counts_.appended_count;
  ++counts_.sample_count;
  return {};
}

Result<void, AppendRefusal> HeadCore::write_histogram_locked(SeriesState& state, Sample& sample, std::string_view encoded) {
  const ChunkWriter seen_before = state.newest;
  const bool has_room = state.chunk_count != 0 && state.newest.chunk->holds_histograms &&
                        state.newest.histogram_count < HistogramChunk::histograms_max;
  sample.v = histogram::mark_of(has_room ? state.newest.histogram_count : 0);
  if (!has_room || !state.newest.add(sample)) {
    sample.v = histogram::mark_of(0);
    if (Result<void, AppendRefusal> begun = begin_chunk_locked(state, sample, true); !begun.has_value()) return begun;
  }
  HistogramChunk& chunk = static_cast<HistogramChunk&>(*state.newest.chunk);
  std::string& kept = chunk.encoded[state.newest.histogram_count] = std::string(encoded);
  set_reset_hint(kept, reset_hint(seen_before, kept));
  ++state.newest.histogram_count;
  chunk.bytes += text_bytes(kept);
  chunk.account += text_bytes(kept);
  return {};
}

Result<void, AppendRefusal> HeadCore::append_late_locked(SeriesReference series, Sample sample, Source source) {
  if (source == Source::outside) {
    if (limits_.out_of_order_window.ms == 0) return AppendRefusal::out_of_order;
    if (sample.t_ms < newest_ms_ - limits_.out_of_order_window.ms) return AppendRefusal::too_old;
  }
  if (memory_bytes_locked() + LateRun::piece_bytes() > limits_.bytes_max) return AppendRefusal::memory_full;
  SeriesState& state = writable_locked(series.slot);  // for log_locked()
  const LateRun::Added added = writable_late_locked()[state.record].add(sample, counted_bytes_);
  if (added == LateRun::Added::conflicting) return AppendRefusal::duplicate_timestamp;
  if (added == LateRun::Added::repeated) return {};
  if (is_logging_) log_locked(state, sample, {});
  ++counts_.appended_count;
  ++counts_.late_appended_count;
  ++counts_.sample_count;
  ++counts_.late_count;
  return {};
}

// Whether the series' newest sample is this very one: a repetition is no refusal.
bool HeadCore::is_newest_locked(const SeriesState& state, Sample sample, std::string_view encoded) {
  const double newest = std::bit_cast<double>(state.newest.value_bits);
  if (encoded.empty()) return std::bit_cast<std::uint64_t>(sample.v) == state.newest.value_bits;
  if (!histogram::is_mark(newest)) return false;
  const std::string& kept = static_cast<const HistogramChunk&>(*state.newest.chunk).encoded[histogram::number_of(newest)];
  if (kept.size() != encoded.size()) return false;
  // The kept one's hint says what we found out; the sender's may be another one.
  std::string sent(encoded);
  histogram::set_reset_hint(sent, histogram::reset_hint_of(kept));
  return sent == kept;
}

void HeadCore::log_locked(SeriesState& state, Sample sample, std::string_view encoded) {
  if (log_.bytes().size() >= limits_.log_bytes_max) {
    // Nobody takes the log. What is forgotten may hold labels: repeat them all.
    counts_.log_forgotten_bytes += log_.take().size();
    ++log_segment_;
  }
  if (state.logged_segment != log_segment_) log_.labels(state.number, state.record->labels);
  state.logged_segment = log_segment_;
  if (encoded.empty()) log_.sample(state.number, sample);
  else log_.histogram(state.number, sample.t_ms, encoded);
}

Result<void, AppendRefusal> HeadCore::begin_chunk_locked(SeriesState& state, Sample sample, bool holds_histograms) {
  const std::size_t bytes = holds_histograms ? sizeof(HistogramChunk) : sizeof(Chunk);
  if (memory_bytes_locked() + bytes > limits_.bytes_max) return AppendRefusal::memory_full;
  Chunk* fresh = nullptr;
  if (holds_histograms) {
    HistogramChunk* chunk = new HistogramChunk(counted_bytes_);
    chunk->bytes = bytes - sizeof(Chunk);
    counted_bytes_ += chunk->bytes;
    fresh = chunk;
  } else {
    fresh = new Chunk;
  }
  ++chunks_allocated_;
  ++counts_.chunk_count;
  if (state.chunk_count == 0) {
    state.oldest = fresh;
    state.oldest_ms = sample.t_ms;
  } else {
    state.newest.close();
    fresh->previous = state.newest.chunk;
    state.newest.chunk->next = fresh;
  }
  state.newest.begin(*fresh, sample);
  ++state.chunk_count;
  return {};
}

std::uint32_t HeadCore::find_locked(const Labels& labels, std::uint64_t hash) const noexcept {
  return slots_.find(hash, [&](std::uint32_t slot) { return state_at(pages_, slot).record->labels == labels; });
}

// The state to write to: a page that a snapshot may be reading is copied first.
SeriesState& HeadCore::writable_locked(std::uint32_t slot) {
  std::shared_ptr<Page>& page = pages_[slot / page_series];
  if (page->version <= newest_reader_locked()) {
    page = std::make_shared<Page>(*page);
    page->version = version_;
  }
  return page->states[slot % page_series];
}

// The table of late samples, made where there is none, and copied where a snapshot may be reading it.
LateTable& HeadCore::writable_late_locked() {
  if (late_ == nullptr) late_ = std::make_shared<LateTable>();
  else if (late_version_ <= newest_reader_locked()) late_ = std::make_shared<LateTable>(*late_);
  late_version_ = version_;
  return *late_;
}

std::uint64_t HeadCore::newest_reader_locked() const noexcept { return readers_.empty() ? 0 : readers_.rbegin()->first; }

}  // namespace watchbill::metrics::tsdb
