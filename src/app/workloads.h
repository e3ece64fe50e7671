// The workloads of this host in this process: the agent, and what joins it to the engine, the loop and a thread that may wait.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "api/services.h"
#include "app/probe_samples.h"
#include "app/task_thread.h"
#include "core/state.h"
#include "drivers/agent/agent.h"
#include "drivers/agent/log_files.h"
#include "engine/follower.h"
#include "engine/inbox.h"
#include "model/configuration.h"
#include "model/record.h"
#include "ports/io_loop.h"

namespace watchbill::app {

// The keeper's program lies beside ours; empty when that cannot be told.
[[nodiscard]] std::string keeper_program();

class Workloads {
 public:
  struct Parts {
    ports::IoLoop& loop;
    ports::ConnectProber& connect;
    ports::HttpClient& http;
    std::function<std::optional<Refused>(Command, engine::Reply)> offer;  // to the inbox
    std::function<const engine::Follower&()> follower;
    std::function<Instant()> now;  // the engine clock
    std::function<void(const std::string&)> log;
    // Judges a condition over stored series; loop to loop.
    std::function<void(const std::string& condition, Duration timeout, ports::ProbeDone done)> query;
    std::function<void(ProbeSamples::OwnSamples)> store;  // what probes leave; loop
  };
  // `recovered_epoch`: of the journal before this process.
  Workloads(const std::string& data, Epoch recovered_epoch, Parts parts);

  [[nodiscard]] drivers::agent::Agent& agent() noexcept { return agent_; }
  // What the API shows of this host. Outlived by this.
  [[nodiscard]] api::WorkloadServices services();
  // The bill's own probes, from now on. Loop thread, or before the loop runs.
  void configure(const Configuration& configuration);
  // Looks at what durable records have led to; connects to the keeper once this epoch is among them, and
  // sees to it that what now runs is probed. Follower's thread.
  void look(const core::State& state, const ChainHead& head);
  // Asks all workloads to stop, in order, and waits until none is left or the shutdown deadline and a moment have passed. Gives
  // what hung: a line for each workload that was killed, or is still there. Not on the loop's or the engine's thread.
  [[nodiscard]] std::vector<std::string> close();
  // Nothing is made elsewhere any more. Idempotent.
  void stop() { waits_.stop(); }

 private:
  void refresh();
  void complain(const Refused& refused) const;
  void offer(CommandBody body, std::vector<std::string> blobs, std::function<void(drivers::agent::OfferOutcome)> done);

  const Parts parts_;
  const Epoch recovered_epoch_;
  bool is_open_{false};  // follower's thread
  std::atomic<bool> is_refresh_due_{false};
  std::map<std::string, ProbeConfiguration> watched_;  // loop's thread
  ProbeSamples samples_;                               // loop's thread
  TaskThread waits_;     // for name services, and small files
  drivers::agent::LogFiles logs_;
  drivers::agent::Agent agent_;
};

}  // namespace watchbill::app
