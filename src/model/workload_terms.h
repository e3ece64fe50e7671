// The words that events and commands of workloads share. Source: domain/supervision.md §3, §6, §7.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/time.h"
#include "model/area.h"
#include "model/fields.h"
#include "model/ids.h"

namespace watchbill {

enum class WorkloadState : std::uint8_t {
  pending, blocked, starting, running, backoff, stopping, stopped, completed, failed, lost,
};
template <>
struct Words<WorkloadState> {
  static constexpr std::array<std::string_view, 10> table{"pending", "blocked", "starting", "running", "backoff",
                                                          "stopping", "stopped", "completed", "failed", "lost"};
};

// Why a workload is in its state. The first twelve are those of the keeper's Settled.
enum class WorkloadReason : std::uint8_t {
  exit, signal, hang, liveness, runtime_exceeded, start_failed, cancelled, deadline,
  restart_budget_exhausted, exit_unseen, host_rebooted, pid_reused,
  none, dependency_failed, by_operator, dependency, configuration, unkillable, keeper,
};
template <>
struct Words<WorkloadReason> {
  static constexpr std::array<std::string_view, 19> table{
      "exit", "signal", "hang", "liveness", "runtime_exceeded", "start_failed", "cancelled", "deadline",
      "restart_budget_exhausted", "exit_unseen", "host_rebooted", "pid_reused",
      "none", "dependency_failed", "operator", "dependency", "configuration", "unkillable", "keeper"};
};

// What a standing order asks of the keeper, beside what it says for later.
enum class OrderDirective : std::uint8_t {
  keep,     // nothing now
  start,    // the incarnation that is named
  stop,     // it, and stay stopped
  restart,  // stop it and start the next one at once, without budget or delay
  judge,    // stop it and do what the order says after a failure for `reason`
  signal,   // reload: send the order's signal to its leader
  forget,   // the workload is not ours any more
};
template <>
struct Words<OrderDirective> {
  static constexpr std::array<std::string_view, 7> table{"keep", "start", "stop", "restart", "judge", "signal", "forget"};
};

// How a process ended; `value` beside it is the exit code, the signal, or the errno of the step that failed.
enum class ExitHow : std::uint8_t { code, signal, not_executed, unseen };
template <>
struct Words<ExitHow> {
  static constexpr std::array<std::string_view, 4> table{"code", "signal", "not_executed", "unseen"};
};

enum class ProbeHealth : std::uint8_t { unknown, up, down };
template <>
struct Words<ProbeHealth> {
  static constexpr std::array<std::string_view, 3> table{"unknown", "up", "down"};
};

// Which of a workload's probes; `watched` is one of the bill's top-level probes.
enum class ProbeRole : std::uint8_t { started, live, ready, watched };
template <>
struct Words<ProbeRole> {
  static constexpr std::array<std::string_view, 4> table{"started", "live", "ready", "watched"};
};

enum class WorkloadHook : std::uint8_t { pre_stop, post_stop };
template <>
struct Words<WorkloadHook> {
  static constexpr std::array<std::string_view, 2> table{"pre_stop", "post_stop"};
};

// What a person (or the controller, closing) asked.
enum class WorkloadVerb : std::uint8_t { start, stop, restart, close };
template <>
struct Words<WorkloadVerb> {
  static constexpr std::array<std::string_view, 4> table{"start", "stop", "restart", "close"};
};

// A report of a keeper: each has a number of its own and is delivered until it is acknowledged, so it may come twice.
struct ReportNumber {
  std::uint64_t after{0};    // the number told before it on this connection; 0: it is the first
  std::string memory;        // of the keeper: numbers count within one memory
  std::uint64_t number{0};   // from 1, with gaps where other areas' reports stand
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("after", &ReportNumber::after), field("memory", &ReportNumber::memory),
              field("number", &ReportNumber::number));
  }
  friend bool operator==(const ReportNumber&, const ReportNumber&) = default;
};

// Names the process of a keeper that remembers effects; empty: none is known. Replaced in place it keeps its name. A successor
// has another one, even with the same memory file, as that file may lack what a full disk refused.
[[nodiscard]] inline std::string keeper_name(const std::string& memory, const std::string& boot_id, std::int64_t pid) {
  return memory.empty() ? "" : memory + "/" + boot_id + "/" + std::to_string(pid);
}

}  // namespace watchbill
