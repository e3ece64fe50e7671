#include "template/value.h"

#include <algorithm>

#include "base/assert.h"
#include "template/go_time.h"

namespace watchbill::text_template {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

Value Value::list(std::vector<Value> elements, std::string_view element_type, const Members* members) {
  std::uint32_t depth = 0;
  for (const Value& element : elements) depth = std::max(depth, element.depth());
  WB_ASSERT(depth < value_depth_max, "data is shallow, and functions check before they nest");
  return Value(std::make_shared<const ListData>(ListData{std::move(elements), std::string(element_type), members, depth + 1}));
}

Value Value::map(std::vector<Entry> entries, MapKind kind, const Members* members) {
  std::uint32_t depth = 0;
  for (const auto& [key, value] : entries) depth = std::max(depth, value.depth());
  WB_ASSERT(depth < value_depth_max, "data is shallow, and functions check before they nest");
  const auto by_key = [](const Entry& left, const Entry& right) { return left.first < right.first; };
  if (kind != MapKind::record) {
    if (!std::is_sorted(entries.begin(), entries.end(), by_key)) std::sort(entries.begin(), entries.end(), by_key);
    const auto same_key = [](const Entry& left, const Entry& right) { return left.first == right.first; };
    WB_ASSERT(std::adjacent_find(entries.begin(), entries.end(), same_key) == entries.end(), "a map has each key once");
  }
  return Value(std::make_shared<const MapData>(MapData{std::move(entries), kind, members, depth + 1}));
}

Value Value::function(std::size_t argument_count, Function call) {
  return Value(std::make_shared<const FunctionData>(FunctionData{argument_count, std::move(call)}));
}

const std::string* Value::as_text() const noexcept {
  if (const auto* html = std::get_if<SafeHtml>(&data_)) return &html->text;
  return std::get_if<std::string>(&data_);
}

const ListData* Value::as_list() const noexcept {
  const auto* pointer = std::get_if<ListPointer>(&data_);
  return pointer == nullptr ? nullptr : pointer->get();
}

const MapData* Value::as_map() const noexcept {
  const auto* pointer = std::get_if<MapPointer>(&data_);
  return pointer == nullptr ? nullptr : pointer->get();
}

const FunctionData* Value::as_function() const noexcept {
  const auto* pointer = std::get_if<FunctionPointer>(&data_);
  return pointer == nullptr ? nullptr : pointer->get();
}

bool Value::truth() const noexcept {
  return std::visit(Overloaded{
                        [](std::monostate) { return false; },
                        [](bool value) { return value; },
                        [](std::int64_t value) { return value != 0; },
                        [](double value) { return value != 0; },
                        [](const std::string& value) { return !value.empty(); },
                        [](const SafeHtml& value) { return !value.text.empty(); },
                        [](Instant) { return true; },
                        [](Duration value) { return value.ms != 0; },
                        [](const Late&) { return true; },
                        [](const ListPointer& value) { return !value->elements.empty(); },
                        [](const MapPointer& value) { return value->kind == MapKind::record || !value->entries.empty(); },
                        [](const FunctionPointer&) { return true; },
                    },
                    data_);
}

std::string Value::type_name() const {
  if (const Members* own = members(); own != nullptr && !own->type_name.empty()) return std::string(own->type_name);
  return std::visit(Overloaded{
                        [](std::monostate) { return std::string("<nil>"); },
                        [](bool) { return std::string("bool"); },
                        [](std::int64_t) { return std::string("int"); },
                        [](double) { return std::string("float64"); },
                        [](const std::string&) { return std::string("string"); },
                        [](const SafeHtml&) { return std::string("template.HTML"); },
                        [](Instant) { return std::string("time.Time"); },
                        [](Duration) { return std::string("time.Duration"); },
                        [](const Late&) { return std::string("late value"); },
                        [](const ListPointer& value) { return "[]" + value->element_type; },
                        [](const MapPointer& value) -> std::string {
                          switch (value->kind) {
                            case MapKind::any: return "map[string]interface {}";
                            case MapKind::text: return "map[string]string";
                            case MapKind::record: return "struct";
                          }
                          return {};
                        },
                        [](const FunctionPointer&) { return std::string("func"); },
                    },
                    data_);
}

std::uint32_t Value::depth() const noexcept {
  if (const ListData* list = as_list()) return list->depth;
  if (const MapData* map = as_map()) return map->depth;
  return 0;
}

const Members* Value::members() const noexcept {
  if (const ListData* list = as_list()) return list->members;
  if (const MapData* map = as_map()) return map->members;
  if (as_time() != nullptr) return &time_members();
  if (as_duration() != nullptr) return &duration_members();
  return nullptr;
}

const Value* MapData::find(std::string_view key) const noexcept {
  if (kind == MapKind::record) {
    for (const auto& [name, value] : entries)
      if (name == key) return &value;
    return nullptr;
  }
  const auto at = std::lower_bound(entries.begin(), entries.end(), key,
                                   [](const Value::Entry& entry, std::string_view wanted) { return entry.first < wanted; });
  return at != entries.end() && at->first == key ? &at->second : nullptr;
}

}  // namespace watchbill::text_template
