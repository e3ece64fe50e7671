// The host's side of the area workload: carries standing orders to the keeper, turns its reports into commands, and runs effects
// of plans through it. One keeper, one loop, no thread of its own.
//
// After every connection, in this order: what the keeper has (NoteKeeper), then its reports, then orders. A report is
// acknowledged to the keeper when it is durable. Source: domain/supervision.md §8; model/command_workload*.h.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "drivers/agent/group_figures.h"
#include "drivers/agent/keeper_link.h"
#include "drivers/agent/offer.h"
#include "drivers/agent/one_shots.h"
#include "drivers/agent/probes.h"
#include "drivers/agent/report_queue.h"
#include "ports/effects.h"

namespace watchbill::drivers::agent {

// How the agent and its keeper stand.
struct AgentStatus {
  bool is_connected{false};
  bool is_needed{false};           // there is something for a keeper to do
  std::string problem;             // why not, for people: the warning keeper_unreachable
  bool shares_cgroup{false};       // the warning keeper_shares_cgroup
  std::uint64_t unlogged_count{0}; // records that the full disk refused to the keeper
  std::int64_t keeper_pid{0};
};

// What is seen of a workload now and stands in no record.
struct LiveWorkload {
  std::optional<Duration> last_beat_age;
  std::optional<GroupFigures> figures;
  Duration figures_age;
};

class Agent final : public ports::EffectPort, public ports::OneShotPort {
 public:
  struct Parts {
    ports::IoLoop& loop;
    ports::ConnectProber& connect;  // on the loop, as all that follows
    ports::HttpClient& http;
    Offer offer;
    // Runs a task where it may wait for disks and name services; false when too many wait. Any thread.
    std::function<bool(std::function<void()>)> run_elsewhere;
    std::function<void(const std::string&)> log;  // one line for people; on the loop
    // Of Probes::Parts; both may be empty.
    std::function<void(const std::string& condition, Duration timeout, ports::ProbeDone done)> query{};
    std::function<void(const ProbeSample&)> sampled{};
    std::string unit_program{};  // absolute path of watchbill-unit: what a workload that is a systemd unit runs
  };
  Agent(KeeperLink::Settings settings, Parts parts);
  // Holds: the loop has stopped, or this is its thread.
  ~Agent() override;

  // Connects in this controller's name. A keeper that is not there is started when `is_needed`, else with the first order or
  // effect. Any thread.
  void open(ControllerIdentity identity, bool is_needed);
  // What is to be probed from now on. Loop thread.
  void set_targets(std::vector<ProbeTarget> targets);
  // Takes CarryOutOrder. Any thread.
  void begin(const Effect& effect, Epoch fence) override;

  void run(ports::OneShot shot, std::function<void(ports::OneShotOutcome)> done) override;
  void recorded(const std::string& effect_id, std::uint32_t attempt) override;
  void end(const std::string& effect_id) override;
  void look(std::string effect_id, std::function<void(ports::OneShotKnown)> done) override;

  // Any thread.
  [[nodiscard]] AgentStatus status() const;
  // Loop thread.
  [[nodiscard]] LiveWorkload live(const std::string& workload) const;

 private:
  // An order from the engine, until its outcome is recorded.
  struct Order {
    CarryOutOrder effect;
    bool is_under_way{false};  // it is being made, asked or told; else it waits for the connection
  };
  // A workload as the keeper told last.
  struct Seen {
    std::uint64_t incarnation{0};  // the highest that it knows
    std::int64_t pid{0};           // 0: no leader
    bool is_ready{false};          // READY=1 came from this incarnation
    std::optional<Instant> beat_at;  // CLOCK_MONOTONIC
    std::optional<GroupFigures> figures;
  };
  // A keeper's answer to a request, as far as an order is concerned.
  enum class Verdict : std::uint8_t { taken, refused, lost };

  [[nodiscard]] Probes::Parts probe_parts();
  void need();
  void complain(const std::string& line);
  void connected();
  void lost();
  void reported(const model::wire::Frame& frame);
  void take_snapshot(const model::wire::Frame& frame);
  void tell_kept(std::size_t begin, int times_left);
  void adopted();
  Seen& see(std::string_view name, std::uint64_t incarnation);
  void see_report(const model::wire::Frame& frame);
  void read_figures();

  void carry(const std::string& workload);
  void give(const std::string& workload, std::uint64_t number, std::shared_ptr<const Result<OrderTerms, TermsProblem>> terms);
  void direct(const std::string& workload, std::uint64_t number, const std::string& terms_refusal);
  template <class Request>
  void ask(const std::string& workload, std::uint64_t number, const Request& request,
           std::function<void(Verdict, const std::string& refusal)> done);
  void tell_outcome(const std::string& workload, std::uint64_t number, const std::string& refusal);
  [[nodiscard]] Order* order_of(const std::string& workload, std::uint64_t number);

  Parts parts_;
  KeeperLink link_;
  ReportQueue reports_;
  OneShots one_shots_;
  Probes probes_;
  std::map<std::string, Order> orders_;                // by workload
  std::map<std::string, Seen, std::less<>> seen_;
  std::vector<KeptWorkload> kept_;                     // of the snapshot under way
  std::uint64_t connection_{0};
  ports::TimerId figures_timer_{};            // the next look at them
  Duration figures_took_;                     // the last look
  bool is_adopted_{false};                             // the core knows what this keeper has: orders may go
  mutable std::mutex status_mutex_;
  AgentStatus status_;
};

}  // namespace watchbill::drivers::agent
