// Readers of plain values. Each leaves `out` as it is and complains when the value is no such thing: wrong_type for another type
// or trailing characters, out_of_range for one beyond its bounds.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "config/cursor.h"
#include "model/fields.h"
#include "model/labels.h"

namespace watchbill::config {

// Any scalar that is there, as it is written: `8080` is the text "8080".
void read(const Cursor& at, std::string& out);
void read(const Cursor& at, bool& out);
// As Prometheus writes it; never negative.
void read(const Cursor& at, Duration& out);
// An object of texts; names are label names.
void read(const Cursor& at, Labels& out);

// Text that is not empty.
void read_filled(const Cursor& at, std::string& out);
// More than 0.
void read_positive(const Cursor& at, Duration& out);
// A whole number in decimal digits within the bounds.
struct Bounds {
  std::int64_t min{0};
  std::int64_t max{0};
};
[[nodiscard]] std::optional<std::int64_t> read_integer(const Cursor& at, Bounds bounds);
// A decimal number times a million, cut: "1.5" is 1'500'000. `is_share`: "25%" is taken too.
[[nodiscard]] std::optional<std::int64_t> read_millionths(const Cursor& at, Bounds bounds, bool is_share);
// "5 per 10m"
struct Rate {
  std::int64_t count{0};
  Duration window;
};
[[nodiscard]] std::optional<Rate> read_rate(const Cursor& at, Bounds count_bounds);
[[nodiscard]] std::optional<std::int64_t> parse_bytes(std::string_view text) noexcept;
// "16MiB", "512KiB", "100": a number of bytes with or without B, KiB, MiB, GiB, KB, MB, GB.
[[nodiscard]] std::optional<std::int64_t> read_bytes(const Cursor& at, Bounds bounds);
// A signal's number by its name, with or without SIG.
[[nodiscard]] std::optional<std::uint32_t> read_signal(const Cursor& at);
// A path, made absolute: relative ones start at the folder of the file.
void read_path(const Cursor& at, std::string& out);
// Paths of files that are read later, at each call or at the start: whoever checks the bill is told when one is not there.
void read_path_for_calls(const Cursor& at, std::string& out);
void read_path_for_start(const Cursor& at, std::string& out);

// The position of a word among `words`; complains with the nearest spelling.
[[nodiscard]] std::optional<std::size_t> read_word(const Cursor& at, std::span<const std::string_view> words);

// True when the value is a list, or an object; complains otherwise.
[[nodiscard]] bool is_list(const Cursor& at, std::string_view of_what);
[[nodiscard]] bool is_object(const Cursor& at, std::string_view of_what);

template <Worded E>
void read(const Cursor& at, E& out) {
  if (const std::optional<std::size_t> index = read_word(at, Words<E>::table)) out = static_cast<E>(*index);
}

template <class T>
  requires(std::integral<T> && !std::same_as<T, bool>)
void read(const Cursor& at, T& out) {
  constexpr Bounds bounds{0, std::in_range<std::int64_t>(std::numeric_limits<T>::max())
                                 ? static_cast<std::int64_t>(std::numeric_limits<T>::max())
                                 : std::numeric_limits<std::int64_t>::max()};
  if (const std::optional<std::int64_t> value = read_integer(at, bounds)) out = static_cast<T>(*value);
}

// A whole number within fixed bounds, for tables.
template <std::int64_t min, std::int64_t max, class T>
void read_between(const Cursor& at, T& out) {
  if (const std::optional<std::int64_t> value = read_integer(at, {min, max})) out = static_cast<T>(*value);
}

template <class T>
void read(const Cursor& at, std::optional<T>& out) {
  T value{};
  read(at, value);
  out = std::move(value);
}

// A list, each element read by `reader`.
template <class T, void (*reader)(const Cursor&, T&)>
void read_each(const Cursor& at, std::vector<T>& out) {
  if (!is_list(at, "")) return;
  out.clear();
  for (std::size_t i = 0; i < at.node().children.size(); ++i) reader(at.element(i), out.emplace_back());
}

// `name: value`, each value read by `reader`; adds to `out`.
template <class T, void (*reader)(const Cursor&, T&)>
void read_named(const Cursor& at, std::map<std::string, T>& out) {
  if (!is_object(at, "")) return;
  const std::vector<NodeIndex>& children = at.node().children;
  for (std::size_t i = 0; i < children.size(); i += 2) {
    const std::string& name = at.at(children[i]).text;
    reader(at.member(name, children[i + 1]), out[name]);
  }
}

template <class T>
void read(const Cursor& at, std::vector<T>& out) {
  read_each<T, read>(at, out);
}

template <class T>
void read(const Cursor& at, std::map<std::string, T>& out) {
  read_named<T, read>(at, out);
}

// A list with at least one element.
template <class T>
void read_some(const Cursor& at, std::vector<T>& out) {
  read(at, out);
  if (at.node().kind == NodeKind::sequence && out.empty()) at.complain("out_of_range", "expected at least one element");
}

// One value, or a list of them.
template <class T>
void read_one_or_more(const Cursor& at, std::vector<T>& out) {
  if (at.node().kind == NodeKind::sequence) return read_some(at, out);
  out.clear();
  read(at, out.emplace_back());
}

}  // namespace watchbill::config
