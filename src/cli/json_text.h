// How verbs read and show the JSON of an answer: what is missing is empty, never an error.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "cli/terminal.h"
#include "model/labels.h"

namespace watchbill::cli {

// A text as one_line() shows it, everything else as JSON; "" of null.
[[nodiscard]] std::string text_of(const JsonValue* value);
// The text of a member of an object, or of a member of its member `object`; "" where there is none.
[[nodiscard]] std::string member(const JsonValue& value, std::string_view name);
[[nodiscard]] std::string member(const JsonValue& value, std::string_view object, std::string_view name);
// The elements of an array; none of what is no array.
[[nodiscard]] const JsonValue::Array& list_of(const JsonValue* value);
[[nodiscard]] inline const JsonValue::Array& items_of(const JsonValue& value, std::string_view name) {
  return list_of(value.find(name));
}
// The texts of the elements, with this between them.
[[nodiscard]] std::string joined(const JsonValue::Array& items, std::string_view between = ", ");
// An object of texts as labels; none of what is no object.
[[nodiscard]] Labels labels_of(const JsonValue* object);
// The whole value as one line of JSON.
void print_json(Terminal& terminal, const JsonValue& value);

}  // namespace watchbill::cli
