#include "receivers/captured.h"

namespace watchbill::receivers::captured {
namespace {

std::shared_ptr<Channel> mattermost_channel(std::string_view settings) {
  return channel(IntegrationKind::mattermost, settings, {{"webhook_url", " https://chat.example/hooks/secret\n"}});
}

std::string mattermost_body(const std::shared_ptr<Channel>& told) {
  return call_in(begin_mattermost(told, shop("firing"), now)->begin()).body;
}

TEST(Mattermost, settings_of_their_own_are_one_attachment) {
  const auto told =
      mattermost_channel(R"({"channel":"town-{{ .CommonLabels.severity }}","username":"bill",
    "text":"{{ len .Alerts }}",
    "fallback":"f","color":"danger","pretext":"p","author_name":"an","author_link":"al","author_icon":"ai",
    "title":"{{ .Status }}",
    "title_link":"tl","thumb_url":"tu","footer":"fo","footer_icon":"fi","image_url":"iu","icon_url":"ic","icon_emoji":"ie",
    "type":"custom_x","props.card":"card {{ .Status }}",
    "fields":[{"title":"a","value":"{{ .Status }}"},{"title":"b","value":"c","short":"true"}]})");
  const ConversationPointer attempt = begin_mattermost(told, shop("firing"), now);
  const ports::HttpCall call = call_in(attempt->begin());
  EXPECT_EQ(call.method + " " + call.url, "POST https://chat.example/hooks/secret");
  EXPECT_EQ(header(call, "Content-Type"), "application/json");
  EXPECT_EQ(canonical(call.body), canonical(R"({"channel":"town-critical","username":"bill","icon_url":"ic","icon_emoji":"ie",
    "attachments":[{"fallback":"f","color":"danger","pretext":"p","text":"2","author_name":"an","author_link":"al",
    "author_icon":"ai","title":"firing","title_link":"tl",
    "fields":[{"title":"a","value":"firing"},{"title":"b","value":"c","short":true}],
    "thumb_url":"tu","footer":"fo","footer_icon":"fi","image_url":"iu"}],"type":"custom_x","props":{"card":"card firing"}})"));
  EXPECT_EQ(attempt->remark(), "");
}

TEST(Mattermost, attachments_of_the_file_stand_beside_the_text) {
  const auto told = mattermost_channel(R"({"text":"{{ len .Alerts }}","title":"not used","attachments":[
    {"title":"{{ .Status }}","fields":[{"title":"a","value":"{{ .Status }}","short":"false"}]},{"text":"second"}]})");
  EXPECT_EQ(canonical(mattermost_body(told)), canonical(R"({"text":"2","attachments":[{"title":"firing",
    "fields":[{"title":"a","value":"firing","short":false}]},{"text":"second"}]})"));
}

TEST(Mattermost, a_text_beside_attachments_is_cut_at_16383_characters) {
  const auto told = mattermost_channel(R"({"attachments":[{"text":"a"}]})");
  told->configuration.settings["text"] = std::string(16'384, 'a');
  EXPECT_TRUE(*json(mattermost_body(told)).find("text")->as_string() == std::string(16'382, 'a') + "…");
  told->configuration.settings["text"] = std::string(16'383, 'a');
  EXPECT_TRUE(*json(mattermost_body(told)).find("text")->as_string() == std::string(16'383, 'a'));
}

TEST(Mattermost, a_priority_asks_only_for_what_it_may) {
  const auto priority = [](const std::string& name) {
    const auto told = mattermost_channel(R"({"priority.requested_ack":"true","priority.persistent_notifications":"true"})");
    told->configuration.settings["priority.priority"] = name;
    std::string text;
    const JsonValue body = json(mattermost_body(told));
    if (const JsonValue* made = body.find("priority")) append_json(text, *made);
    return text;
  };
  EXPECT_EQ(priority("URGENT"), R"({"persistent_notifications":true,"priority":"urgent","requested_ack":true})");
  EXPECT_EQ(priority("{{ if eq .Status \"firing\" }}important{{ end }}"), R"({"priority":"important","requested_ack":true})");
  EXPECT_EQ(priority("standard"), R"({"priority":"standard"})");
  EXPECT_EQ(priority("high"), R"({"priority":"standard"})");
  EXPECT_EQ(priority("{{ .Nothing }}"), R"({"priority":"standard"})");
  EXPECT_EQ(priority(""), "");
}

TEST(Mattermost, without_an_address_nobody_is_called) {
  const auto told = mattermost_channel(R"({"text":"a"})");
  told->secrets.clear();
  EXPECT_EQ(verdict_in(begin_mattermost(told, shop("firing"), now)->begin()),
            (Verdict{DeliveryAnswer::final, "no_webhook_url", {}}));
}

TEST(Mattermost, a_template_that_fails_is_told_plainly) {
  const auto told = mattermost_channel(R"({"text":"{{ .Nothing }}","title":"{{ .Nothing }}","fallback":"{{ .Nothing }}",
    "color":"{{ .Nothing }}"})");
  const ConversationPointer attempt = begin_mattermost(told, shop("firing"), now);
  const JsonValue body = json(call_in(attempt->begin()).body);
  const JsonValue& attachment = body.find("attachments")->as_array()->at(0);
  EXPECT_EQ(*attachment.find("text")->as_string(), plain_text(shop("firing")));
  EXPECT_EQ(*attachment.find("title")->as_string(), plain_title(shop("firing")));
  EXPECT_EQ(*attachment.find("fallback")->as_string(), plain_title(shop("firing")));
  EXPECT_EQ(attachment.find("color"), nullptr);
  EXPECT_NE(attempt->remark().find("color"), std::string::npos);
}

TEST(Mattermost, only_the_status_of_an_answer_counts) {
  const std::map<std::uint32_t, DeliveryAnswer> statuses{{200, DeliveryAnswer::accepted},
                                                         {400, DeliveryAnswer::final},
                                                         {429, DeliveryAnswer::retryable},
                                                         {500, DeliveryAnswer::retryable}};
  for (const auto& [status, wanted] : statuses)
    for (const std::string& body : bad_bodies()) {
      const ConversationPointer attempt = begin_mattermost(mattermost_channel(R"({"text":"a"})"), shop("firing"), now);
      static_cast<void>(attempt->begin());
      EXPECT_EQ(verdict_in(attempt->go_on(answer(status, body))).answer, wanted);
    }
}

TEST(Mattermost, the_default_templates_can_be_told) {
  const auto told = mattermost_channel("{}");
  for (const std::string key : {"username", "color", "text", "title", "title_link", "fallback"}) {
    std::string name = key;
    std::erase(name, '_');
    told->configuration.settings[key] = "{{ template \"mattermost.default." + name + "\" . }}";
  }
  const ConversationPointer attempt = begin_mattermost(told, shop("firing"), now);
  const JsonValue body = json(call_in(attempt->begin()).body);
  const JsonValue& attachment = body.find("attachments")->as_array()->at(0);
  EXPECT_EQ(*body.find("username")->as_string(), "Alertmanager");
  EXPECT_EQ(*attachment.find("color")->as_string(), "danger");
  EXPECT_EQ(*attachment.find("title")->as_string(), "[FIRING:2] WebDown (critical)");
  EXPECT_EQ(*attachment.find("fallback")->as_string(),
            "[FIRING:2] WebDown (critical) | http://192.0.2.9:9093/#/alerts?receiver=ops");
  EXPECT_NE(attachment.find("text")->as_string()->find("# Alerts Firing:"), std::string::npos);
  EXPECT_EQ(attempt->remark(), "");
}

}  // namespace
}  // namespace watchbill::receivers::captured
