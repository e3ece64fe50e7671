// A C++ source file as tidy reads it: text, and the same text with only its code or only its comments left, position by position.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace watchbill::tidy {

// One thing that is wrong, or (a warning) worth talking about. Lines count from 1; 0 means the file or folder as a whole.
struct Finding {
  std::string path;
  std::size_t line{0};
  std::string rule;
  std::string expected;  // what a person should do instead, as a sentence
  bool is_warning{false};
};
using Findings = std::vector<Finding>;

// A word, a number, or one punctuation character; only `::` and `->` are kept together. A string literal is the token `"`.
struct Token {
  std::string_view text;  // into Source::code
  std::size_t line{1};
  std::size_t offset{0};
};

// One file. `code` and `comments` are as long as `text`: what does not belong is blank, line ends stay. In `code` the inside of
// string and character literals is blank; preprocessor lines are in `code`, but make no tokens.
struct Source {
  std::string path;  // from the root of the repository, with '/'
  std::string text;
  std::string code;
  std::string comments;
  std::vector<Token> tokens;
  std::vector<std::size_t> line_offsets;  // of each line, in all three

  [[nodiscard]] bool is_header() const noexcept { return path.ends_with(".h"); }
  [[nodiscard]] std::size_t line_count() const noexcept { return line_offsets.size(); }
  // One line without its end, of `text`, `code` or `comments`; `line` counts from 1.
  [[nodiscard]] std::string_view line_of(const std::string& form, std::size_t line) const noexcept;
};

// Understands line and block comments, string, character and raw string literals, digit separators and continued preprocessor
// lines. Never fails: text that is not C++ gives tokens that no rule knows. Views point into the result, which must not be copied
// or moved as long as they are used; hence it is filled in place.
void read_source(std::string path, std::string text, Source& out);

// One #include. `target` is what stands between the quotes or angle brackets.
struct Include {
  std::string_view target;
  std::size_t line{1};
  bool is_quoted{false};
};
[[nodiscard]] std::vector<Include> includes_of(const Source& source);

// A function, or a type, with what the rules need of it.
struct Declaration {
  enum class Kind : unsigned char { function, type };
  Kind kind{Kind::function};
  std::string_view name;
  std::size_t first_line{1};  // where it begins (`template`, attributes and the result's type included)
  std::size_t last_line{1};   // of its body, or of the `;`
  bool is_definition{false};
  bool is_at_namespace_level{false};  // and not in a namespace called `detail`, nor in an unnamed one
  bool is_specialisation{false};      // `template <>`
  bool is_operator{false};
  bool is_plain_data{false};  // a struct that declares no function without defining it at once
};

// All functions with a body (methods and test bodies too; a lambda belongs to the function around it, one at namespace level is a
// function of its own), and all functions and types that are declared at namespace level, in the order of the file.
[[nodiscard]] std::vector<Declaration> declarations_of(const Source& source);

}  // namespace watchbill::tidy
