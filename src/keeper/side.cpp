// The processes beside a workload: its hooks, and the helper that gathers diagnostic facts.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include "keeper/acts.h"

namespace watchbill::keeper {
namespace {

constexpr std::uint32_t output_lines = 50;
constexpr std::size_t facts_bytes_max = 16U << 10;
constexpr std::size_t last_output_bytes_max = 8U << 10;

void tell_hook_failed(Keeper& keeper, const Workload& workload, SideKind kind, wire::ExitHow how, std::int32_t value) {
  const wire::Hook hook = kind == SideKind::pre_stop ? wire::Hook::pre_stop : wire::Hook::post_stop;
  (void)tell_numbered(keeper, wire::HookFailed{head_of(keeper, workload), hook, how, value, workload.side.timed_out});
}

void side_ended(Keeper& keeper, Workload& workload, SideKind kind) {
  workload.side.kind = SideKind::none;
  workload.side.pid = 0;
  workload.side.timed_out = false;
  if (kind == SideKind::post_stop) return conclude(keeper, workload);
  // What the step was for is over: the stop goes on at once.
  const bool is_in_step = (kind == SideKind::pre_stop && workload.stop.phase == supervise::StopPhase::pre_stop) ||
                          (kind == SideKind::diagnosis && workload.stop.phase == supervise::StopPhase::diagnosing);
  if (is_in_step) workload.stop.phase_until = keeper.now;
  settle_group(keeper, workload);
}

}  // namespace

void start_hook(Keeper& keeper, Workload& workload, SideKind kind) {
  const bool is_pre_stop = kind == SideKind::pre_stop;
  ProcessPlan plan = plan_of(keeper, workload);
  plan.argv = is_pre_stop ? workload.pre_stop.data() : workload.post_stop.data();
  const OutputPath output = output_path(workload, false);
  plan.output_path = output.data();
  const ProcessStart started = start_process(plan, keeper.inherited);
  workload.side = {kind, started.pid, keeper.now, false, -1};
  if (started.pid == 0) {
    tell_hook_failed(keeper, workload, kind, wire::ExitHow::not_executed, started.error);
    return side_ended(keeper, workload, kind);
  }
  const wire::StopTerms& terms = workload.order.stop;
  workload.side.until = keeper.now + (is_pre_stop ? terms.pre_stop_timeout : terms.post_stop_timeout);
  keeper.processes.add({started.pid, ProcessKind::side, workload.slot});
  schedule(keeper, workload);
}

void start_diagnosis(Keeper& keeper, Workload& workload) {
  if (!workload.is_ordered()) {  // nobody reads facts about a command that ran into its timeout
    workload.stop.phase_until = keeper.now;
    return;
  }
  workload.owes_diagnosis = true;
  PidList members;
  refresh_orphans(keeper);
  list_members(keeper, workload, members);
  static std::array<std::array<char, 12>, 256> texts;
  std::array<char*, 260> argv{};
  std::size_t count = 0;
  static char self[] = "/proc/self/exe";
  static char verb[] = "--diagnose";
  argv[count++] = self;
  argv[count++] = verb;
  for (std::size_t i = 0; i < members.size && i < texts.size(); ++i) {
    std::snprintf(texts[i].data(), texts[i].size(), "%d", members.pids[i]);
    argv[count++] = texts[i].data();
  }
  ProcessPlan plan;
  char* nothing = nullptr;
  plan.argv = argv.data();
  plan.environment = &nothing;
  plan.output_fd = memfd_create("watchbill-facts", MFD_CLOEXEC);
  const ProcessStart started = start_process(plan, keeper.inherited);
  workload.side = {SideKind::diagnosis, started.pid, keeper.now + supervise::diagnosis_max, false, plan.output_fd};
  if (started.pid != 0) {
    keeper.processes.add({started.pid, ProcessKind::side, workload.slot});
    return;
  }
  workload.side.kind = SideKind::none;
  workload.stop.phase_until = keeper.now;
}

void tell_diagnosis(Keeper& keeper, Workload& workload) {
  static std::array<char, facts_bytes_max> facts;
  static std::array<char, last_output_bytes_max> output;
  drain_output(keeper, workload);
  wire::Diagnosed diagnosed;
  diagnosed.head = head_of(keeper, workload);
  diagnosed.reason = static_cast<wire::EndReason>(workload.end_reason);
  diagnosed.age = keeper.now - workload.started_at;
  if (workload.order.hang) diagnosed.last_beat_age = keeper.now - workload.beats.last_beat;
  diagnosed.pre_stop_took = workload.pre_stop_took;
  diagnosed.terminating_took = workload.terminating_took;
  diagnosed.is_complete = workload.side.kind != SideKind::diagnosis;
  if (workload.side.facts_fd >= 0) {
    const ssize_t got = pread(workload.side.facts_fd, facts.data(), facts.size(), 0);
    diagnosed.members = {facts.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    close(workload.side.facts_fd);
    workload.side.facts_fd = -1;
  }
  diagnosed.last_output = {output.data(), last_lines(workload.name, output_lines, output.data(), output.size())};
  workload.owes_diagnosis = false;
  (void)tell_numbered(keeper, diagnosed);
}

void abandon_side(Keeper& keeper, Workload& workload) {
  const SideKind kind = workload.side.kind;
  if (kind != SideKind::pre_stop && kind != SideKind::diagnosis) return;
  (void)kill(-workload.side.pid, SIGKILL);
  if (kind == SideKind::pre_stop && workload.side.timed_out)
    tell_hook_failed(keeper, workload, kind, wire::ExitHow::signal, SIGKILL);
  workload.side.kind = SideKind::none;
  workload.side.timed_out = false;
}

void side_exited(Keeper& keeper, Workload& workload, wire::ExitHow how, std::int32_t value) {
  const SideKind kind = workload.side.kind;
  if (kind == SideKind::none) return;
  const bool is_hook = kind != SideKind::diagnosis;
  if (is_hook && (how != wire::ExitHow::code || value != 0)) tell_hook_failed(keeper, workload, kind, how, value);
  (void)kill(-workload.side.pid, SIGKILL);  // what a hook left behind
  side_ended(keeper, workload, kind);
}

}  // namespace watchbill::keeper
