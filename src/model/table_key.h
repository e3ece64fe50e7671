// How model/table.h keeps its keys: a text stands behind its first eight bytes as one number of the same order. The numbers
// decide most comparisons, so that a walk down the tree reads no text but the last.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace watchbill::table {

// Zeros stand for the bytes that a shorter text does not have; then the texts decide.
[[nodiscard]] inline std::uint64_t front_of(std::string_view text) noexcept {
  std::uint64_t front = 0;
  if (text.size() >= 8) {
    std::memcpy(&front, text.data(), 8);
    return __builtin_bswap64(front);  // all hosts we build for are little-endian
  }
  for (std::size_t i = 0; i < 8; ++i) front = front << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
  return front;
}

// A text that is looked for.
struct WantedText {
  std::uint64_t front;
  std::string_view text;
};

// A text that is kept.
struct KeptText {
  std::uint64_t front;
  std::string text;

  explicit KeptText(std::string kept) : front(front_of(kept)), text(std::move(kept)) {}
};

// What is kept of a key: other keys than texts as they are.
template <class Key>
using Kept = std::conditional_t<std::is_same_v<Key, std::string>, KeptText, Key>;

// A key as it is looked for.
template <class Key> [[nodiscard]] const Key& wanted(const Key& key) noexcept { return key; }
[[nodiscard]] inline WantedText wanted(const std::string& key) noexcept { return {front_of(key), key}; }

// The key of what is kept.
template <class Key> [[nodiscard]] const Key& key_of(const Key& kept) noexcept { return kept; }
[[nodiscard]] inline const std::string& key_of(const KeptText& kept) noexcept { return kept.text; }

// The order of keys, also between a kept and a wanted one.
struct IsBefore {
  using is_transparent = void;
  template <class A, class B>
  [[nodiscard]] bool operator()(const A& a, const B& b) const noexcept {
    if constexpr (requires { a.front; }) return a.front != b.front ? a.front < b.front : a.text < b.text;
    else return a < b;
  }
};

}  // namespace watchbill::table
