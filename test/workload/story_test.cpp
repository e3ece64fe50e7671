// Stories of operators: order of start and stop, failures of others, restarts by hand, reloads, adoption.
#include <functional>

#include "core/workload/orders.h"
#include "core/workload/view.h"
#include "workload/supervised.h"

namespace watchbill::core::workload::testing {
namespace {

WorkloadsConfiguration two(const std::function<void(WorkloadConfiguration& db, WorkloadConfiguration& web)>& change = {}) {
  WorkloadsConfiguration bill;
  bill.workloads["db"] = program("db");
  bill.workloads["web"] = program("web");
  bill.workloads["web"].requirements["db"] = DependencyCondition::ready;
  if (change) change(bill.workloads["db"], bill.workloads["web"]);
  return bill;
}

TEST(start_order, a_dependent_waits_until_its_dependency_is_ready) {
  Supervised world(two([](auto& db, auto&) { db.ready = ProbeConfiguration{}; }));
  world.bring_up("db");
  EXPECT_EQ(world.state_of("db"), WorkloadState::running);
  EXPECT_EQ(world.state_of("web"), WorkloadState::pending);
  world.probe("db", ProbeRole::ready, ProbeHealth::up);
  EXPECT_EQ(world.state_of("web"), WorkloadState::starting);
  EXPECT_EQ(world.take_order("web")->incarnation, 1U);
}

TEST(start_order, a_failed_dependency_blocks_and_its_return_unblocks) {
  Supervised world(two([](auto& db, auto&) { db.ready = ProbeConfiguration{}; }));
  world.bring_up("db");
  world.exited("db", 1);
  world.settled("db", 1, WorkloadState::failed, WorkloadReason::restart_budget_exhausted);
  EXPECT_EQ(world.state_of("web"), WorkloadState::blocked);
  EXPECT_EQ(world["web"].detail, "db");
  EXPECT_EQ(world.person(StartWorkload{"", "web"}), Refusal::dependency_failed);
  ASSERT_FALSE(world.person(StartWorkload{"mended", "db"}));
  EXPECT_EQ(world.state_of("web"), WorkloadState::pending);
  EXPECT_TRUE(world.take_order("db")->resets_budget);
}

TEST(siblings, a_sibling_keeps_its_incarnation_while_the_other_restarts_three_times) {
  WorkloadsConfiguration bill;
  bill.workloads["a"] = program("a");
  bill.workloads["b"] = program("b");
  Supervised world(bill);
  world.bring_up("a");
  world.bring_up("b");
  for (std::uint64_t incarnation = 1; incarnation <= 3; ++incarnation) {
    world.exited("a", incarnation);
    world.restarted("a", incarnation);
    world.started("a", incarnation + 1, true);
  }
  EXPECT_EQ(world["a"].incarnation, 4U);
  EXPECT_EQ(world["b"].incarnation, 1U);
  EXPECT_EQ(world["b"].order.number, 1U);
}

TEST(by_hand, a_restart_spends_no_budget_and_names_who_asked) {
  Supervised world(two());
  world.bring_up("db");
  for (std::uint64_t n = 1; n <= 20; ++n) {
    ASSERT_FALSE(world.person(RestartWorkload{"tuning", "db"})) << n;
    const auto order = world.take_order("db");
    ASSERT_TRUE(order);
    EXPECT_EQ(order->directive, OrderDirective::restart);
    EXPECT_EQ(order->reason, WorkloadReason::by_operator);
    world.exited("db", n, WorkloadReason::cancelled);
    world.started("db", n + 1);
    EXPECT_EQ(world.state_of("db"), WorkloadState::running);
  }
  EXPECT_EQ(world["db"].incarnation, 21U);
  EXPECT_EQ(restarts_in_window(world["db"], world.state().progress.time), 0U);
  world.exited("db", 21);
  world.restarted("db", 21);
  EXPECT_EQ(restarts_in_window(world["db"], world.state().progress.time), 1U);
}

TEST(by_hand, a_stopped_workload_stays_stopped_over_a_new_epoch_and_a_reload) {
  Supervised world(two());
  world.bring_up("db");
  ASSERT_FALSE(world.person(StopWorkload{"maintenance", "db"}));
  world.take_order("db");
  world.settled("db", 1, WorkloadState::stopped, WorkloadReason::cancelled);
  StartEpoch epoch;
  epoch.state_format = core::state_format;
  ASSERT_FALSE(world.policy(epoch));
  world.configure(two([](auto&, auto& web) { web.kind = "shop"; }));
  EXPECT_EQ(world.state_of("db"), WorkloadState::stopped);
  EXPECT_EQ(status_of(world["db"]), Status::ok);
  EXPECT_EQ(world.person(StopWorkload{"", "db"}), Refusal::not_running);
}

TEST(by_hand, a_stop_that_races_with_a_restart_by_the_keeper_still_stops) {
  Supervised world(two());
  world.bring_up("db");
  ASSERT_FALSE(world.person(StopWorkload{"", "db"}));
  // The keeper had answered a crash before our stop of incarnation 1 came.
  world.exited("db", 1);
  world.restarted("db", 1);
  world.started("db", 2, true);
  EXPECT_EQ(world.state_of("db"), WorkloadState::stopping);
  world.take_order("db", "not_running", 2);
  const auto again = world.take_order("db");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->directive, OrderDirective::stop);
  EXPECT_EQ(again->incarnation, 2U);
  world.settled("db", 2, WorkloadState::stopped, WorkloadReason::cancelled);
  EXPECT_EQ(world.state_of("db"), WorkloadState::stopped);
}

TEST(groups, a_group_restarts_in_the_order_of_its_dependencies) {
  Supervised world(two([](auto& db, auto& web) { db.group = web.group = "shop"; }));
  world.bring_up("db");
  world.bring_up("web");
  ASSERT_FALSE(world.person(RestartWorkload{"", "group:shop"}));
  EXPECT_FALSE(world.take_order("db")) << "the dependency goes down last";
  EXPECT_EQ(world.take_order("web")->directive, OrderDirective::stop);
  world.settled("web", 1, WorkloadState::stopped, WorkloadReason::cancelled);
  EXPECT_EQ(world.state_of("web"), WorkloadState::pending);
  EXPECT_EQ(world.take_order("db")->directive, OrderDirective::restart);
  world.started("db", 2);
  EXPECT_EQ(world.take_order("web")->incarnation, 2U);
}

TEST(closing, stops_in_reverse_order_and_hastens_at_the_deadline) {
  Supervised world(two());
  world.bring_up("db");
  world.bring_up("web");
  ASSERT_FALSE(world.person(CloseWorkloads{"serve --stop-workloads"}));
  EXPECT_EQ(world.state_of("web"), WorkloadState::stopping);
  EXPECT_EQ(world.state_of("db"), WorkloadState::running);
  EXPECT_EQ(world.person(StartWorkload{"", "web"}), Refusal::supervisor_closing);
  world.take_order("web");
  world.wait(Duration::seconds(90));
  EXPECT_EQ(world.take_order("web")->reason, WorkloadReason::deadline);
  EXPECT_EQ(world.take_order("db")->reason, WorkloadReason::deadline);
  world.settled("web", 1, WorkloadState::stopped, WorkloadReason::deadline);
  world.settled("db", 1, WorkloadState::stopped, WorkloadReason::deadline);
  EXPECT_EQ(world.state_of("db"), WorkloadState::stopped);
  // The next controller starts what this one closed.
  StartEpoch epoch;
  epoch.state_format = core::state_format;
  ASSERT_FALSE(world.policy(epoch));
  EXPECT_EQ(world.state_of("db"), WorkloadState::starting);
}

TEST(reload, a_changed_program_drifts_until_it_is_restarted) {
  Supervised world(two());
  world.bring_up("db");
  world.configure(two([](auto& db, auto&) { db.command = {"db", "--new"}; }));
  const auto renewed = world.take_order("db");
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->directive, OrderDirective::keep);
  EXPECT_TRUE(is_drifted(world["db"]));
  EXPECT_EQ(world["db"].incarnation, 1U);
  ASSERT_FALSE(world.person(RestartWorkload{"", "db"}));
  world.take_order("db");
  world.started("db", 2);
  EXPECT_FALSE(is_drifted(world["db"]));
}

TEST(reload, on_change_restart_restarts_and_other_changes_do_not) {
  Supervised world(two([](auto& db, auto&) { db.on_change = OnChange::restart; }));
  world.bring_up("db");
  world.configure(two([](auto& db, auto&) {
    db.on_change = OnChange::restart;
    db.stop.grace = Duration::seconds(1);
  }));
  EXPECT_EQ(world.take_order("db")->directive, OrderDirective::keep);
  world.configure(two([](auto& db, auto&) {
    db.on_change = OnChange::restart;
    db.stop.grace = Duration::seconds(1);
    db.command = {"other"};
  }));
  EXPECT_EQ(world.take_order("db")->directive, OrderDirective::restart);
}

TEST(reload, a_removed_workload_is_stopped_forgotten_and_archived) {
  Supervised world(two());
  world.bring_up("db");
  WorkloadsConfiguration bill;
  bill.workloads["web"] = program("web");
  world.configure(bill);
  EXPECT_EQ(world.take_order("db")->directive, OrderDirective::stop);
  world.settled("db", 1, WorkloadState::stopped, WorkloadReason::cancelled);
  EXPECT_EQ(world.take_order("db")->directive, OrderDirective::forget);
  EXPECT_FALSE(world.state().workload.workloads.contains("db"));
  EXPECT_EQ(world.person(StartWorkload{"", "db"}), Refusal::unknown_workload);
}

TEST(dependencies, on_dependency_restart_follows_and_ignore_does_not) {
  for (const bool follows : {false, true}) {
    Supervised world(two([&](auto&, auto& web) {
      if (follows) web.on_dependency_restart = OnDependencyRestart::restart;
    }));
    world.bring_up("db");
    world.bring_up("web");
    world.exited("db", 1);
    world.restarted("db", 1);
    world.started("db", 2, true);
    const auto order = world.take_order("web");
    EXPECT_EQ(order.has_value(), follows);
    if (follows) {
      EXPECT_EQ(order->reason, WorkloadReason::dependency);
    }
  }
}

TEST(adoption, what_still_runs_is_adopted_once_in_an_epoch) {
  Supervised world(two());
  world.bring_up("db");
  StartEpoch epoch;
  epoch.state_format = core::state_format;
  ASSERT_FALSE(world.policy(epoch));
  static_cast<void>(world.told());
  world.snapshot({"db"});
  EXPECT_EQ(world.told(), "WorkloadAdopted db");
  world.snapshot({"db"});
  EXPECT_EQ(world.told(), "");
  EXPECT_EQ(world["db"].incarnation, 1U);
}

TEST(adoption, a_workload_nobody_knows_is_lost_and_waits_for_a_person) {
  Supervised world(two());
  world.bring_up("db");
  static_cast<void>(world.told());
  world.memory = "keeper-2";
  world.snapshot({});
  EXPECT_EQ(world.told(), "KeeperReplaced\nWorkloadLost db\nWorkloadStateChanged db running -> lost (exit_unseen)");
  EXPECT_EQ(world.state_of("web"), WorkloadState::starting) << "its start is still owed: it cannot be lost";
  EXPECT_FALSE(world.take_order("db")) << "nothing is started by policy";
  EXPECT_EQ(world.policy(StartWorkload{"", "db"}), Refusal::lost_needs_decision);
  ASSERT_FALSE(world.person(StartWorkload{"looked: it is gone", "db"}));
  EXPECT_EQ(world.take_order("db")->incarnation, 2U);
}

TEST(adoption, a_reboot_is_told_from_an_unseen_exit) {
  Supervised world(two());
  world.bring_up("db");
  world.memory = "keeper-2";
  world.boot = "boot-2";
  world.snapshot({});
  EXPECT_EQ(world["db"].reason, WorkloadReason::host_rebooted);
  EXPECT_EQ(world.policy(StartWorkload{"", "db"}), Refusal::lost_needs_decision);
  EXPECT_EQ(status_of(world["db"]), Status::unknown);
}

TEST(lost, on_lost_restart_starts_once_and_only_when_the_group_is_proved_empty) {
  for (const bool is_empty : {false, true}) {
    Supervised world(two([](auto& db, auto&) { db.on_lost = OnLost::restart; }));
    world.bring_up("db");
    world.settled("db", 1, WorkloadState::lost, WorkloadReason::exit_unseen);
    EXPECT_EQ(world.state_of("db"), WorkloadState::lost);
    const auto order = world.take_order("db", is_empty ? "" : "group_not_empty", 1);
    ASSERT_TRUE(order);
    EXPECT_EQ(order->incarnation, 2U);
    EXPECT_EQ(world.state_of("db"), is_empty ? WorkloadState::backoff : WorkloadState::lost);
    EXPECT_FALSE(world.take_order("db")) << "it is tried once";
  }
}

TEST(lost, what_was_asked_before_the_loss_starts_nothing_after_it) {
  Supervised world(two([](auto& db, auto& web) { db.group = web.group = "shop"; }));
  world.bring_up("db");
  world.bring_up("web");
  ASSERT_FALSE(world.person(RestartWorkload{"new release", "group:shop"}));
  ASSERT_EQ(world["db"].owed, Owed::restart) << "web goes down first";
  world.memory = "keeper-2";
  world.snapshot({});
  ASSERT_EQ(world.state_of("db"), WorkloadState::lost);
  EXPECT_EQ(world["db"].owed, Owed::nothing);
  EXPECT_FALSE(world.take_order("db")) << "whoever asked did not know that it may still run unseen";
  ASSERT_FALSE(world.person(StartWorkload{"looked: it is gone", "db"}));
  EXPECT_TRUE(world.take_order("db"));
}

TEST(lost, is_not_started_along_with_what_wants_it) {
  Supervised world(two([](auto&, auto& web) {
    web.requirements.clear();
    web.wants = {"db"};
  }));
  world.bring_up("db");
  world.bring_up("web");
  ASSERT_FALSE(world.person(StopWorkload{"", "web"}));
  world.take_order("web");
  world.settled("web", 1, WorkloadState::stopped, WorkloadReason::cancelled);
  world.settled("db", 1, WorkloadState::lost, WorkloadReason::exit_unseen);
  ASSERT_FALSE(world.person(StartWorkload{"", "web"}));
  EXPECT_EQ(world.state_of("db"), WorkloadState::lost);
  EXPECT_FALSE(world.take_order("db"));
}

TEST(holds, a_hold_with_restarts_suspends_the_standing_orders_it_covers) {
  Supervised world(two());
  world.bring_up("db");
  world.bring_up("web");
  SetHold hold;
  hold.reason = "looking";
  hold.restarts = true;
  hold.scope = "workload/db";
  ASSERT_FALSE(world.person(hold));
  EXPECT_TRUE(world.take_order("db")->is_suspended);
  EXPECT_FALSE(world.take_order("web"));
  ReleaseHold release;
  release.scope = "workload/db";
  ASSERT_FALSE(world.policy(release));
  EXPECT_FALSE(world.take_order("db")->is_suspended);
}

SetHold hold_all() {
  SetHold hold;
  hold.reason = "looking";
  hold.restarts = true;
  hold.scope = "all";
  return hold;
}

ReleaseHold release_all() {
  ReleaseHold release;
  release.scope = "all";
  return release;
}

TEST(holds, what_crashed_under_a_hold_comes_up_when_it_is_released) {
  struct Case {
    RestartPolicy policy;
    WorkloadState ended;
    WorkloadReason reason;
    bool comes_up;
  };
  for (const Case& each : {Case{RestartPolicy::on_failure, WorkloadState::failed, WorkloadReason::exit, true},
                           Case{RestartPolicy::on_failure, WorkloadState::failed, WorkloadReason::liveness, true},
                           Case{RestartPolicy::always, WorkloadState::completed, WorkloadReason::exit, true},
                           Case{RestartPolicy::on_failure, WorkloadState::completed, WorkloadReason::exit, false},
                           Case{RestartPolicy::on_failure, WorkloadState::failed, WorkloadReason::start_failed, false},
                           Case{RestartPolicy::never, WorkloadState::failed, WorkloadReason::exit, false}}) {
    Supervised world(two([&](auto& db, auto&) { db.restart.policy = each.policy; }));
    world.bring_up("db");
    ASSERT_FALSE(world.person(hold_all()));
    world.take_order("db");
    world.exited("db", 1);
    world.settled("db", 1, each.ended, each.reason);
    EXPECT_FALSE(world.take_order("db")) << "the hold holds";
    ASSERT_FALSE(world.policy(release_all()));
    const auto order = world.take_order("db");
    EXPECT_EQ(order.has_value(), each.comes_up) << word(each.policy) << " " << word(each.reason);
    if (!order) continue;
    EXPECT_EQ(order->incarnation, 2U);
    EXPECT_FALSE(order->is_suspended);
    EXPECT_EQ(world.state_of("db"), WorkloadState::starting);
  }
}

TEST(holds, what_had_failed_before_a_hold_stays_down_after_it) {
  Supervised world(two());
  world.bring_up("db");
  world.exited("db", 1);
  world.settled("db", 1, WorkloadState::failed, WorkloadReason::restart_budget_exhausted);
  ASSERT_FALSE(world.person(hold_all()));
  ASSERT_FALSE(world.policy(release_all()));
  EXPECT_FALSE(world.take_order("db"));
  EXPECT_EQ(world.state_of("db"), WorkloadState::failed);
}

TEST(instances, each_has_its_own_state_and_a_dependency_means_all) {
  Supervised world(two([](auto& db, auto&) { db.instances = 2; }));
  world.bring_up("db@1");
  EXPECT_EQ(world.state_of("web"), WorkloadState::pending);
  world.bring_up("db@2");
  EXPECT_EQ(world.state_of("web"), WorkloadState::starting);
  ASSERT_FALSE(world.person(StopWorkload{"", "db"}));
  EXPECT_EQ(world.state_of("db@1"), WorkloadState::stopping);
  EXPECT_EQ(world.state_of("db@2"), WorkloadState::stopping);
}

TEST(reports, one_told_twice_is_recorded_once) {
  Supervised world(two());
  world.bring_up("db");
  NoteExited note;
  note.told.incarnation = 1;
  note.told.report = world.next_report();
  note.told.value = 1;
  note.told.workload = "db";
  ASSERT_FALSE(world.policy(note));
  EXPECT_EQ(world.told().substr(0, 7).empty(), false);
  ASSERT_FALSE(world.policy(note));
  EXPECT_EQ(world.told(), "");
}

TEST(reports, nobody_but_the_agent_may_report) {
  Supervised world(two());
  EXPECT_EQ(world.person(NoteOrder{0, 1, "", "db"}), Refusal::role_missing);
}

}  // namespace
}  // namespace watchbill::core::workload::testing
