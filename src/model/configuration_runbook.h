// The checked configuration of runbooks, bindings and what they need of environments: what the bill's reader fills and what plans
// are resolved from. Positions in files stay with the reader. Every text that may hold a template is kept as its source; secrets
// are names (SecretName). Source: design/bill.md §2 and §2.1, domain/plans.md §3.
//
// Arguments of actions, by kind. T: text (a template), L: list of T, M: map of T (secrets allowed), I: integer, ms: integer of
// ms.
//   exec      argv L, dir T, env M; `shell` T instead of argv
//   http      url T, method T, headers M, data T, status L of I or I, body T, json M
//   tcp       address T ("HOST:PORT")            query     query T
//   workload  exactly one of start, stop, restart: T
//   service   name T, state T: started, stopped, restarted
//   file      path T, content T or src T, mode T, owner T; or path T, state T: absent
//   symlink   path T, to T; or path T, state T: absent
// In a plan, the undo of a file or symlink that says none has `path` and `state` "former": what was there is put back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/plan_value.h"
#include "model/plan_words.h"

namespace watchbill {

struct ConfiguredAction {
  PlanValues args;
  bool ask{false};         // on an unknown outcome a person is asked at once
  bool idempotent{false};  // exec, http: doing it twice is as good as once
  ActionKind kind{ActionKind::exec};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("args", &ConfiguredAction::args), field("ask", &ConfiguredAction::ask),
              field("idempotent", &ConfiguredAction::idempotent), field("kind", &ConfiguredAction::kind));
  }
};

// A question that is asked at a cadence: `verify`, `verify_undo`, `wait_for`.
struct ConfiguredCheck {
  ConfiguredAction action;
  std::optional<Duration> delay;            // with `retries`: between two of them
  std::optional<Duration> for_;             // [0s] below `within`
  std::optional<Duration> interval;         // [1s] 250ms … 60s
  std::optional<std::uint32_t> retries;     // http: asked at most so often, true once, instead of for/within
  std::optional<Duration> within;           // [60s], of wait_for [10m]
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("action", &ConfiguredCheck::action),     field("delay_ms", &ConfiguredCheck::delay),
              field("for_ms", &ConfiguredCheck::for_),       field("interval_ms", &ConfiguredCheck::interval),
              field("retries", &ConfiguredCheck::retries),   field("within_ms", &ConfiguredCheck::within));
  }
};

// Of failures that are called retryable; attempt k waits min(max, initial·factor^(k−2)) + a recorded part of jitter.
struct RetryPolicy {
  std::uint32_t attempts{3};
  std::uint32_t factor{2};
  Duration initial{Duration::seconds(1)};
  Duration jitter{Duration::seconds(1)};
  Duration max{Duration::seconds(30)};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("attempts", &RetryPolicy::attempts), field("factor", &RetryPolicy::factor),
              field("initial_ms", &RetryPolicy::initial), field("jitter_ms", &RetryPolicy::jitter),
              field("max_ms", &RetryPolicy::max));
  }
};

// The step is done only when the earlier step of that name has this verdict.
struct StepCondition {
  std::string step;
  Verdict verdict{Verdict::pass};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("step", &StepCondition::step), field("verdict", &StepCondition::verdict));
  }
};

struct ConfiguredStep {
  std::vector<ConfiguredAction> actions;          // of do (1 … 8, in order), read and probe (one)
  std::vector<std::string> hosts;                 // host and group names; empty: those of the runbook
  std::string irreversible;                       // the reason; do without undo
  std::string limiter;
  std::string name;
  std::string notify_receiver;                    // notify
  std::string notify_text;
  std::optional<OnFailure> on_failure;            // [by verb]
  std::optional<RetryPolicy> retry;
  std::vector<std::string> roles;                 // approve
  std::string run;                                // run: the other runbook
  std::map<std::string, std::string> run_parameters;
  std::optional<Duration> timeout;                // [by verb]
  std::vector<ConfiguredAction> undo;
  StepVerb verb{StepVerb::do_};
  std::optional<ConfiguredCheck> verify;          // of do; the condition of wait_for
  std::optional<ConfiguredCheck> verify_undo;
  std::optional<StepCondition> when;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("actions", &ConfiguredStep::actions),
              field("hosts", &ConfiguredStep::hosts),
              field("irreversible", &ConfiguredStep::irreversible),
              field("limiter", &ConfiguredStep::limiter),
              field("name", &ConfiguredStep::name),
              field("notify_receiver", &ConfiguredStep::notify_receiver),
              field("notify_text", &ConfiguredStep::notify_text),
              field("on_failure", &ConfiguredStep::on_failure),
              field("retry", &ConfiguredStep::retry),
              field("roles", &ConfiguredStep::roles),
              field("run", &ConfiguredStep::run),
              field("run_parameters", &ConfiguredStep::run_parameters),
              field("timeout_ms", &ConfiguredStep::timeout),
              field("undo", &ConfiguredStep::undo),
              field("verb", &ConfiguredStep::verb),
              field("verify", &ConfiguredStep::verify),
              field("verify_undo", &ConfiguredStep::verify_undo),
              field("when", &ConfiguredStep::when));
  }
};

}  // namespace watchbill
