// What a service writes, from the host's journal to the attendant's own standard output: so it is in the workload's log, and a
// heartbeat by output sees it. Source: sd-journal(3).
#pragma once

#include <systemd/sd-journal.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace watchbill::attendant {

// Writes lines to descriptor 1 and never waits for its reader: what finds no room is counted and told with the next line that
// finds some. One thread.
class Output {
 public:
  Output();
  // One line of the attendant's own.
  void say(const std::string& line) { write_line("watchbill-unit: " + line); }

  // Begins to pass on what the service writes from now on, and what systemd says of it. Fails when the journal cannot be read.
  [[nodiscard]] Status follow(const std::string& unit);
  // Passes on what has come.
  void pass_on();
  // For poll(2); only while is_following().
  [[nodiscard]] bool is_following() const noexcept { return journal_ != nullptr; }
  [[nodiscard]] int descriptor() const noexcept { return sd_journal_get_fd(journal_.get()); }
  [[nodiscard]] short events() const noexcept { return static_cast<short>(sd_journal_get_events(journal_.get())); }

 private:
  struct Close {
    void operator()(sd_journal* journal) const noexcept { sd_journal_close(journal); }
  };
  void write_line(std::string line);
  // Takes off what was written; false when nothing found room, and then the text is gone.
  static bool write_some(std::string& text);

  std::unique_ptr<sd_journal, Close> journal_;
  std::string rest_;  // of a line that found room for its beginning only
  std::uint64_t omitted_lines_{0};
};

}  // namespace watchbill::attendant
