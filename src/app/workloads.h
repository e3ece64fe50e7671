// The workloads of this host in this process: the agent, and what joins it to the engine, the loop and a thread that may wait.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/task_thread.h"
#include "core/state.h"
#include "drivers/agent/agent.h"
#include "engine/inbox.h"
#include "model/record.h"
#include "ports/io_loop.h"

namespace watchbill::app {

class Workloads {
 public:
  struct Parts {
    ports::IoLoop& loop;
    std::function<std::optional<Refused>(Command, engine::Reply)> offer;  // to the inbox
    std::function<void(const std::string&)> log;
  };
  // `recovered_epoch`: of the journal before this process.
  Workloads(const std::string& data, Epoch recovered_epoch, Parts parts);

  [[nodiscard]] drivers::agent::Agent& agent() noexcept { return agent_; }
  // Looks at what durable records have led to; connects to the keeper once this epoch is among them. Follower's thread.
  void look(const core::State& state, const ChainHead& head);
  // Nothing is made elsewhere any more. Idempotent.
  void stop() { waits_.stop(); }

 private:
  void offer(CommandBody body, std::vector<std::string> blobs, std::function<void(drivers::agent::OfferOutcome)> done);

  const Parts parts_;
  const Epoch recovered_epoch_;
  bool is_open_{false};  // follower's thread
  TaskThread waits_;     // for name services, and small files
  drivers::agent::Agent agent_;
};

}  // namespace watchbill::app
