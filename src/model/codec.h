// Canonical JSON of described structs, both ways. Templates: include only where something is encoded or decoded.
//
// What has no meaning is absent: empty text, lists and maps, an unset optional, a zero digest, a false truth value (a true one is
// the word "yes"). Instants and durations are integers in ms. Reading a struct leaves absent fields as they are; an unknown key,
// a wrong type or a word that is not in its enumeration fails: such bytes were written by a newer release or are damaged.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/sha256.h"
#include "base/time.h"
#include "model/fields.h"
#include "model/ids.h"
#include "model/labels.h"

namespace watchbill {

// An alternative of a variant that is stored as an object with the key "kind".
template <class T>
concept Kinded = Described<T> && requires { { T::kind } -> std::convertible_to<std::string_view>; };

// --- has_meaning: is this value written at all?
// -------------------------------------------------------------------------------------
template <class T> [[nodiscard]] bool has_meaning(const T&) { return true; }
inline bool has_meaning(const std::string& value) { return !value.empty(); }
inline bool has_meaning(const bool& value) { return value; }
inline bool has_meaning(const Digest& value) { return !value.is_zero(); }
inline bool has_meaning(const Labels& value) { return !value.empty(); }
inline bool has_meaning(const EventReference& value) { return value.sequence != 0; }
template <class Tag> bool has_meaning(const Name<Tag>& value) { return !value.empty(); }
template <class T> bool has_meaning(const std::optional<T>& value) { return value.has_value(); }
template <class T> bool has_meaning(const std::vector<T>& value) { return !value.empty(); }
template <class K, class V> bool has_meaning(const std::map<K, V>& value) { return !value.empty(); }

// --- encode
// --------------------------------------------------------------------------------------------------------------------------
inline void encode(JsonWriter& out, const std::string& value) { out.string(value); }
inline void encode(JsonWriter& out, bool value) { out.string(value ? "yes" : "no"); }
inline void encode(JsonWriter& out, Instant value) { out.integer(value.ms); }
inline void encode(JsonWriter& out, Duration value) { out.integer(value.ms); }
void encode(JsonWriter& out, const Digest& value);
template <class Tag> void encode(JsonWriter& out, const Name<Tag>& value) { out.string(value.text); }
void encode(JsonWriter& out, const EventReference& value);
template <class T> requires std::is_integral_v<T>
void encode(JsonWriter& out, T value) { out.integer(static_cast<std::int64_t>(value)); }
template <Worded E> void encode(JsonWriter& out, E value) { out.string(word(value)); }
void encode(JsonWriter& out, const Labels& value);
template <Described T> void encode(JsonWriter& out, const T& value);
template <class T> void encode(JsonWriter& out, const std::optional<T>& value);
template <class T> void encode(JsonWriter& out, const std::vector<T>& value);
template <class V> void encode(JsonWriter& out, const std::map<std::string, V>& value);
template <Kinded... Ts> void encode(JsonWriter& out, const std::variant<Ts...>& value);

// --- decode: false on malformed input
// ------------------------------------------------------------------------------------------------
inline bool decode(CanonicalReader& in, std::string& value) { return in.string(value); }
inline bool decode(CanonicalReader& in, Instant& value) { return in.integer(value.ms); }
inline bool decode(CanonicalReader& in, Duration& value) { return in.integer(value.ms); }
bool decode(CanonicalReader& in, bool& value);
bool decode(CanonicalReader& in, Digest& value);
bool decode(CanonicalReader& in, Labels& value);
bool decode(CanonicalReader& in, EventReference& value);
template <class Tag> bool decode(CanonicalReader& in, Name<Tag>& value) { return in.string(value.text); }
template <class T> requires std::is_integral_v<T> bool decode(CanonicalReader& in, T& value);
template <Worded E> bool decode(CanonicalReader& in, E& value);
template <Described T> bool decode(CanonicalReader& in, T& value);
template <class T> bool decode(CanonicalReader& in, std::optional<T>& value);
template <class T> bool decode(CanonicalReader& in, std::vector<T>& value);
template <class V> bool decode(CanonicalReader& in, std::map<std::string, V>& value);
template <Kinded... Ts> bool decode(CanonicalReader& in, std::variant<Ts...>& value);

// Canonical text of one value.
template <class T>
[[nodiscard]] std::string canonical_text(const T& value) {
  std::string out;
  JsonWriter writer(out);
  encode(writer, value);
  return out;
}

// Reads a whole canonical text; false when malformed or when anything follows.
template <class T>
[[nodiscard]] bool from_canonical_text(std::string_view text, T& value) {
  CanonicalReader reader(text);
  return decode(reader, value) && reader.finished();
}

}  // namespace watchbill

#include "model/codec_templates.h"  // IWYU pragma: export
