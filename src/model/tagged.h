// A variant of described structs that are stored as objects with the keys "type" and "version": events and commands.
// Templates; include only in the files that encode and decode them.
#pragma once

#include <optional>
#include <string>
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

// What of an object is known before it is decoded. Views into its text.
struct Scanned {
  std::string_view text;  // of the whole object
  std::string_view type;
  std::int64_t version{0};             // 0: absent
  std::optional<std::uint32_t> after;  // an event's cause
};

// Reads over the next object and gives its tag: one walk that decodes nothing else. False when it is no object or has no type.
inline bool scan(CanonicalReader& in, Scanned& out) {
  const std::size_t begin = in.offset();
  std::string_view key, type;
  if (!in.begin_object()) return false;
  while (in.next_key(key)) {
    const bool ok = key == "type"      ? in.raw(type)
                    : key == "version" ? in.integer(out.version)
                    : key == "after"   ? decode(in, out.after)
                                       : in.skip();
    if (!ok) return false;
  }
  if (!in.ok() || type.size() < 3 || type.front() != '"') return false;
  out.type = type.substr(1, type.size() - 2);  // as written: an escape makes it a type that nobody knows
  out.text = in.since(begin);
  return true;
}

// "event HoldSet version 1": for failures.
[[nodiscard]] inline std::string name_of(std::string_view what, const Scanned& scanned) {
  return std::string(what).append(scanned.type).append(" version ").append(std::to_string(scanned.version));
}

template <class Variant>
using Reader = Outcome (*)(std::string_view object, std::int64_t version, Variant& out);

// Reads an object as the alternative T, if this build knows the version.
template <class Variant, Tagged T>
Outcome read_as(std::string_view object, std::int64_t version, Variant& out) {
  if (version > T::version) return Outcome::newer_version;
  if (version < 1) return Outcome::malformed;
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

// Reads a scanned object into the alternative that its tag names.
template <class Variant>
Outcome read(const Scanned& object, Variant& out) {
  const auto& entries = Table<Variant>::entries;
  const auto at = std::lower_bound(entries.begin(), entries.end(), object.type,
                                   [](const Entry<Variant>& entry, std::string_view type) { return entry.type < type; });
  if (at == entries.end() || at->type != object.type) return Outcome::unknown_type;
  return at->reader(object.text, object.version, out);
}

}  // namespace watchbill::tagged
