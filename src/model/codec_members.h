// The members of a described struct, written and read in one walk. Used by model/codec_templates.h and model/tagged.h.
#pragma once

#include <limits>

#include "model/codec.h"

namespace watchbill {
namespace codec {

// Writes the members of `value` that have meaning, merged in key order with the `envelope`: keys that belong to the object but
// not to the struct (an event's "type" and "version"). `write_envelope(i)` writes the value of envelope key i, whose key is
// already written.
template <Described T, std::size_t N, class WriteEnvelope>
void encode_members(JsonWriter& out, const T& value, const std::array<std::string_view, N>& envelope,
                    WriteEnvelope&& write_envelope) {
  static_assert(fields_are_sorted<T>(), "fields() lists its names in ascending order, each once");
  std::size_t next = 0;
  const auto envelope_before = [&](std::string_view name) {
    for (; next < N && envelope[next] < name; ++next) {
      if (envelope[next].empty()) continue;
      out.key(envelope[next]);
      write_envelope(next);
    }
  };
  T::fields([&](const auto&... each) {
    [[maybe_unused]] const auto one = [&](const auto& described) {
      if (!has_meaning(value.*described.member)) return;
      envelope_before(described.name);
      out.key(described.name);
      encode(out, value.*described.member);
    };
    (one(each), ...);
  });
  envelope_before("\x7f");  // greater than every key
}

// Reads the member at this index of fields().
template <Described T>
bool read_member(CanonicalReader& in, T& value, std::size_t index) {
  return T::fields([&](const auto&... each) {
    std::size_t at = 0;
    bool is_read = false;
    // The first true one ends it: the member at the index, whatever became of it.
    (void)((at++ == index && (is_read = decode(in, value.*each.member), true)) || ...);
    return is_read;
  });
}

// Reads an object into `value`, skipping the keys for which `is_envelope(key)` is true. Keys arrive in order, so do the fields:
// one walk over both.
template <Described T, class IsEnvelope>
bool decode_members(CanonicalReader& in, T& value, IsEnvelope&& is_envelope) {
  static constexpr auto names = field_names<T>();
  if (!in.begin_object()) return false;
  std::string_view key;
  std::size_t next = 0;
  while (in.next_key(key)) {
    if (is_envelope(key)) {
      if (!in.skip()) return false;
      continue;
    }
    while (next < names.size() && names[next] != key) ++next;
    if (next == names.size() || !read_member(in, value, next)) return false;
    ++next;
  }
  return in.ok();
}

}  // namespace codec

}  // namespace watchbill
