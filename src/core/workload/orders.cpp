#include "core/workload/orders.h"

#include "core/workload/relations.h"
#include "core/workload/steps.h"
#include "model/codec.h"
#include "supervise/restart.h"

namespace watchbill::core::workload {
namespace {

// Of `limit: none` the window is what the keeper counts in then.
constexpr Duration unlimited_window = Duration::hours(1);

Duration window_of(const Workload& workload) noexcept {
  const RestartConfiguration& restart = workload.configuration.restart;
  return restart.is_unlimited ? unlimited_window : restart.window;
}

supervise::RestartBudget budget_of(const Workload& workload) noexcept {
  supervise::RestartBudget budget;
  for (const Instant decided_at : workload.restarts) budget.count(decided_at);
  return budget;
}

}  // namespace

Digest program_digest(const WorkloadConfiguration& configuration) {
  WorkloadConfiguration program;
  program.command = configuration.command;
  program.directory = configuration.directory;
  program.environment = configuration.environment;
  program.environment_file = configuration.environment_file;
  program.unit = configuration.unit;
  program.user = configuration.user;
  return sha256(canonical_text(program));
}

Digest terms_digest(const WorkloadConfiguration& configuration, const std::string& name_space, bool is_held) {
  return Sha256().add(canonical_text(configuration)).add(name_space).add(is_held ? "/held" : "/").finish();
}

StandingOrderGiven next_order(const std::string& name, const Workload& workload, OrderDirective directive) {
  StandingOrderGiven order;
  order.directive = directive;
  order.incarnation = workload.incarnation;
  order.is_suspended = workload.is_held;
  order.number = workload.order.number + 1;
  order.terms = workload.wanted_terms;
  order.workload = name;
  return order;
}

bool budget_allows(const Workload& workload, Instant now) noexcept {
  const RestartConfiguration& restart = workload.configuration.restart;
  if (restart.is_unlimited) return true;
  return budget_of(workload).allows(supervise::RestartLimit{restart.limit, restart.window}, now);
}

std::uint64_t restarts_in_window(const Workload& workload, Instant now) noexcept {
  return budget_of(workload).used(window_of(workload), now);
}

RestartBudgetExhausted budget_exhausted(const std::string& name, const Workload& workload) {
  const RestartConfiguration& restart = workload.configuration.restart;
  return RestartBudgetExhausted{workload.incarnation, restart.limit, restart.window, name};
}

Effect effect_of(const State& state, const std::string& name, Instant now) {
  const Workload* workload = state.workloads.find(name);
  WB_ASSERT(workload != nullptr && workload->order.is_owed(), "the ready index names only workloads whose order is owed");
  const Order& order = workload->order;
  CarryOutOrder effect;
  effect.configuration = workload->configuration;
  effect.directive = order.directive;
  effect.incarnation = order.incarnation;
  effect.is_suspended = order.is_suspended;
  effect.name_space = supervisor_of(state).configuration.name_space;
  effect.number = order.number;
  effect.reason = order.reason;
  effect.resets_budget = order.resets_budget;
  for (const Instant decided_at : workload->restarts)
    if (!order.resets_budget && decided_at > now - window_of(*workload)) effect.spent.push_back(now - decided_at);
  effect.terms = workload->wanted_terms;
  effect.workload = name;
  return Effect{subject_for(name), std::move(effect)};
}

}  // namespace watchbill::core::workload
