// Whether a value can be written as canonical JSON and read back the same. The writer asserts on larger integers and replaces
// what is not UTF-8: a command from outside that holds either is refused before it is decided, or live state and replay would
// part.
#pragma once

#include <algorithm>

#include "model/codec.h"
#include "model/plan_value.h"

namespace watchbill {

// True when all texts in `value` are UTF-8 and all integers within 53 bits. One overload for each kind of value that codec.h
// knows.
inline bool is_storable(bool) noexcept { return true; }
inline bool is_storable(std::string_view value) noexcept { return find_invalid_utf8(value) == std::string_view::npos; }
inline bool is_storable(const std::string& value) noexcept { return is_storable(std::string_view(value)); }
template <class T> requires std::is_integral_v<T>
bool is_storable(T value) noexcept {
  return std::cmp_less_equal(value, json_integer_max) && std::cmp_greater_equal(value, -json_integer_max);
}
inline bool is_storable(Instant value) noexcept { return is_storable(value.ms); }
inline bool is_storable(Duration value) noexcept { return is_storable(value.ms); }
inline bool is_storable(const Digest&) noexcept { return true; }
inline bool is_storable(const EventReference& value) noexcept { return is_storable(value.sequence); }
inline bool is_storable(const Labels& value) noexcept {
  return std::all_of(value.begin(), value.end(),
                     [](const auto& each) { return is_storable(each.first) && is_storable(each.second); });
}
template <class Tag> bool is_storable(const Name<Tag>& value) noexcept { return is_storable(value.text); }
template <Worded E> bool is_storable(E) noexcept { return true; }
// Recursion as deep as plan_value_depth_max, which whoever reads values from outside holds.
inline bool is_storable(const PlanValue& value) noexcept;
template <Described T> bool is_storable(const T& value) noexcept;
template <class T> bool is_storable(const std::optional<T>& value) noexcept;
template <class T> bool is_storable(const std::vector<T>& value) noexcept;
template <class V> bool is_storable(const std::map<std::string, V>& value) noexcept;
template <Kinded... Ts> bool is_storable(const std::variant<Ts...>& value) noexcept;

// As above.
template <Described T>
bool is_storable(const T& value) noexcept {
  return T::fields([&](const auto&... each) { return (is_storable(value.*each.member) && ...); });
}
template <class T>
bool is_storable(const std::optional<T>& value) noexcept {
  return !value || is_storable(*value);
}
template <class T>
bool is_storable(const std::vector<T>& value) noexcept {
  return std::all_of(value.begin(), value.end(), [](const T& each) { return is_storable(each); });
}
template <class V>
bool is_storable(const std::map<std::string, V>& value) noexcept {
  return std::all_of(value.begin(), value.end(),
                     [](const auto& each) { return is_storable(each.first) && is_storable(each.second); });
}
template <Kinded... Ts>
bool is_storable(const std::variant<Ts...>& value) noexcept {
  return std::visit([](const auto& alternative) { return is_storable(alternative); }, value);
}

inline bool is_storable(const PlanValue& value) noexcept {
  if (const LateValue* late = value.as_late()) return is_storable(late->name);
  if (const SecretName* secret = value.as_secret()) return is_storable(secret->name);
  if (const PlanValue::List* list = value.as_list()) return is_storable(*list);
  if (const PlanValue::Map* map = value.as_map()) return is_storable(*map);
  if (const std::int64_t* number = value.as_integer()) return is_storable(*number);
  return is_storable(*value.as_text());
}

}  // namespace watchbill
