#include "model/plan.h"

#include "model/codec.h"

namespace watchbill {

std::string plan_bytes(const Plan& plan) { return canonical_text(plan); }

std::string plan_digest_text(const Digest& digest) { return "sha256:" + digest.hex(); }

std::optional<Plan> read_plan(std::string_view bytes, const Limits& limits) {
  if (bytes.size() > limits.plan_bytes_max) return std::nullopt;
  Plan plan;
  plan.schema.clear();
  if (!from_canonical_text(bytes, plan) || plan.schema != plan_schema) return std::nullopt;
  if (plan.steps.size() > limits.plan_parts_max || plan_bytes(plan) != bytes) return std::nullopt;
  return plan;
}

const PlanStep* find_step(const Plan& plan, std::string_view path) noexcept {
  for (const PlanStep& step : plan.steps)
    if (step.path == path) return &step;
  return nullptr;
}

}  // namespace watchbill
