// What a bill says about workloads, probes and the supervisor, checked: the bill's reader fills it, area workload and the host's
// agent live by it. Defaults stand here and nowhere else. Source: domain/supervision.md §2 to §8.
//
// The reader holds true: every range named below; names of [A-Za-z0-9._-] not beginning with a dot, at most
// workload_name_bytes_max; what `requires`, `after` and `wants` name is declared and free of cycles (dependency_cycle); templates
// are expanded; relative paths are absolute. Not yet supported, and refused by that name: `fallback`, heartbeats `metric` and
// `http`, limits of memory, CPU and processes, overrides.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/fields.h"

namespace watchbill {

// Leaves room for `@N` in what the keeper takes as a name.
inline constexpr std::size_t workload_name_bytes_max = 120;
inline constexpr std::uint32_t workload_instances_max = 1000;

// A truth value is stored as a word or left out, so each is named for what is not the default.

enum class ProbeKind : std::uint8_t { http, tcp, unix_socket, exec, query, notify };
template <>
struct Words<ProbeKind> {
  static constexpr std::array<std::string_view, 6> table{"http", "tcp", "unix", "exec", "query", "notify"};
};

// One question, asked again and again. `notify` belongs to start and readiness only, `query` to workloads only.
struct ProbeConfiguration {
  std::vector<std::string> command;                // of `exec`
  Duration every{Duration::seconds(10)};           // start to start; more than 0
  std::uint32_t fall{3};                           // at least 1
  ProbeKind kind{ProbeKind::tcp};
  std::map<std::string, std::string> labels;       // of top-level probes: of their samples
  std::uint32_t rise{2};                           // at least 1
  std::optional<Duration> stale_after;             // absent: three times `every`
  std::string target;                              // URL, HOST:PORT, path of the socket, or condition
  Duration timeout{Duration::seconds(2)};          // more than 0
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("command", &ProbeConfiguration::command), field("every_ms", &ProbeConfiguration::every),
              field("fall", &ProbeConfiguration::fall),       field("kind", &ProbeConfiguration::kind),
              field("labels", &ProbeConfiguration::labels),   field("rise", &ProbeConfiguration::rise),
              field("stale_after_ms", &ProbeConfiguration::stale_after), field("target", &ProbeConfiguration::target),
              field("timeout_ms", &ProbeConfiguration::timeout));
  }
  friend bool operator==(const ProbeConfiguration&, const ProbeConfiguration&) = default;
};

enum class RestartPolicy : std::uint8_t { always, on_failure, never };
template <>
struct Words<RestartPolicy> {
  static constexpr std::array<std::string_view, 3> table{"always", "on_failure", "never"};
};

// Millionths carry factor and jitter exactly: 2.0 is 2'000'000.
struct RestartConfiguration {
  std::int64_t factor_millionths{2'000'000};   // at least 1'000'000
  Duration initial{Duration::seconds(1)};      // not negative
  bool is_unlimited{false};                    // `limit: none`; then limit and window mean nothing
  std::int64_t jitter_millionths{100'000};     // 0 … 1'000'000
  std::uint32_t limit{5};                      // 0 … 64
  Duration max{Duration::seconds(60)};         // at least `initial`
  RestartPolicy policy{RestartPolicy::on_failure};
  Duration reset_after{Duration::seconds(60)};
  Duration window{Duration::minutes(10)};      // more than 0
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("factor_millionths", &RestartConfiguration::factor_millionths),
              field("initial_ms", &RestartConfiguration::initial),
              field("is_unlimited", &RestartConfiguration::is_unlimited),
              field("jitter_millionths", &RestartConfiguration::jitter_millionths),
              field("limit", &RestartConfiguration::limit), field("max_ms", &RestartConfiguration::max),
              field("policy", &RestartConfiguration::policy), field("reset_after_ms", &RestartConfiguration::reset_after),
              field("window_ms", &RestartConfiguration::window));
  }
  friend bool operator==(const RestartConfiguration&, const RestartConfiguration&) = default;
};

enum class Heartbeat : std::uint8_t { notify, output, file };
template <>
struct Words<Heartbeat> {
  static constexpr std::array<std::string_view, 3> table{"notify", "output", "file"};
};

enum class HangAction : std::uint8_t { restart, stop, alert };
template <>
struct Words<HangAction> {
  static constexpr std::array<std::string_view, 3> table{"restart", "stop", "alert"};
};

struct HangConfiguration {
  HangAction action{HangAction::restart};
  std::string file;                          // of heartbeat `file`: absolute
  Heartbeat heartbeat{Heartbeat::notify};
  Duration start_grace;                      // not negative
  Duration timeout{Duration::seconds(60)};   // more than 0; the bill must say it
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("action", &HangConfiguration::action), field("file", &HangConfiguration::file),
              field("heartbeat", &HangConfiguration::heartbeat), field("start_grace_ms", &HangConfiguration::start_grace),
              field("timeout_ms", &HangConfiguration::timeout));
  }
  friend bool operator==(const HangConfiguration&, const HangConfiguration&) = default;
};

struct StopConfiguration {
  Duration grace{Duration::seconds(10)};
  Duration kill_grace{Duration::seconds(5)};
  std::vector<std::string> post_stop;                 // a command; empty: none
  std::vector<std::string> pre_stop;
  Duration pre_stop_timeout{Duration::seconds(5)};
  std::uint32_t signal{15};                           // 1 … 64; the bill writes TERM
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("grace_ms", &StopConfiguration::grace), field("kill_grace_ms", &StopConfiguration::kill_grace),
              field("post_stop", &StopConfiguration::post_stop), field("pre_stop", &StopConfiguration::pre_stop),
              field("pre_stop_timeout_ms", &StopConfiguration::pre_stop_timeout),
              field("signal", &StopConfiguration::signal));
  }
  friend bool operator==(const StopConfiguration&, const StopConfiguration&) = default;
};

struct LogConfiguration {
  std::uint32_t keep{4};
  std::uint64_t max_bytes{16U << 20};
  std::uint64_t rate_bytes{1U << 20};  // a second; beyond it output is discarded, the only `on_excess` there is
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("keep", &LogConfiguration::keep), field("max_bytes", &LogConfiguration::max_bytes),
              field("rate_bytes", &LogConfiguration::rate_bytes));
  }
  friend bool operator==(const LogConfiguration&, const LogConfiguration&) = default;
};

}  // namespace watchbill
