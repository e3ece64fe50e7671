// The functions that templates may call, by place. Internal to the folder.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "template/pattern.h"
#include "template/template.h"
#include "template/value.h"

namespace watchbill::text_template {

// What a function sees when it is called.
struct Invocation {
  std::span<const Value> arguments;  // their number and kinds fit `parameters`
  const Environment& environment;
  const Value& root;       // the data that rendering began with
  const Pattern* pattern;  // compiled before, or null
  std::size_t bytes_max;   // no text may become longer
};

// These are done by the executor: they look at arguments one by one, call values or call templates.
enum class Special : std::uint8_t { none, logical_and, logical_or, call_value, call_template };

// What the analysis knows of an answer.
enum class Gives : std::uint8_t { anything, leaf, samples, sample };

struct Function {
  std::string_view name;
  std::uint8_t places;  // bits of place_bit()
  // One letter for each argument; `*` after the last: any number of it. a anything, s text, n a number or what reads as one,
  // v a list, r a sample or record, t a time.
  std::string_view parameters;
  Answer (*call)(const Invocation&);
  Gives gives{Gives::leaf};
  Special special{Special::none};

  [[nodiscard]] bool is_variadic() const noexcept { return parameters.ends_with('*'); }
  [[nodiscard]] std::size_t argument_count_min() const noexcept { return parameters.size() - (is_variadic() ? 2 : 0); }
  [[nodiscard]] char parameter(std::size_t index) const noexcept {
    return parameters[index < argument_count_min() ? index : parameters.size() - 2];
  }
};

// The bit of a place in Function::places.
[[nodiscard]] constexpr std::uint8_t place_bit(Place place) noexcept {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(place));
}
inline constexpr std::uint8_t in_rules = place_bit(Place::rule);
inline constexpr std::uint8_t in_notifications = place_bit(Place::notification);
inline constexpr std::uint8_t in_plans = place_bit(Place::plan);
inline constexpr std::uint8_t everywhere = in_rules | in_notifications | in_plans;

// Null when the place has no function of that name.
[[nodiscard]] const Function* find_function(std::string_view name, Place place) noexcept;
[[nodiscard]] std::vector<std::string_view> function_names(Place place);
// Where else a function of that name exists, for messages: "rules", or "".
[[nodiscard]] std::string_view place_of(std::string_view name) noexcept;

// The tables, one for each file.
[[nodiscard]] std::span<const Function> go_functions() noexcept;
[[nodiscard]] std::span<const Function> text_functions() noexcept;
[[nodiscard]] std::span<const Function> sample_functions() noexcept;

// Go's index: into lists and text by number, into maps by key. Shared with the executor, which asks for late values first.
[[nodiscard]] Answer index_value(const Value& container, const Value& key);

// The answer that holds what was printed, or why it cannot be one: a late value or the limit was met.
[[nodiscard]] Answer printed(BoundedText& text);

// The number that humanize and its relatives read: a number, text that is one, a duration in seconds. NaN when it is none
// (`is_number`).
struct Reading {
  double value;
  bool is_number;
};
[[nodiscard]] Reading number_in(const Value& value) noexcept;

}  // namespace watchbill::text_template
