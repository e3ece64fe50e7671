// One directive of Go's Printf applied to one value. Internal to the folder; see go_text.h for what callers use.
#pragma once

#include <optional>
#include <string>

#include "template/go_text.h"

namespace watchbill::text_template {

// The largest width and precision; Go's is 1 000 000, which a template could use to fill memory in a few characters.
inline constexpr int directive_size_max = 10'000;

struct Directive {
  char32_t verb{'v'};
  bool minus{false}, plus{false}, sharp{false}, space{false}, zero{false};
  std::optional<int> width, precision;
};

// Writes `value` as `directive` says, or Go's "%!d(string=hi)" where the verb does not fit.
void append_formatted(BoundedText& out, const Value& value, const Directive& directive);

// One character as Go's quoting writes it inside `quote`.
void append_escaped(std::string& out, char32_t rune, char quote, bool ascii_only);

}  // namespace watchbill::text_template
