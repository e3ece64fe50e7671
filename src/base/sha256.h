// SHA-256 (FIPS 180-4). Cost: about 0.2 µs for 300 bytes with the CPU's SHA instructions; no allocation.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace watchbill {

// 32 bytes that name what they were computed from.
struct Digest {
  static constexpr std::size_t hex_size = 64;
  std::array<std::uint8_t, 32> bytes{};

  // 64 lower-case hex digits.
  [[nodiscard]] std::string hex() const;
  // Writes the 64 hex digits at `out`, which has room for them.
  void hex_to(char* out) const noexcept;
  // False, and *this unchanged, unless `text` is exactly 64 lower-case hex digits.
  [[nodiscard]] bool assign_hex(std::string_view text) noexcept;
  [[nodiscard]] bool is_zero() const noexcept;

  friend auto operator<=>(const Digest&, const Digest&) noexcept = default;
};

// The digest of one text.
[[nodiscard]] Digest sha256(std::string_view bytes) noexcept;

// The digest of the concatenation of its parts.
class Sha256 {
 public:
  Sha256() noexcept;
  Sha256& add(std::string_view bytes) noexcept;
  // Ends the computation; the object must not be used afterwards.
  [[nodiscard]] Digest finish() noexcept;

 private:
  alignas(8) std::array<std::byte, 128> context_;  // OpenSSL's SHA256_CTX, kept out of this header
};

}  // namespace watchbill
