// incident.io, an alert source: the webhook's payload as version 1 of its own. Source: Alertmanager 0.34 notify/incidentio.
#include "base/json.h"
#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t incidentio_payload_bytes_max = 512U << 10;

// Leaves `count` alerts, and says how many are missing.
void keep_alerts(JsonValue::Object& payload, std::size_t count) {
  JsonValue::Array* alerts = nullptr;
  std::int64_t* truncated = nullptr;
  for (auto& [name, value] : payload) {
    if (name == "alerts") alerts = std::get_if<JsonValue::Array>(&value.value);
    if (name == "truncatedAlerts") truncated = std::get_if<std::int64_t>(&value.value);
  }
  if (alerts == nullptr || alerts->size() <= count) return;
  if (truncated != nullptr) *truncated += static_cast<std::int64_t>(alerts->size() - count);
  alerts->resize(count);
}

Step compose_incidentio(Rendering& rendering) {
  const std::string url = address(rendering, "url");
  if (url.empty()) return cannot_be_told("no_url");
  Result<JsonValue> payload = parse_json(rendering.notification().payload);
  JsonValue::Object* object = payload ? std::get_if<JsonValue::Object>(&payload->value) : nullptr;
  if (object == nullptr) return cannot_be_told("payload_unreadable");
  for (auto& [name, value] : *object)
    if (name == "version") value.value = std::string("1");
  std::string body;
  append_json(body, *payload);
  if (body.size() > incidentio_payload_bytes_max) {
    keep_alerts(*object, 1);
    body.clear();
    append_json(body, *payload);
  }
  ports::HttpCall call = post_json(url, std::move(body));
  if (const std::string token = address(rendering, "alert_source_token"); !token.empty())
    call.headers.push_back({"Authorization", "Bearer " + token});
  if (const std::int64_t timeout = rendering.number("timeout"); timeout > 0) call.timeout = Duration::milliseconds(timeout);
  return call;
}

}  // namespace

ConversationPointer begin_incidentio(ChannelPointer channel, Notification notification, Instant now) {
  return one_call(std::move(channel), std::move(notification), now, compose_incidentio);
}

}  // namespace watchbill::receivers
