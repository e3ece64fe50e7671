// Go's builtin functions: comparison, index, printing, escaping. Source: Go 1.23 text/template.
#include <array>

#include <fmt/format.h>

#include "template/functions.h"
#include "template/runes.h"

namespace watchbill::text_template {
namespace {

Answer not_of(const Invocation& call) { return Value::boolean(!call.arguments[0].truth()); }

// Go's kinds of comparison: values of different kinds do not compare, nil and times compare with == only.
enum class Basic : std::uint8_t { none, boolean, integer, real, text };

Basic basic_kind(const Value& value) {
  if (value.as_boolean() != nullptr) return Basic::boolean;
  if (value.as_integer() != nullptr || value.as_duration() != nullptr) return Basic::integer;
  if (value.as_real() != nullptr) return Basic::real;
  if (value.as_text() != nullptr) return Basic::text;
  return Basic::none;
}

std::int64_t integer_of(const Value& value) {
  const Duration* duration = value.as_duration();
  return duration != nullptr ? duration->ms : *value.as_integer();
}

Complaint cannot_compare(const Value& left, const Value& right) {
  std::string hint;
  const Basic kinds[2] = {basic_kind(left), basic_kind(right)};
  const bool has_real = kinds[0] == Basic::real || kinds[1] == Basic::real;
  const bool has_integer = kinds[0] == Basic::integer || kinds[1] == Basic::integer;
  if (has_real && has_integer) hint = "; write the whole number with a point, as 5.0";
  return Complaint{
      fmt::format("cannot compare {} with {}: only values of one kind compare{}", left.type_name(), right.type_name(), hint)};
}

struct Comparison {
  bool holds;
  bool is_possible;
};

Comparison are_equal(const Value& left, const Value& right) {
  const Basic kind = basic_kind(left);
  if (kind != basic_kind(right)) return {false, left.is_nil() || right.is_nil()};
  switch (kind) {
    case Basic::boolean: return {*left.as_boolean() == *right.as_boolean(), true};
    case Basic::integer: return {integer_of(left) == integer_of(right), true};
    case Basic::real: return {*left.as_real() == *right.as_real(), true};
    case Basic::text: return {*left.as_text() == *right.as_text(), true};
    case Basic::none: break;
  }
  if (left.is_nil() || right.is_nil()) return {left.is_nil() && right.is_nil(), true};
  if (left.as_time() != nullptr && right.as_time() != nullptr) return {*left.as_time() == *right.as_time(), true};
  return {false, false};
}

Comparison is_less(const Value& left, const Value& right) {
  const Basic kind = basic_kind(left);
  if (kind != basic_kind(right)) return {false, false};
  switch (kind) {
    case Basic::integer: return {integer_of(left) < integer_of(right), true};
    case Basic::real: return {*left.as_real() < *right.as_real(), true};
    case Basic::text: return {*left.as_text() < *right.as_text(), true};
    case Basic::boolean:
    case Basic::none: break;
  }
  return {false, false};
}

// One value against several: true when it equals any of them.
Answer equal(const Invocation& call) {
  for (const Value& other : call.arguments.subspan(1)) {
    const Comparison result = are_equal(call.arguments[0], other);
    if (!result.is_possible) return cannot_compare(call.arguments[0], other);
    if (result.holds) return Value::boolean(true);
  }
  return Value::boolean(false);
}

Answer not_equal(const Invocation& call) {
  const Comparison result = are_equal(call.arguments[0], call.arguments[1]);
  if (!result.is_possible) return cannot_compare(call.arguments[0], call.arguments[1]);
  return Value::boolean(!result.holds);
}

// lt, le, gt and ge from < and ==, as Go does: so gt and ge of NaN are true.
template <bool OrEqual, bool Inverse>
Answer ordered(const Invocation& call) {
  const Comparison less = is_less(call.arguments[0], call.arguments[1]);
  if (!less.is_possible) return cannot_compare(call.arguments[0], call.arguments[1]);
  const bool holds = less.holds || (OrEqual && are_equal(call.arguments[0], call.arguments[1]).holds);
  return Value::boolean(holds != Inverse);
}

Answer length(const Invocation& call) {
  const Value& value = call.arguments[0];
  if (const std::string* text = value.as_text()) return Value::integer(static_cast<std::int64_t>(text->size()));
  if (const ListData* list = value.as_list()) return Value::integer(static_cast<std::int64_t>(list->elements.size()));
  if (const MapData* map = value.as_map(); map != nullptr && map->kind != MapKind::record)
    return Value::integer(static_cast<std::int64_t>(map->entries.size()));
  return Complaint{fmt::format("{} has no length; text, lists and maps have one", value.type_name())};
}

Answer index(const Invocation& call) {
  Value at = call.arguments[0];
  for (const Value& key : call.arguments.subspan(1)) {
    Answer inner = index_value(at, key);
    if (!inner) return inner;
    at = std::move(*inner);
  }
  return at;
}

Answer slice(const Invocation& call) {
  const Value& value = call.arguments[0];
  const std::string* text = value.as_text();
  const ListData* list = value.as_list();
  if (text == nullptr && list == nullptr)
    return Complaint{fmt::format("cannot slice {}; text and lists can be sliced", value.type_name())};
  const std::span<const Value> bounds = call.arguments.subspan(1);
  if (bounds.size() > (text != nullptr ? 2U : 3U)) return Complaint{fmt::format("too many bounds: {}", bounds.size())};
  const std::size_t size = text != nullptr ? text->size() : list->elements.size();
  std::array<std::size_t, 3> at{0, size, size};
  for (std::size_t number = 0; number < bounds.size(); ++number) {
    const std::int64_t* bound = bounds[number].as_integer();
    if (bound == nullptr) return Complaint{fmt::format("a bound is a whole number, not {}", bounds[number].type_name())};
    if (*bound < 0 || static_cast<std::uint64_t>(*bound) > size)
      return Complaint{fmt::format("the bound {} is out of range: there are {}", *bound, size)};
    at[number] = static_cast<std::size_t>(*bound);
  }
  if (at[0] > at[1] || at[1] > at[2])
    return Complaint{fmt::format("the bounds {} and {} are in the wrong order", at[0], at[1])};
  if (text != nullptr) return Value::text(text->substr(at[0], at[1] - at[0]));
  const auto begin = list->elements.begin();
  return Value::list(std::vector<Value>(begin + static_cast<std::ptrdiff_t>(at[0]), begin + static_cast<std::ptrdiff_t>(at[1])),
                     list->element_type, list->members);
}

Answer print(const Invocation& call) {
  BoundedText out(call.bytes_max);
  append_print(out, call.arguments);
  return printed(out);
}

Answer println(const Invocation& call) {
  BoundedText out(call.bytes_max);
  append_println(out, call.arguments);
  return printed(out);
}

Answer printf(const Invocation& call) {
  BoundedText out(call.bytes_max);
  append_printf(out, *call.arguments[0].as_text(), call.arguments.subspan(1));
  return printed(out);
}

// The text of the arguments as print gives it; nil is "<no value>" where it stands alone, as in an action.
Answer argument_text(const Invocation& call) {
  if (call.arguments.size() == 1) {
    if (const std::string* text = call.arguments[0].as_text()) return Value::text(*text);
    if (call.arguments[0].is_nil()) return Value::text("<no value>");
  }
  return print(call);
}

void escape_html(std::string& out, std::string_view rest) {
  switch (rest[0]) {
    case '"': out += "&#34;"; return;
    case '\'': out += "&#39;"; return;
    case '&': out += "&amp;"; return;
    case '<': out += "&lt;"; return;
    case '>': out += "&gt;"; return;
    case '\0': out += "\xEF\xBF\xBD"; return;
    default: out += rest[0];
  }
}

void escape_javascript(std::string& out, std::string_view rest) {
  switch (rest[0]) {
    case '\\': out += "\\\\"; return;
    case '\'': out += "\\'"; return;
    case '"': out += "\\\""; return;
    case '<': out += "\\u003C"; return;
    case '>': out += "\\u003E"; return;
    case '&': out += "\\u0026"; return;
    case '=': out += "\\u003D"; return;
    default: break;
  }
  const Rune rune = first_rune(rest);
  if (is_printable(rune.value))
    out += rest.substr(0, rune.bytes);
  else
    out += fmt::format("\\u{:04X}", static_cast<std::uint32_t>(rune.value));
}

void escape_query(std::string& out, std::string_view rest) {
  const char letter = rest[0];
  const bool is_plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                        (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.' || letter == '~';
  if (is_plain)
    out += letter;
  else if (letter == ' ')
    out += '+';
  else
    out += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
}

enum class Output : std::uint8_t { text, html };  // html: not escaped again under Escape::html

template <void (*EscapeOne)(std::string&, std::string_view), bool ByRune, Output Kind>
Answer escaped(const Invocation& call) {
  Answer text = argument_text(call);
  if (!text) return text;
  BoundedText out(call.bytes_max);
  std::string_view rest = *text->as_text();
  std::string piece;
  while (!rest.empty() && !out.is_over()) {
    piece.clear();
    EscapeOne(piece, rest);
    out.append(piece);
    rest.remove_prefix(ByRune ? first_rune(rest).bytes : 1);
  }
  Answer answer = printed(out);
  if (answer && Kind == Output::html) return Value::html(*answer->as_text());
  return answer;
}

constexpr Function table[] = {
    {"and", everywhere, "aa*", nullptr, Gives::anything, Special::logical_and},
    {"call", everywhere, "aa*", nullptr, Gives::anything, Special::call_value},
    {"eq", everywhere, "aaa*", equal},
    {"ge", everywhere, "aa", ordered<false, true>},
    {"gt", everywhere, "aa", ordered<true, true>},
    {"html", everywhere, "aa*", escaped<escape_html, false, Output::html>},
    {"index", everywhere, "aa*", index, Gives::anything},
    {"js", everywhere, "aa*", escaped<escape_javascript, true, Output::text>},
    {"le", everywhere, "aa", ordered<true, false>},
    {"len", everywhere, "a", length},
    {"lt", everywhere, "aa", ordered<false, false>},
    {"ne", everywhere, "aa", not_equal},
    {"not", everywhere, "a", not_of},
    {"or", everywhere, "aa*", nullptr, Gives::anything, Special::logical_or},
    {"print", everywhere, "a*", print},
    {"printf", everywhere, "sa*", printf},
    {"println", everywhere, "a*", println},
    {"slice", everywhere, "aa*", slice, Gives::anything},
    {"tmpl", in_rules | in_notifications, "sa", nullptr, Gives::leaf, Special::call_template},
    {"urlquery", everywhere, "aa*", escaped<escape_query, false, Output::text>},
};

}  // namespace

std::span<const Function> go_functions() noexcept { return table; }

Answer printed(BoundedText& text) {
  if (!text.late().empty())
    return Complaint{
        fmt::format("{} is known only when the plan runs; it may be printed as it stands, not passed on", text.late())};
  if (text.is_over()) return Complaint{fmt::format("the text would have more than {} bytes", text.bytes_max())};
  return Value::text(text.take());
}

Answer index_value(const Value& container, const Value& key) {
  const std::string* text = container.as_text();
  const ListData* list = container.as_list();
  if (text != nullptr || list != nullptr) {
    const std::int64_t* number = key.as_integer();
    if (number == nullptr)
      return Complaint{fmt::format("{} is indexed by whole numbers, not by {}", container.type_name(), key.type_name())};
    const std::size_t size = text != nullptr ? text->size() : list->elements.size();
    if (*number < 0 || static_cast<std::uint64_t>(*number) >= size)
      return Complaint{fmt::format("index {} is out of range: there are {}", *number, size)};
    const auto at = static_cast<std::size_t>(*number);
    if (text != nullptr) return Value::integer(static_cast<unsigned char>((*text)[at]));
    return list->elements[at];
  }
  if (const MapData* map = container.as_map(); map != nullptr && map->kind != MapKind::record) {
    const std::string* name = key.as_text();
    if (name == nullptr && !key.is_nil()) return Complaint{fmt::format("a map is indexed by text, not by {}", key.type_name())};
    const Value* found = map->find(name == nullptr ? std::string_view() : std::string_view(*name));
    if (found != nullptr) return *found;
    return map->kind == MapKind::text ? Value::text("") : Value();
  }
  return Complaint{fmt::format("cannot index {}; lists, maps and text can be indexed", container.type_name())};
}

}  // namespace watchbill::text_template
