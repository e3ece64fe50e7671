#include "metrics/tsdb/checksum.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace watchbill::metrics::tsdb {
namespace {

// Eight bytes a step: table n holds the effect of a byte that n more bytes follow.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() noexcept {
  constexpr std::uint32_t polynomial = 0x82F63B78;
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? polynomial : 0);
    tables[0][byte] = remainder;
  }
  for (std::size_t table = 1; table < tables.size(); ++table)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[table - 1][byte];
      tables[table][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  return tables;
}
constexpr Tables tables = make_tables();

}  // namespace

std::uint32_t checksum(std::string_view bytes, std::uint32_t before) noexcept {
  std::uint32_t state = ~before;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);  // low byte first, as on every machine that we build for
    word ^= state;
    state = 0;
    for (std::size_t i = 0; i < 8; ++i) state ^= tables[7 - i][(word >> (8 * i)) & 0xFF];
  }
  for (; left > 0; --left, ++at) state = (state >> 8) ^ tables[0][(state ^ static_cast<std::uint8_t>(*at)) & 0xFF];
  return ~state;
}

}  // namespace watchbill::metrics::tsdb
