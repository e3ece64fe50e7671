// A plan: a runbook resolved for one occasion, immutable, named by the digest of its canonical bytes (domain/plans.md §1). Run
// id, requester, time and cause are not in it: the same work has the same digest.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "model/configuration_runbook.h"
#include "model/ids.h"
#include "model/limits.h"

namespace watchbill {

// One action of a step, ready but for its late values.
struct PlanAction {
  PlanValues args;
  Capability capability{Capability::mutate};
  bool idempotent{false};
  ActionKind kind{ActionKind::exec};
  UnknownPolicy policy{UnknownPolicy::resend_same_key};
  std::string target;  // what it changes, KIND/NAME; empty unless it mutates
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("args", &PlanAction::args),     field("capability", &PlanAction::capability),
              field("idempotent", &PlanAction::idempotent), field("kind", &PlanAction::kind),
              field("policy", &PlanAction::policy), field("target", &PlanAction::target));
  }
};

// A question that is asked at a cadence (domain/plans.md §3.2). With `retries`: at most so often, `delay` apart, true once.
struct PlanCheck {
  PlanValues args;
  std::optional<Duration> delay;
  Duration for_;
  Duration interval{Duration::seconds(1)};
  ActionKind kind{ActionKind::query};
  std::optional<std::uint32_t> retries;
  Duration within{Duration::seconds(60)};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("args", &PlanCheck::args),         field("delay_ms", &PlanCheck::delay),
              field("for_ms", &PlanCheck::for_),       field("interval_ms", &PlanCheck::interval),
              field("kind", &PlanCheck::kind),         field("retries", &PlanCheck::retries),
              field("within_ms", &PlanCheck::within));
  }
};

struct PlanUndo {
  std::vector<PlanAction> actions;
  template <class To> static constexpr auto fields(To&& to) { return to(field("actions", &PlanUndo::actions)); }
};

struct PlanNotice {
  std::string receiver;
  std::string text;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("receiver", &PlanNotice::receiver), field("text", &PlanNotice::text));
  }
};

// One step, or with `host` the part of one step on one host. Nested runbooks are inlined: their steps stand here.
struct PlanStep {
  std::vector<PlanAction> actions;
  std::string host;          // empty: the controller's own
  std::string irreversible;  // the reason; then there is no undo
  std::string limiter;
  std::string name;
  std::optional<PlanNotice> notify;
  OnFailure on_failure{OnFailure::rollback};
  std::string path;          // "2", "2.1", "2@web-01"
  std::optional<RetryPolicy> retry;
  std::vector<std::string> roles;
  std::optional<Duration> timeout;
  std::optional<PlanUndo> undo;
  StepVerb verb{StepVerb::do_};
  std::optional<PlanCheck> verify;
  std::optional<PlanCheck> verify_undo;
  std::optional<StepCondition> when;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("actions", &PlanStep::actions),       field("host", &PlanStep::host),
              field("irreversible", &PlanStep::irreversible), field("limiter", &PlanStep::limiter),
              field("name", &PlanStep::name),             field("notify", &PlanStep::notify),
              field("on_failure", &PlanStep::on_failure), field("path", &PlanStep::path),
              field("retry", &PlanStep::retry),           field("roles", &PlanStep::roles),
              field("timeout_ms", &PlanStep::timeout),    field("undo", &PlanStep::undo),
              field("verb", &PlanStep::verb),             field("verify", &PlanStep::verify),
              field("verify_undo", &PlanStep::verify_undo), field("when", &PlanStep::when));
  }
};

enum class PlanKind : std::uint8_t { runbook, rollout, drill, rehearsal, protocol };
template <>
struct Words<PlanKind> {
  static constexpr std::array<std::string_view, 5> table{"runbook", "rollout", "drill", "rehearsal", "protocol"};
};

inline constexpr std::string_view plan_schema = "watchbill/plan/v1";

struct Plan {
  PlanKind kind{PlanKind::runbook};
  Duration longest;  // the sum over all steps of timeout + within
  std::string name;
  OnFailure on_failure{OnFailure::rollback};
  std::map<std::string, std::string> parameters;
  std::string schema{plan_schema};
  std::vector<PlanStep> steps;
  std::vector<std::string> targets;  // sorted, each once
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("kind", &Plan::kind),             field("longest_ms", &Plan::longest), field("name", &Plan::name),
              field("on_failure", &Plan::on_failure), field("parameters", &Plan::parameters),
              field("schema", &Plan::schema),         field("steps", &Plan::steps), field("targets", &Plan::targets));
  }
};

// The canonical bytes of a plan; its digest is their SHA-256.
[[nodiscard]] std::string plan_bytes(const Plan& plan);
// The digest as people see it: "sha256:" and 64 hex digits.
[[nodiscard]] std::string plan_digest_text(const Digest& digest);

// Reads canonical bytes; nothing when they are not those of a plan of this schema within `limits`. Reading and writing again
// gives the same bytes, or it would not be read.
[[nodiscard]] std::optional<Plan> read_plan(std::string_view bytes, const Limits& limits);

// The step at a path, or null.
[[nodiscard]] const PlanStep* find_step(const Plan& plan, std::string_view path) noexcept;

}  // namespace watchbill
