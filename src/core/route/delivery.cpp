#include "core/route/delivery.h"

#include <algorithm>

#include "core/route/group.h"
#include "core/route/membership.h"
#include "core/route/muting.h"

namespace watchbill::core::route {
namespace {

constexpr std::uint32_t round_attempts_max = 5;
constexpr Duration first_pause = Duration::seconds(2);  // then 4, 8, 16 s
constexpr Duration retry_after_max = Duration::seconds(300);
constexpr Duration page_round_pause = Duration::minutes(5);
constexpr Duration page_age_max = Duration::hours(24);

Subject subject_for(const std::string& delivery) { return {Area::route, delivery}; }

Duration pause_before(std::uint32_t next_attempt_of_round) {
  return first_pause * (std::int64_t{1} << (next_attempt_of_round - 2));
}

// Puts the delivery where its state says into both indexes: the one place that knows the rule.
void index(Schedule& schedule, const std::string& id, const Delivery& delivery, const Limits& limits) {
  const bool is_due = delivery.state == DeliveryState::due;
  const Subject subject = subject_for(id);
  schedule.ready.set(subject, is_due ? delivery.next_at : Instant::never(), delivery.receiver);
  schedule.deadlines.set(subject, is_due ? Instant::never() : delivery.next_at + limits.delivery_age_max);
}

Delivery& ended(State& state, const DeliveryId& id, std::uint32_t attempt) {
  Delivery& delivery = state.deliveries.edit(id.text);
  WB_ASSERT(delivery.state == DeliveryState::due, "only a due delivery has an outcome");
  delivery.attempts = attempt;
  ++delivery.round_attempts;
  return delivery;
}

}  // namespace

Decision decide(const State& state, const Facts& facts, const RequestNotification& command, const Context& context) {
  if (!facts.actor_is_operator) return Refused{Refusal::role_missing, "sending a message needs the role operator"};
  if (command.receiver.empty()) return Refused{Refusal::bad_argument, "receiver: expected the name of a receiver"};
  if (command.body.is_zero()) return Refused{Refusal::bad_argument, "body: expected the digest of a stored message"};
  if (is_outbox_full(state, context.limits))
    return Refused{Refusal::too_many_deliveries, std::to_string(context.limits.deliveries_max) + " messages are still owed"};
  return Events{NotificationIntended{{}, command.body, context.actor.name, DeliveryId{context.new_id("delivery")}, {},
                                     command.kind, command.receiver, command.subject}};
}

Decision decide(const State& state, const Facts& facts, const ResendNotification& command, const Context& context) {
  if (!facts.actor_is_operator) return Refused{Refusal::role_missing, "sending a message needs the role operator"};
  const Delivery* delivery = state.deliveries.find(command.delivery.text);
  if (delivery == nullptr) return Refused{Refusal::unknown_delivery, "there is no delivery " + command.delivery.text};
  if (delivery->state != DeliveryState::given_up)
    return Refused{Refusal::not_given_up, "delivery " + command.delivery.text + " is " + std::string(word(delivery->state))};
  return Events{NotificationIntended{{}, delivery->body, context.actor.name, command.delivery, delivery->group, delivery->kind,
                                     delivery->receiver, delivery->subject}};
}

Decision decide(const State& state, const Facts& facts, const NoteDelivery& command, const Context& context) {
  if (!facts.actor_may_report) return Refused{Refusal::role_missing, "outcomes come from the controller's own drivers"};
  const Delivery* delivery = state.deliveries.find(command.delivery.text);
  // Drivers report at least once: what is known already changes nothing.
  if (delivery == nullptr || delivery->state != DeliveryState::due || command.attempt != delivery->attempts + 1) return Events{};
  if (command.answer == DeliveryAnswer::accepted)
    return Events{NotificationSent{command.attempt, command.delivery, command.remark}};

  NotificationFailed failed{command.attempt, command.delivery, command.detail, std::nullopt, false, command.remark};
  const Duration asked = std::min(command.retry_after, retry_after_max);
  const std::uint32_t next = delivery->round_attempts + 2;
  const bool is_final = command.answer == DeliveryAnswer::final;
  if (!is_final && next <= round_attempts_max) {
    failed.retry_at = context.at + std::max(pause_before(next), asked);
    return Events{failed};
  }
  failed.round_over = true;
  if (delivery->kind != DeliveryKind::page) return Events{failed};
  if (is_final) return Events{failed, NotificationGivenUp{command.delivery, command.detail}};
  const Instant next_round = context.at + std::max(page_round_pause, asked);
  if (next_round - delivery->intended_at >= page_age_max)
    return Events{failed, NotificationGivenUp{command.delivery, "undelivered for " + format_duration(page_age_max)}};
  failed.retry_at = next_round;
  return Events{failed};
}

Decision decide(const State& state, const Facts&, const MeetDeadline& deadline, const Context& context) {
  if (deadline.subject.starts_with(group_subject))
    return decide_flush(state, deadline.subject.substr(group_subject.size()), context);
  if (deadline.subject.starts_with(silence_subject))
    return decide_silence(state, deadline.subject.substr(silence_subject.size()), context);
  WB_ASSERT(state.deliveries.contains(deadline.subject), "the index names only deliveries that exist");
  return Events{ObjectArchived{"delivery", deadline.subject, Area::route}};
}

void apply(State& state, const NotificationIntended& event, const Applying& applying) {
  Delivery& delivery = state.deliveries.edit_or_insert(event.delivery.text);
  WB_ASSERT(delivery.attempts == 0 || delivery.state == DeliveryState::given_up, "only a dead letter is intended again");
  delivery.body = event.body;
  delivery.group = event.group;
  delivery.intended_at = applying.at;
  delivery.kind = event.kind;
  delivery.last_failure.clear();
  delivery.next_at = applying.at;
  delivery.receiver = event.receiver;
  delivery.round_attempts = 0;
  delivery.state = DeliveryState::due;
  delivery.subject = event.subject;
  index(applying.schedule, event.delivery.text, delivery, applying.limits);
  begin_delivery(state, event, applying);
}

void apply(State& state, const NotificationSent& event, const Applying& applying) {
  Delivery& delivery = ended(state, event.delivery, event.attempt);
  delivery.state = DeliveryState::sent;
  delivery.next_at = applying.at;
  index(applying.schedule, event.delivery.text, delivery, applying.limits);
  end_delivery(state, delivery.group, event.delivery, true, applying);
}

void apply(State& state, const NotificationFailed& event, const Applying& applying) {
  Delivery& delivery = ended(state, event.delivery, event.attempt);
  delivery.last_failure = event.remark.empty() ? event.reason : event.reason + ": " + event.remark;
  if (event.round_over) delivery.round_attempts = 0;
  delivery.state = event.retry_at ? DeliveryState::due : DeliveryState::failed;
  delivery.next_at = event.retry_at.value_or(applying.at);
  index(applying.schedule, event.delivery.text, delivery, applying.limits);
  if (!event.retry_at) end_delivery(state, delivery.group, event.delivery, false, applying);
}

void apply(State& state, const NotificationGivenUp& event, const Applying& applying) {
  Delivery& delivery = state.deliveries.edit(event.delivery.text);
  delivery.state = DeliveryState::given_up;
  delivery.next_at = applying.at;
  delivery.last_failure = event.reason;
  index(applying.schedule, event.delivery.text, delivery, applying.limits);
}

void drop(State& state, const std::string& id, const Applying& applying) {
  Delivery& delivery = state.deliveries.edit(id);
  if (delivery.state != DeliveryState::due) return;
  delivery.state = DeliveryState::failed;
  delivery.next_at = applying.at;
  delivery.last_failure = "the routes changed: another group tells of it";
  index(applying.schedule, id, delivery, applying.limits);
}

void apply_archived(State& state, const std::string& id, const Applying& applying) {
  if (state.silences.contains(id)) {
    apply_archived_silence(state, id, applying);
    return;
  }
  const bool erased = state.deliveries.erase(id);
  WB_ASSERT(erased, "only a delivery that is kept is archived");
  const Subject subject = subject_for(id);
  applying.schedule.deadlines.remove(subject);
}

Effect effect_of(const State& state, const std::string& id) {
  const Delivery* delivery = state.deliveries.find(id);
  WB_ASSERT(delivery != nullptr && delivery->state == DeliveryState::due, "the ready index names only due deliveries");
  return Effect{subject_for(id), SendMessage{DeliveryId{id}, delivery->attempts + 1, delivery->receiver, delivery->body}};
}

bool is_failing(const State& state, const Schedule& schedule, const std::string& receiver) {
  bool found = false;
  state.groups.each([&](const std::string&, const Group& group) {
    found = group.failing && channel_of(routing_of(state), group.receiver, group.integration) == receiver;
    return !found;
  });
  if (found) return true;
  // Those that are owed, by the index: a day's sent ones are kept, and this is asked for each message while a page fires.
  const auto owed = schedule.ready.queues().find(Queue{Area::route, receiver});
  if (owed == schedule.ready.queues().end()) return false;
  owed->second.each_due(Instant::never(), [&](Instant, const Subject& subject) {
    const Delivery& delivery = *state.deliveries.find(subject.name);
    const bool has_failed = !delivery.last_failure.empty() && delivery.attempts >= attempts_before_page;
    found = has_failed && delivery.receiver == receiver;
    return !found;
  });
  return found;
}

bool is_outbox_full(const State& state, const Limits& limits) {
  if (state.deliveries.size() < limits.deliveries_max) return false;
  std::size_t owed = 0;
  state.deliveries.each([&](const std::string&, const Delivery& delivery) {
    owed += delivery.state == DeliveryState::due ? 1U : 0U;
    return owed < limits.deliveries_max;
  });
  return owed >= limits.deliveries_max;
}

void rebuild(const State& state, Schedule& schedule, const Limits& limits) {
  state.deliveries.each([&](const std::string& id, const Delivery& delivery) {
    index(schedule, id, delivery, limits);
    return true;
  });
  rebuild_groups(state, schedule);
  rebuild_silences(state, schedule, limits);
}

}  // namespace watchbill::core::route
