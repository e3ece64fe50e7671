// Deliveries: what is still owed to receivers, what they took, and dead letters (domain/alert-routing-and-obligations.md §4).
#include "api/page.h"
#include "api/routes.h"
#include "model/codec.h"

namespace watchbill::api {
namespace {

using core::route::Delivery;
using core::route::DeliveryState;

std::string delivery_json(const std::string& id, const Delivery& delivery) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("id").string(id).key("state").string(word(delivery.state)).key("kind").string(word(delivery.kind));
  json.key("receiver").string(delivery.receiver).key("subject").string(delivery.subject);
  json.key("attempts").integer(delivery.attempts).key("body").string(delivery.body.hex());
  json.key("intended_at").string(format_rfc3339(delivery.intended_at));
  const bool is_due = delivery.state == DeliveryState::due;
  json.key(is_due ? "next_at" : "ended_at").string(format_rfc3339(delivery.next_at));
  if (!delivery.last_failure.empty()) json.key("last_failure").string(delivery.last_failure);
  json.end_object();
  return out;
}

void list_deliveries(const CallPointer& call) {
  std::optional<DeliveryState> wanted;
  if (const std::string* state = call->query("state")) {
    wanted = from_word<DeliveryState>(*state);
    if (!wanted)
      return call->refuse(Refused{Refusal::bad_argument, "state: expected due, sent, failed or given_up"}, Area::route);
  }
  answer_page(call, Area::route, [wanted](const core::State& state, const std::string& after, auto item) {
    state.route.deliveries.each_from(after, [&](const std::string& id, const Delivery& delivery) {
      if (wanted && delivery.state != *wanted) return true;
      return item(id, [&] { return delivery_json(id, delivery); });
    });
  });
}

void resend(const CallPointer& call) { call->command(ResendNotification{DeliveryId{call->path("id")}}); }

}  // namespace

Routes notification_routes() {
  return {
      {"GET",
       "/api/watchbill/v1/notifications",
       "deliveries: owed, sent, failed, given up (dead letters)",
       "viewer",
       {limit_member, cursor_member, {"state", ValueKind::text, "only those that are due, sent, failed or given_up"}},
       {},
       {},
       list_deliveries},
      {"POST",
       "/api/watchbill/v1/notifications/{id}/resend",
       "send a dead letter again, under the same id",
       "operator",
       {},
       {},
       {Refusal::unknown_delivery, Refusal::not_given_up},
       resend,
       Decides::core},
  };
}

}  // namespace watchbill::api
