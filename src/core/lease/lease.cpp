#include "core/lease/lease.h"

namespace watchbill::core::lease {
namespace {

Target& raised(State& state, const std::string& name, std::uint64_t fence) {
  Target& target = state.targets.edit_or_insert(name);
  WB_ASSERT(fence > target.fence, "every grant and takeover gives a higher fence");
  target.fence = fence;
  return target;
}

}  // namespace

void apply(State& state, const LockGranted& event, const Applying& applying) {
  Target& target = raised(state, event.target, event.fence);
  target.run = event.run;
  target.since = applying.at;
}

void apply(State& state, const LockReleased& event, const Applying& applying) {
  Target& target = state.targets.edit(event.target);
  WB_ASSERT(target.run == event.run, "only its holder releases a target");
  target.run.clear();
  target.since = applying.at;
}

void apply(State& state, const LeaseTakenOver& event, const Applying&) {
  const Target& target = raised(state, event.target, event.fence);
  WB_ASSERT(target.run == event.run, "another controller takes over the same run, never another one");
}

// Nothing was done, and nothing changes: whoever sent it has been replaced.
void apply(State&, const StaleFenceRefused&, const Applying&) {}

void raise_fences(State& state, std::uint64_t by) {
  std::vector<std::string> names;
  state.targets.each([&](const std::string& name, const Target&) {
    names.push_back(name);
    return true;
  });
  for (const std::string& name : names) state.targets.edit(name).fence += by;
}

}  // namespace watchbill::core::lease
