// Effects of plans through the keeper: each is sent until the keeper has it, and its outcome is kept until the caller has it on
// disk. What was asked before a controller's death and not claimed since is held a while for who will ask. Loop thread only.
// Source: domain/plans.md §4; ports/one_shot.h.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "drivers/agent/keeper_link.h"
#include "drivers/agent/terms.h"
#include "model/wire/effects.h"
#include "ports/io_loop.h"
#include "ports/one_shot.h"

namespace watchbill::drivers::agent {

class OneShots {
 public:
  struct Parts {
    ports::IoLoop& loop;
    KeeperLink& link;
    // Runs a task where it may wait; false when too many wait.
    std::function<bool(std::function<void()>)> run_elsewhere;
    // The outcome under this report's number is durable, or nobody will ask for it: the keeper need not keep it.
    std::function<void(std::uint64_t report)> settle;
  };
  explicit OneShots(Parts parts) : parts_(std::move(parts)) {}

  void run(ports::OneShot shot, std::function<void(ports::OneShotOutcome)> done);
  void recorded(const std::string& effect_id, std::uint32_t attempt);
  void end(const std::string& effect_id);
  void look(const std::string& effect_id, std::function<void(ports::OneShotKnown)> done);

  // The keeper answers, with this memory.
  void connected();
  void disconnected();
  // A numbered report of the keeper.
  void ended(std::uint64_t report, const model::wire::EffectDone& done);
  // KILL does not end an attempt: its caller hears so now, and whoever asks later what became of it.
  void cannot_be_killed(const std::string& effect_id, std::uint32_t attempt, const std::string& pids);

 private:
  using Key = std::pair<std::string, std::uint32_t>;  // effect id, attempt
  struct Program {
    Texts texts;
    model::wire::Exec exec;
  };
  struct Run {
    ports::OneShot shot;
    std::function<void(ports::OneShotOutcome)> done;
    std::shared_ptr<const Program> program;  // once it is made
    std::string memory;                      // of the keeper that it was sent to
    std::uint64_t order{0};                  // of this call: what belongs to another means nothing
    bool is_ending{false};                   // end() was asked for
  };
  struct Ended {
    ports::OneShotOutcome outcome;
    std::uint64_t report{0};  // 0: not of this connection
    bool is_claimed{false};
    bool is_recorded{false};
  };

  void make(const Key& key);
  void send(const Key& key);
  void send_end(const std::string& effect_id);
  void answered(const Key& key, KeeperLink::Outcome outcome, const model::wire::Frame& frame);
  [[nodiscard]] bool is_ending(const std::string& effect_id) const;
  [[nodiscard]] bool is_waiting(const Key& key, std::uint64_t order) const;
  void finish(const Key& key, ports::OneShotOutcome outcome);
  void settle(Ended& ended);
  void forget_oldest();

  const Parts parts_;
  std::map<Key, Run> runs_;
  std::map<Key, Ended> ended_;
  std::uint64_t order_{0};
};

}  // namespace watchbill::drivers::agent
