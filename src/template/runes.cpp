#include "template/runes.h"

namespace watchbill::text_template {
namespace {

// Pairs of neighbours: the even code point is the capital (or the odd one, where the block says so).
bool is_even_pair(char32_t rune) noexcept {
  return (rune >= 0x100 && rune <= 0x137 && rune != 0x130 && rune != 0x131) || (rune >= 0x14A && rune <= 0x177) ||
         (rune >= 0x460 && rune <= 0x481) || (rune >= 0x48A && rune <= 0x4BF) || (rune >= 0x4D0 && rune <= 0x52F);
}
bool is_odd_pair(char32_t rune) noexcept {
  return (rune >= 0x139 && rune <= 0x148) || (rune >= 0x179 && rune <= 0x17E) || (rune >= 0x4C1 && rune <= 0x4CE);
}
bool is_in(char32_t rune, char32_t first, char32_t last) noexcept { return rune >= first && rune <= last; }

}  // namespace

Rune first_rune(std::string_view text) noexcept {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {replacement_rune, 1};
  char32_t value = lead & (0x7FU >> size);
  for (std::size_t index = 1; index < size; ++index) {
    if ((byte(index) & 0xC0U) != 0x80U) return {replacement_rune, 1};
    value = (value << 6U) | (byte(index) & 0x3FU);
  }
  const bool is_overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  if (is_overlong || value > 0x10FFFF || is_in(value, 0xD800, 0xDFFF)) return {replacement_rune, 1};
  return {value, size};
}

void append_rune(std::string& out, char32_t rune) {
  if (rune > 0x10FFFF || is_in(rune, 0xD800, 0xDFFF)) rune = replacement_rune;
  const auto put = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (rune < 0x80) return put(rune);
  if (rune < 0x800) {
    put(0xC0U | (rune >> 6U));
  } else {
    if (rune < 0x10000) {
      put(0xE0U | (rune >> 12U));
    } else {
      put(0xF0U | (rune >> 18U));
      put(0x80U | ((rune >> 12U) & 0x3FU));
    }
    put(0x80U | ((rune >> 6U) & 0x3FU));
  }
  put(0x80U | (rune & 0x3FU));
}

std::size_t rune_count(std::string_view text) noexcept {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(first_rune(text).bytes);
  return count;
}

char32_t upper(char32_t rune) noexcept {
  if (rune < 0x80) return is_in(rune, 'a', 'z') ? rune - 32 : rune;
  if (rune == 0xB5) return 0x39C;
  if (rune == 0xFF) return 0x178;
  if (rune == 0x131) return 'I';
  if (rune == 0x17F) return 'S';
  if (is_in(rune, 0xE0, 0xFE) && rune != 0xF7) return rune - 32;
  if (is_even_pair(rune)) return rune & ~char32_t{1};
  if (is_odd_pair(rune)) return rune % 2 == 0 ? rune - 1 : rune;
  if (rune == 0x3AC) return 0x386;
  if (is_in(rune, 0x3AD, 0x3AF)) return rune - 37;
  if (rune == 0x3C2) return 0x3A3;
  if (is_in(rune, 0x3B1, 0x3CB)) return rune - 32;
  if (rune == 0x3CC) return 0x38C;
  if (is_in(rune, 0x3CD, 0x3CE)) return rune - 63;
  if (is_in(rune, 0x430, 0x44F)) return rune - 32;
  if (is_in(rune, 0x450, 0x45F)) return rune - 80;
  if (is_in(rune, 0x561, 0x586)) return rune - 48;
  return rune;
}

char32_t lower(char32_t rune) noexcept {
  if (rune < 0x80) return is_in(rune, 'A', 'Z') ? rune + 32 : rune;
  if (rune == 0x178) return 0xFF;
  if (rune == 0x130) return 'i';
  if (is_in(rune, 0xC0, 0xDE) && rune != 0xD7) return rune + 32;
  if (is_even_pair(rune)) return rune | char32_t{1};
  if (is_odd_pair(rune)) return rune % 2 == 1 ? rune + 1 : rune;
  if (rune == 0x386) return 0x3AC;
  if (is_in(rune, 0x388, 0x38A)) return rune + 37;
  if (rune == 0x38C) return 0x3CC;
  if (is_in(rune, 0x38E, 0x38F)) return rune + 63;
  if (is_in(rune, 0x391, 0x3AB) && rune != 0x3A2) return rune + 32;
  if (is_in(rune, 0x410, 0x42F)) return rune + 32;
  if (is_in(rune, 0x400, 0x40F)) return rune + 80;
  if (is_in(rune, 0x531, 0x556)) return rune + 48;
  return rune;
}

bool is_letter(char32_t rune) noexcept {
  if (rune < 0x80) return is_in(rune, 'a', 'z') || is_in(rune, 'A', 'Z');
  if (rune < 0xC0) return rune == 0xAA || rune == 0xB5 || rune == 0xBA;
  if (rune == 0xD7 || rune == 0xF7) return false;
  if (is_in(rune, 0x2000, 0x2BFF) || is_in(rune, 0x2E00, 0x2E7F) || is_in(rune, 0x3000, 0x3004)) return false;
  if (is_in(rune, 0x3008, 0x3020) || is_in(rune, 0xFE10, 0xFE6F) || is_in(rune, 0x1F000, 0x1FAFF)) return false;
  return is_printable(rune) && rune != replacement_rune;
}

bool is_printable(char32_t rune) noexcept {
  if (rune < 0x7F) return rune >= 0x20;
  if (rune <= 0xA0 || rune == 0xAD || rune == 0x1680 || rune == 0x3000 || rune == 0xFEFF) return false;
  if (is_in(rune, 0x2000, 0x200F) || is_in(rune, 0x2028, 0x202F) || is_in(rune, 0x205F, 0x206F)) return false;
  if (is_in(rune, 0xD800, 0xF8FF) || is_in(rune, 0xFFF0, 0xFFFB) || (rune & 0xFFFEU) == 0xFFFEU) return false;
  return rune < 0xE0000;
}

}  // namespace watchbill::text_template
