#include "sim/host.h"

#include <algorithm>

namespace watchbill::sim {
namespace {

constexpr std::size_t unacknowledged_max = 64;
constexpr Duration retry_pause = Duration::seconds(1);

WorkloadReason reason_of(supervise::EndReason reason) noexcept {
  return static_cast<WorkloadReason>(reason);  // the same words in the same order
}
static_assert(static_cast<int>(supervise::EndReason::deadline) == static_cast<int>(WorkloadReason::deadline));

supervise::RestartRule rule_of(const CarryOutOrder& order) {
  const RestartConfiguration& restart = order.configuration.restart;
  supervise::RestartRule rule;
  rule.policy = static_cast<supervise::RestartPolicy>(order.is_suspended ? RestartPolicy::never : restart.policy);
  rule.limit.reset();
  if (!restart.is_unlimited) rule.limit = supervise::RestartLimit{restart.limit, restart.window};
  rule.backoff = {restart.initial, restart.max, restart.factor_millionths, restart.jitter_millionths, restart.reset_after};
  return rule;
}

void set_after(CommandBody& body, std::uint64_t number) {
  std::visit(
      [number]<class T>(T& command) {
        if constexpr (requires { command.told.report; }) command.told.report->after = number;
        else if constexpr (requires { command.report; }) command.report->after = number;
      },
      body);
}

}  // namespace

void SimulatedHost::connect() {
  connected_life_ = links_.life();
  delivered_through_ = 0;
  is_pausing_ = false;
  ++round_;
  NoteKeeper found;
  found.boot_id = "boot-" + std::to_string(boot_);
  found.memory = "keeper";
  found.pid = keeper_pid_;
  for (const auto& [name, kept] : kept_) {
    KeptWorkload one;
    one.incarnation = kept.incarnation;
    one.is_active = kept.state == State::running || kept.state == State::stopping || kept.state == State::backoff;
    one.name = name;
    if (one.is_active && kept.state != State::backoff) {
      one.pid = truth_[kept.truth].pid;
      one.start_ticks = static_cast<std::uint64_t>(one.pid);
    }
    found.kept.push_back(one);
  }
  tell(found);
  deliver();
}

void SimulatedHost::begin(const CarryOutOrder& order) {
  const auto act = [this, order, life = links_.life()] {
    if (life != links_.life()) return;
    NoteOrder outcome;
    outcome.number = order.number;
    outcome.refusal = carry_out(order);
    outcome.workload = order.workload;
    const auto kept = kept_.find(order.workload);
    outcome.keeper_incarnation = kept == kept_.end() ? 0 : kept->second.incarnation;
    tell(outcome);
  };
  links_.agenda.plan(links_.now() + Duration::milliseconds(random_.between(1, 30)), act);
}

std::string SimulatedHost::carry_out(const CarryOutOrder& order) {
  switch (order.directive) {
    case OrderDirective::forget: {
      const auto at = kept_.find(order.workload);
      if (at == kept_.end()) return "unknown_workload";
      const bool is_active =
          at->second.state == State::running || at->second.state == State::stopping || at->second.state == State::backoff;
      if (is_active) return "already_running";
      kept_.erase(at);
      return {};
    }
    case OrderDirective::start: take_terms(order); return start(order);
    case OrderDirective::stop: case OrderDirective::restart: case OrderDirective::judge: return stop(order);
    case OrderDirective::keep: case OrderDirective::signal: take_terms(order); return {};
  }
  return {};
}

void SimulatedHost::take_terms(const CarryOutOrder& order) {
  const auto [at, is_new] = kept_.try_emplace(order.workload);
  Kept& kept = at->second;
  kept.rule = rule_of(order);
  kept.name_space = order.name_space;
  kept.terms = order.terms.hex();
  kept.success_exit_codes = order.configuration.success_exit_codes;
  if (is_new)
    for (const Duration age : order.spent) kept.budget.count(links_.now() - age);
}

std::string SimulatedHost::start(const CarryOutOrder& order) {
  Kept& kept = kept_.at(order.workload);
  const bool is_active = kept.state == State::running || kept.state == State::stopping || kept.state == State::backoff;
  if (order.incarnation == kept.incarnation && is_active) return {};
  if (order.incarnation <= kept.incarnation) return "stale_incarnation";
  if (kept.state == State::running || kept.state == State::stopping) return "already_running";
  if (order.resets_budget) {
    kept.budget.clear();
    kept.restarts = {};
  }
  begin_incarnation(order.workload, order.incarnation, false);
  return {};
}

std::string SimulatedHost::stop(const CarryOutOrder& order) {
  const auto at = kept_.find(order.workload);
  if (at == kept_.end()) return "unknown_workload";
  Kept& kept = at->second;
  const bool is_active = kept.state == State::running || kept.state == State::stopping || kept.state == State::backoff;
  if (!is_active || kept.incarnation != order.incarnation) return "not_running";
  const bool is_backoff = kept.state == State::backoff;
  if (is_backoff && order.directive == OrderDirective::judge) return "not_running";
  const auto reason = order.reason == WorkloadReason::deadline   ? supervise::EndReason::deadline
                      : order.directive == OrderDirective::judge ? supervise::EndReason::liveness
                                                                 : supervise::EndReason::cancelled;
  if (kept.state == State::stopping) {
    if (kept.ending == OrderDirective::judge) kept.ending = order.directive;
    return {};
  }
  kept.ending = order.directive;
  kept.end_reason = reason;
  ++kept.change;
  if (is_backoff) {
    conclude(order.workload);
    return {};
  }
  kept.state = State::stopping;
  truth_[kept.truth].was_stopped = true;
  const std::string name = order.workload;
  later(name, Duration::milliseconds(random_.between(5, 3000)), [this, name, reason] { end_incarnation(name, 0, reason); });
  if (plant_ == Plant::keeper_stops_a_sibling && name != "steady" && state_of("steady") == "running")
    later("steady", Duration{1}, [this] { end_incarnation("steady", 0, supervise::EndReason::signal); });
  return {};
}

void SimulatedHost::begin_incarnation(const std::string& name, std::uint64_t incarnation, bool by_standing_order) {
  Kept& kept = kept_.at(name);
  const bool after_lost = kept.state == State::lost;
  kept.state = State::running;
  kept.incarnation = incarnation;
  kept.ending = OrderDirective::judge;
  kept.is_asked = false;
  kept.truth = truth_.size();
  ++kept.change;
  truth_.push_back(
      Truth{name, incarnation, next_pid_++, links_.now(), Instant::never(), by_standing_order, false, false, after_lost});
  kept.restarts.became_stable(links_.now());
  NoteStarted note;
  note.told.at = links_.now();
  note.told.by_standing_order = by_standing_order;
  note.told.incarnation = incarnation;
  note.told.pid = truth_.back().pid;
  note.told.report = next_number();
  note.told.start_ticks = static_cast<std::uint64_t>(truth_.back().pid);
  note.told.terms = kept.terms;
  note.told.workload = name;
  report(note, note.told.report);
  const Life life = script_(name, incarnation);
  later(name, life.length, [this, name, code = life.exit_code] { end_incarnation(name, code, supervise::EndReason::exit); });
}

void SimulatedHost::end_incarnation(const std::string& name, int code, supervise::EndReason reason) {
  Kept& kept = kept_.at(name);
  if (kept.state != State::running && kept.state != State::stopping) return;
  ++kept.change;
  kept.restarts.broke(kept.rule.backoff.reset_after, links_.now());
  if (kept.state == State::running) kept.end_reason = reason;
  kept.exit_code = code;
  Truth& truth = truth_[kept.truth];
  truth.ended_at = links_.now();
  truth.is_exit_seen = true;
  NoteExited note;
  note.told.at = links_.now();
  note.told.boot_id = "boot-" + std::to_string(boot_);
  note.told.how = reason == supervise::EndReason::exit ? ExitHow::code : ExitHow::signal;
  note.told.incarnation = kept.incarnation;
  note.told.pid = truth.pid;
  note.told.reason = reason_of(kept.end_reason);
  note.told.report = next_number();
  note.told.value = reason == supervise::EndReason::exit ? code : 15;
  note.told.workload = name;
  if (plant_ != Plant::keeper_forgets_an_exit || !random_.chance(20)) report(note, note.told.report);
  if (plant_ == Plant::keeper_tells_an_exit_twice && random_.chance(20)) {
    note.told.report = next_number();
    report(note, note.told.report);
  }
  conclude(name);
}

void SimulatedHost::conclude(const std::string& name) {
  Kept& kept = kept_.at(name);
  if (kept.ending == OrderDirective::stop) return settle(name, State::stopped, reason_of(kept.end_reason));
  if (kept.ending == OrderDirective::restart) {
    kept.state = State::backoff;
    return begin_incarnation(name, kept.incarnation + 1, false);
  }
  const bool is_success = kept.end_reason == supervise::EndReason::exit &&
                          std::find(kept.success_exit_codes.begin(), kept.success_exit_codes.end(), kept.exit_code) !=
                              kept.success_exit_codes.end();
  const supervise::StartKey key{kept.name_space, name, kept.incarnation + 1};
  const supervise::Decision decision = supervise::decide_restart(kept.rule, {kept.end_reason, is_success}, key, kept.budget,
                                                                 kept.restarts, links_.now());
  switch (decision.verdict) {
    case supervise::Verdict::completed: return settle(name, State::completed, reason_of(kept.end_reason));
    case supervise::Verdict::failed: return settle(name, State::failed, reason_of(kept.end_reason));
    case supervise::Verdict::stopped: return settle(name, State::stopped, reason_of(kept.end_reason));
    case supervise::Verdict::budget_exhausted: return settle(name, State::failed, WorkloadReason::restart_budget_exhausted);
    case supervise::Verdict::restart: break;
  }
  NoteRestarted note;
  note.told.at = links_.now();
  note.told.delay = decision.delay;
  note.told.incarnation = kept.incarnation;
  note.told.reason = reason_of(kept.end_reason);
  note.told.report = next_number();
  note.told.restart_number = decision.restart_number;
  note.told.workload = name;
  report(note, note.told.report);
  kept.state = State::backoff;
  later(name, decision.delay, [this, name] { begin_incarnation(name, kept_.at(name).incarnation + 1, true); });
}

void SimulatedHost::settle(const std::string& name, State state, WorkloadReason reason) {
  Kept& kept = kept_.at(name);
  kept.state = state;
  ++kept.change;
  NoteSettled note;
  note.at = links_.now();
  note.incarnation = kept.incarnation;
  note.reason = reason;
  note.report = next_number();
  note.state = state == State::stopped     ? WorkloadState::stopped
               : state == State::completed ? WorkloadState::completed
               : state == State::lost      ? WorkloadState::lost
                                           : WorkloadState::failed;
  note.workload = name;
  report(note, note.report);
  if (state == State::lost && plant_ == Plant::keeper_starts_what_was_lost)
    later(name, Duration::seconds(1), [this, name] { begin_incarnation(name, kept_.at(name).incarnation + 1, true); });
}

// Runs the action unless something else happened to the workload before.
void SimulatedHost::later(const std::string& name, Duration delay, std::function<void()> action) {
  links_.agenda.plan(links_.now() + delay, [this, name, change = kept_.at(name).change, action = std::move(action)] {
    const auto at = kept_.find(name);
    if (at != kept_.end() && at->second.change == change) action();
  });
}

void SimulatedHost::crash(const std::string& workload) {
  if (state_of(workload) == "running") end_incarnation(workload, 0, supervise::EndReason::signal);
}

void SimulatedHost::lose_keeper(bool with_processes) {
  ++keeper_pid_;
  links_.note("the keeper is replaced" + std::string(with_processes ? ", its processes are gone" : ""));
  for (auto& [name, kept] : kept_) {
    if (kept.state != State::running && kept.state != State::stopping) continue;
    if (with_processes) {
      truth_[kept.truth].ended_at = links_.now();
      settle(name, State::lost, WorkloadReason::exit_unseen);
      continue;
    }
    NoteAdopted note;
    note.told.exit_is_unseen = true;
    note.told.incarnation = kept.incarnation;
    note.told.pid = truth_[kept.truth].pid + (plant_ == Plant::keeper_adopts_another_process ? 1 : 0);
    note.told.report = next_number();
    note.told.start_ticks = static_cast<std::uint64_t>(note.told.pid);
    note.told.workload = name;
    report(note, note.told.report);
  }
  if (connected_life_ == links_.life()) connect();
}

void SimulatedHost::reboot() {
  ++boot_;
  ++keeper_pid_;
  links_.note("the host reboots");
  for (auto& [name, kept] : kept_) {
    if (kept.state != State::running && kept.state != State::stopping) continue;
    truth_[kept.truth].ended_at = links_.now();
    settle(name, State::lost, WorkloadReason::host_rebooted);
  }
  if (connected_life_ == links_.life()) connect();
}

std::string SimulatedHost::state_of(const std::string& workload) const {
  const auto at = kept_.find(workload);
  if (at == kept_.end()) return {};
  switch (at->second.state) {
    case State::idle: return "idle";
    case State::running: return "running";
    case State::stopping: return "stopping";
    case State::backoff: return "backoff";
    case State::stopped: return "stopped";
    case State::completed: return "completed";
    case State::failed: return "failed";
    case State::lost: return "lost";
  }
  return {};
}

std::uint64_t SimulatedHost::incarnation_of(const std::string& workload) const {
  const auto at = kept_.find(workload);
  return at == kept_.end() ? 0 : at->second.incarnation;
}

std::optional<ReportNumber> SimulatedHost::next_number() { return ReportNumber{0, "keeper", next_number_++}; }

void SimulatedHost::report(CommandBody body, const std::optional<ReportNumber>& number) {
  reports_.push_back(Report{number->number, std::move(body)});
  deliver();
}

void SimulatedHost::deliver() {
  if (connected_life_ != links_.life() || is_pausing_) return;
  std::size_t waiting = 0;
  for (Report& report : reports_) {
    if (++waiting > unacknowledged_max || is_pausing_) return;
    if (report.number <= delivered_through_) continue;
    set_after(report.body, delivered_through_);
    delivered_through_ = report.number;
    offer(report.body, [this, number = report.number, round = round_](bool is_recorded) {
      if (!is_recorded) return round == round_ ? deliver_again() : void();
      // Reports are recorded in order only: everything up to this one is.
      std::erase_if(reports_, [number](const Report& told) { return told.number <= number; });
      deliver();
    });
  }
}

// One was refused: it and all after it are told again, in order.
void SimulatedHost::deliver_again() {
  ++round_;
  is_pausing_ = true;
  links_.agenda.plan(links_.now() + retry_pause, [this, round = round_] {
    if (round != round_) return;
    is_pausing_ = false;
    delivered_through_ = 0;
    deliver();
  });
}

// Offers until the controller has it on its disk.
void SimulatedHost::tell(CommandBody body) {
  offer(body, [this, body](bool is_recorded) {
    if (is_recorded) return;
    links_.agenda.plan(links_.now() + retry_pause, [this, body, life = connected_life_] {
      if (life == links_.life()) tell(body);
    });
  });
}

void SimulatedHost::offer(CommandBody body, std::function<void(bool)> done) {
  if (connected_life_ != links_.life()) return;
  links_.offer(Command{std::move(body), engine_actor("agent"), std::nullopt, std::nullopt, {}},
               [this, done = std::move(done), life = links_.life()](const core::Answer& answer) {
                 if (life == links_.life()) done(!answer.refused);
               });
}

}  // namespace watchbill::sim
