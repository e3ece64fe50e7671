// The far side of runs: executors that remember effect ids and fences, do, fail, lose what they were sent or what they answer,
// and say what they know when they are probed. Beside them the askers of conditions.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/process.h"
#include "model/command.h"
#include "model/effect.h"
#include "sim/agenda.h"
#include "sim/plants.h"
#include "sim/random.h"

namespace watchbill::sim {

// Something that was really done, whether or not anybody was told.
struct Done {
  std::string run;
  std::string effect;  // the action's path
  Direction direction{Direction::do_};
  EffectId id;
  std::uint32_t attempt{0};
  std::string target;
  std::uint64_t fence{0};
};

class SimulatedExecutors {
 public:
  struct Links {
    Agenda& agenda;
    std::function<Instant()> now;
    // Which life of the controller this is: its drivers die with it, what is on the wire does not.
    std::function<std::uint64_t()> life;
    // Offers a command to the living controller; the callback comes when it answers, or never.
    std::function<void(Command, std::function<void(const core::Answer&)>)> offer;
  };
  SimulatedExecutors(Links links, Random random, Plant plant) : links_(std::move(links)), random_(random), plant_(plant) {}

  // Takes any effect of a run.
  void begin(const Effect& effect);
  // From now on everything arrives, succeeds and is answered at once.
  void heal() { is_healed_ = true; }

  // All that was done, in order.
  [[nodiscard]] const std::vector<Done>& done() const noexcept { return done_; }
  // What was done under a lower fence than the target had already seen: "host/a: fence 3 after 4".
  [[nodiscard]] const std::string& stale() const noexcept { return stale_; }

 private:
  struct Memory {
    EffectOutcome outcome{EffectOutcome::succeeded};
    std::string reason;
    bool retryable{false};
  };

  void act(const RunAction& action);
  void arrive(const RunAction& action);
  [[nodiscard]] Memory carry_out(const RunAction& action);
  void look(const LookAction& look);
  void ask(const AskQuestion& question);
  void ask_again(const AskQuestion& question, std::optional<Instant> previous);
  void observe(const ObserveUndo& observe);
  void probe(const ProbeAction& probe);
  void report(CommandBody body, Duration after);
  [[nodiscard]] Duration latency(std::int64_t max_ms);

  Links links_;
  Random random_;
  Plant plant_;
  bool is_healed_{false};
  std::map<std::string, Memory> memory_;         // by effect id
  std::map<std::string, std::uint64_t> fences_;  // the highest seen, by target
  std::vector<Done> done_;
  std::string stale_;
};

}  // namespace watchbill::sim
