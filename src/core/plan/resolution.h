// From a runbook to a plan: pure. Source: domain/plans.md §1 and §3.
#pragma once

#include <map>
#include <string>

#include "model/configuration_binding.h"
#include "model/labels.h"
#include "model/limits.h"
#include "model/plan.h"
#include "model/refusal.h"

namespace watchbill::core::plan {

// What a plan is made for.
struct Occasion {
  std::string runbook;
  std::map<std::string, std::string> parameters;  // given by the caller
  Labels labels;                                   // of the alert: a parameter that is not given takes the label of its name
  bool is_rollback{false};                         // it has no rollback of its own: `rollback` becomes `hold`
};

// The plan, or the first of: unknown_runbook, unknown_parameter, parameter_missing, parameter_invalid, template_failed,
// unknown_capture, nesting_too_deep, plan_cycle, too_many_steps, no_target, plan_too_large, plan_too_slow, not_yet_supported.
// First means by this order, not by place in the runbook.
[[nodiscard]] Result<Plan, Refused> resolve(const RunbookConfiguration& configuration, const Occasion& occasion,
                                            const Limits& limits);

// True when a step of the plan cannot be taken back.
[[nodiscard]] bool has_irreversible_step(const Plan& plan) noexcept;

}  // namespace watchbill::core::plan
