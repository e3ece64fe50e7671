#include "cli/json_text.h"

namespace watchbill::cli {

std::string text_of(const JsonValue* value) {
  if (value == nullptr) return "";
  if (const std::string* text = value->as_string()) return one_line(*text);
  std::string out;
  append_json(out, *value);
  return out;
}

std::string member(const JsonValue& value, std::string_view name) { return text_of(value.find(name)); }

std::string member(const JsonValue& value, std::string_view object, std::string_view name) {
  const JsonValue* found = value.find(object);
  return found == nullptr ? "" : member(*found, name);
}

const JsonValue::Array& list_of(const JsonValue* value) {
  static const JsonValue::Array none;
  const JsonValue::Array* list = value == nullptr ? nullptr : value->as_array();
  return list == nullptr ? none : *list;
}

std::string joined(const JsonValue::Array& items, std::string_view between) {
  std::string out;
  for (const JsonValue& item : items) out.append(out.empty() ? "" : between).append(text_of(&item));
  return out;
}

Labels labels_of(const JsonValue* object) {
  std::vector<Labels::Pair> pairs;
  if (object != nullptr && object->as_object() != nullptr)
    for (const auto& [name, value] : *object->as_object()) pairs.emplace_back(name, text_of(&value));
  return Labels(std::move(pairs));
}

void print_json(Terminal& terminal, const JsonValue& value) {
  std::string out;
  append_json(out, value);
  terminal.print(out);
}

}  // namespace watchbill::cli
