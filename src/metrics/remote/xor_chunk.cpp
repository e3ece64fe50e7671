#include "metrics/remote/xor_chunk.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

#include "base/assert.h"
#include "base/bytes_code.h"

namespace watchbill::metrics::remote {
namespace {

// Bits, the highest of a byte first. Whole bytes are written as Prometheus does it, which leaves an empty byte behind one that
// was written where a byte began: a chunk has it at its end, so ours have it too and are equal byte for byte.
class Bits {
 public:
  explicit Bits(std::string& out) : out_(out) {}

  // The low `count` bits of `bits`, at most 64.
  void put(std::uint64_t bits, unsigned count) {
    for (; count >= 8; count -= 8) put_byte(static_cast<std::uint8_t>(bits >> (count - 8)));
    for (; count > 0; --count) put_bit((bits >> (count - 1)) & 1U);
  }
  // Numbers of whole bytes go through the same bits: the first of them need not begin a byte.
  void put_bytes(std::string_view bytes) {
    for (const char byte : bytes) put_byte(static_cast<std::uint8_t>(byte));
  }

 private:
  void make_room() {
    if (free_ > 0) return;
    out_.push_back('\0');
    free_ = 8;
  }
  void add(unsigned bits) { out_.back() = static_cast<char>(static_cast<std::uint8_t>(out_.back()) | bits); }
  void put_bit(std::uint64_t bit) {
    make_room();
    --free_;
    add(static_cast<unsigned>(bit) << free_);
  }
  void put_byte(std::uint8_t byte) {
    make_room();
    add(static_cast<unsigned>(byte) >> (8 - free_));
    out_.push_back('\0');
    add(static_cast<unsigned>(byte) << free_ & 0xFFU);
  }

  std::string& out_;
  unsigned free_{0};  // bits of the last byte
};

class Values {
 public:
  void put_first(Bits& out, double value) { out.put(before_ = std::bit_cast<std::uint64_t>(value), 64); }

  void put(Bits& out, double value) {
    const auto now = std::bit_cast<std::uint64_t>(value);
    const std::uint64_t delta = now ^ before_;
    before_ = now;
    if (delta == 0) return out.put(0, 1);
    out.put(1, 1);
    const unsigned leading = std::min(31U, static_cast<unsigned>(std::countl_zero(delta)));  // what five bits hold
    const auto trailing = static_cast<unsigned>(std::countr_zero(delta));
    if (has_window_ && leading >= leading_ && trailing >= trailing_) {
      out.put(0, 1);
      return out.put(delta >> trailing_, 64 - leading_ - trailing_);
    }
    has_window_ = true;
    leading_ = leading;
    trailing_ = trailing;
    const unsigned significant = 64 - leading - trailing;
    out.put(1, 1);
    out.put(leading, 5);
    out.put(significant & 63U, 6);  // 64 stands as 0
    out.put(delta >> trailing, significant);
  }

 private:
  std::uint64_t before_{0};
  bool has_window_{false};
  unsigned leading_{0}, trailing_{0};
};

bool fits(std::int64_t number, unsigned bits) noexcept {
  return -((std::int64_t{1} << (bits - 1)) - 1) <= number && number <= std::int64_t{1} << (bits - 1);
}

// The difference of a difference of times.
void put_bend(Bits& out, std::int64_t bend) {
  const auto bits = static_cast<std::uint64_t>(bend);
  if (bend == 0) return out.put(0, 1);
  if (fits(bend, 14)) {
    out.put(0b10, 2);
    return out.put(bits, 14);
  }
  if (fits(bend, 17)) {
    out.put(0b110, 3);
    return out.put(bits, 17);
  }
  if (fits(bend, 20)) {
    out.put(0b1110, 4);
    return out.put(bits, 20);
  }
  out.put(0b1111, 4);
  out.put(bits, 64);
}

}  // namespace

std::string encode_xor_chunk(std::span<const Sample> samples) {
  WB_ASSERT(!samples.empty() && samples.size() <= std::numeric_limits<std::uint16_t>::max(), "callers cut series into chunks");
  std::string out{static_cast<char>(samples.size() >> 8), static_cast<char>(samples.size() & 0xFF)};
  Bits bits(out);
  Values values;
  std::string number;
  put_varint(number, zigzag(static_cast<std::uint64_t>(samples[0].at.ms)));
  bits.put_bytes(number);
  values.put_first(bits, samples[0].value);
  std::uint64_t step = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const std::uint64_t next = static_cast<std::uint64_t>(samples[i].at.ms) - static_cast<std::uint64_t>(samples[i - 1].at.ms);
    if (i == 1) {
      number.clear();
      put_varint(number, next);
      bits.put_bytes(number);
    } else {
      put_bend(bits, static_cast<std::int64_t>(next - step));
    }
    values.put(bits, samples[i].value);
    step = next;
  }
  return out;
}

}  // namespace watchbill::metrics::remote
