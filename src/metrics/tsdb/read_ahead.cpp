#include "metrics/tsdb/read_ahead.h"

#include "metrics/tsdb/series_table.h"

namespace watchbill::metrics::tsdb {
namespace {

constexpr std::size_t line_bytes = 64;

template <class Object>
void bring(const Object* object) noexcept {
  const char* const begin = reinterpret_cast<const char*>(object);
  for (std::size_t offset = 0; offset < sizeof(Object); offset += line_bytes) __builtin_prefetch(begin + offset);
}

}  // namespace

void ReadAhead::go_to(std::span<const SeriesView> series, std::size_t index, Instant from) noexcept {
  if (index + states_ahead < series.size() && series[index + states_ahead].state_ != nullptr)
    bring(series[index + states_ahead].state_);
  for (std::size_t ahead = 1; ahead < chunks_ahead && index + ahead < series.size(); ++ahead) {
    Walk& walk = walks_[(index + ahead) % chunks_ahead];
    // The oldest chunk's `previous` leads nowhere.
    if (walk.left <= 1 || walk.chunk->first_ms <= from.ms) continue;
    walk.chunk = walk.chunk->previous;
    --walk.left;
    bring(walk.chunk);
  }
  if (index + chunks_ahead >= series.size()) return;
  const SeriesState* const state = series[index + chunks_ahead].state_;
  Walk& begun = walks_[index % chunks_ahead];  // the series at `index` is read now: its place is free
  begun = state == nullptr ? Walk{} : Walk{state->newest.chunk, state->chunk_count};
  if (begun.chunk != nullptr) bring(begun.chunk);
}

}  // namespace watchbill::metrics::tsdb
