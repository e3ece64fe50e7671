// What stands for the encoded labels of a series where hundreds of thousands of them must be told apart in little memory: 128
// bits. Two label sets that happen to have one digest would be taken for one series: with a million series the odds are one in
// 10^26. No secret is in it, so who may write series can make such a pair on purpose; he could write to either series anyway.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace watchbill::metrics::receive {

// The 128 bits, and where a table of them begins to look.
struct LabelDigest {
  std::uint64_t low{0};
  std::uint64_t high{0};
  friend bool operator==(const LabelDigest&, const LabelDigest&) = default;
};
struct LabelDigestHash {
  std::size_t operator()(const LabelDigest& digest) const noexcept { return digest.low; }
};

// About 4 bytes a nanosecond.
[[nodiscard]] LabelDigest label_digest(std::string_view encoded_labels) noexcept;

}  // namespace watchbill::metrics::receive
