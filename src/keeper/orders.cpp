// Orders: checked, kept, and brought into the form that system calls and `supervise` want.
#include <algorithm>
#include <cstdio>

#include "base/assert.h"
#include "keeper/acts.h"

namespace watchbill::keeper {

// The wire has words of its own because model includes base only; these are the same ones.
static_assert(static_cast<int>(supervise::EndReason::deadline) == static_cast<int>(wire::EndReason::deadline));
static_assert(static_cast<int>(supervise::EndReason::hang) == static_cast<int>(wire::EndReason::hang));
static_assert(static_cast<int>(wire::SettledReason::deadline) == static_cast<int>(wire::EndReason::deadline));
static_assert(static_cast<int>(supervise::RestartPolicy::never) == static_cast<int>(wire::RestartPolicy::never));
static_assert(static_cast<int>(supervise::StopPhase::unkillable) == static_cast<int>(wire::StopPhase::unkillable));
static_assert(static_cast<int>(supervise::StopPhase::killing) == static_cast<int>(wire::StopPhase::killing));

namespace {

constexpr Duration duration_max = Duration::days(36'500);

bool is_duration(Duration duration) noexcept { return duration.ms >= 0 && duration <= duration_max; }

bool by_name_before(const Workload* workload, std::string_view name) noexcept { return workload->name < name; }

bool are_limits_right(const wire::StandingOrder& order) noexcept {
  const wire::RestartTerms& restart = order.restart;
  const bool is_limit_right =
      !restart.limit || (restart.limit->count <= supervise::restart_limit_max && is_duration(restart.limit->window));
  const bool is_backoff_right = is_duration(restart.initial) && is_duration(restart.max) && restart.max >= restart.initial &&
                                is_duration(restart.reset_after) && restart.factor_millionths >= 1'000'000 &&
                                restart.factor_millionths <= 1'000'000'000 && restart.jitter_millionths >= 0 &&
                                restart.jitter_millionths <= 1'000'000;
  return is_limit_right && is_backoff_right;
}

bool is_stop_right(const wire::StopTerms& stop) noexcept {
  return stop.signal >= 1 && stop.signal <= 64 && is_duration(stop.grace) && is_duration(stop.kill_grace) &&
         is_duration(stop.pre_stop_timeout) && is_duration(stop.post_stop_timeout);
}

void point_into(std::vector<char*>& pointers, wire::TextList list) {
  while (!list.empty()) {
    // The text is the workload's own copy of the frame; execve takes it as char*.
    pointers.push_back(const_cast<char*>(list.take_first().data()));
  }
  pointers.push_back(nullptr);
}

void prepare_calls(Keeper& keeper, Workload& workload) {
  workload.directory.assign(workload.order.program.directory);
  workload.marker.assign("WATCHBILL_WORKLOAD=").append(workload.name);
  workload.environment.assign(
      {keeper.notify_text.data(), keeper.keeper_text.data(), workload.marker.data(), workload.incarnation_text});
  workload.argv.clear();
  workload.pre_stop.clear();
  workload.post_stop.clear();
  point_into(workload.environment, workload.order.program.environment);
  point_into(workload.argv, workload.order.program.argv);
  point_into(workload.pre_stop, workload.order.stop.pre_stop);
  point_into(workload.post_stop, workload.order.stop.post_stop);
}

void prepare_rules(Workload& workload) {
  const wire::StandingOrder& order = workload.order;
  workload.rule.policy = static_cast<supervise::RestartPolicy>(order.restart.policy);
  workload.rule.limit.reset();
  if (order.restart.limit) workload.rule.limit = supervise::RestartLimit{order.restart.limit->count, order.restart.limit->window};
  workload.rule.backoff = {order.restart.initial, order.restart.max, order.restart.factor_millionths,
                           order.restart.jitter_millionths, order.restart.reset_after};
  workload.stop_rule = {!order.stop.pre_stop.empty(), order.stop.pre_stop_timeout, order.stop.grace, order.stop.kill_grace};
  workload.heartbeat_file.clear();
  if (order.hang) workload.heartbeat_file.assign(order.hang->file);
}

Workload& make_workload(Keeper& keeper, std::string_view name) {
  std::uint32_t slot = 0;
  while (slot < keeper.slots.size() && keeper.slots[slot] != nullptr) ++slot;
  if (slot == keeper.slots.size()) keeper.slots.emplace_back();
  keeper.slots[slot] = std::make_unique<Workload>();
  Workload& workload = *keeper.slots[slot];
  workload.slot = slot;
  workload.name.assign(name);
  const auto at = std::lower_bound(keeper.by_name.begin(), keeper.by_name.end(), name, by_name_before);
  keeper.by_name.insert(at, &workload);
  return workload;
}

}  // namespace

Workload* find_workload(Keeper& keeper, std::string_view name) noexcept {
  const auto at = std::lower_bound(keeper.by_name.begin(), keeper.by_name.end(), name, by_name_before);
  return at != keeper.by_name.end() && (*at)->name == name ? *at : nullptr;
}

Workload* find_ordered(Keeper& keeper, std::string_view name) noexcept {
  Workload* const found = find_workload(keeper, name);
  return found != nullptr && found->is_ordered() ? found : nullptr;
}

std::uint32_t ordered_count(Keeper& keeper) noexcept {
  const std::size_t others = keeper.effect_count + (find_guarded(keeper) != nullptr ? 1U : 0U);
  return static_cast<std::uint32_t>(keeper.by_name.size() - others);
}

Marker marker_of(const Keeper& keeper, const Workload& workload) noexcept {
  return {keeper.keeper_id, workload.name, workload.incarnation};
}

Workload* find_marked(Keeper& keeper, const Marker& marker) noexcept {
  Workload* const named = marker.keeper == keeper.keeper_id ? find_workload(keeper, marker.name) : nullptr;
  return named != nullptr && named->incarnation == marker.incarnation ? named : nullptr;
}

bool is_name(std::string_view name) noexcept {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@:+";
  return !name.empty() && name.size() <= wire::name_bytes_max && name.front() != '.' &&
         name.find_first_not_of(allowed) == std::string_view::npos;
}

std::optional<wire::Refusal> check_program(const Keeper& keeper, const wire::Program& program, std::string_view& detail) {
  const auto wrong = [&detail](std::string_view what) {
    detail = what;
    return std::optional(wire::Refusal::invalid_order);
  };
  if (program.argv.empty() || program.argv.packed.front() == '\0') return wrong("argv is empty");
  for (wire::TextList list = program.environment; !list.empty();)
    if (list.take_first().find('=') == std::string_view::npos) return wrong("an entry of the environment has no =");
  if (program.directory.empty() || program.directory.front() != '/') return wrong("the working directory is not absolute");
  if (program.directory.find('\0') != std::string_view::npos) return wrong("the working directory holds a NUL");
  if (program.umask > 0777) return wrong("umask is above 0777");
  if (!program.account) return keeper.is_root ? std::optional(wire::Refusal::user_required) : std::nullopt;
  if (!keeper.is_root && program.account->uid != keeper.owner_uid) {
    detail = "this keeper does not run as root and can start processes of its own account only";
    return wire::Refusal::user_not_permitted;
  }
  return std::nullopt;
}

std::optional<wire::Refusal> check_order(const Keeper& keeper, const wire::StandingOrder& order, std::string_view& detail) {
  if (!is_name(order.name)) return wire::Refusal::invalid_name;
  return check_terms(keeper, order, detail);
}

std::optional<wire::Refusal> check_terms(const Keeper& keeper, const wire::StandingOrder& order, std::string_view& detail) {
  const auto wrong = [&detail](std::string_view what) {
    detail = what;
    return std::optional(wire::Refusal::invalid_order);
  };
  if (const auto refusal = check_program(keeper, order.program, detail)) return refusal;
  if (order.order_id.size() > 128 || order.workload_namespace.size() > 256) return wrong("order_id or namespace is too long");
  if (!are_limits_right(order)) return wrong("a restart limit, delay, factor or jitter is out of its range");
  if (!is_stop_right(order.stop)) return wrong("a stop signal or time is out of its range");
  if (order.max_runtime && (!is_duration(*order.max_runtime) || order.max_runtime->ms == 0))
    return wrong("max_runtime is not positive");
  if (order.hang) {
    if (order.hang->timeout.ms <= 0 || !is_duration(order.hang->timeout) || !is_duration(order.hang->start_grace))
      return wrong("the hang timeout is not positive");
    const bool is_path = !order.hang->file.empty() && order.hang->file.front() == '/' && order.hang->file.size() < 4096;
    if (order.hang->heartbeat == wire::Heartbeat::file && !is_path) return wrong("the heartbeat file is not an absolute path");
  }
  return std::nullopt;
}

Workload& take_order(Keeper& keeper, std::string_view name, std::string_view body, const wire::StandingOrder* order) {
  Workload* const known = find_workload(keeper, name);
  Workload& workload = known != nullptr ? *known : make_workload(keeper, name);
  workload.body.assign(body);
  wire::GiveOrder given;
  const bool is_readable = order != nullptr || wire::read_message(workload.body, given);
  WB_ASSERT(is_readable, "the frame was read before, and records carry a checksum");
  workload.order = order != nullptr ? *order : given.order;
  prepare_calls(keeper, workload);
  prepare_rules(workload);
  if (known == nullptr)
    for (const Duration age : given.spent.all()) workload.budget.count(keeper.now - age);
  schedule(keeper, workload);
  return workload;
}

Workload& take_effect(Keeper& keeper, std::string_view name, std::string_view body) {
  Workload* const known = find_workload(keeper, name);
  Workload& workload = known != nullptr ? *known : make_workload(keeper, name);
  workload.body.assign(body);
  wire::Exec exec;
  const bool is_readable = wire::read_message(workload.body, exec);
  WB_ASSERT(is_readable, "the frame was read before, and records carry a checksum");
  if (workload.effect == nullptr) {
    workload.effect = std::make_unique<Effect>();
    ++keeper.effect_count;
  }
  workload.order = wire::StandingOrder{};
  workload.order.name = workload.name;
  workload.order.program = exec.program;
  workload.order.restart.policy = wire::RestartPolicy::never;
  (void)workload.order.success_exit_codes.add(0);
  workload.order.max_runtime = exec.timeout;
  prepare_calls(keeper, workload);
  workload.environment.erase(workload.environment.begin());  // an effect has nobody to notify
  prepare_rules(workload);
  return workload;
}

Workload& take_guarded(Keeper& keeper, std::string_view body) {
  Workload* const known = find_workload(keeper, wire::guarded_name);
  Workload& workload = known != nullptr ? *known : make_workload(keeper, wire::guarded_name);
  workload.body.assign(body);
  wire::GuardController guard;
  const bool is_readable = wire::read_message(workload.body, guard);
  WB_ASSERT(is_readable, "the frame was read before, and records carry a checksum");
  if (workload.guarded == nullptr) workload.guarded = std::make_unique<Guarded>();
  workload.guarded->final_exit_codes = guard.final_exit_codes;
  workload.order = order_of(guard);
  workload.order.name = workload.name;
  prepare_calls(keeper, workload);
  prepare_rules(workload);
  schedule(keeper, workload);
  return workload;
}

void drop_workload(Keeper& keeper, Workload& workload) {
  close_outputs(keeper, workload);
  keeper.due.set(workload, Instant::never());
  if (workload.effect != nullptr) --keeper.effect_count;
  const auto at = std::lower_bound(keeper.by_name.begin(), keeper.by_name.end(), std::string_view(workload.name), by_name_before);
  keeper.by_name.erase(at);
  keeper.memory.add(ForgottenRecord{workload.name});
  keeper.slots[workload.slot].reset();
}

ProcessPlan plan_of(const Keeper&, const Workload& workload) noexcept {
  const wire::Program& program = workload.order.program;
  ProcessPlan plan;
  plan.argv = workload.argv.data();
  plan.environment = workload.environment.data();
  plan.directory = workload.directory.c_str();
  if (program.account) {
    plan.has_account = true;
    plan.uid = program.account->uid;
    plan.gid = program.account->gid;
    plan.groups = program.account->groups.all();
  }
  plan.umask = program.umask;
  plan.open_files = program.open_files;
  plan.no_new_privileges = program.no_new_privileges;
  return plan;
}

}  // namespace watchbill::keeper
