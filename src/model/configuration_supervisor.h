// One workload of the bill, whole, and what holds for all of them. Parts, ranges and what the reader promises:
// model/configuration_workload.h.
#pragma once

#include "model/configuration_workload.h"

namespace watchbill {

// What must hold of another workload before this one is started.
enum class DependencyCondition : std::uint8_t { started, ready, completed };
template <>
struct Words<DependencyCondition> {
  static constexpr std::array<std::string_view, 3> table{"started", "ready", "completed"};
};

enum class LeaderExit : std::uint8_t { stop_group, wait_group };
template <>
struct Words<LeaderExit> {
  static constexpr std::array<std::string_view, 2> table{"stop_group", "wait_group"};
};

enum class OnLost : std::uint8_t { hold, restart };
template <>
struct Words<OnLost> {
  static constexpr std::array<std::string_view, 2> table{"hold", "restart"};
};

enum class OnDependencyRestart : std::uint8_t { ignore, restart };
template <>
struct Words<OnDependencyRestart> {
  static constexpr std::array<std::string_view, 2> table{"ignore", "restart"};
};

enum class OnChange : std::uint8_t { keep, restart, signal };
template <>
struct Words<OnChange> {
  static constexpr std::array<std::string_view, 3> table{"keep", "restart", "signal"};
};

struct WorkloadConfiguration {
  std::vector<std::string> after;               // order without requiring
  std::vector<std::string> command;             // argv; empty where `unit` is set, exactly one of the two
  std::vector<std::string> components;
  std::string directory;                        // `working_directory`, absolute
  std::map<std::string, std::string> environment;
  std::string environment_file;                 // absolute; read by the agent whenever it gives the order
  std::string group;
  std::optional<HangConfiguration> hang;
  std::uint32_t instances{1};                   // 1 … workload_instances_max; more than 1: NAME@1 … NAME@N
  bool is_disabled{false};                      // `enabled: false`; then skip_reason says why
  std::string kind;
  LeaderExit leader_exit{LeaderExit::stop_group};
  std::optional<ProbeConfiguration> live;
  LogConfiguration log;
  std::optional<Duration> max_runtime;          // more than 0
  bool may_gain_privileges{false};              // `no_new_privileges: false`
  OnChange on_change{OnChange::keep};           // `reload.on_change`
  OnDependencyRestart on_dependency_restart{OnDependencyRestart::ignore};
  OnLost on_lost{OnLost::hold};
  std::uint64_t open_files{0};                  // `limits.open_files`; 0: as the keeper was started with
  std::optional<ProbeConfiguration> ready;
  std::uint32_t reload_signal{1};               // `reload.signal`, of on_change `signal`; 1 … 64
  std::map<std::string, DependencyCondition> requirements;  // `requires`
  RestartConfiguration restart;
  std::string skip_reason;
  std::optional<ProbeConfiguration> started;
  StopConfiguration stop;
  std::vector<std::int32_t> success_exit_codes{0};  // 1 to 32 of 0 … 255
  std::uint32_t umask{0022};
  std::string unit;                             // an existing systemd unit
  std::string user;                             // NAME or NAME:GROUP
  std::vector<std::string> wants;
  template <class To> static constexpr auto fields(To&& to) {
    using W = WorkloadConfiguration;
    return to(field("after", &W::after), field("command", &W::command), field("components", &W::components),
              field("directory", &W::directory), field("environment", &W::environment),
              field("environment_file", &W::environment_file), field("group", &W::group), field("hang", &W::hang),
              field("instances", &W::instances), field("is_disabled", &W::is_disabled), field("kind", &W::kind),
              field("leader_exit", &W::leader_exit), field("live", &W::live), field("log", &W::log),
              field("max_runtime_ms", &W::max_runtime), field("may_gain_privileges", &W::may_gain_privileges),
              field("on_change", &W::on_change), field("on_dependency_restart", &W::on_dependency_restart),
              field("on_lost", &W::on_lost), field("open_files", &W::open_files), field("ready", &W::ready),
              field("reload_signal", &W::reload_signal), field("requires", &W::requirements),
              field("restart", &W::restart), field("skip_reason", &W::skip_reason), field("started", &W::started),
              field("stop", &W::stop), field("success_exit_codes", &W::success_exit_codes), field("umask", &W::umask),
              field("unit", &W::unit), field("user", &W::user), field("wants", &W::wants));
  }
  friend bool operator==(const WorkloadConfiguration&, const WorkloadConfiguration&) = default;
};

// The key `supervisor`.
struct SupervisorConfiguration {
  std::string exec_user;                              // who runs `exec` actions and probes; needed when the keeper is root
  std::string name_space{"default"};                  // `namespace`; never empty
  Duration shutdown_deadline{Duration::seconds(90)};  // more than 0
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("exec_user", &SupervisorConfiguration::exec_user),
              field("namespace", &SupervisorConfiguration::name_space),
              field("shutdown_deadline_ms", &SupervisorConfiguration::shutdown_deadline));
  }
  friend bool operator==(const SupervisorConfiguration&, const SupervisorConfiguration&) = default;
};

// Everything a bill says about what runs and what is watched.
struct WorkloadsConfiguration {
  std::map<std::string, ProbeConfiguration> probes;
  SupervisorConfiguration supervisor;
  std::map<std::string, WorkloadConfiguration> workloads;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("probes", &WorkloadsConfiguration::probes), field("supervisor", &WorkloadsConfiguration::supervisor),
              field("workloads", &WorkloadsConfiguration::workloads));
  }
  friend bool operator==(const WorkloadsConfiguration&, const WorkloadsConfiguration&) = default;
};

}  // namespace watchbill
