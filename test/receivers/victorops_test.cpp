#include "receivers/captured.h"

namespace watchbill::receivers::captured {
namespace {

Case victorops_case(const std::string& name = "victorops_firing") { return read_case(IntegrationKind::victorops, name); }

TEST(Victorops, the_request_is_what_alertmanager_sends) {
  for (const std::string name : {"victorops_firing", "victorops_resolved", "victorops_info", "victorops_long",
                                 "victorops_default"}) {
    const Case given = victorops_case(name);
    const ConversationPointer attempt = begin_victorops(given.channel, given.notification, now);
    expect_same_json(call_in(attempt->begin()), given.requests.at(0));
    EXPECT_EQ(attempt->remark(), "") << name;
  }
}

TEST(Victorops, a_message_is_cut_at_20480_characters) {
  const Case given = victorops_case();
  for (const auto& [count, wanted] : std::map<std::size_t, std::string>{{20480, "é"}, {20481, "…"}}) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "é";
    given.channel->configuration.settings["state_message"] = text;
    const JsonValue body = json(call_in(begin_victorops(given.channel, given.notification, now)->begin()).body);
    const std::string& told = *body.find("state_message")->as_string();
    EXPECT_TRUE(told.ends_with(wanted));
    EXPECT_EQ(told.size(), 20480 * 2 + wanted.size() - 2);
  }
}

TEST(Victorops, a_type_that_it_does_not_know_is_critical_and_an_end_is_a_recovery) {
  const std::map<std::string, std::string> types{{"WARNING", "WARNING"},   {"INFO", "INFO"},
                                                 {"info", "CRITICAL"},     {"", "CRITICAL"},
                                                 {"RECOVERY", "CRITICAL"}, {"{{ .Nothing }}", "CRITICAL"}};
  for (const auto& [written, wanted] : types) {
    const Case given = victorops_case();
    given.channel->configuration.settings["message_type"] = written;
    const JsonValue body = json(call_in(begin_victorops(given.channel, given.notification, now)->begin()).body);
    EXPECT_EQ(*body.find("message_type")->as_string(), wanted) << written;
  }
  const Case over = victorops_case("victorops_resolved");
  over.channel->configuration.settings["message_type"] = "INFO";
  const JsonValue body = json(call_in(begin_victorops(over.channel, over.notification, now)->begin()).body);
  EXPECT_EQ(*body.find("message_type")->as_string(), "RECOVERY");
}

TEST(Victorops, without_a_key_nobody_is_called) {
  const Case given = victorops_case();
  given.channel->secrets.clear();
  EXPECT_EQ(verdict_in(begin_victorops(given.channel, given.notification, now)->begin()),
            (Verdict{DeliveryAnswer::final, "no_api_key", {}}));
}

TEST(Victorops, a_template_that_fails_is_told_plainly) {
  const Case given = victorops_case();
  given.channel->configuration.settings["state_message"] = "{{ .Nothing }}";
  given.channel->configuration.settings["entity_display_name"] = "{{ template \"none\" }}";
  given.channel->configuration.settings["custom_fields"] = PlanValue::Map{{"note", "{{ .Nothing }}"}, {"other", "kept"}};
  const ConversationPointer attempt = begin_victorops(given.channel, given.notification, now);
  const JsonValue body = json(call_in(attempt->begin()).body);
  EXPECT_EQ(*body.find("state_message")->as_string(), plain_text(given.notification));
  EXPECT_EQ(*body.find("entity_display_name")->as_string(), plain_title(given.notification));
  EXPECT_EQ(*body.find("note")->as_string(), "");
  EXPECT_EQ(*body.find("other")->as_string(), "kept");
  EXPECT_NE(attempt->remark().find("custom_fields.note"), std::string::npos) << attempt->remark();
}

TEST(Victorops, only_the_status_of_an_answer_counts) {
  const std::map<std::uint32_t, DeliveryAnswer> statuses{{200, DeliveryAnswer::accepted},  {400, DeliveryAnswer::final},
                                                         {404, DeliveryAnswer::final},     {408, DeliveryAnswer::retryable},
                                                         {429, DeliveryAnswer::retryable}, {500, DeliveryAnswer::retryable}};
  for (const auto& [status, wanted] : statuses)
    for (const std::string& body : bad_bodies()) {
      const Case given = victorops_case("victorops_info");
      const ConversationPointer attempt = begin_victorops(given.channel, given.notification, now);
      static_cast<void>(attempt->begin());
      EXPECT_EQ(verdict_in(attempt->go_on(answer(status, body))).answer, wanted) << status;
    }
}

}  // namespace
}  // namespace watchbill::receivers::captured
