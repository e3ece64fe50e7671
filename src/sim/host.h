// A simulated host: a keeper that answers crashes by its standing orders with the real functions of `supervise`, with or without
// a controller, and the agent that connects it to the controller that lives. Processes are numbers; what they do, the test says.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/process.h"
#include "model/command.h"
#include "model/effect_workload.h"
#include "sim/agenda.h"
#include "sim/plants.h"
#include "sim/random.h"
#include "supervise/restart.h"

namespace watchbill::sim {

// What really happened to one incarnation, whether or not anybody was told.
struct Truth {
  std::string workload;
  std::uint64_t incarnation{0};
  std::int64_t pid{0};
  Instant started_at;
  Instant ended_at{Instant::never()};
  bool by_standing_order{false};
  bool was_stopped{false};    // the keeper ended it because it was asked
  bool is_exit_seen{false};   // the keeper has an exit record
  bool after_lost{false};     // it followed an incarnation that was lost
};

class SimulatedHost {
 public:
  struct Links {
    Agenda& agenda;
    std::function<Instant()> now;            // CLOCK_MONOTONIC
    std::function<std::uint64_t()> life;     // of the controller: its agent dies with it
    std::function<void(Command, std::function<void(const core::Answer&)>)> offer;
    std::function<void(std::string)> note;   // for the timeline
  };
  // How long this incarnation runs before it exits by itself, and how. Instant::never()'s duration: until it is stopped.
  struct Life {
    Duration length{Duration::days(36'500)};
    int exit_code{1};
  };
  using Script = std::function<Life(const std::string& workload, std::uint64_t incarnation)>;

  SimulatedHost(Links links, Random random, Plant plant, Script script)
      : links_(std::move(links)), random_(random), plant_(plant), script_(std::move(script)) {}

  // The agent of a controller that has just started: asks what there is, then hears what was not acknowledged.
  void connect();
  void begin(const CarryOutOrder& order);

  // The leader ends by a signal.
  void crash(const std::string& workload);
  // The keeper dies and another takes over; the processes too, unseen, when `with_processes`.
  void lose_keeper(bool with_processes);
  void reboot();

  [[nodiscard]] const std::vector<Truth>& truth() const noexcept { return truth_; }
  // "running", "backoff", …; empty when the keeper does not know it.
  [[nodiscard]] std::string state_of(const std::string& workload) const;
  [[nodiscard]] std::uint64_t incarnation_of(const std::string& workload) const;

 private:
  enum class State : std::uint8_t { idle, running, stopping, backoff, stopped, completed, failed, lost };
  struct Kept {
    State state{State::idle};
    supervise::RestartRule rule;
    std::string name_space, terms;
    std::vector<std::int32_t> success_exit_codes;
    std::uint64_t incarnation{0};
    std::size_t truth{0};       // index of its last incarnation
    std::uint64_t change{0};    // grows with every change: what was planned before is void
    OrderDirective ending{OrderDirective::judge};
    supervise::EndReason end_reason{supervise::EndReason::exit};
    int exit_code{0};
    bool is_asked{false};       // the next start is by hand
    supervise::RestartBudget budget;
    supervise::RestartCount restarts;
  };
  struct Report {
    std::uint64_t number{0};
    CommandBody body;
  };

  [[nodiscard]] std::string carry_out(const CarryOutOrder& order);
  void take_terms(const CarryOutOrder& order);
  [[nodiscard]] std::string start(const CarryOutOrder& order);
  [[nodiscard]] std::string stop(const CarryOutOrder& order);
  void begin_incarnation(const std::string& name, std::uint64_t incarnation, bool by_standing_order);
  void end_incarnation(const std::string& name, int code, supervise::EndReason reason);
  void conclude(const std::string& name);
  void settle(const std::string& name, State state, WorkloadReason reason);
  void later(const std::string& name, Duration delay, std::function<void()> action);
  [[nodiscard]] std::optional<ReportNumber> next_number();
  void report(CommandBody body, const std::optional<ReportNumber>& number);
  void deliver();
  void deliver_again();
  void tell(CommandBody body);
  void offer(CommandBody body, std::function<void(bool is_recorded)> done);

  Links links_;
  Random random_;
  Plant plant_;
  Script script_;
  std::map<std::string, Kept> kept_;
  std::vector<Truth> truth_;
  std::vector<Report> reports_;   // that are not acknowledged
  std::uint64_t next_number_{1};
  std::uint64_t delivered_through_{0};
  bool is_pausing_{false};        // one was refused: all wait a moment
  std::uint64_t round_{0};        // of delivery: answers to an earlier one mean nothing
  std::uint64_t connected_life_{~std::uint64_t{0}};
  std::int64_t next_pid_{1000};
  std::int64_t keeper_pid_{100};
  std::uint64_t boot_{1};
};

}  // namespace watchbill::sim
