#include "receivers/captured.h"

namespace watchbill::receivers::captured {
namespace {

constexpr std::string_view rocketchat_settings = R"({"api_url":"https://chat.example/","channel":"#{{ .CommonLabels.severity }}",
  "color":"red","title":"{{ .GroupLabels.alertname }}","title_link":"{{ .ExternalURL }}","text":"{{ len .Alerts }} alerts",
  "emoji":":fire:","icon_url":"https://a.example/i.png",
  "image_url":"https://a.example/p.png","thumb_url":"","short_fields":"true",
  "link_names":"true",
  "fields":[{"title":"Status","value":"{{ .Status }}"},{"title":"Long","value":"x","short":"false"}],
  "actions":[{"type":"other","text":"Look","url":"{{ .ExternalURL }}/#","msg":""},{"msg":"ack {{ .Status }}"}]})";

std::shared_ptr<Channel> rocketchat_channel() {
  return channel(IntegrationKind::rocketchat, rocketchat_settings, {{"token", "secret-token\n"}, {"token_id", "user-id"}});
}

Verdict rocketchat_says(std::uint32_t status, const std::string& body) {
  const ConversationPointer attempt = begin_rocketchat(rocketchat_channel(), shop("firing"), now);
  static_cast<void>(attempt->begin());
  return verdict_in(attempt->go_on(answer(status, body)));
}

TEST(Rocketchat, the_request_is_what_alertmanager_sends) {
  const ConversationPointer attempt = begin_rocketchat(rocketchat_channel(), shop("firing"), now);
  const ports::HttpCall call = call_in(attempt->begin());
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.url, "https://chat.example/api/v1/chat.postMessage");
  EXPECT_EQ(header(call, "Content-Type"), "application/json");
  EXPECT_EQ(header(call, "X-Auth-Token"), "secret-token");
  EXPECT_EQ(header(call, "X-User-Id"), "user-id");
  EXPECT_EQ(canonical(call.body), canonical(R"({"channel":"#critical","emoji":":fire:","avatar":"https://a.example/i.png",
    "attachments":[{"title":"WebDown","title_link":"http://192.0.2.9:9093","text":"2 alerts",
    "image_url":"https://a.example/p.png",
    "color":"red","fields":[{"short":true,"title":"Status","value":"firing"},{"short":false,"title":"Long","value":"x"}],
    "actions":[{"type":"button","text":"Look","url":"http://192.0.2.9:9093/#","is_webview":false,"msg_in_chat_window":false},
    {"type":"button","msg":"ack firing","is_webview":false,"msg_in_chat_window":false}]}]})"));
  EXPECT_EQ(attempt->remark(), "");
}

TEST(Rocketchat, what_is_empty_is_left_out) {
  const auto told = channel(IntegrationKind::rocketchat, R"({"api_url":"https://chat.example","title":"a"})",
                            {{"token", "t"}, {"token_id", "u"}});
  const ports::HttpCall call = call_in(begin_rocketchat(told, shop("firing"), now)->begin());
  EXPECT_EQ(call.url, "https://chat.example/api/v1/chat.postMessage");
  EXPECT_EQ(canonical(call.body), R"({"attachments":[{"title":"a"}]})");
}

TEST(Rocketchat, a_title_is_cut_at_1024_characters) {
  const auto told = rocketchat_channel();
  told->configuration.settings["title"] = std::string(1025, 'a');
  const JsonValue body = json(call_in(begin_rocketchat(told, shop("firing"), now)->begin()).body);
  EXPECT_EQ(*body.find("attachments")->as_array()->at(0).find("title")->as_string(), std::string(1023, 'a') + "…");
}

TEST(Rocketchat, without_token_or_user_nobody_is_called) {
  for (const std::string key : {"token", "token_id"}) {
    const auto told = rocketchat_channel();
    told->secrets.erase(key);
    EXPECT_EQ(verdict_in(begin_rocketchat(told, shop("firing"), now)->begin()),
              (Verdict{DeliveryAnswer::final, "no_" + key, {}}));
  }
}

TEST(Rocketchat, a_template_that_fails_is_told_plainly) {
  const auto told = rocketchat_channel();
  told->configuration.settings["title"] = told->configuration.settings["text"] = "{{ .Nothing }}";
  const ConversationPointer attempt = begin_rocketchat(told, shop("firing"), now);
  const JsonValue body = json(call_in(attempt->begin()).body);
  EXPECT_EQ(*body.find("attachments")->as_array()->at(0).find("title")->as_string(), plain_title(shop("firing")));
  EXPECT_EQ(*body.find("attachments")->as_array()->at(0).find("text")->as_string(), plain_text(shop("firing")));
  EXPECT_NE(attempt->remark(), "");
}

TEST(Rocketchat, success_in_the_body_decides) {
  EXPECT_EQ(rocketchat_says(200, R"({"success":true,"ts":1})"), (Verdict{DeliveryAnswer::accepted, "http 200", {}}));
  for (const std::string body : {R"({"success":false,"error":"[invalid-channel]"})", R"({"success":"true"})", "{}"})
    EXPECT_EQ(rocketchat_says(200, body), (Verdict{DeliveryAnswer::final, "no_success", {}})) << body;
  EXPECT_EQ(rocketchat_says(401, R"({"success":true})"), (Verdict{DeliveryAnswer::final, "http 401", {}}));
  EXPECT_EQ(rocketchat_says(429, R"({"success":false})").answer, DeliveryAnswer::retryable);
  EXPECT_EQ(rocketchat_says(500, R"({"success":false})").answer, DeliveryAnswer::retryable);
}

TEST(Rocketchat, what_is_no_json_is_tried_again) {
  for (const std::string& body : bad_bodies()) {
    if (body.size() > 64U << 10) continue;
    EXPECT_EQ(rocketchat_says(200, body), (Verdict{DeliveryAnswer::retryable, "answer_unreadable", {}})) << body.substr(0, 40);
  }
}

TEST(Rocketchat, a_message_that_is_said_back_is_not_posted_again) {
  std::string fields;
  for (int i = 0; i < 3000; ++i) fields += R"({"a":1},)";
  EXPECT_EQ(rocketchat_says(200, R"({"message":[)" + fields + R"(1],"success":true})").answer, DeliveryAnswer::accepted);
  EXPECT_EQ(rocketchat_says(200, R"({"message":")" + std::string(70U << 10, 'x') + R"(","success":true})").answer,
            DeliveryAnswer::accepted);
  EXPECT_EQ(rocketchat_says(503, std::string(70U << 10, 'x')).answer, DeliveryAnswer::retryable);
}

TEST(Rocketchat, the_default_templates_can_be_told) {
  const auto told = rocketchat_channel();
  for (const std::string key : {"emoji", "icon_url", "text", "title", "title_link"}) {
    std::string name = key;
    std::erase(name, '_');
    told->configuration.settings[key] = "{{ template \"rocketchat.default." + name + "\" . }}";
  }
  const ConversationPointer attempt = begin_rocketchat(told, shop("resolved"), now);
  const JsonValue body = json(call_in(attempt->begin()).body);
  const JsonValue& attachment = body.find("attachments")->as_array()->at(0);
  EXPECT_EQ(*attachment.find("title")->as_string(), "[RESOLVED] WebDown (critical)");
  EXPECT_EQ(*attachment.find("title_link")->as_string(), "http://192.0.2.9:9093/#/alerts?receiver=ops");
  EXPECT_EQ(attachment.find("text"), nullptr);
  EXPECT_EQ(attempt->remark(), "");
}

}  // namespace
}  // namespace watchbill::receivers::captured
