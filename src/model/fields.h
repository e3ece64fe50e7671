// How a struct lists what is stored of it. One list per struct gives its canonical JSON, its reader, its place in a snapshot and
// its digest, so that no two of them can disagree.
//
//   struct HoldReleased {
//     std::string by;
//     std::string scope;
//     template <class To> static constexpr auto fields(To&& to) {
//       return to(field("by", &HoldReleased::by), field("scope", &HoldReleased::scope));
//     }
//   };
//
// `to` is a function of any number of fields. A list handed on and not returned: a tuple of them in a header is instantiated by
// every file that reads the header, and was half of the time that such a file took to compile.
//
// Names are in ascending byte order (checked at compile time): the order in which canonical JSON writes them.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <type_traits>

namespace watchbill {

template <class Owner, class Member>
struct Field {
  using Type = Member;
  std::string_view name;
  Member Owner::*member;
};

// One entry of a list of fields.
template <class Owner, class Member>
[[nodiscard]] constexpr Field<Owner, Member> field(std::string_view name, Member Owner::*member) noexcept {
  return {name, member};
}

// Counts the fields that it is handed.
struct FieldCounter {
  template <class... Fields>
  constexpr std::size_t operator()(const Fields&...) const noexcept {
    return sizeof...(Fields);
  }
};

// A struct with a static fields(to).
template <class T>
concept Described = requires { T::fields(FieldCounter{}); };

template <Described T>
inline constexpr std::size_t field_count = T::fields(FieldCounter{});

// The names of T's fields, in order.
template <Described T>
[[nodiscard]] constexpr std::array<std::string_view, field_count<T>> field_names() noexcept {
  return T::fields([](const auto&... each) { return std::array<std::string_view, field_count<T>>{each.name...}; });
}

// True when the names ascend, each once: what canonical JSON needs.
template <Described T>
[[nodiscard]] constexpr bool fields_are_sorted() noexcept {
  const auto names = field_names<T>();
  return std::adjacent_find(names.begin(), names.end(), [](auto a, auto b) { return a >= b; }) == names.end();
}

// The words of an enumeration, in the order of its values from 0. Specialise once beside the enumeration:
//   template <> struct Words<Lane> { static constexpr std::array<std::string_view, 5> table{"outcomes", …}; };
template <class E>
struct Words;

template <class E>
concept Worded = std::is_enum_v<E> && requires { Words<E>::table; };

// The word of a value; values outside the table cannot be made without a cast.
template <Worded E>
[[nodiscard]] constexpr std::string_view word(E value) noexcept {
  return Words<E>::table[static_cast<std::size_t>(value)];
}

// The value of a word, if there is one.
template <Worded E>
[[nodiscard]] constexpr std::optional<E> from_word(std::string_view text) noexcept {
  for (std::size_t i = 0; i < Words<E>::table.size(); ++i)
    if (Words<E>::table[i] == text) return static_cast<E>(i);
  return std::nullopt;
}

}  // namespace watchbill
