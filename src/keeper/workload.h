// One workload as the keeper has it: its order, its incarnation, and what it waits for. Effects are workloads that run once.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "keeper/output.h"
#include "model/wire/frame.h"
#include "supervise/hang.h"
#include "supervise/restart.h"
#include "supervise/stop.h"

namespace watchbill::keeper {

namespace wire = model::wire;

inline constexpr std::uint32_t no_slot = 0xffffffffU;

// What an effect has beside a workload. Its name is "!" and the effect's id, its incarnation the attempt.
struct Effect {
  std::uint64_t capture_number{0};
  Capture* capture{nullptr};  // mapped while it runs
  bool is_acknowledged{false};
  std::uint64_t outcome_number{0};
};

// What the guarded controller has beside a workload: no agent orders it, sees it or counts it.
struct Guarded {
  wire::BoundedList<std::int32_t, 32> final_exit_codes;
};

// pre_stop, post_stop or the helper that gathers diagnostic facts: at most one at a time.
enum class SideKind : std::uint8_t { none, pre_stop, post_stop, diagnosis };
struct SideProcess {
  SideKind kind{SideKind::none};
  pid_t pid{0};
  Instant until;
  bool timed_out{false};
  int facts_fd{-1};  // of a diagnosis
};

struct Workload {
  std::uint32_t slot{no_slot};
  std::string name;
  std::string body;  // of the frame that gave the order; `order` and the vectors point into it
  wire::StandingOrder order;
  std::unique_ptr<Effect> effect;
  std::unique_ptr<Guarded> guarded;

  // The order as system calls and `supervise` want it, made when it was given.
  std::vector<char*> argv, environment, pre_stop, post_stop;
  std::string directory, heartbeat_file, marker;
  char incarnation_text[48]{};
  supervise::RestartRule rule;
  supervise::StopRule stop_rule;

  // The incarnation.
  wire::State state{wire::State::idle};
  std::uint64_t incarnation{0};
  std::string started_order_id;
  pid_t pid{0};                  // leader, group and session; stays until the next start
  std::uint64_t start_ticks{0};
  int pid_fd{-1};                // only of an adopted leader: it is not our child
  std::optional<std::int32_t> told_exit;  // exit code of this incarnation, by its leader's word: of use when nobody can learn it
  std::string cgroup_directory;  // of a systemd unit that the leader stands for, by its own word; empty: none
  bool is_adopted{false};
  bool is_leader_gone{true};
  bool is_concluding{false};     // the group is empty, post_stop runs
  std::uint32_t orphan_count{0}; // children of the keeper that belong to this group, the leader not counted
  wire::ExitHow how{wire::ExitHow::code};
  std::int32_t value{0};
  supervise::EndReason end_reason{supervise::EndReason::exit};
  wire::Afterwards afterwards{wire::Afterwards::judge};
  wire::StartCause cause{wire::StartCause::asked};
  Instant started_at, started_at_wall, ended_at_wall;
  Instant next_start_at;         // in backoff
  std::uint64_t exit_seen_us{0}; // of an undelayed restart

  supervise::Beats beats;
  bool is_ready{false};
  bool is_hung{false};
  Instant beat_told_at, file_checked_at;
  std::int64_t file_changed_ns{0};
  std::int64_t file_bytes{-1};
  std::uint32_t notes_in_second{0};
  std::uint32_t notes_dropped{0};
  std::int64_t notes_second{0};

  supervise::StopState stop;
  Duration pre_stop_took, terminating_took;
  bool owes_diagnosis{false};
  SideProcess side;

  supervise::RestartBudget budget;
  supervise::RestartCount restarts;

  int output_fd{-1};
  int error_fd{-1};  // FIFO of stderr, where that is told from stdout: effects and the guarded controller
  LogState log;
  Instant gap_told_at;

  // Place in the heap of what is due.
  Instant due_at{Instant::never()};
  std::uint32_t due_index{no_slot};

  // By an agent, who is told of it.
  [[nodiscard]] bool is_ordered() const noexcept { return effect == nullptr && guarded == nullptr; }
  [[nodiscard]] bool is_active() const noexcept {
    return state == wire::State::running || state == wire::State::stopping || state == wire::State::backoff;
  }
};

}  // namespace watchbill::keeper
