// The bodies of model/codec.h; never included elsewhere.
#pragma once

#include <limits>

#include "model/codec.h"

namespace watchbill {
namespace codec {

// Writes the members of `value` that have meaning, merged in key order with the `envelope`: keys that belong to the object but not to
// the struct (an event's "type" and "version"). `write_envelope(i)` writes the value of envelope key i, whose key is already written.
template <Described T, std::size_t N, class WriteEnvelope>
void encode_members(JsonWriter& out, const T& value, const std::array<std::string_view, N>& envelope, WriteEnvelope&& write_envelope) {
  static_assert(fields_are_sorted<T>(), "fields() lists its names in ascending order, each once");
  std::size_t next = 0;
  const auto envelope_before = [&](std::string_view name) {
    for (; next < N && envelope[next] < name; ++next) {
      if (envelope[next].empty()) continue;
      out.key(envelope[next]);
      write_envelope(next);
    }
  };
  std::apply(
      [&](const auto&... each) {
        [[maybe_unused]] const auto one = [&](const auto& described) {
          if (!has_meaning(value.*described.member)) return;
          envelope_before(described.name);
          out.key(described.name);
          encode(out, value.*described.member);
        };
        (one(each), ...);
      },
      T::fields());
  envelope_before("\x7f");  // greater than every key
}

template <Described T>
using MemberReader = bool (*)(CanonicalReader&, T&);

template <Described T, std::size_t I>
bool read_member(CanonicalReader& in, T& value) {
  return decode(in, value.*(std::get<I>(T::fields()).member));
}

template <Described T>
[[nodiscard]] constexpr auto member_readers() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<MemberReader<T>, sizeof...(I)>{&read_member<T, I>...};
  }(std::make_index_sequence<field_count<T>>{});
}

// Reads an object into `value`, skipping the keys for which `is_envelope(key)` is true. Keys arrive in order, so do the fields: one
// walk over both.
template <Described T, class IsEnvelope>
bool decode_members(CanonicalReader& in, T& value, IsEnvelope&& is_envelope) {
  static constexpr auto names = field_names<T>();
  static constexpr auto readers = member_readers<T>();
  if (!in.begin_object()) return false;
  std::string_view key;
  std::size_t next = 0;
  while (in.next_key(key)) {
    if (is_envelope(key)) {
      if (!in.skip()) return false;
      continue;
    }
    while (next < names.size() && names[next] < key) ++next;
    if (next == names.size() || names[next] != key || !readers[next](in, value)) return false;
    ++next;
  }
  return in.ok();
}

}  // namespace codec

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
        codec::encode_members(out, alternative, std::array<std::string_view, 1>{"kind"}, [&](std::size_t) { out.string(T::kind); });
        out.end_object();
      },
      value);
}

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
