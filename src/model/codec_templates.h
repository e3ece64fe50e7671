// The bodies of model/codec.h; never included elsewhere.
#pragma once

#include "model/codec_members.h"

namespace watchbill {
// Contracts: model/codec.h.
template <Described T>
void encode(JsonWriter& out, const T& value) {
  out.begin_object();
  codec::encode_members(out, value, std::array<std::string_view, 0>{}, [](std::size_t) {});
  out.end_object();
}

template <class T>
void encode(JsonWriter& out, const std::optional<T>& value) {
  encode(out, *value);
}

template <class T>
void encode(JsonWriter& out, const std::vector<T>& value) {
  out.begin_array();
  for (const T& element : value) encode(out, element);
  out.end_array();
}

template <class V>
void encode(JsonWriter& out, const std::map<std::string, V>& value) {
  out.begin_object();
  for (const auto& [key, member] : value) {
    out.key(key);
    encode(out, member);
  }
  out.end_object();
}

template <Kinded... Ts>
void encode(JsonWriter& out, const std::variant<Ts...>& value) {
  std::visit(
      [&out]<class T>(const T& alternative) {
        out.begin_object();
        codec::encode_members(out, alternative, std::array<std::string_view, 1>{"kind"},
                              [&](std::size_t) { out.string(T::kind); });
        out.end_object();
      },
      value);
}

// Contracts: model/codec.h.
template <class T>
  requires std::is_integral_v<T>
bool decode(CanonicalReader& in, T& value) {
  std::int64_t read = 0;
  if (!in.integer(read) || !std::in_range<T>(read)) return false;
  value = static_cast<T>(read);
  return true;
}

template <Worded E>
bool decode(CanonicalReader& in, E& value) {
  std::string_view text;
  if (!in.string_view(text)) return false;
  const std::optional<E> read = from_word<E>(text);
  if (!read) return false;
  value = *read;
  return true;
}

template <Described T>
bool decode(CanonicalReader& in, T& value) {
  return codec::decode_members(in, value, [](std::string_view) { return false; });
}

template <class T>
bool decode(CanonicalReader& in, std::optional<T>& value) {
  return decode(in, value.emplace());
}

template <class T>
bool decode(CanonicalReader& in, std::vector<T>& value) {
  if (!in.begin_array()) return false;
  value.clear();
  while (in.next_element())
    if (!decode(in, value.emplace_back())) return false;
  return in.ok();
}

template <class V>
bool decode(CanonicalReader& in, std::map<std::string, V>& value) {
  if (!in.begin_object()) return false;
  value.clear();
  std::string_view key;
  while (in.next_key(key)) {
    V& member = value[std::string(key)];
    if (!decode(in, member)) return false;
  }
  return in.ok();
}

template <Kinded... Ts>
bool decode(CanonicalReader& in, std::variant<Ts...>& value) {
  std::string_view raw;
  if (!in.raw(raw)) return false;
  CanonicalReader find(raw);
  std::string kind;
  std::string_view key;
  if (!find.begin_object()) return false;
  while (find.next_key(key))
    if (!(key == "kind" ? find.string(kind) : find.skip())) return false;
  bool read = false;
  const auto attempt = [&]<class T>(std::type_identity<T>) {
    if (T::kind != kind) return;
    CanonicalReader again(raw);
    read = codec::decode_members(again, value.template emplace<T>(), [](std::string_view name) { return name == "kind"; });
  };
  (attempt(std::type_identity<Ts>{}), ...);
  return read;
}

}  // namespace watchbill
