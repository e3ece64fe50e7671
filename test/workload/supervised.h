// The core alone, with the workload area awake: commands go in, deadlines are met at once, events come out. No engine, no clock.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "core/decide.h"
#include "core/process.h"
#include "core/workload/relations.h"

namespace watchbill::core::workload::testing {

class Supervised {
 public:
  explicit Supervised(const WorkloadsConfiguration& configuration);

  // Processes the command as an operator, the host's agent or the controller itself, then everything that is due. Gives the
  // refusal.
  std::optional<Refusal> person(const CommandBody& command);
  std::optional<Refusal> policy(const CommandBody& command);
  void configure(const WorkloadsConfiguration& configuration);
  void wait(Duration time);

  // The keeper's side: takes the order that is owed for a workload, and reports.
  std::optional<CarryOutOrder> take_order(const std::string& name, const std::string& refusal = {}, std::uint64_t knows = 0);
  void started(const std::string& name, std::uint64_t incarnation, bool by_standing_order = false);
  void exited(const std::string& name, std::uint64_t incarnation, WorkloadReason reason = WorkloadReason::exit, int code = 1);
  void restarted(const std::string& name, std::uint64_t incarnation);
  void settled(const std::string& name, std::uint64_t incarnation, WorkloadState state, WorkloadReason reason);
  void probe(const std::string& name, ProbeRole role, ProbeHealth health);
  // Takes the start that is owed and reports it started: up as far as the workload's own probes let it.
  void bring_up(const std::string& name);
  void snapshot(const std::vector<std::string>& kept);

  [[nodiscard]] const Workload& operator[](const std::string& name) const;
  [[nodiscard]] WorkloadState state_of(const std::string& name) const { return (*this)[name].state; }
  [[nodiscard]] const core::State& state() const { return state_; }
  // Events since the last call, one line each: "WorkloadStateChanged web pending -> starting (operator)".
  std::string told();
  [[nodiscard]] std::optional<ReportNumber> next_report() { return ReportNumber{0, memory, ++number_}; }

  std::string memory{"keeper-1"};
  std::string boot{"boot-1"};

 private:
  std::optional<Refusal> process(const Command& command);
  void meet_deadlines();

  core::State state_;
  core::Seen seen_;
  Limits limits_;
  Instant now_{1'000'000};
  std::uint64_t number_{0};
  std::vector<Event> events_;
};

[[nodiscard]] std::string line_of(const Event& event);
// A workload with this command and nothing else said.
[[nodiscard]] WorkloadConfiguration program(const std::string& command);

}  // namespace watchbill::core::workload::testing
