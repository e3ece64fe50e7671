// Numbers in the bytes of files and messages: varints (those of Protocol Buffers) and numbers of fixed width with the low byte
// first.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace watchbill {

// Small magnitudes become small numbers: 0, -1, 1, -2 are 0, 1, 2, 3. Both directions take any 64 bits.
[[nodiscard]] constexpr std::uint64_t zigzag(std::uint64_t number) noexcept {
  return (number << 1) ^ (0 - (number >> 63));
}
[[nodiscard]] constexpr std::uint64_t unzigzag(std::uint64_t number) noexcept { return (number >> 1) ^ (0 - (number & 1)); }

// Adds a number: seven bits a byte, low bits first, the high bit of a byte saying that more follow.
inline void put_varint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<char>(number | 0x80));
  out.push_back(static_cast<char>(number));
}

// Takes such a number off the front of `rest`. False, and `rest` in no defined state, when none of at most ten bytes stands
// there.
[[nodiscard]] inline bool take_varint(std::string_view& rest, std::uint64_t& out) noexcept {
  out = 0;
  for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(rest.front());
    rest.remove_prefix(1);
    out |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// Adds a number of fixed width, low byte first.
template <class Number>
void put_fixed(std::string& out, Number number) {
  static_assert(std::endian::native == std::endian::little, "written as it lies in memory");
  char bytes[sizeof(Number)];
  std::memcpy(bytes, &number, sizeof(Number));
  out.append(bytes, sizeof(Number));
}

// Reads a number of fixed width. Holds: the bytes are there.
template <class Number>
[[nodiscard]] Number fixed_at(std::string_view bytes, std::size_t at) noexcept {
  Number number{};
  std::memcpy(&number, bytes.data() + at, sizeof(Number));
  return number;
}

// Takes numbers from the front of bytes. After the first that is not there all are 0 and is_good() is false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) noexcept : rest_(bytes) {}

  [[nodiscard]] std::uint64_t varint() noexcept {
    std::uint64_t number = 0;
    if (take_varint(rest_, number)) return number;
    fail();
    return 0;
  }
  template <class Number>
  [[nodiscard]] Number fixed() noexcept {
    if (rest_.size() < sizeof(Number)) {
      fail();
      return Number{};
    }
    const auto number = fixed_at<Number>(rest_, 0);
    rest_.remove_prefix(sizeof(Number));
    return number;
  }
  [[nodiscard]] std::string_view text(std::uint64_t size) noexcept {
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }
  [[nodiscard]] bool is_good() const noexcept { return is_good_; }
  void fail() noexcept {
    is_good_ = false;
    rest_ = {};
  }

 private:
  std::string_view rest_;
  bool is_good_{true};
};

}  // namespace watchbill
