#include "supervise/restart.h"

#include <algorithm>
#include <charconv>

#include "base/sha256.h"

namespace watchbill::supervise {
namespace {

// With `initial: 0s` the second restart waits this long, later ones grow from here.
constexpr double first_delay_ms_after_immediate = 100.0;

// factor^exponent by squaring: the same bits on every host, which std::pow does not promise. Stops growing beyond `enough`.
double power(double factor, std::uint32_t exponent, double enough) noexcept {
  double result = 1.0;
  for (; exponent != 0 && result < enough; exponent >>= 1) {
    if ((exponent & 1U) != 0) result *= factor;
    factor *= factor;
  }
  return result;
}

}  // namespace

double jitter_fraction(const StartKey& key) noexcept {
  char digits[20];
  const char* const end = std::to_chars(digits, digits + sizeof digits, key.incarnation).ptr;
  const std::string_view number(digits, static_cast<std::size_t>(end - digits));
  const Digest digest = Sha256().add(key.workload_namespace).add("/").add(key.name).add("/").add(number).finish();
  std::uint64_t first_bytes = 0;
  for (std::size_t i = 0; i < 8; ++i) first_bytes = (first_bytes << 8) | digest.bytes[i];
  return static_cast<double>(first_bytes) / 18446744073709551616.0;
}

Duration restart_delay(const Backoff& backoff, const StartKey& key, std::uint32_t restart_number) noexcept {
  double base_ms = static_cast<double>(backoff.initial.ms);
  std::uint32_t exponent = restart_number == 0 ? 0 : restart_number - 1;
  if (backoff.initial.ms == 0) {
    if (restart_number <= 1) return Duration{};
    base_ms = first_delay_ms_after_immediate;
    exponent = restart_number - 2;
  }
  const double max_ms = static_cast<double>(backoff.max.ms);
  const double factor = static_cast<double>(backoff.factor_millionths) / 1e6;
  const double delay_ms = std::min(max_ms, base_ms * power(factor, exponent, 1.0 + max_ms / base_ms));
  const double jitter = static_cast<double>(backoff.jitter_millionths) / 1e6;
  const double spread = 1.0 - jitter + 2.0 * jitter * jitter_fraction(key);
  return Duration{static_cast<std::int64_t>(delay_ms * spread)};
}

std::uint32_t RestartBudget::used(Duration window, Instant now) const noexcept {
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < size_; ++i) count += at(i) > now - window ? 1U : 0U;
  return count;
}

bool RestartBudget::allows(const std::optional<RestartLimit>& limit, Instant now) const noexcept {
  return !limit || used(limit->window, now) < std::min(limit->count, restart_limit_max);
}

void RestartBudget::count(Instant decided_at) noexcept {
  if (size_ == restart_limit_max) {
    first_ = (first_ + 1) % restart_limit_max;
    --size_;
  }
  decided_at_[(first_ + size_) % restart_limit_max] = decided_at;
  ++size_;
}

void RestartCount::became_stable(Instant now) noexcept {
  if (!stable_since) stable_since = now;
}

void RestartCount::broke(Duration reset_after, Instant now) noexcept {
  if (stable_since && now - *stable_since >= reset_after) count = 0;
  stable_since.reset();
}

Decision decide_restart(const RestartRule& rule, const Ended& ended, const StartKey& key, RestartBudget& budget,
                        RestartCount& restarts, Instant now) noexcept {
  restarts.broke(rule.backoff.reset_after, now);
  if (ended.reason == EndReason::cancelled || ended.reason == EndReason::deadline) return {Verdict::stopped, {}, 0};
  if (ended.is_success && rule.policy != RestartPolicy::always) return {Verdict::completed, {}, 0};
  const bool never_restarts = rule.policy == RestartPolicy::never || (rule.limit && rule.limit->count == 0);
  if (never_restarts) return {ended.is_success ? Verdict::completed : Verdict::failed, {}, 0};
  if (!budget.allows(rule.limit, now)) return {Verdict::budget_exhausted, {}, 0};
  budget.count(now);
  ++restarts.count;
  return {Verdict::restart, restart_delay(rule.backoff, key, restarts.count), restarts.count};
}

std::string_view word(EndReason reason) noexcept {
  switch (reason) {
    case EndReason::exit: return "exit";
    case EndReason::signal: return "signal";
    case EndReason::hang: return "hang";
    case EndReason::liveness: return "liveness";
    case EndReason::runtime_exceeded: return "runtime_exceeded";
    case EndReason::start_failed: return "start_failed";
    case EndReason::cancelled: return "cancelled";
    case EndReason::deadline: return "deadline";
  }
  return "exit";
}

}  // namespace watchbill::supervise
