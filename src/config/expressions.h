// PromQL and templates within a bill: checked where they stand, complained about at the very character.
#pragma once

#include <optional>
#include <string>

#include "config/cursor.h"
#include "template/analysis.h"
#include "template/template.h"

namespace watchbill::config {

// Text that is a PromQL expression which can be evaluated. Complains (bad_expression, not_yet_supported).
void read_expression(const Cursor& at, std::string& out);

// The same of an instant vector only: neither a scalar nor a text nor a range (out_of_range).
void read_instant_vector(const Cursor& at, std::string& out);

// Text that is a condition. `{{ … }}` may stand within quoted values of it.
void read_condition(const Cursor& at, std::string& out);

// Complains about the text of `at` when it is no template of this place (bad_template) or names what cannot exist there
// (unknown_name). Nothing: complained.
std::optional<text_template::Template> check_template(const Cursor& at, text_template::Place place,
                                                      const text_template::Shape& names);

// The byte of a template's text at a line and column, as its analysis names places.
[[nodiscard]] std::size_t offset_in_template(std::string_view text, std::uint32_t line, std::uint32_t column);

// Expands a template whose names are all known when the bill is read; complains like check_template.
[[nodiscard]] std::optional<std::string> expand(const Cursor& at, const text_template::Value& data,
                                                const text_template::Shape& names);

}  // namespace watchbill::config
