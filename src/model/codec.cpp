#include "model/codec.h"

#include <array>
#include <charconv>

namespace watchbill {

void encode(JsonWriter& out, const Labels& value) {
  out.begin_object();
  for (const auto& [name, text] : value) out.key(name).string(text);
  out.end_object();
}

void encode(JsonWriter& out, const Digest& value) {
  std::array<char, Digest::hex_size> hex{};
  value.hex_to(hex.data());
  out.string({hex.data(), hex.size()});
}

void encode(JsonWriter& out, const EventReference& value) {
  out.string(std::to_string(value.sequence) + "." + std::to_string(value.index));
}

bool decode(CanonicalReader& in, EventReference& value) {
  std::string_view text;
  if (!in.string_view(text)) return false;
  const char* const end = text.data() + text.size();
  const auto [point, failure] = std::from_chars(text.data(), end, value.sequence);
  if (failure != std::errc{} || point == end || *point != '.') return false;
  const auto [after, index_failure] = std::from_chars(point + 1, end, value.index);
  return index_failure == std::errc{} && after == end;
}

bool decode(CanonicalReader& in, bool& value) {
  std::string_view text;
  if (!in.string_view(text) || (text != "yes" && text != "no")) return false;
  value = text == "yes";
  return true;
}

bool decode(CanonicalReader& in, Digest& value) {
  std::string_view text;
  return in.string_view(text) && value.assign_hex(text);
}

bool decode(CanonicalReader& in, Labels& value) {
  if (!in.begin_object()) return false;
  std::vector<Labels::Pair> pairs;
  std::string_view key;
  while (in.next_key(key)) {
    pairs.emplace_back(std::string(key), std::string());
    if (!in.string(pairs.back().second)) return false;
  }
  value = Labels(std::move(pairs));
  return in.ok();
}

}  // namespace watchbill
