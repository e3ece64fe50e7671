// Those who ask for runs: people who start, cancel, approve, resume and answer, and alerts whose bindings ask by themselves.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/process.h"
#include "model/command.h"
#include "model/configuration.h"
#include "sim/agenda.h"
#include "sim/random.h"

namespace watchbill::sim {

class Operators {
 public:
  // What a reader sees of one open run.
  struct OpenRun {
    std::string id;
    std::string state;
    std::string step;  // the path of the step under way
    Digest plan;
  };
  struct Links {
    Agenda& agenda;
    std::function<Instant()> now;
    std::function<void(Command, std::function<void(const core::Answer&)>)> ask;
    std::function<std::vector<OpenRun>()> open_runs;
  };
  Operators(Links links, Random random, std::size_t more_workloads)
      : links_(std::move(links)), random_(random), more_workloads_(more_workloads) {}

  // A controller has started: it gets the bill, each time with the routes of the time before last.
  void controller_started();
  // They go on until stop().
  void start();
  void stop() { is_stopped_ = true; }

 private:
  void give_bill();
  [[nodiscard]] Command next_command();
  [[nodiscard]] Command about(const OpenRun& run);

  Links links_;
  Random random_;
  std::size_t more_workloads_;
  std::uint64_t start_count_{0};
  bool is_stopped_{false};
  std::uint64_t next_alert_{1};
};

// The bill of a simulated world: the fleet with `more_workloads`, runbooks of one to four steps that share a few targets, and
// bindings of them.
[[nodiscard]] Configuration configuration_of_world(std::size_t more_workloads);

}  // namespace watchbill::sim
