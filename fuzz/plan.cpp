// depends: wb_core_plan
// Any bytes as a plan: what is read is exactly what would be written again, and every function on it ends within its bounds.
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "base/json.h"
#include "core/plan/evolve.h"
#include "core/plan/owed.h"
#include "core/plan/resolution.h"
#include "model/codec.h"

using namespace watchbill;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Limits limits;
  PlanValue value;
  // Canonical text is UTF-8: its reader leaves that to the digest of the record it came from.
  if (find_invalid_utf8(bytes) == std::string_view::npos && from_canonical_text(bytes, value)) {
    PlanValue again;
    WB_ASSERT(from_canonical_text(canonical_text(value), again) && again == value, "what is written is read back");
  }
  const std::optional<Plan> plan = read_plan(bytes, limits);
  if (!plan) return 0;
  WB_ASSERT(plan_bytes(*plan) == bytes, "a plan that was read has the same bytes");
  const core::plan::Run run = core::plan::run_from(PlanProposed{}, *plan, Instant{});
  WB_ASSERT(run.steps.size() == plan->steps.size(), "a run has the steps of its plan");
  (void)core::plan::has_irreversible_step(*plan);
  (void)core::plan::deadline_of(run, *plan, limits);
  (void)core::plan::owed_by("run", run, *plan);
  return 0;
}
