// The nearest known name to one that nobody knows: "did you mean".
#pragma once

#include <span>
#include <string_view>

namespace watchbill {

// The candidate with the fewest edits (insert, delete, replace, swap of neighbours; a change of case alone counts as none) to
// `wanted`, if there are at most as many as a third of its length, rounded up; else "". Of equals the first. Names above 64 bytes
// have no neighbour.
[[nodiscard]] std::string_view nearest_spelling(std::string_view wanted, std::span<const std::string_view> candidates);

}  // namespace watchbill
