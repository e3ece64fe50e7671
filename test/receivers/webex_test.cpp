#include "receivers/captured.h"

namespace watchbill::receivers::captured {
namespace {

Case webex_case(const std::string& name = "webex_firing") { return read_case(IntegrationKind::webex, name); }

std::string webex_markdown(const Case& given) {
  return *json(call_in(begin_webex(given.channel, given.notification, now)->begin()).body).find("markdown")->as_string();
}

TEST(Webex, the_request_is_what_alertmanager_sends) {
  for (const std::string name : {"webex_firing", "webex_resolved", "webex_long", "webex_default_resolved"}) {
    const Case given = webex_case(name);
    const ConversationPointer attempt = begin_webex(given.channel, given.notification, now);
    expect_same_json(call_in(attempt->begin()), given.requests.at(0));
    EXPECT_EQ(attempt->remark(), "") << name;
  }
}

TEST(Webex, a_message_is_cut_at_7439_bytes) {
  const Case given = webex_case();
  given.channel->configuration.settings["message"] = std::string(7439, 'a');
  EXPECT_EQ(webex_markdown(given), std::string(7439, 'a'));
  given.channel->configuration.settings["message"] = std::string(7440, 'a');
  EXPECT_EQ(webex_markdown(given), std::string(7436, 'a') + "…");
  given.channel->configuration.settings["message"] = std::string(7435, 'a') + "éaaaa";
  EXPECT_EQ(webex_markdown(given), std::string(7435, 'a') + "…");
}

TEST(Webex, a_room_is_a_template) {
  const Case given = webex_case();
  given.channel->configuration.settings["room_id"] = "room-{{ .CommonLabels.job }}";
  const JsonValue body = json(call_in(begin_webex(given.channel, given.notification, now)->begin()).body);
  EXPECT_EQ(*body.find("roomId")->as_string(), "room-shop");
}

TEST(Webex, who_sends_is_left_to_http_config) {
  const Case given = webex_case();
  EXPECT_EQ(header(call_in(begin_webex(given.channel, given.notification, now)->begin()), "Authorization"), "");
}

TEST(Webex, a_template_that_fails_is_told_plainly) {
  const Case given = webex_case();
  given.channel->configuration.settings["message"] = "{{ .Nothing }}";
  EXPECT_EQ(webex_markdown(given), plain_text(given.notification));
}

TEST(Webex, only_the_status_of_an_answer_counts) {
  const std::map<std::uint32_t, DeliveryAnswer> statuses{{200, DeliveryAnswer::accepted},
                                                         {401, DeliveryAnswer::final},
                                                         {429, DeliveryAnswer::retryable},
                                                         {503, DeliveryAnswer::retryable}};
  for (const auto& [status, wanted] : statuses)
    for (const std::string& body : bad_bodies()) {
      const Case given = webex_case();
      const ConversationPointer attempt = begin_webex(given.channel, given.notification, now);
      static_cast<void>(attempt->begin());
      EXPECT_EQ(verdict_in(attempt->go_on(answer(status, body))).answer, wanted) << status;
    }
}

}  // namespace
}  // namespace watchbill::receivers::captured
