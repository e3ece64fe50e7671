// Probes: questions asked again and again, each at its own interval and phase, whose results add up to a health. Only a change of
// health is told to the core. Loop thread only. Source: domain/supervision.md §6.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/agent/keeper_link.h"
#include "drivers/agent/offer.h"
#include "drivers/agent/terms.h"
#include "model/configuration_supervisor.h"
#include "ports/http_client.h"
#include "ports/io_loop.h"
#include "ports/probe.h"
#include "supervise/health.h"

namespace watchbill::drivers::agent {

// What is asked, and what the core believes of it.
struct ProbeTarget {
  std::string subject;  // the workload, or the name of one of the bill's probes
  ProbeRole role{ProbeRole::ready};
  std::uint64_t incarnation{0};  // 0 for role `watched`
  ProbeHealth believed{ProbeHealth::unknown};
  ProbeConfiguration probe;
  // Of `exec`: who runs the command and where. Of a workload its own, of role `watched` supervisor.exec_user.
  ProgramDescription program;
};

// One result, as it is kept in metrics.
struct ProbeSample {
  std::string subject;
  ProbeRole role{ProbeRole::ready};
  std::string asked;  // URL, HOST:PORT, path or command
  std::map<std::string, std::string> labels;
  ports::ProbeVerdict verdict{ports::ProbeVerdict::error};
  Duration took;
};

using SharedProbeDone = std::function<void(const ports::ProbeResult&)>;

class Probes {
 public:
  struct Parts {
    ports::IoLoop& loop;
    KeeperLink& link;              // runs the processes of `exec`
    ports::ConnectProber& connect;
    ports::HttpClient& http;
    Offer offer;
    std::function<bool(std::function<void()>)> run_elsewhere;  // as of Agent::Parts
    // Judges a condition over stored series, on the loop; empty: `query` probes stay unknown.
    std::function<void(const std::string& condition, Duration timeout, ports::ProbeDone done)> query;
    std::function<void(const ProbeSample&)> sampled;            // each pass and fail; may be empty
    // Readiness became up, or is no longer: what the keeper's standing orders call stable.
    std::function<void(const std::string& workload, std::uint64_t incarnation, bool is_ready)> ready_changed;
    // Whether READY=1 has come from this incarnation: the answer of its `notify` probe.
    std::function<bool(const std::string& workload, std::uint64_t incarnation)> has_said_ready;
  };
  explicit Probes(Parts parts) : parts_(std::move(parts)) {}

  // What is to be asked from now on. What goes on unchanged keeps its place; what is new begins with the health that is believed,
  // which ends after stale_after unless an answer confirms it.
  void set_targets(std::vector<ProbeTarget> targets);
  // READY=1 came from a workload.
  void note_ready(const std::string& workload);
  // The keeper was connected anew: it forgot what is stable.
  void tell_stable_again();

 private:
  using Key = std::pair<std::string, ProbeRole>;
  struct Probe {
    ProbeTarget target;
    supervise::HealthRule rule;
    supervise::HealthState state;
    std::optional<ports::TimerId> timer;
    std::uint64_t order{0};  // of this target: answers to an earlier one mean nothing
    bool is_asking{false};
    bool is_telling{false};
    std::string detail;      // of the last result
  };

  void begin(const Key& key, ProbeTarget target);
  void look_for_ready(const Key& key);
  void end(Probe& probe);
  void plan(const Key& key, Duration delay);
  void turn(const Key& key);
  void ask(const Key& key, Probe& probe);
  void ask_http(const ProbeTarget& target, const SharedProbeDone& done);
  void ask_tcp(const ProbeTarget& target, const SharedProbeDone& done);
  void ask_exec(const ProbeTarget& target, const SharedProbeDone& done);
  void take(const Key& key, std::uint64_t order, const ports::ProbeResult& result);
  void changed(const Key& key, Probe& probe);
  void tell(const Key& key);

  const Parts parts_;
  std::map<Key, Probe> probes_;
  std::uint64_t order_{0};
};

// The place of a probe in its interval, from 0 to `every`: the same in every life, and spread over all names. Pure.
[[nodiscard]] Duration phase_of(std::string_view subject, ProbeRole role, Duration every);

}  // namespace watchbill::drivers::agent
