// Numbers that a seed decides: the same ones on every host, by every compiler. Source: splitmix64.
#pragma once

#include <cstddef>
#include <cstdint>

namespace watchbill::differential {

class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    std::uint64_t bits = state_ += 0x9E37'79B9'7F4A'7C15U;
    bits = (bits ^ (bits >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
    bits = (bits ^ (bits >> 27U)) * 0x94D0'49BB'1331'11EBU;
    return bits ^ (bits >> 31U);
  }
  // In [0, count). Holds: count > 0.
  std::size_t below(std::size_t count) noexcept { return static_cast<std::size_t>(next() % count); }
  bool chance(unsigned percent) noexcept { return below(100) < percent; }
  // One of them. Holds: there is one.
  template <class List>
  auto& pick(List& list) noexcept { return *(std::begin(list) + static_cast<std::ptrdiff_t>(below(std::size(list)))); }

 private:
  std::uint64_t state_;
};

}  // namespace watchbill::differential
