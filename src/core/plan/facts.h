// What area plan may know of the others when it decides; filled by core/facts.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/time.h"

namespace watchbill::core::plan {

// A target as area lease knows it: 0 and free before its first grant.
struct TargetFact {
  std::uint64_t fence{0};  // the last one that was given out
  std::string run;         // whose it is; empty: free
};

struct Facts {
  bool actor_is_engine{false};
  bool actor_may_run{false};      // role operator
  bool actor_may_approve{false};  // role approver
  bool actor_is_admin{false};     // has every role that a plan may ask for
  // Whether this very scope is held: "all", "run/ID", "binding/NAME", or a target. A hold that limits set on a binding stops new
  // runs of it, not those under way, and does not count here.
  std::function<bool(const std::string& scope)> is_held;
  std::function<TargetFact(const std::string& target)> target;
  std::size_t targets_known{0};
  std::string keeper;             // keeper_name() of this host's, as it was found last; empty: none was
  Instant last_record_at;         // before the one that is decided now: until then the controller before was alive
};

}  // namespace watchbill::core::plan
