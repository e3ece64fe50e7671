#include "cli/caret.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "cli/check.h"
#include "config/disk.h"
#include "config/lints.h"
#include "metrics/promql/parser.h"

namespace watchbill::cli {
namespace {

constexpr std::string_view margin = "  ";
constexpr std::size_t shown_before = 72;  // characters of a long line before the place …
constexpr std::size_t shown_behind = 36;  // … and from it on: a line of a terminal together

bool is_inside_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The character that begins at `at`; what is no UTF-8 is a character of one byte.
std::string_view character_at(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && end - at < 4 && is_inside_character(text[end])) ++end;
  return text.substr(at, end - at);
}

std::uint32_t code_point(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return first;
  std::uint32_t point = first & (0xFFU >> (character.size() + 1));
  for (const char c : character.substr(1)) point = point << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  return point;
}

struct Range {
  std::uint32_t from, to;
};

// Unicode 15, East Asian Width W and F, in blocks: that a block has a few narrow ones does not matter to a caret.
constexpr std::array<Range, 14> wide{{{0x1100, 0x115F},
                                      {0x231A, 0x231B},
                                      {0x23E9, 0x23EC},
                                      {0x2E80, 0x303E},
                                      {0x3041, 0x33FF},
                                      {0x3400, 0x4DBF},
                                      {0x4E00, 0x9FFF},
                                      {0xA000, 0xA4CF},
                                      {0xAC00, 0xD7A3},
                                      {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},
                                      {0xFF00, 0xFF60},
                                      {0x1F300, 0x1FAFF},
                                      {0x20000, 0x3FFFD}}};
// Marks that stand on the character before them, joiners and variation selectors.
constexpr std::array<Range, 7> combining{{{0x0300, 0x036F},
                                          {0x0483, 0x0489},
                                          {0x1AB0, 0x1AFF},
                                          {0x1DC0, 0x1DFF},
                                          {0x200B, 0x200D},
                                          {0x20D0, 0x20FF},
                                          {0xFE00, 0xFE0F}}};

template <std::size_t count>
bool has(const std::array<Range, count>& ranges, std::uint32_t point) {
  return std::any_of(ranges.begin(), ranges.end(), [point](const Range& each) { return point >= each.from && point <= each.to; });
}

std::size_t columns_of(std::string_view character) {
  const std::string shown = one_line(character);
  if (shown != character) return shown.size();  // an escape
  const std::uint32_t point = code_point(character);
  if (has(combining, point)) return 0;
  return has(wide, point) ? 2 : 1;
}

// The line with the place, cut to what a terminal shows.
struct Excerpt {
  std::string_view line;
  std::size_t offset{0};  // in it
  bool is_cut_before{false}, is_cut_behind{false};
};

Excerpt excerpt_of(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  std::size_t begin = 0;
  if (offset > 0)
    if (const std::size_t newline = text.rfind('\n', offset - 1); newline != std::string_view::npos) begin = newline + 1;
  std::size_t end = std::min(text.find('\n', offset), text.size());
  if (end > begin && text[end - 1] == '\r' && offset < end) --end;
  Excerpt out;
  if (offset - begin > shown_before) {
    begin = offset - shown_before;
    while (begin < offset && is_inside_character(text[begin])) ++begin;
    out.is_cut_before = true;
  }
  if (end - offset > shown_behind) {
    end = offset + shown_behind;
    while (end > offset && is_inside_character(text[end])) --end;
    out.is_cut_behind = true;
  }
  out.line = text.substr(begin, end - begin);
  out.offset = offset - begin;
  return out;
}

// The byte at a place of a file, whose columns are characters.
std::size_t offset_of(std::string_view text, config::Mark at) {
  std::size_t offset = 0;
  for (std::uint32_t line = 1; line < at.line; ++line) {
    const std::size_t newline = text.find('\n', offset);
    if (newline == std::string_view::npos) return text.size();
    offset = newline + 1;
  }
  for (std::uint32_t column = 1; column < at.column && offset < text.size() && text[offset] != '\n'; ++column)
    offset += character_at(text, offset).size();
  return offset;
}

}  // namespace

std::string caret_under(std::string_view text, std::size_t offset) {
  const Excerpt excerpt = excerpt_of(text, offset);
  std::string line(margin);
  std::string pad(margin);
  if (excerpt.is_cut_before) line += "…", pad += " ";
  for (std::size_t at = 0; at < excerpt.line.size();) {
    const std::string_view character = character_at(excerpt.line, at);
    line += character == "\t" ? "\t" : one_line(character);
    if (at + character.size() <= excerpt.offset) pad += character == "\t" ? "\t" : std::string(columns_of(character), ' ');
    at += character.size();
  }
  if (excerpt.is_cut_behind) line += "…";
  return line + "\n" + pad + "^";
}

std::string caret_under_error(std::string_view expression) {
  const auto parsed = metrics::promql::parse(expression);
  return parsed ? std::string() : caret_under(expression, parsed.error().at.offset);
}

std::string caret_under(const config::Finding& finding) {
  if (finding.code != "bad_expression" && !config::is_lint(finding.code)) return {};
  const std::string& file = finding.place.file;
  const std::string path = file.starts_with('/') ? file : load_options().working_directory + "/" + file;
  const Result<std::string> text = config::disk_files().read(path);
  return text ? caret_under(*text, offset_of(*text, finding.place.at)) : std::string();
}

void print_finding(Terminal& terminal, const config::Finding& finding) {
  if (terminal.format() == Format::json) {
    terminal.print(finding.json());
    return;
  }
  terminal.print(one_line(finding.line()));
  if (const std::string caret = caret_under(finding); !caret.empty()) terminal.print(caret);
}

}  // namespace watchbill::cli
