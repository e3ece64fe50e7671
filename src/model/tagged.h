// A variant of described structs that are stored as objects with the keys "type" and "version": events and commands.
// Templates; include only in the files that encode and decode them.
#pragma once

#include <string_view>
#include <variant>

#include "model/codec.h"

namespace watchbill::tagged {

template <class T>
concept Tagged = Described<T> && requires {
  { T::type } -> std::convertible_to<std::string_view>;
  { T::version } -> std::convertible_to<int>;
};

enum class Outcome : std::uint8_t { read, unknown_type, newer_version, malformed };

struct Tag {
  std::string type;
  std::int64_t version{1};
};

// Reads the tag of an object without consuming it. Keys are sorted, so both stand late: one scan without decoding.
inline bool read_tag(std::string_view object, Tag& tag) {
  CanonicalReader find(object);
  std::string_view key;
  if (!find.begin_object()) return false;
  while (find.next_key(key)) {
    const bool ok = key == "type" ? find.string(tag.type) : key == "version" ? find.integer(tag.version) : find.skip();
    if (!ok) return false;
  }
  return find.finished() && !tag.type.empty();
}

template <class Variant>
using Reader = Outcome (*)(std::string_view object, std::int64_t version, Variant& out);

// Reads an object as the alternative T, if this build knows the version.
template <class Variant, Tagged T>
Outcome read_as(std::string_view object, std::int64_t version, Variant& out) {
  if (version > T::version) return Outcome::newer_version;
  CanonicalReader in(object);
  const auto is_envelope = [](std::string_view key) { return key == "type" || key == "version" || key == "after"; };
  return codec::decode_members(in, out.template emplace<T>(), is_envelope) && in.finished() ? Outcome::read : Outcome::malformed;
}

template <class Variant>
struct Entry {
  std::string_view type;
  Reader<Variant> reader;
};

template <class Variant>
struct Table;

// The alternatives by name, sorted at compile time.
template <Tagged... Ts>
struct Table<std::variant<Ts...>> {
  using Variant = std::variant<Ts...>;
  static constexpr auto entries = [] {
    std::array<Entry<Variant>, sizeof...(Ts)> all{Entry<Variant>{Ts::type, &read_as<Variant, Ts>}...};
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.type < b.type; });
    return all;
  }();
};

// Reads an object whose tag is known into the alternative that the tag names.
template <class Variant>
Outcome read(std::string_view object, const Tag& tag, Variant& out) {
  const auto& entries = Table<Variant>::entries;
  const auto at = std::lower_bound(entries.begin(), entries.end(), std::string_view(tag.type),
                                   [](const Entry<Variant>& entry, std::string_view type) { return entry.type < type; });
  if (at == entries.end() || at->type != tag.type) return Outcome::unknown_type;
  return at->reader(object, tag.version, out);
}

}  // namespace watchbill::tagged
