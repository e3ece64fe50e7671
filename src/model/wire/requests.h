// What an agent asks of its keeper. Each request is answered once, by Accepted, Refused or the answer named beside it, under the
// number that the asker chose. Nothing is answered before it is in the keeper's memory (unless that is `unlogged`).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/wire/message_type.h"
#include "model/wire/terms.h"

namespace watchbill::model::wire {

inline constexpr std::uint32_t protocol_version = 1;

// Workload names and effect ids: letters, digits and . _ - @ : +, not beginning with a dot; they become names of files.
inline constexpr std::size_t name_bytes_max = 128;

// The first message of a connection; everything before it is refused. Answer: Welcome, or Refused stale_epoch /
// version_unsupported.
struct Hello {
  using is_wire = void;
  static constexpr MessageType type = MessageType::hello;
  std::uint32_t protocol{protocol_version};
  std::string_view lineage;        // of the journal
  std::uint64_t epoch{0};          // below the highest seen: stale_epoch
  std::uint64_t sequence{0};       // head of the journal; the keeper tells the highest it was told
  bool begins_lineage{false};      // a person decided that this lineage follows another, whatever the epochs say
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.protocol), visit(self.lineage), visit(self.epoch), visit(self.sequence), visit(self.begins_lineage);
  }
};

// What the keeper does for one workload, with or without a controller. Instances are names of their own (`web@2`).
struct StandingOrder {
  using is_wire = void;
  std::string_view name;
  std::string_view workload_namespace;
  std::string_view order_id;  // the core's digest of this order; returned in states and reports, meaningless to the keeper
  Program program;
  BoundedList<std::int32_t, 32> success_exit_codes;
  RestartTerms restart;
  std::optional<HangTerms> hang;
  StopTerms stop;
  std::optional<Duration> max_runtime;
  LeaderExit leader_exit{LeaderExit::stop_group};
  Stability stability{Stability::running};
  LogTerms log;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.name), visit(self.workload_namespace), visit(self.order_id), visit(self.program), visit(self.success_exit_codes);
    visit(self.restart), visit(self.hang), visit(self.stop), visit(self.max_runtime), visit(self.leader_exit);
    visit(self.stability), visit(self.log);
  }
};

// Gives an order or puts another in its place; never starts, stops or restarts anything by itself.
struct GiveOrder {
  using is_wire = void;
  static constexpr MessageType type = MessageType::give_order;
  StandingOrder order;
  BoundedList<Duration, 64> spent;  // ages of restart decisions, oldest first; used only when the keeper does not know the name
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.order), visit(self.spent); }
};

// Forgets a workload that has no processes; otherwise refused already_running.
struct ForgetOrder {
  using is_wire = void;
  static constexpr MessageType type = MessageType::forget_order;
  std::string_view name;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.name); }
};

// Starts an incarnation that is higher than any before. Spends no restart budget. A start that failed is reported (Exited).
struct Start {
  using is_wire = void;
  static constexpr MessageType type = MessageType::start;
  std::string_view name;
  std::uint64_t incarnation{0};
  bool resets_budget{false};  // asked by a person
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.name), visit(self.incarnation), visit(self.resets_budget); }
};

// Same words and order as supervise::EndReason; the keeper asserts it.
enum class EndReason : std::uint8_t { exit, signal, hang, liveness, runtime_exceeded, start_failed, cancelled, deadline };
constexpr EndReason last_value(EndReason) noexcept { return EndReason::deadline; }

// What follows when the group is empty: nothing; the next incarnation at once, without delay or budget; or what the standing
// order says after a failure for `reason`.
enum class Afterwards : std::uint8_t { stay_stopped, start_again, judge };
constexpr Afterwards last_value(Afterwards) noexcept { return Afterwards::judge; }

struct Stop {
  using is_wire = void;
  static constexpr MessageType type = MessageType::stop;
  std::string_view name;
  std::uint64_t incarnation{0};  // refused not_running when another one runs
  EndReason reason{EndReason::cancelled};  // deadline: TERM, half a second, KILL
  Afterwards afterwards{Afterwards::stay_stopped};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.name), visit(self.incarnation), visit(self.reason), visit(self.afterwards);
  }
};

// Sends a signal to the leader of one incarnation (`reload`).
struct Signal {
  using is_wire = void;
  static constexpr MessageType type = MessageType::signal;
  std::string_view name;
  std::uint64_t incarnation{0};
  std::uint32_t signal{1};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.name), visit(self.incarnation), visit(self.signal); }
};

// The agent's word on readiness, for orders with Stability::told. The end of the connection breaks stability.
struct TellStable {
  using is_wire = void;
  static constexpr MessageType type = MessageType::tell_stable;
  std::string_view name;
  std::uint64_t incarnation{0};
  bool is_stable{false};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.name), visit(self.incarnation), visit(self.is_stable); }
};

}  // namespace watchbill::model::wire
