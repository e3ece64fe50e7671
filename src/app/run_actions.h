// The actions of runs in this process: their driver, what joins it to the engine and the metrics path, and a thread for files.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/task_thread.h"
#include "drivers/action/actions.h"
#include "drivers/query/question.h"
#include "drivers/systemd/units.h"
#include "engine/inbox.h"

namespace watchbill::app {

class RunActions {
 public:
  struct Links {
    ports::IoLoop& loop;
    ports::HttpClient& client;
    ports::ConnectProber& prober;
    ports::OneShotPort& one_shots;
    std::function<Instant()> now;  // the engine clock
    // Answers once, on any thread.
    std::function<void(drivers::query::Question, std::function<void(drivers::query::Finding)>)> ask;
    std::function<std::optional<Refused>(Command, engine::Reply)> offer;  // to the inbox
  };
  struct Settings {
    std::string data;
    std::string own_host;
  };
  RunActions(Links links, const Settings& settings);

  [[nodiscard]] ports::EffectPort& driver() noexcept { return *actions_; }
  // As the driver does; not at all once end() was called.
  void ask_beforehand(Plan plan, RunPlace place, std::function<void(std::vector<DryRunAnswer>)> done) {
    if (actions_) actions_->ask_beforehand(std::move(plan), std::move(place), std::move(done));
  }
  // No file is changed any more. Idempotent.
  void stop() { files_.stop(); }
  // Nothing that still comes reaches the driver. Loop, or when it no longer runs.
  void end() { actions_.reset(); }

 private:
  void offer(CommandBody body, const std::function<void(drivers::action::Taken)>& done);

  const Links links_;
  TaskThread files_;
  drivers::systemd::Units units_;
  std::unique_ptr<drivers::action::Actions> actions_;
};

}  // namespace watchbill::app
