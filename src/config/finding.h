// What is wrong with a bill, for people and for programs: a stable code, a place, the key path, and a sentence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/tree.h"

namespace watchbill::config {

// Errors: the bill cannot be taken. Mistakes: it can, yet something in it is wrong for sure; to people they are errors too.
// Warnings: it can. Source: design/commands.md §3.
enum class Severity : std::uint8_t { error, mistake, warning };
[[nodiscard]] std::string_view word(Severity severity) noexcept;

// A place in one of the files.
struct Place {
  std::string file;
  Mark at;
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct Finding {
  Severity severity{Severity::error};
  std::string_view code;  // "unknown_key"; a literal
  Place place;
  std::string path;       // "workloads.web.restart.limit"; empty for a whole file
  std::string text;       // a sentence without a full stop

  // "watchbill.yaml:12:5: error: workloads.web.restrat: unknown key; did you mean restart? [unknown_key]"
  [[nodiscard]] std::string line() const;
  // {"code":…,"column":…,"file":…,"line":…,"path":…,"severity":…,"text":…}
  [[nodiscard]] std::string json() const;
};

// A file that is read when it is needed and not with the bill.
struct LaterFile {
  Place place;
  std::string path;          // of its key
  std::string file;          // absolute
  std::string_view without;  // what happens when it cannot be read
};

// Findings by place, each once, at most `count_max`: a wrong file must not make a report that nobody can read.
class Report {
 public:
  static constexpr std::size_t count_max = 200;

  // What comes after `count_max` is counted only; what is no warning takes the place of one.
  void add(Finding finding);
  [[nodiscard]] bool is_full() const noexcept { return findings_.size() >= count_max; }
  [[nodiscard]] bool has_errors() const noexcept { return error_count_ != 0; }

  // Sorted by file, place and code. Empties the report.
  [[nodiscard]] std::vector<Finding> take();
  // Remembers at most `count_max` of them.
  void note(LaterFile file) {
    if (later_files_.size() < count_max) later_files_.push_back(std::move(file));
  }
  [[nodiscard]] const std::vector<LaterFile>& later_files() const noexcept { return later_files_; }
  // Findings that were not kept.
  [[nodiscard]] std::size_t dropped_count() const noexcept { return dropped_count_; }

 private:
  std::vector<Finding> findings_;
  std::vector<LaterFile> later_files_;
  std::size_t error_count_{0};
  std::size_t dropped_count_{0};
};

}  // namespace watchbill::config
