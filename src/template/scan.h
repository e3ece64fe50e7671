// Cuts a template into text and the tokens of its actions. Internal to the folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "template/syntax.h"

namespace watchbill::text_template {

struct Token {
  enum class Kind : std::uint8_t {
    text,   // outside of actions, trimmed by the markers
    open,   // {{
    close,  // }}
    word,   // identifier or keyword
    field,  // .Name; `text` without the dot
    dot,
    variable,    // $ or $name, with the dollar
    string,      // with its quotes
    raw_string,  // with its back quotes
    character,   // with its quotes
    number,
    pipe,
    comma,
    declare,  // :=
    assign,   // =
    open_parenthesis,
    close_parenthesis,
    end,  // of the source, once
  };
  Kind kind{Kind::end};
  std::string_view text;
  Position at;
  bool follows_blank{false};  // white space stands before it
};

// Gives tokens that view into `source.text`, the last of kind end. Comments and trim markers are gone.
[[nodiscard]] Result<std::vector<Token>> scan(const Source& source);

}  // namespace watchbill::text_template
