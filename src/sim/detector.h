// The metrics path of a simulated world: targets that die and return, a store that a crash empties, the real rules over it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/process.h"
#include "core/state.h"
#include "metrics/rules/group.h"
#include "metrics/rules/slots.h"
#include "metrics/tsdb/head.h"
#include "sim/agenda.h"
#include "sim/plants.h"
#include "sim/random.h"

namespace watchbill::sim {

class SimulatedDetector {
 public:
  struct Links {
    Agenda& agenda;
    std::function<Instant()> now;         // of the world
    std::function<Instant()> engine_now;  // of the living controller
    std::function<std::uint64_t()> life;
    // Offers a command to the living controller; the callback comes when it answers, or never.
    std::function<void(Command, std::function<void(const core::Answer&)>)> offer;
  };
  struct Scale {
    std::size_t more_targets{0};  // beside the three of every world
    Duration scrape_every{Duration::seconds(5)};
    bool looks_early{false};      // after each scrape of them all
  };
  SimulatedDetector(Links links, Random random, Plant plant, const Scale& scale);

  // A controller lives: evaluation begins with what its journal has, over an empty store.
  void start_life(const core::State& state);
  // From now on the targets stay as they are; scrapes and slots go on for a while, so that alerts can follow.
  void heal();

  // What is wrong with an end of an alert that just became durable, or "". An alert ends only when the targets, as they were
  // scraped in this life, say so, and with the cause that they give.
  [[nodiscard]] std::string false_end(const AlertResolved& end) const;
  // What is wrong with the beginning of an alert that just became durable, or "". An alert whose slots are counted does not fire
  // before its condition held at enough of them, over however many lives.
  [[nodiscard]] std::string false_start(const AlertFired& start) const;
  // What is wrong with the alerts after everything settled, or "": those that must fire do, with their samples, and no others.
  [[nodiscard]] std::string wrong_alerts(const core::State& state) const;

 private:
  struct Seen {
    Instant at;
    bool is_alive{false};
    int degrees{0};
  };
  struct Target {
    bool is_alive{true};
    int degrees{20};
    std::vector<Seen> seen;          // scrapes of this life
    std::vector<Instant> hot_slots;  // at which its last scrape was hot, in all lives
    [[nodiscard]] bool is_hot_now() const noexcept;
  };
  // What is wrong with the end, if the target was last seen so; null: not at all.
  [[nodiscard]] static std::string false_end_after(const AlertResolved& end, const Seen* last);
  [[nodiscard]] static const Seen* seen_at(const Target& target, Instant at) noexcept;
  void tick(std::uint64_t life);
  void change_targets();
  void scrape(Instant at);
  [[nodiscard]] bool changes() noexcept;
  void evaluate(Instant slot);
  void look_early(Instant at);
  void tell_all(metrics::rules::Evaluation evaluation);
  void tell(CommandBody body, std::function<void()> confirm);

  Links links_;
  Random random_;
  Plant plant_;
  Scale scale_;
  metrics::rules::RuleGroup group_;
  metrics::rules::Surroundings surroundings_;
  std::map<std::string, Target> targets_;  // by instance
  std::unique_ptr<metrics::tsdb::Head> head_;
  std::unique_ptr<metrics::rules::GroupEvaluator> evaluator_;
  std::optional<metrics::rules::SlotClock> clock_;
  Instant life_began_;
  std::size_t waiting_{0};
  std::optional<Instant> healed_at_;
};

}  // namespace watchbill::sim
