// What the files of the store are called: two numbers and a suffix, "000001-000002.log". Pure; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace watchbill::metrics::tsdb {

// The two numbers of a name, in its order. Names that sort by them sort as they were written.
struct NamePair {
  std::uint32_t first{0};
  std::uint32_t second{0};
  friend auto operator<=>(const NamePair&, const NamePair&) = default;
};

// The largest that a name may hold. Who would need the next one must say so instead: a start would not read such a file.
inline constexpr std::uint32_t name_number_max = 999'999'999;

// Six digits at least: "000007".
[[nodiscard]] std::string padded(std::uint32_t number);
// Holds: both are at most name_number_max.
[[nodiscard]] std::string numbered_name(NamePair numbers, std::string_view suffix);
// The numbers, of six to nine digits each, of a name as numbered_name() gives it; nothing for any other one. Names with more
// digits do not sort as they were written: sort by the numbers.
[[nodiscard]] std::optional<NamePair> numbers_of(std::string_view name, std::string_view suffix);

}  // namespace watchbill::metrics::tsdb
