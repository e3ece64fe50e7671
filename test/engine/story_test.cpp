// Which records and events `why` tells of one thing.
#include "engine/story.h"

#include <gtest/gtest.h>

namespace watchbill::engine {
namespace {

const std::string first_alert(64, 'a'), second_alert(64, 'b');
const std::string first_run = "run-01M7WX0K8QQD4MSEJD6Y7JQY83";
const std::string first_delivery(32, 'd');

class Journal {
 public:
  // One event after the other, as one decision gives them.
  void record(CommandBody cause, std::vector<Event> events, Actor actor = engine_actor()) {
    RecordBody body;
    body.nonce = std::string(32, '0');
    body.cause = Command{std::move(cause), std::move(actor), std::nullopt, std::nullopt, {}};
    for (std::size_t i = 0; i < events.size(); ++i)
      body.events.push_back({events[i], i == 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(i - 1))});
    StoredRecord stored;
    stored.sequence = records_.size() + 1;
    stored.payload = encode_payload(body);
    RecordHeader header;
    header.sequence = stored.sequence;
    header.epoch = header.segment = 1;
    header.payload = sha256(*stored.payload);
    stored.header = encode_header(header);
    records_.push_back(std::move(stored));
  }
  // "1: RuleEvaluated AlertFired; 2: …", of what is shown.
  [[nodiscard]] std::string story_of(const std::string& id) const {
    Story story(id);
    std::string out;
    for (const StoredRecord& record : records_) {
      const auto chapter = story.take(record);
      EXPECT_TRUE(chapter) << record.sequence;
      if (!chapter || !*chapter) continue;
      out += (out.empty() ? "" : "; ") + std::to_string(record.sequence) + ":";
      for (std::size_t i = 0; i < (*chapter)->shown.size(); ++i)
        if ((*chapter)->shown[i]) out.append(" ").append(type_of((*chapter)->body.events[i].event));
    }
    return out;
  }

 private:
  std::vector<StoredRecord> records_;
};

AlertFired fired(const std::string& alert) {
  AlertFired event;
  event.alert.text = alert;
  return event;
}

// Two alerts fire in one answer; the second has a mitigation; both are told of in one message, the second alone in another.
Journal a_night() {
  Journal journal;
  BindingTriggered triggered;
  triggered.alert = second_alert;
  triggered.binding = "WebDown";
  PlanProposed proposed;
  proposed.alert = second_alert;
  proposed.run = first_run;
  journal.record(NoteRuleAnswer{}, {RuleEvaluated{}, fired(first_alert), fired(second_alert), triggered, proposed});
  NotificationIntended intended;
  intended.alerts = {AlertId{second_alert}};
  intended.delivery.text = first_delivery;
  journal.record(MeetDeadline{}, {intended});
  journal.record(NoteDelivery{}, {NotificationSent{1, DeliveryId{first_delivery}}});
  journal.record(NoteOutcome{}, {PlanHeld{HeldFor::step_failed, first_run, "1"}});
  journal.record(SetHold{}, {HoldSet{"bo", "disks", false, "all"}});
  return journal;
}

TEST(story, of_an_alert_has_what_it_asked_for_and_who_was_told_and_no_other_alert) {
  EXPECT_EQ(
      a_night().story_of(second_alert),
      "1: RuleEvaluated AlertFired BindingTriggered PlanProposed; 2: NotificationIntended; 3: NotificationSent; 4: PlanHeld");
  EXPECT_EQ(a_night().story_of(first_alert), "1: RuleEvaluated AlertFired");
}

TEST(story, of_a_run_begins_with_the_alert_that_asked_for_it) {
  EXPECT_EQ(a_night().story_of(first_run), "1: RuleEvaluated AlertFired BindingTriggered PlanProposed; 4: PlanHeld");
}

TEST(story, of_a_message_is_its_intent_and_its_outcome) {
  EXPECT_EQ(a_night().story_of(first_delivery), "2: NotificationIntended; 3: NotificationSent");
}

TEST(story, of_a_name_is_what_has_it_as_its_subject) { EXPECT_EQ(a_night().story_of("all"), "5: HoldSet"); }

TEST(story, of_a_record_is_all_of_it) {
  EXPECT_EQ(a_night().story_of("#1"), "1: RuleEvaluated AlertFired AlertFired BindingTriggered PlanProposed");
}

TEST(story, of_a_held_run_has_its_page_and_who_was_told) {
  Journal journal;
  AlertFired page = fired(first_alert);
  page.source = AlertSource::built_in;
  page.labels.set("run", first_run);
  journal.record(NoteOutcome{}, {PlanHeld{HeldFor::step_failed, first_run, "1"}, page});
  NotificationIntended intended;
  intended.alerts = {AlertId{first_alert}};
  intended.delivery.text = first_delivery;
  journal.record(MeetDeadline{}, {intended});
  EXPECT_EQ(journal.story_of(first_run), "1: PlanHeld AlertFired; 2: NotificationIntended");
}

TEST(story, has_who_asked_in_vain) {
  Journal journal = a_night();
  journal.record(CancelRun{"stop", first_run}, {CommandRefused{"eve", "CancelRun", 1, "no", Refusal::role_missing}},
                 Actor{ActorKind::caller, "eve", {"viewer"}});
  EXPECT_TRUE(journal.story_of(first_run).ends_with("; 6: CommandRefused")) << journal.story_of(first_run);
}

}  // namespace
}  // namespace watchbill::engine
