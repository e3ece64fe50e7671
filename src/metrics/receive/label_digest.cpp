#include "metrics/receive/label_digest.h"

#include <cstring>

namespace watchbill::metrics::receive {
namespace {

// The two halves are computed alike from other constants (digits of pi), so that they fail together for no input but by chance.
struct Constants {
  std::uint64_t begin;
  std::uint64_t word;
  std::uint64_t product;
};
constexpr Constants low_constants{0x243F6A8885A308D3, 0x13198A2E03707345, 0xA4093822299F31D1};
constexpr Constants high_constants{0x082EFA98EC4E6C89, 0x452821E638D01377, 0xBE5466CF34E90C6D};

// Both halves of the product of 64 by 64 bits, folded into one word.
std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

std::uint64_t word_at(const char* bytes, std::size_t count) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, count);
  return word;
}

struct Half {
  const Constants& constants;
  std::uint64_t state;

  explicit Half(const Constants& its) noexcept : constants(its), state(its.begin) {}
  void add(std::uint64_t word) noexcept {
    // The state is added again: a factor of 0 would forget what was before.
    state += folded_product(state ^ constants.product, word ^ constants.word);
    state = (state << 29U) | (state >> 35U);
  }
  [[nodiscard]] std::uint64_t finish(std::size_t length) noexcept {
    add(length);
    return folded_product(state ^ constants.word, constants.product) ^ state;
  }
};

}  // namespace

LabelDigest label_digest(std::string_view encoded_labels) noexcept {
  Half low(low_constants);
  Half high(high_constants);
  const char* at = encoded_labels.data();
  std::size_t left = encoded_labels.size();
  for (; left >= sizeof(std::uint64_t); left -= sizeof(std::uint64_t), at += sizeof(std::uint64_t)) {
    const std::uint64_t word = word_at(at, sizeof(std::uint64_t));
    low.add(word);
    high.add(word);
  }
  if (left > 0) {
    const std::uint64_t word = word_at(at, left);
    low.add(word);
    high.add(word);
  }
  return {low.finish(encoded_labels.size()), high.finish(encoded_labels.size())};
}

}  // namespace watchbill::metrics::receive
