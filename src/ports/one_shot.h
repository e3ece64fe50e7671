// One-shot processes of a host, for plans: each is started at most once for its effect id and attempt, outlives the controller
// that asked for it, and its outcome is kept until that is durable. The real side is drivers/agent, through the host's keeper.
// Source: domain/plans.md §3.3 and §4, domain/supervision.md §8 "Effects".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"

namespace watchbill::ports {

struct OneShot {
  std::string effect_id;   // letters, digits and . _ - @ : +, at most 128, not beginning with a dot
  std::uint32_t attempt{1};
  std::vector<std::string> argv;  // argv[0] is an absolute path or is looked up in PATH
  // Added to PATH, HOME, USER, LOGNAME, LANG=C.UTF-8 and TZ=UTC, which it may replace. Nothing is inherited.
  std::map<std::string, std::string> environment;
  std::string user;               // NAME or NAME:GROUP; empty: the keeper's own account, which must not be root
  std::string working_directory;  // absolute
  std::uint32_t umask{0027};
  Duration timeout;               // more than 0; then TERM to the group, 10 s, KILL
  std::size_t output_bytes_max{64U << 10};  // kept of each stream; the keeper itself keeps the first 16 and the last 48 KiB
};

enum class OneShotEnd : std::uint8_t {
  exited,        // value: the exit code
  signalled,     // value: the signal
  timed_out,     // the keeper ended it at its timeout; value: the signal or exit code it ended with
  not_executed,  // value: errno; nothing ran
  refused,       // `refusal` says why; nothing ran. `too_many_processes` and `keeper_unreachable` may be tried again later
  unkillable,    // KILL did not end it in time; `detail` names its pids. It may end yet: look() tells
  unknown,       // it was started, and nobody can learn how it ended
};

struct OneShotStream {
  std::string head;
  std::string tail;  // what followed the head; its last bytes
  std::uint64_t bytes_omitted{0};  // between the two
};

struct OneShotOutcome {
  OneShotEnd end{OneShotEnd::unknown};
  std::int32_t value{0};
  std::string refusal;
  std::string detail;  // for people
  Instant started_at;  // wall clock of the host
  Instant ended_at;
  OneShotStream out;
  OneShotStream err;
};

// What the keeper remembers of an effect.
enum class OneShotPhase : std::uint8_t {
  unreachable,  // it cannot be asked now
  never_seen,   // worth something only while `keeper` is who the effect was intended for
  running,
  ended,        // `outcome` is that of `attempt`; its output is gone once it was acknowledged
};

struct OneShotKnown {
  OneShotPhase phase{OneShotPhase::unreachable};
  std::string keeper;  // who says so: keeper_name() of model/workload_terms.h
  std::uint32_t attempt{0};
  OneShotOutcome outcome;
};

class OneShotPort {
 public:
  virtual ~OneShotPort() = default;

  // Starts it, unless this id and attempt was started before: then `done` gets that outcome, or the refusal `stale_attempt` when
  // a later attempt was started and this one's outcome was recorded. `done` comes once, on the loop, never from within this call;
  // while the keeper cannot be reached it waits, at most until `timeout` and a minute have passed. Any thread.
  virtual void run(OneShot shot, std::function<void(OneShotOutcome)> done) = 0;
  // The outcome is durable at the caller: the keeper need not keep it and its output any longer. Any thread.
  virtual void recorded(const std::string& effect_id, std::uint32_t attempt) = 0;
  // Ends the attempt that runs, with its group: TERM, 10 s, KILL; `done` of run() gets the outcome as always. What was not sent
  // to the keeper yet is refused `cancelled`. Nothing when none runs. Any thread.
  virtual void end(const std::string& effect_id) = 0;
  // Asks what became of an effect; `done` comes once, on the loop, never from within this call. Any thread.
  virtual void look(std::string effect_id, std::function<void(OneShotKnown)> done) = 0;
};

}  // namespace watchbill::ports
