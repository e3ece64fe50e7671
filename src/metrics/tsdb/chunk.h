// A run of samples of one series, compressed: times as differences of differences, values as differences of decimal numbers where
// they are such, else as XOR with the one before.
//
// Source of the idea: Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series Database", VLDB 2015, §4.1. Ours: the
// classes of time differences (milliseconds with a few of jitter), the choice of a new window of bits by what it costs, and
// decimal numbers: what targets print as 40.25 is 4025 hundredths, whose differences are small, while the doubles differ in 50
// bits. Every double comes back bit for bit: a value is written as decimal only where dividing gives the same bits.
//
// One writer (under the head's lock) and any number of readers without a lock: a reader holds a copy of the ChunkWriter as it was
// at its moment and reads only words that were complete then. A word is written once, when it is complete; what is incomplete is
// in the writer.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "metrics/tsdb/sample.h"

namespace watchbill::metrics::tsdb {

// 28 words make a chunk of 256 bytes with its header: about 80 samples of a counter, and an open chunk, of which every series
// has one, wastes 128 bytes on average.
inline constexpr std::size_t chunk_words = 28;
// More samples than this are not put into one chunk, so that reading one sample of a constant series stays below a microsecond.
inline constexpr std::uint32_t chunk_samples_max = 240;

struct Chunk {
  const Chunk* previous{nullptr};  // the next older chunk of the series; meaningless in the oldest one
  Chunk* next{nullptr};            // the next newer one; read by the writer only
  std::int64_t first_ms{0};
  // From here to the words: written when the chunk is closed, not to be read before.
  std::int64_t last_ms{0};
  std::uint32_t sample_count{0};
  std::uint16_t bit_count{0};
  const bool holds_histograms{false};  // whether this is a HistogramChunk; set when it is made
  std::array<std::uint64_t, chunk_words> words{};
};
static_assert(sizeof(Chunk) <= 272);
static_assert(chunk_words * 64 <= std::numeric_limits<std::uint16_t>::max());

// A chunk whose values may be native histograms: a value that is one is a mark (metrics/histogram/arena.h) with the number of
// its bytes in `encoded`. As with words, a text is written once, before a reader can see its mark.
struct HistogramChunk : Chunk {
  // A histogram is some hundred bytes: with more of them in one chunk, what leaves the window would leave late.
  static constexpr std::size_t histograms_max = 60;

  explicit HistogramChunk(std::atomic<std::size_t>& its_account) noexcept
      : Chunk{.holds_histograms = true}, account(its_account) {}
  ~HistogramChunk() { account -= bytes; }
  HistogramChunk(const HistogramChunk&) = delete;
  HistogramChunk& operator=(const HistogramChunk&) = delete;

  std::atomic<std::size_t>& account;  // of the memory that chunks have beyond the words
  std::size_t bytes{0};
  std::array<std::string, histograms_max> encoded;  // histogram::encode()
};

// Ends a chunk, of whichever kind it is.
void destroy(Chunk* chunk) noexcept;

// The end of the newest chunk of a series, and all that the next sample needs. Plain data: copied with each snapshot.
struct ChunkWriter {
  Chunk* chunk{nullptr};
  std::uint64_t tail{0};         // the bits of the incomplete word, from the highest bit
  std::uint64_t value_bits{0};   // of the newest sample
  std::int64_t t_ms{0};          // of the newest sample
  std::int64_t step_ms{0};       // between the newest two
  std::uint16_t bit_count{0};
  std::uint8_t sample_count{0};
  std::uint8_t histogram_count{0};
  std::uint8_t leading{0};       // the window of changed bits: zeros before it, and its length (0: there is none yet)
  std::uint8_t significant{0};
  std::uint8_t scale{0};         // decimals behind the point of the chunk's numbers; never becomes smaller
  bool is_decimal{false};        // whether the newest value is a decimal number, in this scale or a larger one

  // Begins `fresh` (empty) with its first sample. The chunk before was closed.
  void begin(Chunk& fresh, Sample first) noexcept;
  // Adds a sample later than the newest one; false, and nothing changed, when the chunk has no room for it.
  [[nodiscard]] bool add(Sample sample) noexcept;
  // Completes the chunk: from now on readers read it as closed.
  void close() noexcept;

 private:
  struct ValueCode;
  [[nodiscard]] ValueCode code_of(std::uint64_t bits) const noexcept;
  void put_time(std::int64_t difference) noexcept;
  void put_value(const ValueCode& code) noexcept;
  void put(std::uint64_t bits, unsigned count) noexcept;
};

static_assert(sizeof(ChunkWriter) == 48, "every series has one");
static_assert(chunk_samples_max <= std::numeric_limits<std::uint8_t>::max());

// Gives the samples of a chunk with t <= to, in order, from out[0] on, where there is room for all that it has, and their count.
// Any thread; the open chunk may grow meanwhile. Costs 8 to 15 ns a sample: who needs the last ones reads those before too.
[[nodiscard]] std::size_t read_chunk(const Chunk& closed, std::int64_t to_ms, Sample* out) noexcept;
[[nodiscard]] std::size_t read_chunk(const ChunkWriter& open, std::int64_t to_ms, Sample* out) noexcept;

}  // namespace watchbill::metrics::tsdb
