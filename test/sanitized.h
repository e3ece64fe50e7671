// What tests do less often under a sanitizer, where a program takes up to ten times as long.
#pragma once

#include <cstddef>

namespace watchbill {

// Of many places, seeds or faults of one kind every so many-th is tried there. Elsewhere, in the same check, each is.
#ifdef WB_SANITIZED
inline constexpr std::size_t sanitized_stride = 8;
#else
inline constexpr std::size_t sanitized_stride = 1;
#endif

}  // namespace watchbill
