// What handlers are given by the program: the running controller, seen through what may be called from the I/O loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/discovery_view.h"
#include "api/push_outcome.h"
#include "api/relay_view.h"
#include "api/remote_view.h"
#include "api/running.h"
#include "api/watch_views.h"
#include "api/write_outcome.h"
#include "config/finding.h"
#include "engine/engine.h"
#include "engine/follower.h"
#include "engine/inbox.h"
#include "metrics/tsdb/head.h"
#include "model/effect.h"
#include "ports/clock.h"
#include "ports/io_loop.h"
#include "ports/journal.h"
#include "ports/logs.h"

namespace watchbill::api {

class Access;
class Counters;
class EventFeed;
class OutsideAlerts;

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
  std::uint64_t resident_bytes{0}, virtual_bytes{0}, open_fds{0}, open_fds_max{0};
};

// The metrics path. On the loop's thread unless a member says otherwise.
struct Watch {
  const metrics::tsdb::Head& head;  // any thread
  std::function<Instant()> now;     // the engine clock; any thread
  std::function<bool()> is_ready;   // targets are asked and rules evaluated; false while stored samples are loaded
  std::function<bool()> is_ending;  // queries under way are to end now; any thread
  // Runs a query on a thread of the evaluation pool; false when too many wait. Any thread.
  std::function<bool(std::function<void()> task)> run;
  std::function<std::vector<TargetView>()> targets;
  std::function<std::vector<Labels>()> dropped_targets;  // by relabel_configs; as they were discovered
  std::function<RuleGroups()> groups;
  std::function<std::vector<RemoteView>()> remotes;
  WriteSamples write;
  const metrics::receive::WriteCounts* writes{nullptr};  // null: nobody can write; any thread
  Pushes pushes{};
  std::function<DiscoveryView()> discovery{};              // any thread
  std::function<std::uint64_t()> log_lost_bytes{};         // SampleLog::lost_bytes(); any thread
};

// What came of reading the bill again.
struct Reloaded {
  std::optional<Refused> refused;          // then nothing changed; counted when it is for findings
  std::vector<config::Finding> findings;   // errors when it was refused for them, else warnings
  std::vector<std::string> keys_for_restart;  // that differ from the running bill and count from the next start on
  Digest configuration;
  Sequence sequence{0};                    // of its record; 0: this bill holds already
};

// How the keeper of this host's workloads stands.
struct KeeperView {
  bool is_needed{false};     // there is something for it to do
  bool is_connected{false};
  std::string problem;       // why not, for people
  bool shares_cgroup{false};
  std::uint64_t unlogged_count{0};  // records that a full disk refused to it
};

// What is seen of a workload now and stands in no record. Ages are as of the call.
struct LiveFigures {
  std::uint32_t process_count{0};
  double cpu_seconds{0};
  std::uint64_t memory_bytes{0}, open_fds{0};
  Duration age;
};
struct LiveWorkload {
  std::optional<Duration> last_beat_age;
  std::optional<LiveFigures> figures;
};

struct WorkloadServices {
  std::function<KeeperView()> keeper;
  std::function<LiveWorkload(const std::string& workload)> live;
  ports::LogPort& logs;  // on the thread of History::run
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
  WorkloadServices workloads;
  // Reads the bill again, all of it or nothing; `done` comes once, on the loop.
  std::function<void(const Actor& who, std::function<void(const Reloaded&)> done)> reload;
  Watch watch;
  // Asks what a plan asks before any run of it, for a dry run; `done` comes once, on the loop.
  std::function<void(Plan, RunPlace, std::function<void(std::vector<DryRunAnswer>)> done)> ask_beforehand;
  std::function<Running()> running;
  std::function<RelayView()> relay{};
  OutsideAlerts* outside{nullptr};  // posted by others; on the loop
  std::function<std::string()> read_only_reason{};  // what the disk said; of a meaning while write_mode() is not normal
};

}  // namespace watchbill::api
