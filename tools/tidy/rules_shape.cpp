// Rules about the shape of one file: lengths, marks, names, comments of headers.
#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "tidy/rules.h"

namespace watchbill::tidy {
namespace {

std::size_t code_points(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_letter(char c) noexcept { return is_upper(c) || (c >= 'a' && c <= 'z'); }

// The words of a name, in lower case: HttpPort, http_port and http-port are {http, port}.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  bool is_new = true;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!is_letter(name[i])) {
      is_new = true;
      continue;
    }
    if (is_new || (is_upper(name[i]) && i > 0 && !is_upper(name[i - 1]))) words.emplace_back();
    is_new = false;
    words.back().push_back(is_upper(name[i]) ? static_cast<char>(name[i] - 'A' + 'a') : name[i]);
  }
  return words;
}

bool is_vague(std::string_view word) noexcept {
  constexpr std::array<std::string_view, 8> vague{"util",   "utils",   "utility", "utilities",
                                                  "helper", "helpers", "manager", "managers"};
  return std::find(vague.begin(), vague.end(), word) != vague.end();
}

// "common" is a word of Alertmanager's templates; as the whole name of a file or folder it says nothing.
bool is_vague_name(std::string_view name) {
  const std::vector<std::string> words = words_of(name);
  return name == "common" || std::any_of(words.begin(), words.end(), [](const std::string& word) { return is_vague(word); });
}

bool is_blank(std::string_view line) noexcept { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

// A comment above the declaration, without a blank line between, or on its first line.
bool has_comment(const Source& source, const Declaration& declaration) {
  if (!is_blank(source.line_of(source.comments, declaration.first_line))) return true;
  for (std::size_t line = declaration.first_line - 1; line >= 1; --line) {
    if (!is_blank(source.line_of(source.comments, line))) return true;
    const std::string_view code = source.line_of(source.code, line);
    if (is_blank(code) || code.starts_with("namespace") || code.starts_with("#")) return false;
  }
  return false;
}

// Members that are explained explain their type, and plain data is named for what it is; so is a type of three lines, whose
// single member its name explains.
bool explains_itself(const Source& source, const Declaration& declaration) {
  if (declaration.kind != Declaration::Kind::type) return false;
  if (declaration.is_plain_data || declaration.last_line - declaration.first_line < 3) return true;
  for (std::size_t line = declaration.first_line; line <= declaration.last_line; ++line)
    if (!is_blank(source.line_of(source.comments, line))) return true;
  return false;
}

// The words of the house whose contract is in its documents: apply() is total, word() is a stable name, subject_of(event) says it
// all.
bool is_trivially_named(const Declaration& declaration) noexcept {
  return declaration.kind == Declaration::Kind::function &&
         (declaration.name.starts_with("apply") || declaration.name == "word" || declaration.name.ends_with("_of"));
}

bool is_exempt_from_contract(const Declaration& declaration) noexcept {
  const bool is_one_line = declaration.is_definition && declaration.first_line == declaration.last_line;
  return !declaration.is_at_namespace_level || is_one_line || declaration.is_operator || declaration.is_specialisation ||
         is_trivially_named(declaration);
}

}  // namespace

void check_lengths(const Source& source, Findings& findings) {
  const std::size_t lines_max = source.is_header() ? header_lines_max : file_lines_max;
  if (source.line_count() > lines_max)
    findings.push_back({source.path, 0, source.is_header() ? "header-lines" : "file-lines",
                        "at most " + std::to_string(lines_max) + " lines, it has " + std::to_string(source.line_count())});
  for (std::size_t line = 1; line <= source.line_count(); ++line) {
    const std::size_t columns = code_points(source.line_of(source.text, line));
    if (columns > line_columns_max)
      findings.push_back({source.path, line, "line-columns",
                          "at most " + std::to_string(line_columns_max) + " columns, it has " + std::to_string(columns)});
  }
  for (const Declaration& declaration : declarations_of(source)) {
    const std::size_t lines = declaration.last_line - declaration.first_line + 1;
    if (declaration.kind == Declaration::Kind::function && lines > function_lines_max)
      findings.push_back({source.path, declaration.first_line, "function-lines",
                          "at most " + std::to_string(function_lines_max) + " lines, " + std::string(declaration.name) + " has " +
                              std::to_string(lines)});
  }
}

void check_markers(std::string_view path, std::string_view text, Findings& findings) {
  // In two parts, so that this file does not find itself.
  constexpr std::array<std::string_view, 4> marks{"TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK"};
  std::size_t line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view content = text.substr(begin, end - begin);
    for (const std::string_view mark : marks) {
      const auto is_part_of_word = [content](std::size_t at) {
        return at < content.size() &&
               (is_letter(content[at]) || content[at] == '_' || (content[at] >= '0' && content[at] <= '9'));
      };
      for (std::size_t at = content.find(mark); at != std::string_view::npos; at = content.find(mark, at + 1)) {
        if (is_part_of_word(at + mark.size()) || (at > 0 && is_part_of_word(at - 1))) continue;
        findings.push_back(
            {std::string(path), line, "marker", "do it, refuse it by name, or open an issue; no marks in the text"});
      }
    }
    begin = end + 1;
  }
}

void check_names(const Source& source, Findings& findings) {
  std::string_view rest = source.path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    std::string_view name = rest.substr(0, end);
    name = name.substr(0, name.find('.'));
    if (is_vague_name(name))
      findings.push_back({source.path, 0, "vague-name", "a file or folder is named for what it does: " + std::string(name)});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (std::size_t i = 0; i + 1 < source.tokens.size(); ++i) {
    const std::string_view keyword = source.tokens[i].text;
    if (keyword != "class" && keyword != "struct" && keyword != "namespace" && keyword != "enum" && keyword != "union") continue;
    for (std::size_t k = i + 1; k < source.tokens.size(); ++k) {
      const Token& token = source.tokens[k];
      if (token.text != "::" && !is_letter(token.text[0])) break;
      if (is_vague_name(token.text))
        findings.push_back({source.path, token.line, "vague-name",
                            "a type or namespace is named for what it is: " + std::string(token.text)});
    }
  }
}

void check_contract(const Source& source, Findings& findings) {
  // Headers of tests are read where they are used.
  if (!source.is_header() || source.line_count() == 0 || source.path.starts_with("test/")) return;
  const std::string_view first = source.line_of(source.comments, 1);
  if (!first.starts_with("//") && !first.starts_with("/*"))
    findings.push_back({source.path, 1, "contract", "a header begins with a comment that says what it is, in one sentence"});
  std::size_t declared = 0;
  std::vector<const Declaration*> bare;
  std::set<std::string_view> explained;  // a comment at one overload speaks for the others
  const std::vector<Declaration> declarations = declarations_of(source);
  for (const Declaration& declaration : declarations) {
    if (is_exempt_from_contract(declaration)) continue;
    ++declared;
    if (has_comment(source, declaration) || explains_itself(source, declaration)) explained.insert(declaration.name);
    else bare.push_back(&declaration);
  }
  if (declared == 1) return;
  for (const Declaration* declaration : bare) {
    if (!explained.insert(declaration->name).second) continue;
    findings.push_back({source.path, declaration->first_line, "contract",
                        "a comment directly above " + std::string(declaration->name) +
                            " (or above its block): what it is, what must hold, what it gives, how it fails"});
  }
}

namespace {

// watchbill::core::mute for src/core/mute/silence.h.
std::string namespace_of_folder(std::string_view path) {
  std::string name = "watchbill";
  path.remove_prefix(std::string_view("src/").size());
  const std::size_t end = path.rfind('/');
  if (end == std::string_view::npos) return name;
  for (const char c : path.substr(0, end)) {
    if (name == "watchbill") name += "::";
    if (c == '/') name += "::";
    else name += c;
  }
  return name;
}

// The namespace that starts at token `at`, as written with its `::`.
std::string namespace_at(const Source& source, std::size_t at) {
  std::string name;
  for (++at; at < source.tokens.size() && source.tokens[at].text != "{" && source.tokens[at].text != ";"; ++at)
    name += source.tokens[at].text;
  return name;
}

}  // namespace

void check_header_form(const Source& source, Findings& findings) {
  if (!source.is_header()) return;
  if (source.text.find("#pragma once") == std::string::npos)
    findings.push_back({source.path, 1, "pragma-once", "a header guards itself with #pragma once"});
  // `template` is no name, and base and model are the words that everybody speaks.
  const std::string_view path = source.path;
  if (!path.starts_with("src/") || path.starts_with("src/base/") || path.starts_with("src/model/") ||
      path.starts_with("src/template/"))
    return;
  const std::string expected = namespace_of_folder(path);
  std::size_t first_line = 0;
  for (std::size_t i = 0; i + 1 < source.tokens.size(); ++i) {
    if (source.tokens[i].text != "namespace" || source.tokens[i + 1].text != "watchbill") continue;
    if (namespace_at(source, i) == expected) return;
    if (first_line == 0) first_line = source.tokens[i].line;
  }
  if (first_line != 0) findings.push_back({source.path, first_line, "namespace", "the namespace is the folder: " + expected});
}

}  // namespace watchbill::tidy
