// Events of the area workload that the controller decides. What keepers report is in model/event_workload_report.h.
// Source: domain/supervision.md §2.2, §3, §6, §8.
#pragma once

#include <optional>

#include "base/sha256.h"
#include "model/workload_terms.h"

namespace watchbill {

// The intent of every start, restart and stop, and of every change of what the keeper does by itself. It is owed to the keeper
// until StandingOrderTaken. The terms are those of the configuration that holds.
struct StandingOrderGiven {
  static constexpr std::string_view type = "StandingOrderGiven";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  OrderDirective directive{OrderDirective::keep};
  std::uint64_t incarnation{0};  // to start, or to stop
  bool is_suspended{false};      // a hold with restarts: nothing is restarted
  std::uint64_t number{0};       // of this workload's orders, from 1
  WorkloadReason reason{WorkloadReason::none};
  bool resets_budget{false};     // asked by a person
  Digest terms;                  // of the order's terms; differs from the last one: new settings
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    using E = StandingOrderGiven;
    return to(field("directive", &E::directive), field("incarnation", &E::incarnation),
              field("is_suspended", &E::is_suspended), field("number", &E::number), field("reason", &E::reason),
              field("resets_budget", &E::resets_budget), field("terms", &E::terms), field("workload", &E::workload));
  }
};

// The keeper has the order, or refused it for good.
struct StandingOrderTaken {
  static constexpr std::string_view type = "StandingOrderTaken";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  std::uint64_t number{0};
  std::string refusal;  // the keeper's word for it; empty: it was taken
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("number", &StandingOrderTaken::number), field("refusal", &StandingOrderTaken::refusal),
              field("workload", &StandingOrderTaken::workload));
  }
};

// A person's start, stop or restart, or the controller's closing. `workload` is NAME, group:NAME, or "*" for all.
struct WorkloadCommanded {
  static constexpr std::string_view type = "WorkloadCommanded";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  std::string by;
  bool by_policy{false};  // not a person
  std::string reason;
  WorkloadVerb verb{WorkloadVerb::start};
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("by", &WorkloadCommanded::by), field("by_policy", &WorkloadCommanded::by_policy),
              field("reason", &WorkloadCommanded::reason), field("verb", &WorkloadCommanded::verb),
              field("workload", &WorkloadCommanded::workload));
  }
};

// At every change of state; and from `stopping` to itself when a group cannot be killed.
struct WorkloadStateChanged {
  static constexpr std::string_view type = "WorkloadStateChanged";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  std::string detail;  // for people: the dependency, the keeper's refusal, the pids
  WorkloadState from{WorkloadState::pending};
  std::uint64_t incarnation{0};
  WorkloadReason reason{WorkloadReason::none};
  std::optional<ReportNumber> report;
  WorkloadState to{WorkloadState::pending};
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    using E = WorkloadStateChanged;
    return to(field("detail", &E::detail), field("from", &E::from), field("incarnation", &E::incarnation),
              field("reason", &E::reason), field("report", &E::report), field("to", &E::to),
              field("workload", &E::workload));
  }
};

// Health of a workload's probe, or (role `watched`) of a probe of the bill, which `workload` then names.
struct WorkloadHealthChanged {
  static constexpr std::string_view type = "WorkloadHealthChanged";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  std::string detail;  // of the last result: "http 503", "connection refused"
  ProbeHealth health{ProbeHealth::unknown};
  std::uint64_t incarnation{0};
  ProbeRole role{ProbeRole::ready};
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    using E = WorkloadHealthChanged;
    return to(field("detail", &E::detail), field("health", &E::health), field("incarnation", &E::incarnation),
              field("role", &E::role), field("workload", &E::workload));
  }
};

}  // namespace watchbill
