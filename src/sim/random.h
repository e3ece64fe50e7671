// The only randomness of a simulated world: one seed, one sequence, on every host the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/sha256.h"
#include "ports/effects.h"

namespace watchbill::sim {

// SplitMix64 (Steele, Lea, Flood 2014): tiny, and good enough to choose faults by.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  [[nodiscard]] std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  // Uniform in [0, bound); `bound` > 0. The bias of the remainder is far below what a simulation could notice.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
  // Uniform in [min, max].
  [[nodiscard]] std::int64_t between(std::int64_t min, std::int64_t max) noexcept {
    return min + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(max - min + 1)));
  }
  // True in `percent` of 100 cases.
  [[nodiscard]] bool chance(std::uint64_t percent) noexcept { return below(100) < percent; }
  // A generator for one part of the world, so that a change in one part does not shift the choices of the others.
  [[nodiscard]] Random fork(std::string_view part) noexcept {
    const Digest digest = Sha256().add(part).add(std::to_string(state_)).finish();
    std::uint64_t seed = 0;
    for (std::size_t i = 0; i < 8; ++i) seed = seed << 8 | digest.bytes[i];
    return Random(seed);
  }

 private:
  std::uint64_t state_;
};

// Nonces and ids of a simulated controller.
class SimulatedEntropy final : public ports::EntropyPort {
 public:
  explicit SimulatedEntropy(Random random) noexcept : random_(random) {}
  [[nodiscard]] std::string hex32() override {
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 0; i < 2; ++i) {
      std::uint64_t word = random_.next();
      for (std::size_t k = 0; k < 8; ++k, word >>= 8) bytes[i * 8 + k] = static_cast<std::uint8_t>(word);
    }
    return to_hex(bytes);
  }

 private:
  Random random_;
};

}  // namespace watchbill::sim
