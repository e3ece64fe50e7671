// The workloads of a simulated world, the operators who start, stop and restart them, and what happens to their host. What must
// hold of them in every world is below.
#pragma once

#include <string>
#include <vector>

#include "core/state.h"
#include "model/configuration.h"
#include "sim/host.h"
#include "sim/read_journal.h"

namespace watchbill::sim {

class Fleet {
 public:
  Fleet(SimulatedHost::Links links, Random random, Plant plant);

  // A controller has started: its agent finds the keeper.
  void controller_started();
  // Operators and misfortune go on until heal().
  void start();
  void heal() { is_healed_ = true; }
  // One fault of the host.
  void make_fault();
  void begin(const CarryOutOrder& order) { host_.begin(order); }
  [[nodiscard]] const SimulatedHost& host() const noexcept { return host_; }

 private:
  [[nodiscard]] SimulatedHost::Life life_of(const std::string& workload);
  void command();

  SimulatedHost::Links links_;
  Random random_;
  bool is_healed_{false};
  SimulatedHost host_;
};

// The workloads in the bill of every simulated world: "steady" is asked nothing and depends on nothing, "relay" may be started
// again when it was lost; `more` others like "relay".
[[nodiscard]] Configuration fleet_configuration(std::size_t more);
// Groups the alerts of its routes another way; who is told of which stays as it is.
void change_routes(RoutingConfiguration& routing);
// "more-0" to "more-N".
[[nodiscard]] std::string name_of_more(std::size_t number);

// Each gives an empty text, or what is wrong in one sentence.
// Every exit that the keeper saw is recorded exactly once, and no other.
[[nodiscard]] std::string exits_not_recorded_once(const ReadJournal& journal, const SimulatedHost& host);
// What was adopted has the pid and the incarnation that it was started with.
[[nodiscard]] std::string adopted_another(const ReadJournal& journal);
// What was lost is started only after a person decided so, or where the bill allows it.
[[nodiscard]] std::string started_what_was_lost(const ReadJournal& journal, const SimulatedHost& host);
// Nothing was stopped that nobody asked to stop: a sibling of what fails keeps its incarnation.
[[nodiscard]] std::string disturbed_sibling(const SimulatedHost& host);
// After everything settled: the controller believes of each workload what its keeper knows.
[[nodiscard]] std::string differs_from_keeper(const core::State& state, const SimulatedHost& host);

}  // namespace watchbill::sim
