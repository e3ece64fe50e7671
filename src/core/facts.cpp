#include "core/facts.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/spelling.h"
#include "core/plan/plan.h"
#include "core/plan/resolution.h"
#include "core/workload/relations.h"

namespace watchbill::core {
namespace {

constexpr std::string_view limits_actor = "limits";

// A hold that limits set on a binding stops new runs of it; those under way go on to their end.
bool holds_runs(const State& state, const std::string& scope) {
  const control::Hold* hold = state.control.holds.find(scope);
  return hold != nullptr && !(hold->by == limits_actor && scope.starts_with("binding/"));
}

// How many targets of this kind there are: workloads of the same group, hosts of the same inventory group, else 1.
std::size_t population_of(const RunbookConfiguration& configuration, const std::string& target) {
  const std::size_t slash = target.find('/');
  const std::string kind = target.substr(0, slash), name = target.substr(slash + 1);
  if (kind == "workload") {
    const auto own = configuration.workload_groups.find(name);
    const std::string group = own == configuration.workload_groups.end() ? std::string() : own->second;
    return static_cast<std::size_t>(
        std::count_if(configuration.workload_groups.begin(), configuration.workload_groups.end(),
                      [&](const auto& each) { return group.empty() || each.second == group; }));
  }
  if (kind != "host") return 1;
  for (const auto& [group, hosts] : configuration.inventory)
    if (std::find(hosts.begin(), hosts.end(), name) != hosts.end()) return hosts.size();
  return 1;
}

// Kinds of targets whose names no bill lists: templates, or the world, give them (domain/plans.md §1).
constexpr std::array<std::string_view, 5> free_kinds{"backlog", "gate", "queue", "runner", "url"};

std::string_view kind_of(std::string_view target) { return target.substr(0, target.find('/')); }

// What a scope may be, as far as the bill and the runs say.
class KnownScopes {
 public:
  KnownScopes(const State& state, const RunbookConfiguration& configuration) {
    for (const auto& [name, binding] : configuration.bindings) add("binding/" + name);
    for (const auto& [name, group] : configuration.workload_groups) add("workload/" + name);
    for (const std::string& id : state.plan.open) {
      add("run/" + id);
      for (const std::string& target : plan::plan_of(state.plan, *state.plan.runs.find(id)).targets) add(target);
    }
    add_hosts(configuration);
    for (const auto& [name, runbook] : configuration.runbooks) {
      if (runbook.target.empty()) continue;
      if (runbook.target.find("{{") == std::string::npos) add(runbook.target);
      else free_kinds_.insert(std::string(kind_of(runbook.target)));  // only its runs can know the name
    }
    free_kinds_.insert(free_kinds.begin(), free_kinds.end());
  }

  [[nodiscard]] bool contains(const std::string& scope) const {
    return scope == "all" || scopes_.contains(scope) || free_kinds_.contains(kind_of(scope));
  }
  // "; did you mean SCOPE?", or the kinds that there are.
  [[nodiscard]] std::string hint(const std::string& wanted) const {
    // A name without its kind.
    for (const std::string& scope : scopes_)
      if (scope.substr(scope.find('/') + 1) == wanted) return "; did you mean " + scope + "?";
    std::vector<std::string_view> names{"all"};
    names.insert(names.end(), scopes_.begin(), scopes_.end());
    const std::string_view nearest = nearest_spelling(wanted, names);
    if (!nearest.empty()) return "; did you mean " + std::string(nearest) + "?";
    const bool is_kind = std::any_of(scopes_.begin(), scopes_.end(),
                                     [&](const std::string& scope) { return kind_of(scope) == kind_of(wanted); });
    return is_kind ? "" : "; expected all, binding/NAME, workload/NAME, host/NAME, run/ID or a target of a plan";
  }

 private:
  void add(std::string scope) { scopes_.insert(std::move(scope)); }
  void add_hosts(const RunbookConfiguration& configuration) {
    add("host/" + configuration.own_host);
    for (const auto& [group, hosts] : configuration.inventory)
      for (const std::string& host : hosts) add("host/" + host);
  }

  std::set<std::string> scopes_;
  std::set<std::string, std::less<>> free_kinds_;
};

// Why a hold on this scope would hold nothing; empty: it may be.
std::string unknown_scope(const State& state, const std::string& scope) {
  const RunbookConfiguration* configuration = plan::configuration_of(state.plan);
  if (configuration == nullptr || state.lease.targets.contains(scope)) return {};
  const KnownScopes known(state, *configuration);
  if (known.contains(scope)) return {};
  const bool is_run = kind_of(scope) == "run";
  return (is_run ? "there is no such run that has not ended" : "the bill has nothing of that name") + known.hint(scope);
}

}  // namespace

alert::Facts alert_facts(const Actor& actor) {
  return {has_role(actor, "operator") || actor.name == anonymous_actor, actor.kind == ActorKind::engine};
}

control::Facts control_facts(const State& state, const Actor& actor, const SetHold& command) {
  control::Facts facts{has_role(actor, "operator"), has_role(actor, "approver"), {}};
  if (actor.kind == ActorKind::caller) facts.unknown_scope = unknown_scope(state, command.scope);
  return facts;
}

control::Facts control_facts(const State&, const Actor& actor, const ReleaseHold&) {
  return {has_role(actor, "operator"), has_role(actor, "approver"), {}};
}

route::Facts route_facts(const Actor& actor) { return {has_role(actor, "operator"), actor.kind == ActorKind::engine}; }

workload::Facts workload_facts(const Actor& actor) {
  return {has_role(actor, "operator"), actor.kind == ActorKind::engine, actor.kind == ActorKind::caller};
}

plan::Facts plan_facts(const State& state, const Actor& actor) {
  plan::Facts facts;
  facts.actor_is_engine = actor.kind == ActorKind::engine;
  facts.actor_may_run = has_role(actor, "operator");
  facts.actor_may_approve = has_role(actor, "approver");
  facts.is_held = [&state](const std::string& scope) { return holds_runs(state, scope); };
  facts.target = [&state](const std::string& target) {
    const lease::Target* known = state.lease.targets.find(target);
    return known == nullptr ? plan::TargetFact{} : plan::TargetFact{known->fence, known->run};
  };
  facts.targets_known = state.lease.targets.size();
  if (const workload::Keeper* keeper = state.workload.keepers.find(std::string(workload::local_host)); keeper != nullptr)
    facts.keeper = keeper_name(keeper->memory, keeper->boot_id, keeper->pid);
  facts.last_record_at = state.progress.time;
  return facts;
}

binding::Facts binding_facts(const State& state, const ConsiderBinding& command, const Context& context) {
  binding::Facts facts;
  facts.actor_is_engine = context.actor.kind == ActorKind::engine;
  const RunbookConfiguration* configuration = plan::configuration_of(state.plan);
  if (configuration == nullptr || !configuration->bindings.contains(command.binding)) return facts;
  facts.binding = &configuration->bindings.at(command.binding);
  facts.binding_is_held = control::covering(state.control, "binding/" + command.binding) != nullptr;
  if (!facts.binding->unbound.empty()) return facts;
  auto prospect = plan::prospect(state.plan, plan_facts(state, context.actor), {command.binding, command.labels}, context);
  if (!prospect) {
    facts.unresolved = prospect.error();
    return facts;
  }
  for (const std::string& target : prospect->plan.targets) {
    facts.targets_are_held = facts.targets_are_held || state.control.holds.contains(target);
    facts.population[target] = population_of(*configuration, target);
  }
  const std::string& environment = configuration->runbooks.at(facts.binding->mitigation).environment;
  const auto known = configuration->environments.find(environment);
  facts.mitigation.auto_is_allowed =
      environment.empty() || (known != configuration->environments.end() && known->second.auto_actions);
  facts.mitigation.digest = prospect->digest;
  facts.mitigation.is_irreversible = plan::has_irreversible_step(prospect->plan);
  facts.mitigation.no_room = std::move(prospect->no_room);
  facts.mitigation.open_run = std::move(prospect->open_run);
  facts.mitigation.targets = std::move(prospect->plan.targets);
  return facts;
}

}  // namespace watchbill::core
