#include "attendant/judge.h"

#include <sys/wait.h>

namespace watchbill::attendant {

Phase phase_of(const UnitFacts& facts) noexcept {
  if (facts.active_state == "active" || facts.active_state == "reloading") return Phase::up;
  if (facts.active_state == "deactivating") return Phase::leaving;
  const bool is_down = facts.active_state == "inactive" || facts.active_state == "failed";
  return is_down && !facts.has_job ? Phase::ended : Phase::coming;
}

Ending ending_of(const UnitFacts& facts) {
  const bool was_killed = facts.main_code == CLD_KILLED || facts.main_code == CLD_DUMPED;
  if (facts.result == "success" && facts.active_state != "failed") return {0, 0, "it ended as its unit file wants it"};
  if (was_killed && facts.main_status > 0)
    return {0, facts.main_status, "it failed: " + facts.result + ", signal " + std::to_string(facts.main_status)};
  if (facts.main_code == CLD_EXITED && facts.main_status > 0 && facts.main_status <= 255)
    return {facts.main_status, 0, "it failed: " + facts.result + ", exit code " + std::to_string(facts.main_status)};
  return {1, 0, "it failed: " + facts.result};
}

}  // namespace watchbill::attendant
