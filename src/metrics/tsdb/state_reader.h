// Reads what the head holds of one series, as it was at the moment of a snapshot.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <vector>

#include "metrics/histogram/arena.h"
#include "metrics/tsdb/chunk.h"
#include "metrics/tsdb/series_table.h"

namespace watchbill::metrics::tsdb {

// When a chunk ends, as this state saw it: the newest one was open and its own fields were not written yet.
[[nodiscard]] inline std::int64_t last_ms(const SeriesState& state, const Chunk* chunk) noexcept {
  return chunk == state.newest.chunk ? state.newest.t_ms : chunk->last_ms;
}
[[nodiscard]] inline std::uint32_t sample_count(const SeriesState& state, const Chunk* chunk) noexcept {
  return chunk == state.newest.chunk ? state.newest.sample_count : chunk->sample_count;
}
// As read_chunk(); `out` has room for sample_count() of them.
[[nodiscard]] inline std::size_t read_samples(const SeriesState& state, const Chunk* chunk, std::int64_t to_ms,
                                              Sample* out) noexcept {
  return chunk == state.newest.chunk ? read_chunk(state.newest, to_ms, out) : read_chunk(*chunk, to_ms, out);
}

// The bytes of a histogram whose mark stands in this chunk.
[[nodiscard]] inline const std::string& encoded_at(const Chunk& chunk, double mark) noexcept {
  return static_cast<const HistogramChunk&>(chunk).encoded[histogram::number_of(mark)];
}

// Adds the samples with from <= t <= to, in order. `bring(chunk, sample)` is called for each native histogram: it puts another
// mark into the sample, or says false where that is to be left out.
template <class Bring>
void read_state(const SeriesState& state, std::int64_t from, std::int64_t to, std::vector<Sample>& out, Bring bring) {
  // Chunks are linked from new to old: list those that overlap, then read them backwards.
  std::array<std::byte, 1024> near_memory;
  std::pmr::monotonic_buffer_resource memory(near_memory.data(), near_memory.size());
  std::pmr::vector<const Chunk*> chunks(&memory);
  chunks.reserve(16);
  const Chunk* chunk = state.newest.chunk;
  for (std::uint32_t left = state.chunk_count; left > 0 && last_ms(state, chunk) >= from; --left, chunk = chunk->previous)
    if (chunk->first_ms <= to) chunks.push_back(chunk);

  std::size_t room = out.size();
  for (const Chunk* each : chunks) room += sample_count(state, each);
  out.reserve(room);
  for (auto at = chunks.rbegin(); at != chunks.rend(); ++at) {
    const std::size_t begin = out.size();
    out.resize(begin + sample_count(state, *at));
    out.resize(begin + read_samples(state, *at, to, out.data() + begin));
    const auto first = out.begin() + static_cast<std::ptrdiff_t>(begin);
    if ((*at)->first_ms < from)
      out.erase(first, std::partition_point(first, out.end(), [&](const Sample& sample) { return sample.t_ms < from; }));
    if (!(*at)->holds_histograms) continue;
    const auto is_left_out = [&](Sample& each) { return histogram::is_mark(each.v) && !bring(**at, each); };
    out.erase(std::remove_if(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), is_left_out), out.end());
  }
}

}  // namespace watchbill::metrics::tsdb
