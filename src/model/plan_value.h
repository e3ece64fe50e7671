// A value of a plan: what an action is told, what looking found. Integers, texts, lists and maps of them, and the two things that
// are not known when a plan is made: late values and secrets.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"

namespace watchbill {

// What only the run can know, by its name: ".Captured.web.release_path". Written {"late":NAME}. Bound in StepIntended.
struct LateValue {
  std::string name;
  friend bool operator==(const LateValue&, const LateValue&) = default;
};

// A secret by its name: "env:NAME". Written {"secret":NAME}. Only the driver that needs it reads it.
struct SecretName {
  std::string name;
  friend bool operator==(const SecretName&, const SecretName&) = default;
};

// Nesting beyond this is refused by whoever reads values from outside and malformed in stored bytes.
inline constexpr std::uint32_t plan_value_depth_max = 8;

struct PlanValue {
  using List = std::vector<PlanValue>;
  using Map = std::map<std::string, PlanValue>;
  std::variant<std::string, std::int64_t, LateValue, SecretName, List, Map> value;

  PlanValue() = default;
  PlanValue(std::string text) : value(std::move(text)) {}           // NOLINT(google-explicit-constructor)
  PlanValue(const char* text) : value(std::string(text)) {}         // NOLINT(google-explicit-constructor)
  PlanValue(std::int64_t number) : value(number) {}                 // NOLINT(google-explicit-constructor)
  PlanValue(LateValue late) : value(std::move(late)) {}             // NOLINT(google-explicit-constructor)
  PlanValue(SecretName secret) : value(std::move(secret)) {}        // NOLINT(google-explicit-constructor)
  PlanValue(List list) : value(std::move(list)) {}                  // NOLINT(google-explicit-constructor)
  PlanValue(Map map) : value(std::move(map)) {}                     // NOLINT(google-explicit-constructor)

  // Null when the value is of another kind.
  [[nodiscard]] const std::string* as_text() const noexcept { return std::get_if<std::string>(&value); }
  [[nodiscard]] const std::int64_t* as_integer() const noexcept { return std::get_if<std::int64_t>(&value); }
  [[nodiscard]] const LateValue* as_late() const noexcept { return std::get_if<LateValue>(&value); }
  [[nodiscard]] const SecretName* as_secret() const noexcept { return std::get_if<SecretName>(&value); }
  [[nodiscard]] const List* as_list() const noexcept { return std::get_if<List>(&value); }
  [[nodiscard]] const Map* as_map() const noexcept { return std::get_if<Map>(&value); }

  friend bool operator==(const PlanValue&, const PlanValue&) = default;
};

// The arguments of an action, or a former state: values by name.
using PlanValues = PlanValue::Map;

// A text with late values in it is a map with this one key: a list of texts and late values, joined when they are bound.
inline constexpr std::string_view late_text_key = "late_text";

// The text under a name, or "" when there is none. For arguments that must be texts once they are bound.
[[nodiscard]] std::string_view text_of(const PlanValues& values, std::string_view name) noexcept;

// Canonical JSON, as model/codec.h does it; decode() is false on malformed input.
void encode(JsonWriter& out, const PlanValue& value);
[[nodiscard]] bool decode(CanonicalReader& in, PlanValue& value);

}  // namespace watchbill
