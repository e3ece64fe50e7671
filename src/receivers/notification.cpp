#include "receivers/notification.h"

#include "base/json.h"
#include "base/sha256.h"

namespace watchbill::receivers {
namespace {

constexpr Instant no_end{-62'135'596'800'000};  // Go's zero time, as payloads write it

// Reads members one by one and remembers the first that is not as it must be.
class PayloadReader {
 public:
  std::string text(const JsonValue& object, std::string_view key) {
    const JsonValue* value = object.find(key);
    if (value != nullptr && value->as_string() != nullptr) return *value->as_string();
    fail(object, key, "a text");
    return {};
  }

  text_template::Annotations texts(const JsonValue& object, std::string_view key) {
    const JsonValue* value = object.find(key);
    text_template::Annotations texts;
    if (value == nullptr || value->as_object() == nullptr) fail(object, key, "an object of texts");
    else
      for (const auto& [name, each] : *value->as_object()) texts.emplace(name, text(*value, name));
    return texts;
  }

  Labels labels(const JsonValue& object, std::string_view key) {
    const auto pairs = texts(object, key);
    return Labels(std::vector<Labels::Pair>(pairs.begin(), pairs.end()));
  }

  Instant time(const JsonValue& object, std::string_view key) {
    const Result<Instant> time = parse_rfc3339(text(object, key));
    if (!time) fail(object, key, "a time of RFC 3339");
    return time ? *time : Instant{};
  }

  std::string status(const JsonValue& object) {
    std::string status = text(object, "status");
    if (status != "firing" && status != "resolved") fail(object, "status", "\"firing\" or \"resolved\"");
    return status;
  }

  std::uint64_t count(const JsonValue& object, std::string_view key) {
    const JsonValue* value = object.find(key);
    if (value != nullptr && value->as_integer() != nullptr && *value->as_integer() >= 0)
      return static_cast<std::uint64_t>(*value->as_integer());
    fail(object, key, "a whole number from 0");
    return 0;
  }

  void fail(const JsonValue& object, std::string_view key, std::string_view expected) {
    if (!detail.empty()) return;
    detail = "line " + std::to_string(object.line) + ", column " + std::to_string(object.column) + ": `" + std::string(key) +
             "` is not " + std::string(expected);
  }

  std::string detail;
};

text_template::NotificationAlert read_alert(PayloadReader& in, const JsonValue& value) {
  text_template::NotificationAlert alert;
  alert.status = in.status(value);
  alert.labels = in.labels(value, "labels");
  alert.annotations = in.texts(value, "annotations");
  alert.starts_at = in.time(value, "startsAt");
  alert.ends_at = in.time(value, "endsAt");
  alert.generator_url = in.text(value, "generatorURL");
  alert.fingerprint = in.text(value, "fingerprint");
  return alert;
}

// What a step of a run says, in the words of alerts, so that every kind and template can tell it.
Notification notice_in(PayloadReader& in, const JsonValue& body, Instant now) {
  text_template::NotificationAlert alert;
  alert.status = "firing";
  const std::string run = in.text(body, "run");
  alert.labels = Labels(std::vector<Labels::Pair>{{"alertname", "RunNotice"}, {"run", run}, {"step", in.text(body, "step")}});
  alert.annotations = {{"summary", in.text(body, "text")}};
  alert.starts_at = now;
  alert.ends_at = no_end;
  Notification notification;
  text_template::NotificationData& data = notification.data;
  data.status = alert.status;
  data.group_labels = data.common_labels = alert.labels;
  data.common_annotations = alert.annotations;
  data.alerts.push_back(std::move(alert));
  notification.group_key = "run:" + run;
  return notification;
}

Error unreadable(std::string detail) { return Error{ErrorKind::invalid, "read the message", "its payload", std::move(detail)}; }

}  // namespace

Result<Notification> read_notification(std::string payload, Instant now) {
  const Result<JsonValue> body = parse_json(payload);
  if (!body) return unreadable(body.error().detail);
  PayloadReader in;
  Notification notification;
  if (body->find("run") != nullptr) {
    notification = notice_in(in, *body, now);
    if (!in.detail.empty()) return unreadable(in.detail);
    notification.payload = std::move(payload);
    return notification;
  }
  text_template::NotificationData& data = notification.data;
  data.receiver = in.text(*body, "receiver");
  data.status = in.status(*body);
  data.group_labels = in.labels(*body, "groupLabels");
  data.common_labels = in.labels(*body, "commonLabels");
  data.common_annotations = in.texts(*body, "commonAnnotations");
  data.external_url = in.text(*body, "externalURL");
  notification.group_key = in.text(*body, "groupKey");
  notification.truncated_count = in.count(*body, "truncatedAlerts");
  if (in.text(*body, "version") != "4") in.fail(*body, "version", "\"4\"");
  const JsonValue* alerts = body->find("alerts");
  if (alerts == nullptr || alerts->as_array() == nullptr) in.fail(*body, "alerts", "a list");
  else
    for (const JsonValue& alert : *alerts->as_array()) data.alerts.push_back(read_alert(in, alert));
  if (!in.detail.empty()) return unreadable(std::move(in.detail));
  notification.payload = std::move(payload);
  return notification;
}

std::string group_hash(const Notification& notification) { return sha256(notification.group_key).hex(); }

}  // namespace watchbill::receivers
