// The attendant of a systemd service: a process that runs as long as the service is up, ends as the service ended, and stops it
// when it is told to end. To its keeper it is the leader of a workload like any other, so everything that holds for workloads
// (restarts, budgets, stop order, adoption, logs) holds for units. Source: domain/supervision.md §2.1 "unit", §8;
// docs/decisions/unit_workloads.md.
//
// Says READY=1 on the notify socket once the service is active, and WATCHBILL_CGROUP=DIRECTORY when it has processes, and again
// before it is stopped: what is to be killed when it does not end in time.
#pragma once

#include <chrono>
#include <string>

#include "attendant/judge.h"
#include "attendant/systemd_service.h"
#include "attendant/output.h"

namespace watchbill::attendant {

// Exit codes of its own, beside the service's. Source: sysexits.h.
inline constexpr std::int32_t exit_unavailable = 69;  // systemd cannot be asked
inline constexpr std::int32_t exit_denied = 77;       // it refuses this account
inline constexpr std::int32_t exit_no_unit = 78;      // there is no such service, or its file is wrong or masked

class Attendant {
 public:
  explicit Attendant(const std::string& unit) : unit_(unit), service_(unit) {}
  ~Attendant();
  Attendant(const Attendant&) = delete;
  Attendant& operator=(const Attendant&) = delete;

  // Starts the service, or takes it over as it runs, and attends it until it has ended. SIGTERM and SIGINT, which must be
  // blocked, have it stopped.
  [[nodiscard]] Ending run();

 private:
  // Whether it could be started; otherwise `ending_` says why not.
  [[nodiscard]] bool begin();
  [[nodiscard]] Status start();
  [[nodiscard]] Status become(const std::string& unit) const;
  void wait(bool has_more);
  void take_signals();
  void reconnect();
  void ask_to_stop();
  // Reads the service and moves on; true when it has ended.
  [[nodiscard]] bool look();
  void tell_change(const UnitFacts& facts, Phase phase);
  [[nodiscard]] Ending judge(const UnitFacts& facts) const;
  // READY=1 and the control group: when they changed, when told to stop, and every 30 s.
  void tell_keeper();
  // False when nobody took it.
  [[nodiscard]] static bool send(const std::string& line);

  const std::string unit_;
  SystemdService service_;
  Output output_;
  int signals_{-1};
  Ending ending_;
  UnitFacts seen_;
  std::string cgroup_directory_;
  bool has_begun_{false};
  bool was_up_{false};
  bool looks_{true};       // at the next turn
  bool is_stopping_{false};
  bool owes_stop_{false};  // it was asked for while systemd could not be
  bool owes_words_{false};  // to the keeper
  bool is_unanswered_{false};
  std::chrono::steady_clock::time_point tell_again_at_;
};

}  // namespace watchbill::attendant
