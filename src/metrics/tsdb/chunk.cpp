#include "metrics/tsdb/chunk.h"

#include <algorithm>
#include <bit>

#include "base/assert.h"

namespace watchbill::metrics::tsdb {
namespace {

// A class of differences of differences: `prefix_bits` that name it, then `payload_bits` of two's complement.
struct TimeClass {
  unsigned prefix_bits;
  std::uint64_t prefix;
  unsigned payload_bits;
};
// Scrapes come with 0 to some ms of jitter: 7 and 10 bits. Rule slots are exact: 0. 14 and 20 bits: irregular senders, gaps of
// minutes.
constexpr std::array<TimeClass, 6> time_classes{
    {{1, 0b0, 0}, {2, 0b10, 7}, {3, 0b110, 10}, {4, 0b1110, 14}, {5, 0b11110, 20}, {5, 0b11111, 64}}};

constexpr bool fits(std::int64_t value, unsigned bits) noexcept {
  if (bits == 64) return true;
  if (bits == 0) return value == 0;
  const std::int64_t limit = std::int64_t{1} << (bits - 1);
  return value >= -limit && value < limit;
}

const TimeClass& time_class(std::int64_t difference) noexcept {
  return *std::find_if(time_classes.begin(), time_classes.end(),
                       [&](const TimeClass& c) { return fits(difference, c.payload_bits); });
}

constexpr unsigned leading_bits = 5;      // 0 to 31 leading zeros
constexpr unsigned significant_bits = 6;  // 1 to 64 bits, less one
constexpr unsigned leading_max = 31;

// Times are any int64: differences wrap around as unsigned numbers do, there and back.
constexpr std::int64_t minus(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
constexpr std::int64_t plus(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

constexpr std::uint64_t low_bits(std::uint64_t value, unsigned count) noexcept {
  return count == 64 ? value : value & ((std::uint64_t{1} << count) - 1);
}

}  // namespace

void ChunkWriter::begin(Chunk& fresh, Sample first) noexcept {
  *this = ChunkWriter{};
  chunk = &fresh;
  fresh.first_ms = first.t_ms;
  t_ms = first.t_ms;
  value_bits = std::bit_cast<std::uint64_t>(first.v);
  sample_count = 1;
  put(value_bits, 64);
}

bool ChunkWriter::add(Sample sample) noexcept {
  const std::int64_t step = minus(sample.t_ms, t_ms);
  const std::int64_t difference = minus(step, step_ms);
  const TimeClass& time = time_class(difference);
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(sample.v);
  const std::uint64_t changed = bits ^ value_bits;

  unsigned new_leading = leading;
  unsigned new_significant = significant;
  bool is_new_window = false;
  unsigned value_cost = 1;
  if (changed != 0) {
    const unsigned zeros_before = std::min(static_cast<unsigned>(std::countl_zero(changed)), leading_max);
    const unsigned needed = 64 - zeros_before - static_cast<unsigned>(std::countr_zero(changed));
    const bool fits_window = significant != 0 && zeros_before >= leading &&
                             zeros_before + needed <= static_cast<unsigned>(leading) + significant;
    is_new_window = !fits_window || significant > needed + leading_bits + significant_bits;
    if (is_new_window) {
      new_leading = zeros_before;
      new_significant = needed;
    }
    value_cost = 2 + (is_new_window ? leading_bits + significant_bits : 0) + new_significant;
  }
  if (bit_count + time.prefix_bits + time.payload_bits + value_cost > chunk_words * 64) return false;
  if (sample_count >= chunk_samples_max) return false;

  put(time.prefix, time.prefix_bits);
  if (time.payload_bits != 0) put(low_bits(static_cast<std::uint64_t>(difference), time.payload_bits), time.payload_bits);
  if (changed == 0) {
    put(0, 1);
  } else {
    put(is_new_window ? 0b11 : 0b10, 2);
    if (is_new_window)
      put((std::uint64_t{new_leading} << significant_bits) | (new_significant - 1), leading_bits + significant_bits);
    put(low_bits(changed >> (64 - new_leading - new_significant), new_significant), new_significant);
  }
  leading = static_cast<std::uint8_t>(new_leading);
  significant = static_cast<std::uint8_t>(new_significant);
  t_ms = sample.t_ms;
  step_ms = step;
  value_bits = bits;
  ++sample_count;
  return true;
}

void ChunkWriter::close() noexcept {
  WB_ASSERT(chunk != nullptr, "only a chunk that was begun is closed");
  if (bit_count % 64 != 0) chunk->words[bit_count / 64] = tail;
  chunk->last_ms = t_ms;
  chunk->sample_count = sample_count;
  chunk->bit_count = bit_count;
}

void ChunkWriter::put(std::uint64_t bits, unsigned count) noexcept {
  const unsigned room = 64 - bit_count % 64;
  if (count < room) {
    tail |= bits << (room - count);
  } else {
    const unsigned rest = count - room;
    chunk->words[bit_count / 64] = tail | (bits >> rest);
    tail = rest == 0 ? 0 : bits << (64 - rest);
  }
  bit_count += count;
}

ChunkReader::ChunkReader(const Chunk& closed) noexcept : left_(closed.sample_count), t_ms_(closed.first_ms) {
  take_words(closed, (closed.bit_count + 63) / 64 * 64);
}

ChunkReader::ChunkReader(const ChunkWriter& open) noexcept : left_(open.sample_count), t_ms_(open.chunk->first_ms) {
  take_words(*open.chunk, open.bit_count);
  words_[open.bit_count / 64] = open.tail;
}

void ChunkReader::take_words(const Chunk& chunk, std::uint32_t bit_count) noexcept {
  const std::size_t count = bit_count / 64;
  std::copy_n(chunk.words.begin(), count, words_.begin());
  words_[count] = 0;
  words_[count + 1] = 0;
}

bool ChunkReader::next(Sample& out) noexcept {
  if (left_ == 0) return false;
  --left_;
  if (is_first_) {
    is_first_ = false;
    value_bits_ = get(64);
  } else {
    std::size_t index = 0;
    while (index + 1 < time_classes.size() && get(1) != 0) ++index;
    const unsigned payload = time_classes[index].payload_bits;
    if (payload != 0) {
      // Shifting up and, signed, down again repeats the sign bit.
      const std::uint64_t raw = get(payload) << (64 - payload);
      step_ms_ = plus(step_ms_, static_cast<std::int64_t>(raw) >> (64 - payload));
    }
    t_ms_ = plus(t_ms_, step_ms_);
    if (get(1) != 0) {
      if (get(1) != 0) {
        leading_ = static_cast<unsigned>(get(leading_bits));
        significant_ = static_cast<unsigned>(get(significant_bits)) + 1;
      }
      value_bits_ ^= get(significant_) << (64 - leading_ - significant_);
    }
  }
  out = Sample{t_ms_, std::bit_cast<double>(value_bits_)};
  return true;
}

std::uint64_t ChunkReader::get(unsigned count) noexcept {
  const std::size_t word = at_ / 64;
  const unsigned offset = at_ % 64;
  std::uint64_t bits = words_[word] << offset;
  if (offset != 0) bits |= words_[word + 1] >> (64 - offset);
  at_ += count;
  return bits >> (64 - count);
}

}  // namespace watchbill::metrics::tsdb
