// What the tests of receivers share: channels, notifications, and the body of a call.
#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "base/json.h"
#include "receivers/conversation.h"
#include "receivers/notification.h"
#include "receivers/templates.h"

namespace watchbill::receivers {

inline std::shared_ptr<const text_template::Template> default_library() {
  static const auto library = parse_library({}).value();
  return library;
}

inline std::shared_ptr<Channel> channel_of(IntegrationKind kind, PlanValues settings,
                                           std::map<std::string, std::string> secrets) {
  auto channel = std::make_shared<Channel>();
  channel->configuration.kind = kind;
  channel->configuration.settings = std::move(settings);
  channel->secrets = std::move(secrets);
  channel->templates = default_library();
  channel->external_url = "http://alerts.example/am";
  return channel;
}

// Two alerts of one group, both firing or both over.
inline std::string sample_payload(std::string_view status) {
  const std::string is(status);
  const std::string end = is == "firing" ? "0001-01-01T00:00:00Z" : "2026-01-02T04:00:00.000Z";
  const auto alert = [&](const std::string& instance) {
    return R"({"status":")" + is + R"(","labels":{"alertname":"WebDown","instance":")" + instance +
           R"(","team":"shop"},"annotations":{"summary":"<down> & out"},"startsAt":"2026-01-02T03:04:05.678Z","endsAt":")" + end +
           R"(","generatorURL":"http://p.example/g","fingerprint":"00"})";
  };
  return R"({"receiver":"ops","status":")" + is + R"(","alerts":[)" + alert("web1") + "," + alert("web2") +
         R"(],"groupLabels":{"alertname":"WebDown"},"commonLabels":{"alertname":"WebDown","team":"shop"},)"
         R"("commonAnnotations":{"summary":"<down> & out"},"externalURL":"http://alerts.example/am","version":"4",)"
         R"("groupKey":"{}:{alertname=\"WebDown\"}","truncatedAlerts":0})";
}

inline Notification sample(std::string_view status = "firing") { return read_notification(sample_payload(status)).value(); }

// A template that parses and cannot be rendered.
inline constexpr const char* failing = "{{ .Nothing.here }}";

inline constexpr Instant test_now{1'767'323'045'000};

inline ports::HttpAnswer answered(std::uint32_t status, std::string body = "", ports::HttpFields headers = {}) {
  ports::HttpAnswer answer;
  answer.status = status;
  answer.body = std::move(body);
  answer.headers = std::move(headers);
  return answer;
}

// The call of a conversation of one call.
inline ports::HttpCall call_of(const Step& step) {
  const auto* call = std::get_if<ports::HttpCall>(&step);
  if (call != nullptr) return *call;
  const auto* verdict = std::get_if<Verdict>(&step);
  ADD_FAILURE() << "no call: " << (verdict != nullptr ? verdict->detail : "a mail");
  return {};
}

inline JsonValue body_of(const ports::HttpCall& call) {
  Result<JsonValue> body = parse_json(call.body);
  if (!body) ADD_FAILURE() << body.error().text() << "\n" << call.body;
  return body ? *body : JsonValue();
}

// The text at a path of names and numbers: "attachments", 0, "title".
inline const JsonValue* at_path(const JsonValue& value) { return &value; }
template <class... Rest>
const JsonValue* at_path(const JsonValue& value, const char* name, Rest... rest);
template <class... Rest>
const JsonValue* at_path(const JsonValue& value, int index, Rest... rest) {
  const auto* list = value.as_array();
  if (list == nullptr || list->size() <= static_cast<std::size_t>(index)) return nullptr;
  return at_path((*list)[static_cast<std::size_t>(index)], rest...);
}
template <class... Rest>
const JsonValue* at_path(const JsonValue& value, const char* name, Rest... rest) {
  const JsonValue* found = value.find(name);
  return found == nullptr ? nullptr : at_path(*found, rest...);
}
// "(none)" where there is nothing.
template <class... Path>
std::string text_at(const JsonValue& value, Path... path) {
  const JsonValue* found = at_path(value, path...);
  return found != nullptr && found->as_string() != nullptr ? *found->as_string() : "(none)";
}

}  // namespace watchbill::receivers
