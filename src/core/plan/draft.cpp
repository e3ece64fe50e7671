#include "core/plan/draft.h"

namespace watchbill::core::plan {

void Draft::grants(const std::string& target) {
  const std::uint64_t fence = deciding_.target(target).fence + 1;
  moves(target, fence, id_);
  deciding_.decided.events.push_back(LockGranted{fence, id_, target});
}

void Draft::releases(const std::string& target) {
  const std::uint64_t fence = deciding_.target(target).fence;
  moves(target, fence, "");
  deciding_.decided.events.push_back(LockReleased{fence, id_, target});
}

void Draft::takes_over(const std::string& target) {
  const std::uint64_t fence = deciding_.target(target).fence + 1;
  moves(target, fence, id_);
  const LeaseTakenOver event{fence, id_, target};
  evolve(run_, plan_, event, at());
  deciding_.decided.events.push_back(event);
}

std::string Draft::covering_hold() const {
  for (const std::string& scope : {std::string("all"), "run/" + id_, "binding/" + run_.binding})
    if (facts().is_held(scope)) return scope;
  for (const std::string& target : plan_.targets)
    if (facts().is_held(target)) return target;
  return {};
}

}  // namespace watchbill::core::plan
