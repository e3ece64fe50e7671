#include "model/plan_value.h"

#include "model/codec.h"

namespace watchbill {
namespace {

constexpr std::string_view late_key = "late";
constexpr std::string_view secret_key = "secret";

void encode_name(JsonWriter& out, std::string_view key, const std::string& name) {
  out.begin_object().key(key).string(name).end_object();
}

bool decode_at(CanonicalReader& in, PlanValue& value, std::uint32_t depth);

bool decode_list(CanonicalReader& in, PlanValue& value, std::uint32_t depth) {
  PlanValue::List list;
  if (!in.begin_array()) return false;
  while (in.next_element())
    if (!decode_at(in, list.emplace_back(), depth + 1)) return false;
  value = std::move(list);
  return in.ok();
}

bool decode_map(CanonicalReader& in, PlanValue& value, std::uint32_t depth) {
  PlanValue::Map map;
  std::string_view key;
  if (!in.begin_object()) return false;
  while (in.next_key(key)) {
    PlanValue& member = map[std::string(key)];
    if (!decode_at(in, member, depth + 1)) return false;
  }
  if (!in.ok()) return false;
  // An object with exactly one of these keys and a text is the name of something that is not known yet.
  if (map.size() == 1) {
    const auto& [only, member] = *map.begin();
    if (const std::string* name = member.as_text(); name != nullptr && only == late_key) {
      value = LateValue{*name};
      return true;
    }
    if (const std::string* name = member.as_text(); name != nullptr && only == secret_key) {
      value = SecretName{*name};
      return true;
    }
  }
  value = std::move(map);
  return true;
}

bool decode_at(CanonicalReader& in, PlanValue& value, std::uint32_t depth) {
  if (depth > plan_value_depth_max) return false;
  switch (in.peek()) {
    case '{': return decode_map(in, value, depth);
    case '[': return decode_list(in, value, depth);
    case '"': return in.string(value.value.emplace<std::string>());
    default: return in.integer(value.value.emplace<std::int64_t>());
  }
}

}  // namespace

std::string_view text_of(const PlanValues& values, std::string_view name) noexcept {
  const auto at = values.find(std::string(name));
  if (at == values.end() || at->second.as_text() == nullptr) return {};
  return *at->second.as_text();
}

void encode(JsonWriter& out, const PlanValue& value) {
  if (const auto* text = value.as_text()) out.string(*text);
  else if (const auto* number = value.as_integer()) out.integer(*number);
  else if (const auto* late = value.as_late()) encode_name(out, late_key, late->name);
  else if (const auto* secret = value.as_secret()) encode_name(out, secret_key, secret->name);
  else if (const auto* list = value.as_list()) encode(out, *list);
  else encode(out, *value.as_map());
}

bool decode(CanonicalReader& in, PlanValue& value) { return decode_at(in, value, 0); }

}  // namespace watchbill
