// A named person's yes or no, to a whole plan before it starts and to going on at an `approve` step. Source: domain/rollout.md
// §5.
#include <algorithm>

#include "core/plan/course.h"
#include "core/plan/plan.h"
#include "core/plan/reports.h"
#include "core/plan/resolution.h"

namespace watchbill::core::plan {
namespace {

// The approve step at which the run waits, if it does.
std::optional<std::size_t> approve_step(const Draft& draft) {
  if (draft.run().state != RunState::running) return std::nullopt;
  const std::optional<std::size_t> index = present_step(draft.run());
  const bool waits = index && draft.plan().steps[*index].verb == StepVerb::approve &&
                     draft.progress(*index).state == StepState::acting;
  return waits ? index : std::nullopt;
}

std::optional<Refused> may_not(const Draft& draft, const std::vector<std::string>& roles, const Actor& actor) {
  if (!draft.facts().actor_may_approve) return Refused{Refusal::role_missing, "a yes or no needs the role approver"};
  const bool has_one = roles.empty() || std::any_of(roles.begin(), roles.end(), [&](const std::string& role) {
                         return has_role(actor, role);
                       });
  if (!has_one) return Refused{Refusal::role_missing, "this plan asks for the role " + roles.front()};
  if (actor.name == draft.run().requester) return Refused{Refusal::approver_is_requester, actor.name + " asked for this run"};
  return std::nullopt;
}

std::optional<Refused> approve(Draft& draft, const GiveApproval& command, const Actor& actor) {
  const std::optional<std::size_t> step = approve_step(draft);
  const bool waits_to_start = draft.run().state == RunState::awaiting_approval;
  if (draft.run().state == RunState::refused && draft.run().reason == "approval_expired")
    return Refused{Refusal::approval_expired, "the time for approving " + draft.id() + " is over"};
  if (!waits_to_start && !step) return illegal(draft, "approval");
  if (auto refused = may_not(draft, step ? draft.plan().steps[*step].roles : draft.run().approver_roles, actor)) return refused;
  if (command.plan != draft.run().plan)
    return Refused{Refusal::approval_digest_mismatch, "the plan of " + draft.id() + " is " + plan_digest_text(draft.run().plan)};
  if (waits_to_start && has_irreversible_step(draft.plan()) && !command.accept_irreversible)
    return Refused{Refusal::irreversible_needs_approval, "a step of this plan cannot be taken back"};
  const auto& given = draft.run().approved_by;
  if (std::find(given.begin(), given.end(), actor.name) != given.end()) return std::nullopt;
  draft.happens(ApprovalGiven{actor.name, command.plan, {}, step ? draft.plan().steps[*step].path : std::string()});
  if (step) {
    draft.happens(ApprovalCompleted{});
    draft.happens(StepCompleted{{}, {}, draft.plan().steps[*step].path, Verdict::pass});
    go_on(draft);
  } else if (given.size() >= draft.run().approvals) {
    draft.happens(ApprovalCompleted{});
    try_start(draft);
  }
  return std::nullopt;
}

}  // namespace

Decision decide(const State& state, const Facts& facts, const GiveApproval& command, const Context& context) {
  return decide_on(state, facts, context, command.run, [&](Draft& draft) { return approve(draft, command, context.actor); });
}

Decision decide(const State& state, const Facts& facts, const RejectApproval& command, const Context& context) {
  return decide_on(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    const std::optional<std::size_t> step = approve_step(draft);
    if (draft.run().state != RunState::awaiting_approval && !step) return illegal(draft, "rejection");
    if (!facts.actor_may_approve) return Refused{Refusal::role_missing, "a yes or no needs the role approver"};
    if (command.reason.empty()) return Refused{Refusal::note_required, "a rejection needs a reason"};
    draft.happens(ApprovalRejected{context.actor.name, command.reason, {}});
    if (step) {
      fail_step(draft, *step, "approval_rejected");
    } else {
      draft.happens(PlanRefused{"approval_rejected", {}});
      give_back(draft);
    }
    return std::nullopt;
  });
}

Decision decide(const State& state, const Facts& facts, const WithdrawApproval& command, const Context& context) {
  return decide_on(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    const RunState now = draft.run().state;
    if (now != RunState::awaiting_approval && now != RunState::queued) return illegal(draft, "withdrawal");
    const auto& given = draft.run().approved_by;
    if (std::find(given.begin(), given.end(), context.actor.name) == given.end())
      return Refused{Refusal::nothing_to_answer, context.actor.name + " has not approved " + draft.id()};
    draft.happens(ApprovalWithdrawn{context.actor.name, {}});
    return std::nullopt;
  });
}

}  // namespace watchbill::core::plan
