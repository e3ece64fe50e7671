// The terms of a standing order: what the keeper may do by itself, decided by the core in advance. Values are checked by the
// keeper when the order is given (see Refusal); durations are milliseconds and not negative. Source: domain/supervision.md §2 to
// §8.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/wire/codec.h"

namespace watchbill::model::wire {

// Same words and order as supervise::RestartPolicy; the keeper asserts it.
enum class RestartPolicy : std::uint8_t { always, on_failure, never };
constexpr RestartPolicy last_value(RestartPolicy) noexcept { return RestartPolicy::never; }

// What the keeper hears itself. `metric` and `http` heartbeats are the controller's and appear in no order.
enum class Heartbeat : std::uint8_t { notify, output, file };
constexpr Heartbeat last_value(Heartbeat) noexcept { return Heartbeat::file; }

enum class HangAction : std::uint8_t { restart, stop, alert };
constexpr HangAction last_value(HangAction) noexcept { return HangAction::alert; }

// What happens to members that are left when the leader has exited.
enum class LeaderExit : std::uint8_t { stop_group, wait_group };
constexpr LeaderExit last_value(LeaderExit) noexcept { return LeaderExit::wait_group; }

// What makes a run stable, so that the backoff starts over: being up, READY=1, or the agent's word (TellStable).
enum class Stability : std::uint8_t { running, notify, told };
constexpr Stability last_value(Stability) noexcept { return Stability::told; }

// The account a process runs as. The agent resolves names, so that the keeper needs no name service.
// Root is named like any other; a keeper that runs as root refuses orders without an account (user_required).
struct Account {
  using is_wire = void;
  std::string_view name;  // for USER and LOGNAME
  std::uint32_t uid{0};
  std::uint32_t gid{0};
  BoundedList<std::uint32_t, 64> groups;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.name), visit(self.uid), visit(self.gid), visit(self.groups); }
};

// How a process is made. NOTIFY_SOCKET, WATCHBILL_{KEEPER,WORKLOAD,INCARNATION} are added to `environment`; nothing is
// inherited.
struct Program {
  using is_wire = void;
  TextList argv;  // argv[0] is an absolute path, or is looked up in the PATH of `environment`
  TextList environment;
  std::string_view directory;  // absolute
  std::optional<Account> account;
  std::uint32_t umask{0022};
  std::uint64_t open_files{0};  // 0: as the keeper was started with
  bool no_new_privileges{true};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.argv), visit(self.environment), visit(self.directory), visit(self.account), visit(self.umask);
    visit(self.open_files), visit(self.no_new_privileges);
  }
};

struct LimitTerms {
  using is_wire = void;
  std::uint32_t count{5};  // at most 64
  Duration window{Duration::minutes(10)};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.count), visit(self.window); }
};

struct RestartTerms {
  using is_wire = void;
  RestartPolicy policy{RestartPolicy::on_failure};
  std::optional<LimitTerms> limit{LimitTerms{}};  // absent: unlimited
  Duration initial{Duration::seconds(1)};
  Duration max{Duration::seconds(60)};
  Duration reset_after{Duration::seconds(60)};
  std::int64_t factor_millionths{2'000'000};
  std::int64_t jitter_millionths{100'000};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.policy), visit(self.limit), visit(self.initial), visit(self.max), visit(self.reset_after);
    visit(self.factor_millionths), visit(self.jitter_millionths);
  }
};

struct HangTerms {
  using is_wire = void;
  Heartbeat heartbeat{Heartbeat::notify};
  HangAction action{HangAction::restart};
  std::string_view file;  // absolute path, of heartbeat `file`
  Duration timeout;
  Duration start_grace;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.heartbeat), visit(self.action), visit(self.file), visit(self.timeout), visit(self.start_grace);
  }
};

struct StopTerms {
  using is_wire = void;
  std::uint32_t signal{15};
  Duration grace{Duration::seconds(10)};
  Duration kill_grace{Duration::seconds(5)};
  Duration pre_stop_timeout{Duration::seconds(5)};
  Duration post_stop_timeout{Duration::seconds(10)};
  TextList pre_stop;   // empty: none; runs as the workload's account, in its directory, with its environment
  TextList post_stop;  // runs whenever the group has become empty, after a failure too
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.signal), visit(self.grace), visit(self.kill_grace), visit(self.pre_stop_timeout), visit(self.post_stop_timeout);
    visit(self.pre_stop), visit(self.post_stop);
  }
};

struct LogTerms {
  using is_wire = void;
  std::uint64_t max_bytes{16U << 20};
  std::uint32_t keep_count{4};
  std::uint64_t rate_bytes_per_second{1U << 20};  // beyond it output is read and discarded
  template <class Self, class Visit> static void fields(Self& self, Visit& visit) {
    visit(self.max_bytes), visit(self.keep_count), visit(self.rate_bytes_per_second);
  }
};

}  // namespace watchbill::model::wire
