// Every state meets every command: each cell is what happened, or the refusal by name. The golden is read by people.
#include <fstream>
#include <functional>
#include <sstream>

#include "places.h"
#include "workload/supervised.h"

namespace watchbill::core::workload::testing {
namespace {

WorkloadsConfiguration shop() {
  WorkloadsConfiguration bill;
  bill.workloads["db"] = program("db");
  bill.workloads["web"] = program("web");
  bill.workloads["web"].requirements["db"] = DependencyCondition::started;
  bill.workloads["web"].started = bill.workloads["web"].live = bill.workloads["web"].ready = ProbeConfiguration{};
  return bill;
}

void reach(Supervised& world, WorkloadState wanted) {
  if (wanted == WorkloadState::pending) return;
  if (wanted == WorkloadState::blocked) return static_cast<void>(world.take_order("db", "user_required"));
  world.bring_up("db");
  world.bring_up("web");
  if (wanted == WorkloadState::starting) return;
  world.probe("web", ProbeRole::started, ProbeHealth::up);
  if (wanted == WorkloadState::running) return;
  if (wanted == WorkloadState::stopping || wanted == WorkloadState::stopped) {
    ASSERT_FALSE(world.person(StopWorkload{"", "web"}));
    world.take_order("web");
    if (wanted == WorkloadState::stopping) return;
  }
  world.exited("web", 1);
  if (wanted == WorkloadState::backoff) return world.restarted("web", 1);
  const WorkloadReason reason = wanted == WorkloadState::stopped ? WorkloadReason::cancelled
                                : wanted == WorkloadState::lost  ? WorkloadReason::exit_unseen
                                                                 : WorkloadReason::exit;
  world.settled("web", 1, wanted, reason);
}

struct Move {
  std::string name;
  std::function<std::optional<Refusal>(Supervised&)> make;
};

Move quiet(std::string name, std::function<void(Supervised&)> make) {
  return {std::move(name), [make = std::move(make)](Supervised& world) {
            make(world);
            return std::optional<Refusal>();
          }};
}

Move settles(WorkloadState state, WorkloadReason reason) {
  return quiet("settled " + std::string(word(state)) + " " + std::string(word(reason)), [state, reason](Supervised& world) {
    world.settled("web", world["web"].incarnation, state, reason);
  });
}

Move health(ProbeRole role, ProbeHealth health) {
  return quiet(std::string(word(role)) + " " + std::string(word(health)),
               [role, health](Supervised& world) { world.probe("web", role, health); });
}

std::vector<Move> moves() {
  return {
      {"start by a person", [](Supervised& world) { return world.person(StartWorkload{"", "web"}); }},
      {"start by policy", [](Supervised& world) { return world.policy(StartWorkload{"", "web"}); }},
      {"stop by a person", [](Supervised& world) { return world.person(StopWorkload{"", "web"}); }},
      {"restart by a person", [](Supervised& world) { return world.person(RestartWorkload{"", "web"}); }},
      {"restart by policy", [](Supervised& world) { return world.policy(RestartWorkload{"", "web"}); }},
      {"close", [](Supervised& world) { return world.person(CloseWorkloads{""}); }},
      quiet("order taken", [](Supervised& world) { world.take_order("web"); }),
      quiet("order refused not_running", [](Supervised& world) { world.take_order("web", "not_running"); }),
      quiet("started next", [](Supervised& world) { world.started("web", world["web"].incarnation + 1, true); }),
      quiet("started again", [](Supervised& world) { world.started("web", world["web"].incarnation); }),
      quiet("exited", [](Supervised& world) { world.exited("web", world["web"].incarnation); }),
      quiet("exited for liveness",
            [](Supervised& world) { world.exited("web", world["web"].incarnation, WorkloadReason::liveness); }),
      quiet("restart decided", [](Supervised& world) { world.restarted("web", world["web"].incarnation); }),
      settles(WorkloadState::stopped, WorkloadReason::cancelled),
      settles(WorkloadState::completed, WorkloadReason::exit),
      settles(WorkloadState::failed, WorkloadReason::hang),
      settles(WorkloadState::failed, WorkloadReason::restart_budget_exhausted),
      settles(WorkloadState::lost, WorkloadReason::exit_unseen),
      settles(WorkloadState::stopping, WorkloadReason::unkillable),
      quiet("hung", [](Supervised& world) {
        NoteHung note;
        note.told.incarnation = world["web"].incarnation;
        note.told.silence = note.told.limit = Duration::seconds(90);
        note.told.report = world.next_report();
        note.told.workload = "web";
        EXPECT_FALSE(world.policy(note));
      }),
      health(ProbeRole::started, ProbeHealth::up),
      health(ProbeRole::started, ProbeHealth::down),
      health(ProbeRole::live, ProbeHealth::down),
      health(ProbeRole::ready, ProbeHealth::up),
      quiet("keeper has it", [](Supervised& world) { world.snapshot({"db", "web"}); }),
      quiet("keeper has it not", [](Supervised& world) { world.snapshot({"db"}); }),
      quiet("dependency fails", [](Supervised& world) {
        world.exited("db", world["db"].incarnation);
        world.settled("db", world["db"].incarnation, WorkloadState::failed, WorkloadReason::exit);
      }),
  };
}

TEST(path_walk, every_state_meets_every_command) {
  std::string walked;
  for (std::size_t i = 0; i < Words<WorkloadState>::table.size(); ++i) {
    const auto state = static_cast<WorkloadState>(i);
    walked += "== " + std::string(word(state)) + "\n";
    for (const Move& move : moves()) {
      Supervised world(shop());
      reach(world, state);
      ASSERT_EQ(word(world.state_of("web")), word(state)) << "the way there no longer leads there\n" << world.told();
      static_cast<void>(world.told());
      const auto refusal = move.make(world);
      std::string told = world.told();
      for (std::size_t at = 0; (at = told.find('\n', at)) != std::string::npos; at += 2) told.replace(at, 1, "\n  ");
      walked += move.name + "\n  " +
                (refusal        ? "refused " + std::string(word(*refusal))
                 : told.empty() ? "nothing new"
                                : told) +
                "\n";
    }
  }
  std::ifstream file(in_test_data("workload/path_walk.txt"));
  std::stringstream golden;
  golden << file.rdbuf();
  if (golden.str() == walked) return;
  std::ofstream(in_build("path_walk.txt")) << walked;
  ADD_FAILURE() << "the walk differs from test/data/workload/path_walk.txt; this one is in " << in_build("path_walk.txt");
}

}  // namespace
}  // namespace watchbill::core::workload::testing
