// Where a verb prints: a table for people, JSON for programs, errors and refusals to standard error.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/refusal.h"

namespace watchbill::cli {

// design/commands.md §1.
enum class ExitCode : int {
  done = 0,
  negative = 1,
  usage = 2,
  blocked = 3,
  locked = 4,
  not_enough_data = 5,
  evidence_invalid = 6,
  internal = 7,
  try_later = 75,
};

enum class Format : std::uint8_t { table, json };

// Text of strangers (labels, reasons, names) as it stands within a line of ours: print()'s escapes, and a newline as \n, so that
// nobody can add lines to what a verb says.
[[nodiscard]] std::string one_line(std::string_view text);

class Terminal {
 public:
  Terminal(std::FILE* out, std::FILE* err, Format format, bool colors) : out_(out), err_(err), format_(format), colors_(colors) {}

  [[nodiscard]] Format format() const noexcept { return format_; }
  // One line, or text that ends with its own newline. In tables, characters that would move a terminal's cursor, change its state
  // or reorder its text are shown as \xNN and \u20NN: what is printed may come from strangers' labels and outputs; their newlines
  // are for one_line(). False when nobody reads any more (a closed pipe).
  bool print(std::string_view line);
  // Bytes as they are, followed by nothing.
  bool print_raw(std::string_view bytes);
  // What was printed reaches its reader now, though it be a pipe: for verbs that go on. False when nobody reads any more.
  bool flush();
  // The last call: what was printed has reached its reader, and `code` is the verb's; or a disk did not take it, which is said on
  // standard error and is `internal`. A reader that went away is no failure.
  [[nodiscard]] ExitCode close(ExitCode code);
  // A table with a header line; columns are as wide as their widest cell.
  void table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);
  // "watchbill: …" on standard error.
  void complain(std::string_view text);
  // Further lines of a complaint, on standard error, without its beginning.
  void complain_below(std::string_view lines);
  // A refusal, as JSON or as two lines: what and how to mend it. Gives its exit code.
  ExitCode refuse(const Refused& refused);
  // A failure of the world; exit 7, or what its kind says.
  ExitCode fail(const Error& error);

 private:
  std::FILE* out_;
  std::FILE* err_;
  Format format_;
  bool colors_;
  int write_error_{0};  // the first errno of standard output
};

// The body of a refusal as HTTP and `-o json` show it (design/http.md §5).
[[nodiscard]] std::string refusal_json(const Refused& refused);

}  // namespace watchbill::cli
