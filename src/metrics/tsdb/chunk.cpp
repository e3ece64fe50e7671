#include "metrics/tsdb/chunk.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "base/assert.h"

namespace watchbill::metrics::tsdb {
namespace {

// Times: the difference to the difference before, in the narrowest class that holds it: as many ones as its index, a zero unless
// it is the last class, then two's complement. Rule slots are exact (0 bits), scrapes come with some ms of jitter (7 and 10
// bits), irregular senders and gaps of minutes need 14 and 20.
constexpr std::array<unsigned, 6> time_widths{0, 7, 10, 14, 20, 64};
constexpr unsigned time_prefix_max = 5;

// Values, by prefix:
//   0     the same bits
//   10    the number changes by a difference: its width class (2 bits), two's complement
//   110   XOR: the bits inside the window
//   1110  XOR with a new window: zeros before it (5 bits, 0 to 31), its length less one (6 bits), its bits
//   1111  as 10, but first the scale changes to the one given (3 bits)
constexpr std::array<unsigned, 4> number_widths{5, 10, 17, 32};
constexpr unsigned width_class_bits = 2;
constexpr unsigned leading_bits = 5;
constexpr unsigned leading_max = 31;
constexpr unsigned significant_bits = 6;
constexpr unsigned scale_bits = 3;
constexpr std::array<double, 8> powers_of_ten{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};

constexpr bool fits(std::int64_t value, unsigned bits) noexcept {
  if (bits == 64) return true;
  if (bits == 0) return value == 0;
  const std::int64_t limit = std::int64_t{1} << (bits - 1);
  return value >= -limit && value < limit;
}

// The narrowest class, or the count of classes when none holds the value.
template <std::size_t count>
unsigned class_of(std::int64_t value, const std::array<unsigned, count>& widths) noexcept {
  unsigned index = 0;
  while (index < count && !fits(value, widths[index])) ++index;
  return index;
}

// Times are any int64: differences wrap around as unsigned numbers do, there and back.
constexpr std::int64_t minus(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
constexpr std::int64_t plus(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

constexpr std::uint64_t low_bits(std::int64_t value, unsigned count) noexcept {
  return count == 64 ? static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value) & ((std::uint64_t{1} << count) - 1);
}

// The highest `count` bits (1 to 64) as a signed number: shifting down repeats the sign.
constexpr std::int64_t high_signed(std::uint64_t bits, unsigned count) noexcept {
  return static_cast<std::int64_t>(bits) >> (64 - count);
}

// The nearest number of 10^-scale; the value is known to be in range. Both sides use this one, so they agree.
std::int64_t nearest_number(double value, unsigned scale) noexcept {
  const double scaled = value * powers_of_ten[scale];
  return static_cast<std::int64_t>(scaled + std::copysign(0.5, scaled));
}

double value_of(std::int64_t number, unsigned scale) noexcept {
  return scale == 0 ? static_cast<double>(number) : static_cast<double>(number) / powers_of_ten[scale];
}

// The number that stands for exactly these bits in a scale, if there is one. Never for NaN, infinities and -0.
std::optional<std::int64_t> exact_number(std::uint64_t bits, unsigned scale) noexcept {
  constexpr double number_end = 4503599627370496.0;  // 2^52: every integer below, and every sum with a difference, is exact
  const double value = std::bit_cast<double>(bits);
  if (!(std::fabs(value * powers_of_ten[scale]) < number_end)) return std::nullopt;
  const std::int64_t number = nearest_number(value, scale);
  if (std::bit_cast<std::uint64_t>(value_of(number, scale)) != bits) return std::nullopt;
  return number;
}

}  // namespace

void destroy(Chunk* chunk) noexcept {
  if (chunk->holds_histograms) delete static_cast<HistogramChunk*>(chunk);
  else delete chunk;
}

// How a value is written, and what the writer knows afterwards.
struct ChunkWriter::ValueCode {
  enum class Kind : std::uint8_t { same, number, in_window, new_window, rescaled };
  Kind kind{Kind::same};
  unsigned bit_count{1};
  unsigned width_class{0};      // number, rescaled
  std::int64_t difference{0};   // number, rescaled
  std::uint64_t changed{0};     // in_window, new_window
  std::uint8_t leading{0};      // from here: the writer's state after the value
  std::uint8_t significant{0};
  std::uint8_t scale{0};
  bool is_decimal{false};
};

void ChunkWriter::begin(Chunk& fresh, Sample first) noexcept {
  *this = ChunkWriter{};
  chunk = &fresh;
  fresh.first_ms = first.t_ms;
  t_ms = first.t_ms;
  value_bits = std::bit_cast<std::uint64_t>(first.v);
  sample_count = 1;
  put(value_bits, 64);
  // The scale of a fraction is told with the first difference.
  for (unsigned decimals = 0; !is_decimal && decimals < powers_of_ten.size(); ++decimals) {
    is_decimal = exact_number(value_bits, decimals).has_value();
  }
}

bool ChunkWriter::add(Sample sample) noexcept {
  const std::int64_t step = minus(sample.t_ms, t_ms);
  const std::int64_t difference = minus(step, step_ms);
  const unsigned time_class = class_of(difference, time_widths);
  const unsigned time_bits = std::min(time_class + 1, time_prefix_max) + time_widths[time_class];
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(sample.v);
  const ValueCode code = code_of(bits);
  if (unsigned{bit_count} + time_bits + code.bit_count > chunk_words * 64 || sample_count >= chunk_samples_max) return false;
  put_time(difference);
  put_value(code);
  t_ms = sample.t_ms;
  step_ms = step;
  value_bits = bits;
  ++sample_count;
  return true;
}

// Chooses the shortest code.
ChunkWriter::ValueCode ChunkWriter::code_of(std::uint64_t bits) const noexcept {
  ValueCode code;
  code.leading = leading;
  code.significant = significant;
  code.scale = scale;
  code.is_decimal = is_decimal;
  if (bits == value_bits) return code;

  code.changed = bits ^ value_bits;
  const unsigned zeros_before = std::min(static_cast<unsigned>(std::countl_zero(code.changed)), leading_max);
  const unsigned needed = 64 - zeros_before - static_cast<unsigned>(std::countr_zero(code.changed));
  const bool fits_window =
      significant != 0 && zeros_before >= leading && zeros_before + needed <= unsigned{leading} + significant;
  if (fits_window && significant <= needed + 1 + leading_bits + significant_bits) {
    code.kind = ValueCode::Kind::in_window;
    code.bit_count = 3U + significant;
  } else {
    code.kind = ValueCode::Kind::new_window;
    code.leading = static_cast<std::uint8_t>(zeros_before);
    code.significant = static_cast<std::uint8_t>(needed);
    code.bit_count = 4 + leading_bits + significant_bits + needed;
  }

  // Where the value before is no decimal number, this one cannot be written as one, but the next may.
  std::optional<std::int64_t> current = exact_number(bits, scale);
  std::optional<std::int64_t> before = is_decimal ? exact_number(value_bits, scale) : std::nullopt;
  unsigned decimals = scale;
  while (is_decimal && !(current.has_value() && before.has_value()) && ++decimals < powers_of_ten.size()) {
    current = exact_number(bits, decimals);
    before = exact_number(value_bits, decimals);
  }
  code.is_decimal = current.has_value();
  if (!current.has_value() || !before.has_value()) return code;
  const unsigned width_class = class_of(*current - *before, number_widths);
  if (width_class == number_widths.size()) return code;
  const bool is_rescaled = decimals != scale;
  const unsigned cost = (is_rescaled ? 4 + scale_bits : 2) + width_class_bits + number_widths[width_class];
  if (cost > code.bit_count) return code;
  code.kind = is_rescaled ? ValueCode::Kind::rescaled : ValueCode::Kind::number;
  code.bit_count = cost;
  code.width_class = width_class;
  code.difference = *current - *before;
  code.scale = static_cast<std::uint8_t>(decimals);
  code.leading = leading;
  code.significant = significant;
  return code;
}

void ChunkWriter::put_time(std::int64_t difference) noexcept {
  const unsigned time_class = class_of(difference, time_widths);
  const std::uint64_t ones = (std::uint64_t{1} << time_class) - 1;
  if (time_class < time_prefix_max) put(ones << 1, time_class + 1);
  else put(ones, time_prefix_max);
  if (time_class != 0) put(low_bits(difference, time_widths[time_class]), time_widths[time_class]);
}

void ChunkWriter::put_value(const ValueCode& code) noexcept {
  const auto put_difference = [&] {
    put(code.width_class, width_class_bits);
    put(low_bits(code.difference, number_widths[code.width_class]), number_widths[code.width_class]);
  };
  const auto put_changed = [&] {
    const unsigned zeros_after = 64U - code.leading - code.significant;
    put(low_bits(static_cast<std::int64_t>(code.changed >> zeros_after), code.significant), code.significant);
  };
  switch (code.kind) {
    case ValueCode::Kind::same: put(0b0, 1); break;
    case ValueCode::Kind::number:
      put(0b10, 2);
      put_difference();
      break;
    case ValueCode::Kind::in_window:
      put(0b110, 3);
      put_changed();
      break;
    case ValueCode::Kind::new_window:
      put(0b1110, 4);
      put(code.leading, leading_bits);
      put(code.significant - 1U, significant_bits);
      put_changed();
      break;
    case ValueCode::Kind::rescaled:
      put(0b1111, 4);
      put(code.scale, scale_bits);
      put_difference();
      break;
  }
  leading = code.leading;
  significant = code.significant;
  scale = code.scale;
  is_decimal = code.is_decimal;
}

void ChunkWriter::close() noexcept {
  WB_ASSERT(chunk != nullptr, "only a chunk that was begun is closed");
  if (bit_count % 64U != 0) chunk->words[bit_count / 64U] = tail;
  chunk->last_ms = t_ms;
  chunk->sample_count = sample_count;
  chunk->bit_count = bit_count;
}

void ChunkWriter::put(std::uint64_t bits, unsigned count) noexcept {
  const unsigned room = 64U - bit_count % 64U;
  if (count < room) {
    tail |= bits << (room - count);
  } else {
    const unsigned rest = count - room;
    chunk->words[bit_count / 64U] = tail | (bits >> rest);
    tail = rest == 0 ? 0 : bits << (64 - rest);
  }
  bit_count = static_cast<std::uint16_t>(bit_count + count);
}

// --- reading ---

namespace {

// A copy of a chunk's words, and a place in it. Two words more: who looks at 64 bits looks past the last word.
class Bits {
 public:
  Bits(const Chunk& chunk, std::uint32_t bit_count) noexcept {
    const std::size_t count = bit_count / 64;
    std::copy_n(chunk.words.begin(), count, words_.begin());
    words_[count] = 0;
    words_[count + 1] = 0;
  }
  void set_last(std::uint32_t bit_count, std::uint64_t word) noexcept { words_[bit_count / 64] = word; }

  [[nodiscard]] std::uint64_t peek() const noexcept {
    const std::size_t word = at_ / 64;
    const unsigned offset = at_ % 64;
    return (words_[word] << offset) | (words_[word + 1] >> 1 >> (63 - offset));
  }
  void pass(unsigned count) noexcept { at_ += count; }
  // 1 to 64 bits.
  [[nodiscard]] std::uint64_t get(unsigned count) noexcept {
    const std::uint64_t bits = peek();
    at_ += count;
    return bits >> (64 - count);
  }

 private:
  std::array<std::uint64_t, chunk_words + 2> words_;
  std::uint32_t at_{0};
};

// The value of the sample before, and what the next one's code means. A number is made a double for each sample and a double a
// number only behind a code that was none: numbers follow numbers mostly.
struct ValueReader {
  double value{0};
  std::int64_t number{0};
  unsigned leading{0};
  unsigned significant{0};
  unsigned scale{0};
  bool has_number{false};  // whether `number` is that of the newest value

  void move(std::int64_t difference) noexcept {
    if (!has_number) number = nearest_number(value, scale);
    has_number = true;
    number += difference;
    value = value_of(number, scale);
  }
  // The codes that are neither "the same" nor a difference of numbers; their prefix has this many ones.
  void read_rare(Bits& bits, int ones) noexcept {
    has_number = false;
    if (ones == 2 || ones == 3) {
      bits.pass(static_cast<unsigned>(ones) + 1);
      if (ones == 3) {
        leading = static_cast<unsigned>(bits.get(leading_bits));
        significant = static_cast<unsigned>(bits.get(significant_bits)) + 1;
      }
      const std::uint64_t changed = bits.get(significant) << (64 - leading - significant);
      value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) ^ changed);
      return;
    }
    bits.pass(4);
    scale = static_cast<unsigned>(bits.get(scale_bits));
    const unsigned width = number_widths[bits.get(width_class_bits)];
    move(high_signed(bits.get(width) << (64 - width), width));
  }
};

// The hot loop of every query. One look at 64 bits serves a time and the value behind it: a time takes 25 of them but in its last
// class, a usual value at most 36.
std::size_t read_bits(Bits bits, std::int64_t t_ms, std::uint32_t count, std::int64_t to_ms, Sample* const out) noexcept {
  if (count == 0 || t_ms > to_ms) return 0;
  ValueReader reader;
  reader.value = std::bit_cast<double>(bits.get(64));
  std::int64_t step_ms = 0;
  out[0] = Sample{t_ms, reader.value};
  for (std::uint32_t i = 1; i < count; ++i) {
    std::uint64_t next = bits.peek();
    if ((next >> 62) == 0) {
      // The same value after the same time, as most series have it for long: two bits each.
      const std::uint32_t behind = std::min(count, i + static_cast<std::uint32_t>(std::countl_zero(next)) / 2);
      bits.pass(2 * (behind - i));
      for (; i < behind; ++i) {
        t_ms = plus(t_ms, step_ms);
        if (t_ms > to_ms) return i;
        out[i] = Sample{t_ms, reader.value};
      }
      --i;
      continue;
    }
    unsigned passed = 1;
    if ((next >> 63) != 0) {
      const auto time_class = std::min(static_cast<unsigned>(std::countl_one(next)), time_prefix_max);
      passed = std::min(time_class + 1, time_prefix_max);
      if (time_class == time_prefix_max) {
        bits.pass(passed);
        step_ms = plus(step_ms, static_cast<std::int64_t>(bits.get(64)));
        next = bits.peek();
        passed = 0;
      } else {
        step_ms = plus(step_ms, high_signed(next << passed, time_widths[time_class]));
        passed += time_widths[time_class];
      }
    }
    next <<= passed;
    t_ms = plus(t_ms, step_ms);
    if (t_ms > to_ms) return i;
    const int ones = std::countl_one(next);
    if (ones == 0) {
      bits.pass(passed + 1);
    } else if (ones == 1) {
      const unsigned width = number_widths[(next << 2) >> (64 - width_class_bits)];
      bits.pass(passed + 2 + width_class_bits + width);
      reader.move(high_signed(next << (2 + width_class_bits), width));
    } else {
      bits.pass(passed);
      reader.read_rare(bits, ones);
    }
    out[i] = Sample{t_ms, reader.value};
  }
  return count;
}

}  // namespace

std::size_t read_chunk(const Chunk& closed, std::int64_t to_ms, Sample* out) noexcept {
  return read_bits(Bits(closed, (closed.bit_count + 63U) / 64U * 64U), closed.first_ms, closed.sample_count, to_ms, out);
}

std::size_t read_chunk(const ChunkWriter& open, std::int64_t to_ms, Sample* out) noexcept {
  Bits bits(*open.chunk, open.bit_count);
  bits.set_last(open.bit_count, open.tail);
  return read_bits(bits, open.chunk->first_ms, open.sample_count, to_ms, out);
}

}  // namespace watchbill::metrics::tsdb
