#include "metrics/tsdb/numbered_names.h"

#include <charconv>
#include <cstddef>

#include "base/assert.h"

namespace watchbill::metrics::tsdb {
namespace {

constexpr std::size_t digits_min = 6;

// The number that a text is, to the last digit.
std::optional<std::uint32_t> number_of(std::string_view text) noexcept {
  std::uint32_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number > name_number_max) return std::nullopt;
  return number;
}

}  // namespace

std::string padded(std::uint32_t number) {
  std::string text = std::to_string(number);
  return text.size() < digits_min ? std::string(digits_min - text.size(), '0') + text : text;
}

std::string numbered_name(NamePair numbers, std::string_view suffix) {
  WB_ASSERT(numbers.first <= name_number_max && numbers.second <= name_number_max, "a start reads every file that a run wrote");
  return padded(numbers.first) + "-" + padded(numbers.second) + std::string(suffix);
}

std::optional<NamePair> numbers_of(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return std::nullopt;
  const std::string_view both = name.substr(0, name.size() - suffix.size());
  const std::size_t dash = both.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = number_of(both.substr(0, dash));
  const auto second = number_of(both.substr(dash + 1));
  if (!first || !second) return std::nullopt;
  const NamePair numbers{*first, *second};
  // One name for each pair: what has a zero too many or too few is none of ours.
  return numbered_name(numbers, suffix) == name ? std::optional(numbers) : std::nullopt;
}

}  // namespace watchbill::metrics::tsdb
