#include "metrics/tsdb/residuals.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace watchbill::metrics::tsdb {
namespace {

// A quotient of this many ones is followed by the number itself.
constexpr unsigned escape_ones = 24;

// What the numbers so far say of the next: their mean in sixteenths, forgetting what is old.
class Expectation {
 public:
  explicit constexpr Expectation(std::uint64_t sixteenths) noexcept : sixteenths_(sixteenths) {}
  // The low bits that are written as they are.
  [[nodiscard]] unsigned width() const noexcept {
    return static_cast<unsigned>(std::bit_width((sixteenths_ * 11) >> 8));  // of 0.69 times the mean
  }
  [[nodiscard]] bool is_calm() const noexcept { return sixteenths_ < 6; }
  void follow(std::uint64_t number) noexcept {
    constexpr std::uint64_t most = std::uint64_t{1} << 55;  // so that nothing overflows
    sixteenths_ += std::min(number, most) * 16 / 8 - sixteenths_ / 8 - (sixteenths_ % 8 != 0 ? 1 : 0);
  }

 private:
  std::uint64_t sixteenths_;
};

class BitWriter {
 public:
  explicit BitWriter(std::string& out) noexcept : out_(out) {}

  void put(std::uint64_t bits, unsigned count) {
    if (count > 32) {
      put(bits >> 32, count - 32);
      bits &= 0xFFFF'FFFF;
      count = 32;
    }
    word_ = (word_ << count) | bits;
    filled_ += count;
    for (; filled_ >= 8; filled_ -= 8) out_.push_back(static_cast<char>(word_ >> (filled_ - 8)));
  }
  void rice(std::uint64_t number, unsigned width) {
    const std::uint64_t quotient = number >> width;
    if (quotient >= escape_ones) {
      put((std::uint64_t{1} << escape_ones) - 1, escape_ones);
      put(number, 64);
      return;
    }
    put(((std::uint64_t{1} << quotient) - 1) << 1, static_cast<unsigned>(quotient) + 1);
    if (width != 0) put(number & ((std::uint64_t{1} << width) - 1), width);
  }
  void finish() {
    if (filled_ != 0) put(0, 8 - filled_);
  }

 private:
  std::string& out_;
  std::uint64_t word_{0};
  unsigned filled_{0};
};

class BitReader {
 public:
  explicit BitReader(std::string_view bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] std::uint64_t rice(unsigned width) noexcept {
    const std::uint64_t bits = peek();
    const auto ones = static_cast<unsigned>(std::countl_one(bits));
    if (ones >= escape_ones) {
      at_ += escape_ones;
      const std::uint64_t high = get(32);
      return (high << 32) | get(32);
    }
    at_ += ones + 1;
    return width == 0 ? ones : (std::uint64_t{ones} << width) | get(width);
  }
  [[nodiscard]] bool is_good() const noexcept { return at_ <= bytes_.size() * 8; }

 private:
  // The next 56 bits at least, from the highest; zeros behind the end.
  [[nodiscard]] std::uint64_t peek() const noexcept {
    const std::size_t byte = at_ / 8;
    std::uint64_t word = 0;
    if (byte + 8 <= bytes_.size()) {
      std::memcpy(&word, bytes_.data() + byte, 8);
      word = __builtin_bswap64(word);
    } else {
      for (std::size_t i = 0; i < 8 && byte + i < bytes_.size(); ++i)
        word |= std::uint64_t{static_cast<std::uint8_t>(bytes_[byte + i])} << (56 - 8 * i);
    }
    return word << (at_ % 8);
  }
  [[nodiscard]] std::uint64_t get(unsigned count) noexcept {
    if (count > 32) {
      const std::uint64_t high = get(count - 32);
      return (high << 32) | get(32);
    }
    const std::uint64_t bits = peek() >> (64 - count);
    at_ += count;
    return bits;
  }

  std::string_view bytes_;
  std::size_t at_{0};
};

constexpr Expectation first_number{64};
constexpr Expectation first_run{64};

}  // namespace

void write_residuals(std::span<const std::uint64_t> numbers, std::string& out) {
  BitWriter bits(out);
  Expectation expected = first_number;
  Expectation expected_run = first_run;
  for (std::size_t at = 0; at < numbers.size(); ++at) {
    std::uint64_t number = numbers[at];
    if (expected.is_calm()) {
      const std::size_t begin = at;
      while (at < numbers.size() && numbers[at] == 0) ++at;
      bits.rice(at - begin, expected_run.width());
      expected_run.follow(at - begin);
      if (at == numbers.size()) break;
      number = numbers[at];
      bits.rice(number - 1, 0);
    } else {
      bits.rice(number, expected.width());
    }
    expected.follow(number);
  }
  bits.finish();
}

bool read_residuals(std::string_view bytes, std::span<std::uint64_t> numbers) noexcept {
  BitReader bits(bytes);
  Expectation expected = first_number;
  Expectation expected_run = first_run;
  for (std::size_t at = 0; at < numbers.size(); ++at) {
    if (expected.is_calm()) {
      const std::uint64_t run = bits.rice(expected_run.width());
      expected_run.follow(run);
      if (run > numbers.size() - at) {
        std::fill(numbers.begin() + static_cast<std::ptrdiff_t>(at), numbers.end(), 0);
        return false;
      }
      std::fill_n(numbers.begin() + static_cast<std::ptrdiff_t>(at), run, 0);
      at += run;
      if (at == numbers.size()) break;
      numbers[at] = bits.rice(0) + 1;
    } else {
      numbers[at] = bits.rice(expected.width());
    }
    expected.follow(numbers[at]);
  }
  return bits.is_good();
}

}  // namespace watchbill::metrics::tsdb
