#include "sim/fleet.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "model/codec.h"

namespace watchbill::sim {
namespace {

constexpr std::array<std::string_view, 6> asked_for{"db", "web", "flaky", "batch", "relay", "group:shop"};
constexpr std::string_view more_prefix = "more-";

WorkloadConfiguration program(std::string name) {
  WorkloadConfiguration workload;
  workload.command = {std::move(name)};
  workload.directory = "/";
  return workload;
}

std::string name_of(const std::string& workload, std::uint64_t incarnation) {
  return workload + " incarnation " + std::to_string(incarnation);
}

}  // namespace

std::string name_of_more(std::size_t number) { return std::string(more_prefix) + std::to_string(number); }

Configuration fleet_configuration(std::size_t more) {
  Configuration configuration;
  auto& workloads = configuration.supervision.workloads;
  for (const std::string_view name : {"batch", "db", "flaky", "relay", "steady", "web"})
    workloads[std::string(name)] = program(std::string(name));
  workloads["db"].restart.is_unlimited = true;
  workloads["db"].group = workloads["web"].group = "shop";
  workloads["flaky"].restart.limit = 3;
  workloads["flaky"].restart.window = Duration::minutes(5);
  workloads["relay"].on_lost = OnLost::restart;
  workloads["steady"].restart.policy = RestartPolicy::always;
  workloads["web"].on_dependency_restart = OnDependencyRestart::restart;
  workloads["web"].requirements["db"] = DependencyCondition::ready;
  for (std::size_t i = 0; i < more; ++i) {
    WorkloadConfiguration& workload = workloads[name_of_more(i)] = program(name_of_more(i));
    workload.on_lost = OnLost::restart;
    workload.restart.is_unlimited = true;
  }
  // Two channels, so that what one is told must not depend on the other; pages go another way too, at once.
  RoutingConfiguration& routing = configuration.routing.emplace();
  routing.receivers["ops"].integrations.resize(2);
  routing.receivers["pager"].integrations.resize(1);
  routing.routes.resize(3);
  for (RouteConfiguration& route : routing.routes) {
    route.receiver = "ops";
    route.group_by = {"alertname"};
  }
  RouteConfiguration& pages = routing.routes[1];
  pages.matchers = {{MatcherKind::regex, "severity", "critical|page"}};
  pages.receiver = "pager";
  pages.group_by = {"..."};
  pages.group_wait = Duration();
  pages.after = AfterMatch::next_sibling;
  pages.end = 2;
  routing.routes[0].end = routing.routes[2].end = 3;
  InhibitRuleConfiguration& host = routing.inhibit_rules.emplace_back();
  host.equal = {"instance"};
  host.source = {{MatcherKind::equal, "alertname", "HostDown"}};
  host.target = {{MatcherKind::regex, "alertname", "Host(Hot|Warm)"}};
  InhibitRuleConfiguration& rack = routing.inhibit_rules.emplace_back();
  rack.equal = {"rack"};
  rack.source = {{MatcherKind::equal, "alertname", "RackDown"}};
  rack.target = {{MatcherKind::not_equal, "rack", ""}};
  return configuration;
}

void change_routes(RoutingConfiguration& routing) {
  routing.inhibit_rules.pop_back();
  routing.routes[2].group_by = {"alertname", "instance"};
  RouteConfiguration apart = routing.routes[2];
  apart.matchers = {{MatcherKind::equal, "alertname", "HostDown"}};
  apart.group_by = {"..."};
  apart.end = 3;
  routing.routes.insert(routing.routes.begin() + 2, apart);
  routing.routes[0].end = routing.routes[3].end = 4;
}

Fleet::Fleet(SimulatedHost::Links links, Random random, Plant plant)
    : links_(links), random_(random.fork("operators")),
      host_(std::move(links), random.fork("host"), plant,
            [this](const std::string& workload, std::uint64_t) { return life_of(workload); }) {}

SimulatedHost::Life Fleet::life_of(const std::string& workload) {
  SimulatedHost::Life life;
  if (workload == "batch") return {Duration::seconds(30), 0};
  if (is_healed_ || workload == "steady") return life;
  if (workload == "flaky") life.length = Duration::milliseconds(random_.between(0, 20'000));
  if (workload == "db") life.length = Duration::seconds(random_.between(1, 600));
  if (workload.starts_with(more_prefix)) life.length = Duration::minutes(random_.between(1, 600));
  return life;
}

void Fleet::controller_started() { host_.connect(); }

void Fleet::start() {
  links_.agenda.plan(links_.now() + Duration::milliseconds(random_.between(2'000, 40'000)), [this] {
    if (is_healed_) return;
    command();
    start();
  });
}

void Fleet::command() {
  const std::string workload(asked_for[random_.below(asked_for.size())]);
  CommandBody body;
  switch (random_.below(3)) {
    case 0: body = StartWorkload{"by hand", workload}; break;
    case 1: body = StopWorkload{"by hand", workload}; break;
    default: body = RestartWorkload{"by hand", workload}; break;
  }
  const bool is_person = random_.chance(80);
  Actor actor = is_person ? Actor{ActorKind::caller, "ana", {"operator"}} : engine_actor("plan");
  links_.offer(Command{std::move(body), std::move(actor), std::nullopt, std::nullopt, {}}, [](const core::Answer&) {});
}

void Fleet::make_fault() {
  switch (random_.below(4)) {
    case 0: return host_.lose_keeper(false);
    case 1: return host_.lose_keeper(true);
    case 2: return host_.reboot();
    default: return host_.crash(random_.chance(50) ? "web" : "relay");
  }
}

std::string exits_not_recorded_once(const ReadJournal& journal, const SimulatedHost& host) {
  std::map<std::pair<std::string, std::uint64_t>, int> recorded;
  each_event(journal, [&](const Event& event) {
    if (const auto* exited = std::get_if<WorkloadExited>(&event)) ++recorded[{exited->workload, exited->incarnation}];
    return std::string();
  });
  for (const Truth& truth : host.truth()) {
    const auto at = recorded.find({truth.workload, truth.incarnation});
    const int count = at == recorded.end() ? 0 : at->second;
    if (count != (truth.is_exit_seen ? 1 : 0))
      return "the exit of " + name_of(truth.workload, truth.incarnation) + " is recorded " + std::to_string(count) + " times";
  }
  return {};
}

std::string adopted_another(const ReadJournal& journal) {
  std::map<std::string, std::pair<std::uint64_t, std::int64_t>> running;
  return each_event(journal, [&](const Event& event) {
    if (const auto* started = std::get_if<WorkloadStarted>(&event))
      running[started->workload] = {started->incarnation, started->pid};
    const auto* adopted = std::get_if<WorkloadAdopted>(&event);
    if (adopted == nullptr || running[adopted->workload] == std::pair{adopted->incarnation, adopted->pid}) return std::string();
    return name_of(adopted->workload, adopted->incarnation) + " was adopted as pid " + std::to_string(adopted->pid);
  });
}

std::string started_what_was_lost(const ReadJournal& journal, const SimulatedHost& host) {
  for (const Truth& truth : host.truth())
    if (truth.after_lost && truth.by_standing_order)
      return name_of(truth.workload, truth.incarnation) + " was started by its keeper though the one before was lost";
  std::set<std::string> lost;
  return each_event(journal, [&](const Event& event) {
    if (const auto* gone = std::get_if<WorkloadLost>(&event)) lost.insert(gone->workload);
    if (const auto* found = std::get_if<WorkloadAdopted>(&event)) lost.erase(found->workload);
    if (const auto* asked = std::get_if<WorkloadCommanded>(&event)) {
      if (asked->by_policy) return std::string();
      lost.erase(asked->workload);
      if (asked->workload == "group:shop") lost.erase("db"), lost.erase("web");
    }
    const auto* order = std::get_if<StandingOrderGiven>(&event);
    const bool starts = order != nullptr && order->directive == OrderDirective::start && order->workload != "relay" &&
                        !order->workload.starts_with(more_prefix);
    return starts && lost.contains(order->workload) ? order->workload + " was lost, and started by nobody's decision"
                                                    : std::string();
  });
}

std::string disturbed_sibling(const SimulatedHost& host) {
  for (const Truth& truth : host.truth())
    if (truth.workload == "steady" && truth.is_exit_seen)
      return name_of(truth.workload, truth.incarnation) + " was ended while others were stopped";
  return {};
}

std::string differs_from_keeper(const core::State& state, const SimulatedHost& host) {
  std::string found;
  state.workload.workloads.each([&](const std::string& name, const core::workload::Workload& workload) {
    const std::string kept = host.state_of(name);
    const bool was_started = !kept.empty() && kept != "idle";
    // What never was up, or waits for something else, the keeper has in its last state of rest.
    const bool waits = workload.state == WorkloadState::pending || workload.state == WorkloadState::blocked ||
                       workload.state == WorkloadState::stopped;
    const bool is_same = waits ? kept != "running" && kept != "stopping" && kept != "backoff"
                               : was_started && kept == word(workload.state);
    if (!is_same || (!waits && workload.incarnation != host.incarnation_of(name)))
      found = name_of(name, workload.incarnation) + " is " + std::string(word(workload.state)) + ", its keeper has " +
              name_of(kept.empty() ? "nothing" : kept, host.incarnation_of(name));
    return found.empty();
  });
  return found;
}

}  // namespace watchbill::sim
