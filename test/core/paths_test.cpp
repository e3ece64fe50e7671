// Every path through the areas control, route and access: what each command gives in each state, read as text by a person.
#include <gtest/gtest.h>

#include <span>

#include "core/path_walk.h"

namespace watchbill::core {
namespace {

const Actor viewer = caller("viewer", {"viewer"});
const Actor oper = caller("operator", {"operator"});
const Actor approver = caller("approver", {"approver"});
const Actor admin = caller("admin", {"admin"});
const Actor driver = engine_actor("notify");

TEST(reactions, what_links_the_areas_is_this_table_and_nothing_else) { expect_golden("reactions.golden", reaction_map()); }

TEST(reactions, the_table_is_ordered_by_event_then_command) {
  const auto rows = reactions();
  for (std::size_t i = 1; i < rows.size(); ++i)
    EXPECT_LT(std::pair(rows[i - 1].type, rows[i - 1].command), std::pair(rows[i].type, rows[i].command));
}

SetHold hold(std::string scope, std::string reason = "disks") { return SetHold{std::move(reason), false, std::move(scope)}; }

void control_cells(PathWalk& walk) {
  for (const Actor& actor : {viewer, oper, approver}) {
    walk.cell(actor, "set all", hold("all"));
    walk.cell(actor, "set binding/WebDown", hold("binding/WebDown"));
    walk.cell(actor, "release all", ReleaseHold{"done", "all"});
    walk.cell(actor, "release binding/WebDown", ReleaseHold{"done", "binding/WebDown"});
  }
}

TEST(paths, control) {
  PathWalk walk;
  walk.section("no hold");
  control_cells(walk);
  walk.cell(admin, "set all", hold("all"));
  walk.cell(admin, "release all", ReleaseHold{"done", "all"});
  walk.cell(driver, "set all", hold("all"));

  walk.section("binding/WebDown is held");
  walk.prepare(oper, hold("binding/WebDown"));
  control_cells(walk);

  walk.section("binding/WebDown and all are held");
  walk.prepare(oper, hold("all", "power"));
  control_cells(walk);

  walk.section("all is held");
  walk.prepare(approver, ReleaseHold{"done", "binding/WebDown"});
  control_cells(walk);
  walk.cell(admin, "release all without a reason", ReleaseHold{"", "all"});

  walk.section("arguments");
  walk.prepare(approver, ReleaseHold{"done", "all"});
  for (const std::string scope : {"", "everything", "/WebDown", "binding/", "/", "ALL", "binding/a/b"}) {
    walk.cell(oper, "set \"" + scope + "\"", hold(scope));
    walk.cell(approver, "release \"" + scope + "\"", ReleaseHold{"done", scope});
  }
  walk.cell(oper, "set all without a reason", hold("all", ""));
  walk.cell(oper, "set all, restarts too", SetHold{"disks", true, "all"});
  const Decision longest = decide(walk.state, hold("all", std::string(4096, 'x')),
                                  {walk.now, 1, 0, walk.state.progress.lineage, oper, walk.limits});
  EXPECT_TRUE(longest) << "a reason has at most 4096 bytes";
  walk.cell(oper, "set all, reason of 4097 bytes", hold("all", std::string(4097, 'x')));

  walk.section("as many holds as there may be");
  walk.limits.holds_max = 2;
  walk.prepare(oper, hold("a/1"));
  walk.prepare(oper, hold("a/2"));
  walk.cell(oper, "set all", hold("all"));
  walk.cell(oper, "set a/2", hold("a/2"));
  walk.cell(approver, "release a/2", ReleaseHold{"done", "a/2"});
  expect_golden("control.golden", walk.text());
}

// One delivery of one kind, brought into a state from its beginning.
class Outbox {
 public:
  PathWalk walk;

  explicit Outbox(DeliveryKind kind) : kind_(kind) { walk.name(body_.hex(), "BODY"); }

  void request() {
    id_ = std::get<NotificationIntended>(walk.prepare(oper, wanted()).events.at(0).event).delivery;
    walk.name(id_.text, "ID");
  }
  void resend() { walk.prepare(oper, ResendNotification{id_}); }
  // The attempt that is owed leaves when it is due, and ends so.
  void end_attempt(DeliveryAnswer answer, std::uint32_t times = 1) {
    for (; times > 0; --times) {
      walk.now = std::max(walk.now, delivery().next_at);
      walk.prepare(driver, note(answer, delivery().attempts + 1));
    }
  }
  void fail_for(Duration time) {
    const Instant until = walk.now + time;
    while (delivery().state == route::DeliveryState::due && delivery().next_at < until) end_attempt(DeliveryAnswer::retryable);
  }
  void archive() {
    walk.now = delivery().next_at + walk.limits.delivery_age_max;
    walk.meet_deadlines();
  }

  // What the new request gives; its id is told beforehand by the record that it would stand in.
  void request_cells() {
    for (const Actor& actor : {viewer, oper, driver}) {
      const Context context{walk.now, walk.state.progress.sequence + 1, 0, walk.state.progress.lineage, actor, walk.limits};
      walk.name(context.new_id("delivery"), "NEW");
      walk.cell(actor, "request", wanted());
    }
    RequestNotification incomplete = wanted();
    incomplete.receiver.clear();
    walk.cell(oper, "request without a receiver", incomplete);
    incomplete = wanted();
    incomplete.body = Digest{};
    walk.cell(oper, "request without a body", incomplete);
  }
  // What may be asked and reported now: for the attempt that ended last, the one that is owed and one that never began.
  void cells() {
    walk.cell(viewer, "resend", ResendNotification{id_});
    walk.cell(oper, "resend", ResendNotification{id_});
    const route::Delivery* known = walk.state.route.deliveries.find(id_.text);
    const std::uint32_t owed = known == nullptr ? 1 : known->attempts + 1;
    walk.cell(admin, "attempt " + std::to_string(owed) + " accepted", note(DeliveryAnswer::accepted, owed));
    for (std::uint32_t attempt = owed - 1; attempt <= owed + 1; ++attempt)
      walk.cells(driver, "attempt " + std::to_string(attempt),
                 {{"accepted", note(DeliveryAnswer::accepted, attempt)},
                  {"retryable", note(DeliveryAnswer::retryable, attempt)},
                  {"final", note(DeliveryAnswer::final, attempt)}});
    walk.cells(driver, "attempt " + std::to_string(owed) + " retryable",
               {{"in 1s", note(DeliveryAnswer::retryable, owed, Duration::seconds(1))},
                {"in 200s", note(DeliveryAnswer::retryable, owed, Duration::seconds(200))},
                {"in 4000s", note(DeliveryAnswer::retryable, owed, Duration::seconds(4000))}});
  }

 private:
  [[nodiscard]] RequestNotification wanted() const { return {body_, kind_, "team", "run x"}; }
  [[nodiscard]] const route::Delivery& delivery() const {
    const route::Delivery* found = walk.state.route.deliveries.find(id_.text);
    WB_ASSERT(found != nullptr, "the walk keeps its delivery");
    return *found;
  }
  [[nodiscard]] NoteDelivery note(DeliveryAnswer answer, std::uint32_t attempt, Duration retry_after = {}) const {
    return {answer, attempt, id_, answer == DeliveryAnswer::final ? "http 404" : "http 503", retry_after};
  }

  DeliveryKind kind_;
  Digest body_{sha256("m")};
  DeliveryId id_{std::string(32, '0')};
};

// A state of a delivery and how it comes about.
struct Station {
  std::string_view title;
  void (*reach)(Outbox& box);
};
constexpr auto retryable = DeliveryAnswer::retryable;
constexpr Station stations[] = {
    {"not known", [](Outbox&) {}},
    {"due, first attempt", [](Outbox& box) { box.request(); }},
    {"due, second attempt", [](Outbox& box) { box.request(), box.end_attempt(retryable); }},
    {"due, last attempt of the round", [](Outbox& box) { box.request(), box.end_attempt(retryable, 4); }},
    {"after a round of failures", [](Outbox& box) { box.request(), box.end_attempt(retryable, 5); }},
    {"sent", [](Outbox& box) { box.request(), box.end_attempt(DeliveryAnswer::accepted); }},
    {"failed for good", [](Outbox& box) { box.request(), box.end_attempt(DeliveryAnswer::final); }},
    {"archived", [](Outbox& box) { box.request(), box.end_attempt(DeliveryAnswer::final), box.archive(); }},
};
// What only a page lives to see.
constexpr Station page_stations[] = {
    {"due, last attempt of the second round", [](Outbox& box) { box.request(), box.end_attempt(retryable, 9); }},
    // 262 rounds of 30 s with pauses of 5 min.
    {"last attempt of its 24 h", [](Outbox& box) { box.request(), box.end_attempt(retryable, 1309); }},
    {"undelivered for 24 h", [](Outbox& box) { box.request(), box.fail_for(Duration::hours(48)); }},
    {"a dead letter that was sent again",
     [](Outbox& box) { box.request(), box.end_attempt(DeliveryAnswer::final), box.resend(); }},
    {"a dead letter that was sent again and failed a round",
     [](Outbox& box) { box.request(), box.end_attempt(DeliveryAnswer::final), box.resend(), box.end_attempt(retryable, 5); }},
};

std::string route_text(DeliveryKind kind, std::span<const Station> places) {
  std::string text;
  for (const Station& each : places) {
    Outbox box(kind);
    box.walk.section(std::string(word(kind)) + ", " + std::string(each.title));
    each.reach(box);
    box.cells();
    if (!text.empty()) text.push_back('\n');
    text.append(box.walk.text());
  }
  return text;
}

std::string request_text(DeliveryKind kind) {
  Outbox box(kind);
  box.walk.section(std::string(word(kind)) + ", requests");
  box.request_cells();
  box.walk.limits.deliveries_max = 1;
  box.request();
  box.walk.section(std::string(word(kind)) + ", requests to an outbox that is full");
  box.request_cells();
  return box.walk.text() + "\n";
}

TEST(paths, route_of_an_alert_group) {
  expect_golden("route_alert_group.golden",
                request_text(DeliveryKind::alert_group) + route_text(DeliveryKind::alert_group, stations));
}

TEST(paths, route_of_a_page) {
  expect_golden("route_page.golden", request_text(DeliveryKind::page) + route_text(DeliveryKind::page, stations) + "\n" +
                                         route_text(DeliveryKind::page, page_stations));
}

TEST(paths, route_of_a_step) {
  expect_golden("route_step.golden", request_text(DeliveryKind::step) + route_text(DeliveryKind::step, stations));
}

TEST(paths, access_request_ids) {
  PathWalk walk;
  walk.section("one id, one answer");
  walk.take(oper, "set a/1 as id 1", hold("a/1"), "1");
  walk.take(oper, "set a/1 as id 1", hold("a/1"), "1");
  walk.take(oper, "set a/2 as id 1", hold("a/2"), "1");
  walk.take(approver, "release a/1 as id 1", ReleaseHold{"done", "a/1"}, "1");
  walk.take(approver, "release a/1 as id 1", ReleaseHold{"done", "a/1"}, "1");
  walk.take(oper, "set a/1 as id 1, released since", hold("a/1"), "1");
  walk.take(oper, "set a/1 as no id", hold("a/1"));

  walk.section("a refusal is an answer too");
  walk.take(oper, "set a/1 as id 2", hold("a/1"), "2");
  walk.prepare(approver, ReleaseHold{"done", "a/1"});
  walk.take(oper, "set a/1 as id 2, released since", hold("a/1"), "2");
  walk.take(oper, "set a/1 as id 3", hold("a/1"), "3");

  walk.section("ids that are none");
  walk.take(oper, "set a/3 as an id of 129 bytes", hold("a/3"), std::string(129, 'x'));
  walk.take(oper, "set a/3 as an id of 128 bytes", hold("a/3"), std::string(128, 'x'));

  walk.section("as many ids as a caller may have");
  walk.limits.request_ids_per_caller_max = 4;
  walk.take(oper, "set a/4 as id 4", hold("a/4"), "4");
  walk.take(oper, "set a/1 as id 3", hold("a/1"), "3");
  walk.take(oper, "set a/4 as no id", hold("a/4"));
  walk.take(caller("other", {"operator"}), "set a/5 as id 4", hold("a/5"), "4");

  walk.section("one millisecond before 24 h are over");
  walk.now = walk.now + walk.limits.request_id_age_max - Duration{1};
  walk.take(oper, "set a/6 as id 6", hold("a/6"), "6");
  walk.take(oper, "set a/1 as id 1", hold("a/1"), "1");

  walk.section("24 h are over: each new id makes room for two");
  walk.now = walk.now + Duration{1};
  walk.take(oper, "set a/6 as id 6", hold("a/6"), "6");
  walk.take(oper, "set a/2 as id 1", hold("a/2"), "1");
  expect_golden("access_request_ids.golden", walk.text());
}

TEST(paths, access_equal_refusals) {
  PathWalk walk;
  walk.prepare(oper, hold("all"));
  const auto ask = [&walk](const Actor& actor) { walk.take(actor, "set all", hold("all")); };
  walk.section("the first of its kind is a record");
  for (const Actor& actor : {oper, oper, oper, viewer, viewer}) ask(actor);
  walk.take(oper, "release all", ReleaseHold{"done", "all"});
  walk.take(driver, "set all, the controller itself", hold("all"));

  walk.section("one that answers a request id is a record");
  walk.take(oper, "set all as id 1", hold("all"), "1");
  walk.take(oper, "set all as id 1", hold("all"), "1");

  walk.section("a minute later: with their count, or the counter ends");
  walk.now = walk.now + walk.limits.refusal_interval - Duration{1};
  walk.meet_deadlines();
  walk.now = walk.now + Duration{1};
  walk.meet_deadlines();

  walk.section("within the next minute they are counted on");
  ask(oper);
  walk.take(oper, "release all", ReleaseHold{"done", "all"});

  walk.section("two minutes later");
  walk.now = walk.now + walk.limits.refusal_interval;
  walk.meet_deadlines();
  walk.section("three minutes later: none since");
  walk.now = walk.now + walk.limits.refusal_interval;
  walk.meet_deadlines();
  walk.section("and from the beginning");
  ask(oper);

  walk.section("no room for another counter");
  walk.limits.refusal_counters_max = 1;
  ask(viewer);
  walk.take(viewer, "set all as id 2", hold("all"), "2");
  expect_golden("access_equal_refusals.golden", walk.text());
}

}  // namespace
}  // namespace watchbill::core
