// One workload as the controller knows it: its state, what is asked of it, and the standing order that its keeper has or is owed.
// Source: domain/supervision.md §3, §8.
#pragma once

#include <optional>
#include <vector>

#include "core/workload/words.h"
#include "base/sha256.h"
#include "model/configuration_supervisor.h"

namespace watchbill::core::workload {

// How the last incarnation that ended did.
struct LastExit {
  Instant at;
  ExitHow how{ExitHow::code};
  std::uint64_t incarnation{0};
  WorkloadReason reason{WorkloadReason::exit};
  std::int64_t value{0};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("at_ms", &LastExit::at), field("how", &LastExit::how),
              field("incarnation", &LastExit::incarnation), field("reason", &LastExit::reason),
              field("value", &LastExit::value));
  }
};

// The last standing order that was given. It is owed while `taken` is below `number`.
struct Order {
  Instant at;
  OrderDirective directive{OrderDirective::keep};
  std::uint64_t incarnation{0};
  bool is_suspended{false};
  std::uint64_t number{0};
  WorkloadReason reason{WorkloadReason::none};
  bool resets_budget{false};
  std::uint64_t taken{0};
  Digest terms;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("at_ms", &Order::at), field("directive", &Order::directive),
              field("incarnation", &Order::incarnation), field("is_suspended", &Order::is_suspended),
              field("number", &Order::number), field("reason", &Order::reason),
              field("resets_budget", &Order::resets_budget), field("taken", &Order::taken),
              field("terms", &Order::terms));
  }
  [[nodiscard]] bool is_owed() const noexcept { return taken < number; }
};

// One workload, or one of its instances (NAME@1 …).
struct Workload {
  std::uint64_t adopted_epoch{0};       // the last epoch that found it again
  std::string boot_id;                  // of the host when the incarnation was started
  WorkloadConfiguration configuration;  // what the bill says now
  std::string configured_name;          // NAME of NAME@1
  std::string detail;                   // of `reason`, for people
  Ending ending{Ending::nothing};       // what follows `stopping`
  bool exit_is_unseen{false};           // its keeper cannot learn how it ends
  bool has_failed_hook{false};          // the warning hook_failed, of this incarnation
  ProbeHealth health_live{ProbeHealth::unknown};
  ProbeHealth health_ready{ProbeHealth::unknown};
  ProbeHealth health_started{ProbeHealth::unknown};
  std::uint64_t incarnation{0};         // the last that was asked for or seen
  bool is_held{false};                  // a hold with restarts covers it
  bool is_hung{false};                  // hang action `alert`
  bool is_left_stopped{false};          // a person stopped it: `stopped` is what is wanted
  bool is_lost_start_given{false};      // on_lost `restart` has been tried for this incarnation
  bool is_withdrawn{false};             // the bill has it no more
  std::optional<LastExit> last_exit;
  Order order;
  Owed owed{Owed::nothing};             // asked, and not begun yet
  WorkloadReason owed_reason{WorkloadReason::none};
  bool owes_signal{false};              // reload: on_change `signal`
  std::int64_t pid{0};
  WorkloadReason reason{WorkloadReason::none};
  bool resets_budget{false};            // the next start does: a person asked for it
  std::vector<Instant> restarts;        // decisions of the keeper within the window, oldest first
  Digest running_program;               // what the incarnation was started from; differs from `wanted_program`: drifted
  Instant since;                        // in this state
  std::uint64_t start_ticks{0};
  Instant started_at;                   // the incarnation, on the engine clock
  WorkloadState state{WorkloadState::pending};
  Digest wanted_program;                // of command, user, environment and directory
  Digest wanted_terms;                  // of the order that the bill and the holds ask for
  template <class To> static constexpr auto fields(To&& to) {
    using W = Workload;
    return to(
        field("adopted_epoch", &W::adopted_epoch), field("boot_id", &W::boot_id),
        field("configuration", &W::configuration), field("configured_name", &W::configured_name), field("detail", &W::detail),
        field("ending", &W::ending), field("exit_is_unseen", &W::exit_is_unseen), field("has_failed_hook", &W::has_failed_hook),
        field("health_live", &W::health_live), field("health_ready", &W::health_ready),
        field("health_started", &W::health_started), field("incarnation", &W::incarnation),
        field("is_held", &W::is_held), field("is_hung", &W::is_hung), field("is_left_stopped", &W::is_left_stopped),
        field("is_lost_start_given", &W::is_lost_start_given), field("is_withdrawn", &W::is_withdrawn),
        field("last_exit", &W::last_exit), field("order", &W::order), field("owed", &W::owed),
        field("owed_reason", &W::owed_reason), field("owes_signal", &W::owes_signal), field("pid", &W::pid),
        field("reason", &W::reason), field("resets_budget", &W::resets_budget), field("restarts_ms", &W::restarts),
        field("running_program", &W::running_program), field("since_ms", &W::since), field("start_ticks", &W::start_ticks),
        field("started_at_ms", &W::started_at), field("state", &W::state), field("wanted_program", &W::wanted_program),
        field("wanted_terms", &W::wanted_terms));
  }
};

}  // namespace watchbill::core::workload
