#include "sim/receivers.h"

#include "base/json.h"

namespace watchbill::sim {

void SimulatedReceivers::begin(const Effect& effect, Epoch) {
  const SendMessage& message = std::get<SendMessage>(effect.what);
  DeliveryId sent = message.delivery;
  if (plant_ == Plant::driver_changes_the_id && message.attempt > 1) sent.text[0] = sent.text[0] == '0' ? '1' : '0';
  links_.on_send(sent);
  if (plant_ == Plant::driver_sends_without_intent && random_.chance(5))
    links_.on_send(DeliveryId{"00000000000000000000000000000000"});

  NoteDelivery outcome;
  outcome.attempt = message.attempt;
  outcome.delivery = message.delivery;
  const std::uint64_t dice = is_healed_ ? 0 : random_.below(100);
  if (dice < 55) {
    outcome.answer = DeliveryAnswer::accepted;
    accept(message, sent);
  } else if (dice < 70) {
    outcome.detail = "http 500";
  } else if (dice < 80) {
    outcome.detail = "http 429";
    outcome.retry_after = Duration::seconds(random_.between(1, 400));
  } else if (dice < 90) {
    // Accepted, but the answer got lost: a second copy under the same id will follow.
    outcome.detail = "timeout";
    accept(message, sent);
  } else if (dice < 95) {
    outcome.answer = DeliveryAnswer::final;
    outcome.detail = "http 404";
  } else {
    outcome.detail = "connection_refused";
  }
  if (plant_ == Plant::driver_loses_outcomes && random_.chance(10)) return;
  const Duration latency = Duration::milliseconds(random_.between(1, is_healed_ ? 50 : 8000));
  answer(outcome, latency);
  if (random_.chance(10)) answer(outcome, latency + Duration::milliseconds(random_.between(1, 2000)));  // outcomes may come twice
}

void SimulatedReceivers::accept(const SendMessage& message, const DeliveryId& sent) {
  ++accepted_[sent.text];
  if (plant_ == Plant::driver_empties_a_message && random_.chance(20)) return;
  const auto body = parse_json(links_.body_of(message.body));
  if (!body || body->find("alerts") == nullptr) return;  // a message of another kind
  for (const JsonValue& alert : *body->find("alerts")->as_array())
    heard_[message.receiver + " " + *alert.find("fingerprint")->as_string()] = *alert.find("status")->as_string();
}

void SimulatedReceivers::answer(const NoteDelivery& outcome, Duration after) {
  links_.agenda.plan(links_.now() + after, [this, outcome, life = links_.life()] {
    if (life == links_.life()) links_.report(outcome);
  });
}

std::uint64_t SimulatedReceivers::accepted(const std::string& delivery) const {
  const auto at = accepted_.find(delivery);
  return at == accepted_.end() ? 0 : at->second;
}

}  // namespace watchbill::sim
