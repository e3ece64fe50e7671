// The whole of a running keeper: plain data, and the functions of each file that work on it. One thread; no locks.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "keeper/connection.h"
#include "keeper/limits.h"
#include "keeper/memory.h"
#include "keeper/outcomes.h"
#include "keeper/processes.h"
#include "keeper/spawn.h"
#include "keeper/tables.h"
#include "keeper/workload.h"

namespace watchbill::keeper {

// The upper half of the number that epoll gives back; the lower one is an index.
enum class EventKind : std::uint32_t { signals, listen, connection, adopted, notify, outputs };
[[nodiscard]] constexpr std::uint64_t event_tag(EventKind kind, std::uint32_t index = 0) noexcept {
  return (static_cast<std::uint64_t>(kind) << 32) | index;
}

struct RunningProbe {
  pid_t pid{0};  // 0: this place is free
  std::uint32_t connection{no_slot};
  std::uint64_t generation{0};  // of the connection
  std::uint64_t number{0};      // of the question
  Instant begun_at;
  Instant until;
  bool timed_out{false};
};

struct Keeper {
  explicit Keeper(const Limits& bounds) : limits(bounds), outcomes(bounds.outcome_bytes_max), scratch(wire::frame_bytes_max) {}

  Limits limits;
  Inherited inherited;
  std::string data_path;     // absolute; also the current directory
  std::string program_path;  // what a replacement executes
  uid_t owner_uid{0};        // of DATA: the one peer that is served
  bool is_root{false};
  std::uint32_t workload_room{0};  // workloads that the limit of descriptors leaves room for

  int epoll_fd{-1};          // everything but output
  int outputs_fd{-1};        // an epoll of its own, so that floods are read after everything else
  int signal_fd{-1};
  int listen_fd{-1};
  int notify_fd{-1};
  int lock_fd{-1};
  std::string keeper_id;     // 24 hex digits of the digest of data_path
  std::string notify_text;   // "NOTIFY_SOCKET=@…" and "WATCHBILL_KEEPER=…", as children get them
  std::string keeper_text;

  BootId boot;
  std::string memory_id;     // 16 hex digits
  std::string lineage;
  std::uint64_t epoch{0};
  std::uint64_t sequence{0};
  std::uint32_t replaced_count{0};

  Memory memory;
  Outcomes outcomes;
  std::uint64_t next_number{1};
  std::uint64_t next_capture{1};
  std::uint64_t acknowledged_through{0};
  std::uint64_t outcomes_dropped{0};
  std::uint64_t unlogged_told{0};
  Instant memory_retry_at;

  std::vector<std::unique_ptr<Workload>> slots;  // index: Workload::slot; null: free
  std::vector<Workload*> by_name;                // ordered by name
  std::uint32_t effect_count{0};
  std::uint32_t effect_running{0};
  ProcessTable processes;
  DueHeap due;
  std::array<RunningProbe, 128> probes;
  std::uint32_t probe_running{0};
  std::vector<std::unique_ptr<Connection>> connections;
  std::uint64_t connection_generation{0};
  std::uint64_t hello_count{0};

  Instant now;   // CLOCK_MONOTONIC, read at the begin of each turn
  Instant wall;
  Instant idle_since;
  Instant socket_looked_at;
  bool has_flood{false};         // output was discarded in this turn
  bool pauses_outputs{false};
  Instant outputs_resume_at;
  bool is_replacement_asked{false};
  bool is_ending{false};
  std::string replacement_path;
  std::uint32_t stray_count{0};

  std::vector<char> scratch;            // one frame
  std::vector<pid_t> children_scratch;
};

}  // namespace watchbill::keeper
