// What becomes of a workload whose incarnation ended: the restart policy, its sliding budget and its backoff.
//
// All functions are pure and allocate nothing. `now` is any clock that never goes back (the keeper's monotonic clock, the core's
// engine clock); a value holds times of one clock only. Source: domain/supervision.md §3 and §4, and its goldens.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace watchbill::supervise {

// Decisions that a budget can count. A greater `limit` is refused when the bill is read: it is a crash loop all the same.
inline constexpr std::uint32_t restart_limit_max = 64;

enum class RestartPolicy : std::uint8_t { always, on_failure, never };

// How the delay before a restart grows. Factor and jitter are millionths (2.0 is 2'000'000), so that they travel exactly.
struct Backoff {
  Duration initial{Duration::seconds(1)};  // 0: the first restart is immediate, later ones start at 100 ms
  Duration max{Duration::seconds(60)};     // at least `initial`
  std::int64_t factor_millionths{2'000'000};  // at least 1'000'000
  std::int64_t jitter_millionths{100'000};    // 0 to 1'000'000
  Duration reset_after{Duration::seconds(60)};
};

// Who is about to start: the jitter is drawn from it, so that a replay draws the same.
struct StartKey {
  std::string_view workload_namespace;
  std::string_view name;
  std::uint64_t incarnation{0};  // the one about to start
};

// The jitter's fraction in [0, 1): uint64_be(sha256("<namespace>/<name>/<incarnation>")[0..8]) / 2^64. About 0.2 µs.
[[nodiscard]] double jitter_fraction(const StartKey& key) noexcept;

// The delay before restart number `restart_number` (from 1) since the last stable run, in whole milliseconds (cut).
// May exceed backoff.max by the jitter's share at most. Fixture: backoff.json.
[[nodiscard]] Duration restart_delay(const Backoff& backoff, const StartKey& key, std::uint32_t restart_number) noexcept;

// `limit: N per W`. No value: `limit: none`.
struct RestartLimit {
  std::uint32_t count{5};  // at most restart_limit_max; 0 equals policy `never`
  Duration window{Duration::minutes(10)};
};

// The last restart_limit_max restart decisions, oldest first. Restarts by hand are not decisions and never enter it.
class RestartBudget {
 public:
  // Decisions with decided_at > now - window. Fixture: probes-and-budget.json.
  [[nodiscard]] std::uint32_t used(Duration window, Instant now) const noexcept;
  // True when one more restart may be decided at `now`.
  [[nodiscard]] bool allows(const std::optional<RestartLimit>& limit, Instant now) const noexcept;
  // Counts a decision; the oldest is forgotten beyond restart_limit_max.
  void count(Instant decided_at) noexcept;
  void clear() noexcept { size_ = 0; }

  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  // Decision number `index` from the oldest, index < size().
  [[nodiscard]] Instant at(std::uint32_t index) const noexcept { return decided_at_[(first_ + index) % restart_limit_max]; }

 private:
  std::array<Instant, restart_limit_max> decided_at_{};
  std::uint32_t first_{0};
  std::uint32_t size_{0};
};

// Restarts since the last stable run, the `n` of the formula. It returns to 0 once the workload was stable (ready; running where
// no readiness probe is declared) for reset_after without a break. The budget does not reset with it.
struct RestartCount {
  std::uint32_t count{0};
  std::optional<Instant> stable_since;

  void became_stable(Instant now) noexcept;
  // A break: not ready any more, or ended. A run that had lasted reset_after by then has reset the count.
  void broke(Duration reset_after, Instant now) noexcept;
};

// Why an incarnation ended, or is to end. The words are those of the journal and of `failed (REASON)`.
enum class EndReason : std::uint8_t {
  exit,              // the leader ended by itself with a code
  signal,            // the leader was killed by a signal that the keeper did not send
  hang,
  liveness,          // `fall` of the startup or liveness probe
  runtime_exceeded,
  start_failed,      // the command could not be executed
  cancelled,         // stop or restart asked: no failure
  deadline,          // ended by the shutdown deadline: no failure
};

struct RestartRule {
  RestartPolicy policy{RestartPolicy::on_failure};
  std::optional<RestartLimit> limit{RestartLimit{}};
  Backoff backoff;
};

struct Ended {
  EndReason reason{EndReason::exit};
  bool is_success{false};  // reason is `exit` and the code is among success_exit_codes
};

enum class Verdict : std::uint8_t { restart, completed, failed, budget_exhausted, stopped };

struct Decision {
  Verdict verdict{Verdict::failed};
  Duration delay;                    // of a restart
  std::uint32_t restart_number{0};   // of a restart: n since the last stable run
};

// Decides by the table of §3 what follows an ended incarnation. A restart is counted in `budget` and `restarts`; nothing else
// changes them. `key.incarnation` is the next one. Never refuses.
[[nodiscard]] Decision decide_restart(const RestartRule& rule, const Ended& ended, const StartKey& key, RestartBudget& budget,
                                      RestartCount& restarts, Instant now) noexcept;

// The stable word of a reason: "exit", "signal", "hang", "liveness", "runtime_exceeded", "start_failed", "cancelled", "deadline".
[[nodiscard]] std::string_view word(EndReason reason) noexcept;

}  // namespace watchbill::supervise
