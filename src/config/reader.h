// Objects of the bill as tables of their keys. A table says what may stand in an object; the same table reads it, explains what
// is wrong with it, and is printed as documentation, so that no two of them can disagree.
//
//   constexpr auto settings = table<EvaluationSettings>("evaluation",
//       optional<&EvaluationSettings::debounce>("debounce", "duration", "100ms", "at most one early look in this time"), …);
//   void read(const Cursor& at, EvaluationSettings& out) { read_object(at, settings, out); }
//
// A value is read by the overload of read(Cursor, T&) for its type (config/values.h, or beside the struct). Readers say what is
// wrong through Cursor::complain and go on: one report has every problem of a bill.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "config/cursor.h"

namespace watchbill::config {

enum class Presence : std::uint8_t {
  required,
  optional,
  later,  // specified, not built: refused as not_yet_supported
};

struct Key {
  std::string_view name;
  Presence presence{Presence::optional};
  std::string_view type;      // "duration", "list of text"
  std::string_view fallback;  // the default as the bill would write it; empty: none
  std::string_view text;      // what it means, its unit and range
  void (*read)(const Cursor& at, void* object){nullptr};
};

// The keys of one object, as its documentation prints them.
struct TableView {
  std::string_view path;  // "workloads.NAME.restart"
  std::span<const Key> keys;
};

template <class Owner>
struct KeyOf : Key {};

template <class Owner, std::size_t N>
struct Table {
  std::string_view path;
  std::array<Key, N> keys;
  [[nodiscard]] constexpr TableView view() const { return {path, keys}; }
};

template <class Owner, class Member>
Owner owner_of(Member Owner::*);
template <auto member>
using OwnerOf = decltype(owner_of(member));

// A key whose value is read by the overload of read() for the member's type, or by `reader` where a type is not enough.
template <auto member>
constexpr KeyOf<OwnerOf<member>> optional(std::string_view name, std::string_view type, std::string_view fallback,
                                          std::string_view text) {
  return {{name, Presence::optional, type, fallback, text,
           [](const Cursor& at, void* object) { read(at, static_cast<OwnerOf<member>*>(object)->*member); }}};
}
template <auto member, auto reader>
constexpr KeyOf<OwnerOf<member>> optional(std::string_view name, std::string_view type, std::string_view fallback,
                                          std::string_view text) {
  return {{name, Presence::optional, type, fallback, text,
           [](const Cursor& at, void* object) { reader(at, static_cast<OwnerOf<member>*>(object)->*member); }}};
}
// A key that fills more than one member: `reader` gets the whole object.
template <class Owner, auto reader>
constexpr KeyOf<Owner> whole(std::string_view name, std::string_view type, std::string_view fallback, std::string_view text) {
  return {{name, Presence::optional, type, fallback, text,
           [](const Cursor& at, void* object) { reader(at, *static_cast<Owner*>(object)); }}};
}
template <class Owner>
constexpr KeyOf<Owner> required(KeyOf<Owner> key) {
  key.presence = Presence::required;
  return key;
}
template <class Owner>
constexpr KeyOf<Owner> later(std::string_view name, std::string_view text) {
  return {{name, Presence::later, "", "", text, nullptr}};
}
template <class Owner, class... Keys>
constexpr Table<Owner, sizeof...(Keys)> table(std::string_view path, const Keys&... keys) {
  static_assert((std::is_same_v<Keys, KeyOf<Owner>> && ...), "each key belongs to the object");
  return {path, {static_cast<const Key&>(keys)...}};
}

// Reads the keys of a mapping. Unknown and later keys, missing required ones and anything that is no mapping are complained
// about. False only for the last.
bool read_keys(const Cursor& at, std::span<const Key> keys, void* object);

// The same by a typed table.
template <class Owner, std::size_t N>
bool read_object(const Cursor& at, const Table<Owner, N>& table, Owner& out) {
  return read_keys(at, table.keys, &out);
}

}  // namespace watchbill::config
