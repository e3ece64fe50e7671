#include "cli/terminal.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/json.h"

namespace watchbill::cli {
namespace {

// Columns of a text on a terminal: one for each character, not for each byte.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

unsigned char byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : static_cast<unsigned char>(0);
}

// C0 and DEL; C1, which begins with the byte C2 in UTF-8, moves some terminals too.
bool is_control(std::string_view text, std::size_t at) {
  const unsigned char byte = byte_at(text, at);
  if (byte == 0x7F || (byte < 0x20 && byte != '\n' && byte != '\t')) return true;
  return byte == 0xC2 && at + 1 < text.size() && byte_at(text, at + 1) < 0xA0;
}

// The low byte of U+200E, U+200F (marks), U+2028 to U+202E (separators, overrides) or U+2066 to U+2069 (isolates): they make a
// line look like another one, or like two. 0: none of them.
unsigned char reordering(std::string_view text, std::size_t at) {
  if (byte_at(text, at) != 0xE2 || at + 2 >= text.size()) return 0;
  const unsigned char page = byte_at(text, at + 1);
  const unsigned char last = byte_at(text, at + 2);
  const bool is_mark = page == 0x80 && (last == 0x8E || last == 0x8F || (last >= 0xA8 && last <= 0xAE));
  const bool is_isolate = page == 0x81 && last >= 0xA6 && last <= 0xA9;
  // Three bytes of UTF-8 carry the last six bits in the third, and two of the next in the second.
  return is_mark || is_isolate ? static_cast<unsigned char>((page & 3) << 6 | (last & 0x3F)) : static_cast<unsigned char>(0);
}

void append_hex(std::string& out, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  out.append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (const unsigned char low = reordering(text, at); low != 0) {
      append_hex(out.append("\\u20"), low);
      at += 2;
    } else if (is_control(text, at)) {
      if (byte_at(text, at) == 0xC2) ++at;
      append_hex(out.append("\\x"), byte_at(text, at));
    } else {
      out.push_back(text[at]);
    }
  }
  return out;
}

bool is_printable(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at)
    if (is_control(text, at) || reordering(text, at) != 0) return false;
  return true;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '\n') out.append("\\n");
    else out.push_back(c);
  }
  return out;
}

bool Terminal::print(std::string_view line) {
  if (format_ == Format::json || is_printable(line)) print_raw(line);
  else print_raw(printable(line));
  return line.empty() || line.back() != '\n' ? print_raw("\n") : write_error_ == 0;
}

bool Terminal::print_raw(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), out_) != bytes.size() && write_error_ == 0) write_error_ = errno;
  return write_error_ == 0;
}

bool Terminal::flush() {
  if (std::fflush(out_) != 0 && write_error_ == 0) write_error_ = errno;
  return write_error_ == 0;
}

ExitCode Terminal::close(ExitCode code) {
  // Who stops reading (head, less) has what he wanted.
  if (flush() || write_error_ == EPIPE) return code;
  complain(std::string("standard output took not everything: ") + std::strerror(write_error_) +
           "; what was asked for is done or refused all the same");
  return ExitCode::internal;
}

void Terminal::table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<std::string>> cells{header};
  for (const auto& row : rows) {
    cells.emplace_back();
    for (const std::string& cell : row) cells.back().push_back(one_line(cell));
  }
  std::vector<std::size_t> widths(header.size(), 0);
  for (const auto& row : cells)
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  for (std::size_t r = 0; r < cells.size(); ++r) {
    std::string line = r == 0 && colors_ ? "\x1b[1m" : "";
    for (std::size_t i = 0; i < cells[r].size(); ++i) {
      line.append(cells[r][i]);
      if (i + 1 < cells[r].size()) line.append(widths[i] - width_of(cells[r][i]) + 2, ' ');
    }
    if (r == 0 && colors_) line.append("\x1b[0m");
    print_raw(line.append("\n"));
  }
}

void Terminal::complain(std::string_view text) {
  const std::string shown = printable(text);
  std::fprintf(err_, "%swatchbill:%s %s\n", colors_ ? "\x1b[31m" : "", colors_ ? "\x1b[0m" : "", shown.c_str());
}

void Terminal::complain_below(std::string_view lines) { std::fprintf(err_, "%s\n", printable(lines).c_str()); }

std::string refusal_json(const Refused& refused) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("refused").boolean(true).key("reason").string(word(refused.reason));
  writer.key("exit_code").integer(exit_code(refused.reason)).key("message").string(refused.message);
  writer.key("fix").string(fix_of(refused.reason)).end_object();
  return out;
}

ExitCode Terminal::refuse(const Refused& refused) {
  if (format_ == Format::json) {
    print(refusal_json(refused));
  } else {
    complain(std::string(word(refused.reason)) + ": " + one_line(refused.message) + "\n  " + std::string(fix_of(refused.reason)));
  }
  return static_cast<ExitCode>(exit_code(refused.reason));
}

ExitCode Terminal::fail(const Error& error) {
  complain(error.text());
  switch (error.kind) {
    case ErrorKind::invalid: case ErrorKind::not_found: case ErrorKind::denied: return ExitCode::usage;
    case ErrorKind::busy: return ExitCode::locked;
    case ErrorKind::corrupt: return ExitCode::evidence_invalid;
    case ErrorKind::exhausted:
    case ErrorKind::read_only:
    case ErrorKind::timed_out:
    case ErrorKind::interrupted: return ExitCode::try_later;
    case ErrorKind::unknown: break;
  }
  return ExitCode::internal;
}

}  // namespace watchbill::cli
