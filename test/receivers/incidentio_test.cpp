#include "receivers/captured.h"

namespace watchbill::receivers::captured {
namespace {

std::shared_ptr<Channel> incidentio_channel() {
  return channel(IntegrationKind::incidentio, R"({"url":"https://api.incident.example/v2/alert_events/alertmanager/1"})",
                 {{"alert_source_token", "secret-token\n"}});
}

TEST(Incidentio, the_payload_is_the_webhooks_as_version_1) {
  const Notification given = shop("firing");
  const ConversationPointer attempt = begin_incidentio(incidentio_channel(), given, now);
  const ports::HttpCall call = call_in(attempt->begin());
  EXPECT_EQ(call.method + " " + call.url, "POST https://api.incident.example/v2/alert_events/alertmanager/1");
  EXPECT_EQ(header(call, "Content-Type"), "application/json");
  EXPECT_EQ(header(call, "Authorization"), "Bearer secret-token");
  std::string wanted = canonical(given.payload);
  const std::string version = R"("version":"4")";
  wanted.replace(wanted.find(version), version.size(), R"("version":"1")");
  EXPECT_EQ(canonical(call.body), wanted);
}

TEST(Incidentio, without_a_token_of_its_own_http_config_says_who_sends) {
  const auto told = incidentio_channel();
  told->secrets.clear();
  EXPECT_EQ(header(call_in(begin_incidentio(told, shop("firing"), now)->begin()), "Authorization"), "");
}

TEST(Incidentio, an_address_may_come_from_a_file) {
  const auto told = incidentio_channel();
  told->configuration.settings.erase("url");
  EXPECT_EQ(verdict_in(begin_incidentio(told, shop("firing"), now)->begin()), (Verdict{DeliveryAnswer::final, "no_url", {}}));
  told->secrets["url"] = "https://file.example/\n";
  EXPECT_EQ(call_in(begin_incidentio(told, shop("firing"), now)->begin()).url, "https://file.example/");
}

TEST(Incidentio, of_a_payload_beyond_512_kib_one_alert_is_left) {
  const auto sized = [](std::size_t extra) {
    JsonValue payload = json(shop("firing").payload);
    for (auto& [name, value] : std::get<JsonValue::Object>(payload.value))
      if (name == "alerts")
        for (auto& [member, labels] : std::get<JsonValue::Object>(std::get<JsonValue::Array>(value.value).back().value))
          if (member == "annotations") std::get<JsonValue::Object>(labels.value).front().second.value = std::string(extra, 'x');
    return notification_of(payload);
  };
  const std::size_t bytes = sized(0).payload.size();
  const auto body = [&](std::size_t extra) {
    return json(call_in(begin_incidentio(incidentio_channel(), sized(extra), now)->begin()).body);
  };
  const JsonValue whole = body((512U << 10) - bytes), cut = body((512U << 10) - bytes + 1);
  EXPECT_EQ(whole.find("alerts")->as_array()->size(), 2U);
  EXPECT_EQ(*whole.find("truncatedAlerts")->as_integer(), 0);
  ASSERT_EQ(cut.find("alerts")->as_array()->size(), 1U);
  EXPECT_EQ(*cut.find("alerts")->as_array()->at(0).find("labels")->find("instance")->as_string(), "web-1");
  EXPECT_EQ(*cut.find("truncatedAlerts")->as_integer(), 1);
}

TEST(Incidentio, a_timeout_of_its_own_is_the_calls) {
  const auto told = incidentio_channel();
  EXPECT_EQ(call_in(begin_incidentio(told, shop("firing"), now)->begin()).timeout, ports::HttpCall{}.timeout);
  told->configuration.settings["timeout"] = std::int64_t{2500};
  EXPECT_EQ(call_in(begin_incidentio(told, shop("firing"), now)->begin()).timeout, Duration::milliseconds(2500));
}

TEST(Incidentio, only_the_status_of_an_answer_counts) {
  const std::map<std::uint32_t, DeliveryAnswer> statuses{{202, DeliveryAnswer::accepted},
                                                         {401, DeliveryAnswer::final},
                                                         {422, DeliveryAnswer::final},
                                                         {429, DeliveryAnswer::retryable},
                                                         {500, DeliveryAnswer::retryable}};
  for (const auto& [status, wanted] : statuses)
    for (const std::string& body : bad_bodies()) {
      const ConversationPointer attempt = begin_incidentio(incidentio_channel(), shop("firing"), now);
      static_cast<void>(attempt->begin());
      EXPECT_EQ(verdict_in(attempt->go_on(answer(status, body))).answer, wanted);
    }
}

}  // namespace
}  // namespace watchbill::receivers::captured
