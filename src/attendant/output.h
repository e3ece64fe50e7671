// What a service writes, from the host's journal to the attendant's own standard output: so it is in the workload's log, and a
// heartbeat by output sees it. Source: sd-journal(3).
#pragma once

#include <systemd/sd-journal.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace watchbill::attendant {

// Writes lines to descriptor 1 and never waits for its reader: while that has no room the journal keeps what is to be passed on.
// One thread.
class Output {
 public:
  Output();
  // One line of the attendant's own.
  void say(const std::string& line);

  // Begins to pass on what the service writes from now on, and what systemd says of it. Fails when the journal cannot be read.
  [[nodiscard]] Status follow(const std::string& unit);
  // Passes on what has come; true when more waits already and the reader has room.
  bool pass_on();
  // The service has ended: passes on its last words, within a second; what is left then is in the journal, which is said.
  void finish();

  // For poll(2); only while is_following().
  [[nodiscard]] bool is_following() const noexcept { return journal_ != nullptr; }
  [[nodiscard]] int descriptor() const noexcept { return sd_journal_get_fd(journal_.get()); }
  [[nodiscard]] short events() const noexcept { return static_cast<short>(sd_journal_get_events(journal_.get())); }
  // Descriptor 1 is waited for.
  [[nodiscard]] bool needs_room() const noexcept { return !waiting_.empty(); }

 private:
  struct Close {
    void operator()(sd_journal* journal) const noexcept { sd_journal_close(journal); }
  };
  [[nodiscard]] Status open();
  // Writes what waits; true when nothing is left of it.
  bool write_waiting();

  std::unique_ptr<sd_journal, Close> journal_;
  std::string unit_;
  std::uint64_t since_us_{0};  // CLOCK_REALTIME
  std::uint64_t lines_{0};  // passed on
  std::string waiting_;  // for room; at most one line of the journal, and our own
};

}  // namespace watchbill::attendant
