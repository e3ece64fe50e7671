// What handlers are given by the program: the running controller, seen through what may be called from the I/O loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/finding.h"
#include "engine/engine.h"
#include "engine/follower.h"
#include "engine/inbox.h"
#include "ports/clock.h"
#include "ports/io_loop.h"
#include "ports/journal.h"

namespace watchbill::api {

class Access;
class Counters;
class EventFeed;

// Questions to the stored journal, which may wait for the disk, are asked on a thread of their own.
struct History {
  // Opens the journal for reading. Kept only as long as a question takes: a segment is closed well when nobody reads it.
  std::function<Result<std::unique_ptr<ports::JournalPort>>()> open;
  // Runs `task` on that thread, in the order of the calls; false when too many wait. Any thread.
  std::function<bool(std::function<void()> task)> run;
};

// Figures of our own process, for `process_*`.
struct ProcessFigures {
  double cpu_seconds{0};
  double start_seconds{0};  // since 1970
  std::uint64_t resident_bytes{0}, virtual_bytes{0};
  std::uint64_t open_fds{0}, open_fds_max{0};
};

// What came of reading the bill again.
struct Reloaded {
  std::optional<Refused> refused;          // then nothing changed; counted when it is for findings
  std::vector<config::Finding> findings;   // errors when it was refused for them, else warnings
  std::vector<std::string> keys_for_restart;  // that differ from the running bill and count from the next start on
  Digest configuration;
  Sequence sequence{0};                    // of its record; 0: this bill holds already
};

// All of it outlives the server. Unless a member says otherwise it is used on the loop's thread.
struct Services {
  std::string build;  // "0.1.0+COMMIT"
  const engine::Follower& follower;
  engine::Inbox& inbox;
  ports::IoLoop& loop;
  ports::ClockPort& clock;
  const Limits& limits;
  std::function<engine::WriteMode()> write_mode;
  History history;
  EventFeed& feed;
  Access& access;
  Counters& counters;
  std::function<Result<ProcessFigures>()> process;
  // Reads the bill again, all of it or nothing; `done` comes once, on the loop.
  std::function<void(const Actor& who, std::function<void(const Reloaded&)> done)> reload;
  std::function<bool()> is_watching;  // targets are asked and rules evaluated; false while stored samples are loaded
};

}  // namespace watchbill::api
