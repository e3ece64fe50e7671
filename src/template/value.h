// What a template reads and computes: an immutable value. Copies are cheap: lists, maps and functions are shared.
//
// The namespace is `text_template`, as the folder's name is a keyword; Go's package is text/template.
// Source: the kinds that Go's text/template sees in the data of Prometheus and Alertmanager.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace watchbill::text_template {

class Value;
struct ListData;
struct MapData;
struct FunctionData;

// What a function gives: a value, or one sentence that says what is wrong and how to mend it. The executor adds where.
struct Complaint {
  std::string what;
};
using Answer = Result<Value, Complaint>;

// A method of a list or a map, as `.Alerts.Firing` or `.CommonLabels.Remove (stringSlice "a")`. Tables of these are static.
struct Member {
  std::string_view name;
  std::uint8_t argument_count_min;
  std::uint8_t argument_count_max;
  Answer (*call)(const Value& self, std::span<const Value> arguments);
};
struct Members {
  std::string_view type_name;  // as %T and messages name it: "template.KV"
  std::span<const Member> methods;
  std::string (*text)(const Value& self){nullptr};  // how it is printed; null: as Go prints a list or a map
};

// How a map answers for a name that it has not.
enum class MapKind : std::uint8_t {
  any,     // Go's map[string]any: no value
  text,    // Go's map[string]string: with MissingKey::zero the empty text
  record,  // Go's struct: an error. Keeps the order of its names; a function in it is called when it is named
};

// What only a later time can know, by the name that plans.md §1 writes: ".Captured.web.release_path". A field of it is late
// too.
struct Late {
  std::string name;
};

// Text that `safeHtml` declared to be HTML already: not escaped again under Escape::html.
struct SafeHtml {
  std::string text;
};

// Containers deeper than this are refused where templates make them and asserted where callers do: printing and destroying
// recurse.
inline constexpr std::uint32_t value_depth_max = 32;

class Value {
 public:
  using ListPointer = std::shared_ptr<const ListData>;
  using MapPointer = std::shared_ptr<const MapData>;
  using FunctionPointer = std::shared_ptr<const FunctionData>;
  using Function = std::function<Answer(std::span<const Value> arguments)>;
  using Entry = std::pair<std::string, Value>;

  Value() = default;  // nil: Go's "no value"
  [[nodiscard]] static Value boolean(bool value) { return Value(value); }
  [[nodiscard]] static Value integer(std::int64_t value) { return Value(value); }
  [[nodiscard]] static Value real(double value) { return Value(value); }
  [[nodiscard]] static Value text(std::string value) { return Value(std::move(value)); }
  [[nodiscard]] static Value html(std::string value) { return Value(SafeHtml{std::move(value)}); }
  [[nodiscard]] static Value time(Instant value) { return Value(value); }
  [[nodiscard]] static Value duration(Duration value) { return Value(value); }
  [[nodiscard]] static Value late(std::string name) { return Value(Late{std::move(name)}); }
  // `element_type` is what %T and messages call an element: "string", "interface {}".
  [[nodiscard]] static Value list(std::vector<Value> elements, std::string_view element_type = "interface {}",
                                  const Members* members = nullptr);
  // Sorts by key (not a record). Asserts that no key comes twice.
  [[nodiscard]] static Value map(std::vector<Entry> entries, MapKind kind = MapKind::any, const Members* members = nullptr);
  [[nodiscard]] static Value record(std::vector<Entry> entries, const Members* members = nullptr) {
    return map(std::move(entries), MapKind::record, members);
  }
  // Must be pure; `argument_count` is exact.
  [[nodiscard]] static Value function(std::size_t argument_count, Function call);

  [[nodiscard]] bool is_nil() const noexcept { return std::holds_alternative<std::monostate>(data_); }
  // Null when the value is of another kind. as_text is also given for SafeHtml.
  [[nodiscard]] const bool* as_boolean() const noexcept { return std::get_if<bool>(&data_); }
  [[nodiscard]] const std::int64_t* as_integer() const noexcept { return std::get_if<std::int64_t>(&data_); }
  [[nodiscard]] const double* as_real() const noexcept { return std::get_if<double>(&data_); }
  [[nodiscard]] const std::string* as_text() const noexcept;
  [[nodiscard]] const SafeHtml* as_html() const noexcept { return std::get_if<SafeHtml>(&data_); }
  [[nodiscard]] const Instant* as_time() const noexcept { return std::get_if<Instant>(&data_); }
  [[nodiscard]] const Duration* as_duration() const noexcept { return std::get_if<Duration>(&data_); }
  [[nodiscard]] const Late* as_late() const noexcept { return std::get_if<Late>(&data_); }
  [[nodiscard]] const ListData* as_list() const noexcept;
  [[nodiscard]] const MapData* as_map() const noexcept;
  [[nodiscard]] const FunctionData* as_function() const noexcept;

  // Go's truth: false, 0, "", nil, empty list and empty map are false; records and times are true. Late values have none: ask
  // first.
  [[nodiscard]] bool truth() const noexcept;
  // Go's name of the type: "string", "float64", "map[string]string", "<nil>", "time.Time".
  [[nodiscard]] std::string type_name() const;
  // Containers within containers: 0 for everything else.
  [[nodiscard]] std::uint32_t depth() const noexcept;
  [[nodiscard]] const Members* members() const noexcept;

 private:
  using Data = std::variant<std::monostate, bool, std::int64_t, double, std::string, SafeHtml, Instant, Duration, Late,
                            ListPointer, MapPointer, FunctionPointer>;
  template <class T>
  explicit Value(T data) : data_(std::move(data)) {}

  Data data_;
};

struct ListData {
  std::vector<Value> elements;
  std::string element_type;
  const Members* members;
  std::uint32_t depth;
};
struct MapData {
  std::vector<Value::Entry> entries;
  MapKind kind;
  const Members* members;
  std::uint32_t depth;

  // The value under a key, or null.
  [[nodiscard]] const Value* find(std::string_view key) const noexcept;
};
struct FunctionData {
  std::size_t argument_count;
  Value::Function call;
};

}  // namespace watchbill::text_template
