// The line that an error speaks of, with a caret under the very place: for people, never in JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "cli/terminal.h"
#include "config/finding.h"

namespace watchbill::cli {

// "  LINE\n  ^": the line of `text` that holds byte `offset`, and a caret under the character there; an offset at or beyond the
// end of the line is the column behind its last character. Columns are those of a terminal: tabs stay tabs, East Asian wide
// characters and emoji take two, marks that combine take none, and what print() escapes is as wide as its escape. Of a long line
// the part around the place is shown, "…" where it was cut.
[[nodiscard]] std::string caret_under(std::string_view text, std::size_t offset);

// The same for an expression that does not parse; "" for one that does.
[[nodiscard]] std::string caret_under_error(std::string_view expression);

// The same for a finding about PromQL, whose line is read from its file; "" for other findings, and where the file cannot be read
// again.
[[nodiscard]] std::string caret_under(const config::Finding& finding);

// Prints findings as lines, those about PromQL with their caret, or as JSON: one for each.
void print_finding(Terminal& terminal, const config::Finding& finding);

}  // namespace watchbill::cli
