#include "cli/terminal.h"

#include <algorithm>

#include "base/json.h"

namespace watchbill::cli {
namespace {

// Columns of a text on a terminal: one for each character, not for each byte.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

bool Terminal::print(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), out_);
  if (line.empty() || line.back() != '\n') std::fputc('\n', out_);
  return std::ferror(out_) == 0;
}

bool Terminal::flush() { return std::fflush(out_) == 0; }

void Terminal::table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(header.size(), 0);
  const auto measure = [&widths](const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i) widths[i] = std::max(widths[i], width_of(cells[i]));
  };
  measure(header);
  for (const auto& row : rows) measure(row);
  const auto print_row = [&](const std::vector<std::string>& cells, bool is_header) {
    std::string line = is_header && colors_ ? "\x1b[1m" : "";
    for (std::size_t i = 0; i < cells.size(); ++i) {
      line.append(cells[i]);
      if (i + 1 < cells.size()) line.append(widths[i] - width_of(cells[i]) + 2, ' ');
    }
    if (is_header && colors_) line.append("\x1b[0m");
    print(line);
  };
  print_row(header, true);
  for (const auto& row : rows) print_row(row, false);
}

void Terminal::complain(std::string_view text) {
  std::fprintf(err_, "%swatchbill:%s %.*s\n", colors_ ? "\x1b[31m" : "", colors_ ? "\x1b[0m" : "", static_cast<int>(text.size()),
               text.data());
}

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
    complain(std::string(word(refused.reason)) + ": " + refused.message);
    std::fprintf(err_, "  %s\n", std::string(fix_of(refused.reason)).c_str());
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
