#include "receivers/captured.h"

namespace watchbill::receivers::captured {
namespace {

Case pushover_case(const std::string& name = "pushover_firing") { return read_case(IntegrationKind::pushover, name); }

std::map<std::string, std::string> pushover_form(const Case& given) {
  return form(call_in(begin_pushover(given.channel, given.notification, now)->begin()).body);
}

Verdict pushover_says(std::uint32_t status, std::string body, ports::HttpFields headers = {}) {
  const Case given = pushover_case();
  const ConversationPointer attempt = begin_pushover(given.channel, given.notification, now);
  static_cast<void>(attempt->begin());
  return verdict_in(attempt->go_on(answer(status, std::move(body), std::move(headers))));
}

TEST(Pushover, the_parameters_are_those_that_alertmanager_has_in_its_url) {
  for (const std::string name : {"pushover_firing", "pushover_resolved", "pushover_html", "pushover_long", "pushover_empty",
                                 "pushover_default"}) {
    const Case given = pushover_case(name);
    const ConversationPointer attempt = begin_pushover(given.channel, given.notification, now);
    const ports::HttpCall call = call_in(attempt->begin());
    EXPECT_EQ(call.method, given.requests.at(0).method);
    EXPECT_EQ(form(call.body), query_of(given.requests.at(0).path)) << name;
    EXPECT_EQ(attempt->remark(), "");
  }
}

TEST(Pushover, they_are_a_form_and_no_token_is_in_the_url) {
  const Case given = pushover_case();
  const ports::HttpCall call = call_in(begin_pushover(given.channel, given.notification, now)->begin());
  EXPECT_EQ(call.url, "https://api.pushover.net/1/messages.json");
  EXPECT_EQ(header(call, "Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_NE(call.body.find("&title=%5BFIRING%5D%20WebDown%20pushover_firing&"), std::string::npos) << call.body;
}

TEST(Pushover, an_emergency_says_how_often_and_how_long) {
  auto told = pushover_form(pushover_case());
  EXPECT_EQ(told["priority"] + " " + told["retry"] + " " + told["expire"], "2 90 5400");
  told = pushover_form(pushover_case("pushover_resolved"));
  EXPECT_EQ(told["priority"], "0");
}

TEST(Pushover, texts_are_cut_at_its_limits) {
  for (const auto& [key, characters] : std::map<std::string, std::size_t>{{"title", 250}, {"message", 1024}, {"url", 512}}) {
    const Case given = pushover_case();
    given.channel->configuration.settings[key] = std::string(characters, 'a');
    EXPECT_EQ(pushover_form(given).at(key), std::string(characters, 'a'));
    given.channel->configuration.settings[key] = std::string(characters + 1, 'a');
    EXPECT_EQ(pushover_form(given).at(key), std::string(characters - 1, 'a') + "…");
  }
}

TEST(Pushover, what_came_after_0_25_is_sent_where_it_is_set) {
  const Case given = pushover_case();
  EXPECT_FALSE(pushover_form(given).contains("device"));
  given.channel->configuration.settings["device"] = "{{ .Status }}-phone";
  given.channel->configuration.settings["ttl"] = std::int64_t{61'500};
  given.channel->configuration.settings["monospace"] = "true";
  auto told = pushover_form(given);
  EXPECT_EQ(told["device"] + " " + told["ttl"] + " " + told["monospace"], "firing-phone 61 1");
}

TEST(Pushover, without_token_or_user_nobody_is_called) {
  for (const std::string key : {"token", "user_key"}) {
    const Case given = pushover_case();
    given.channel->secrets.erase(key);
    EXPECT_EQ(verdict_in(begin_pushover(given.channel, given.notification, now)->begin()),
              (Verdict{DeliveryAnswer::final, "no_" + key, {}}));
  }
}

TEST(Pushover, a_template_that_fails_is_told_plainly) {
  for (const std::string html : {"false", "true"}) {
    const Case given = pushover_case();
    given.channel->configuration.settings["html"] = html;
    given.channel->configuration.settings["title"] = "{{ .Nothing }}";
    given.channel->configuration.settings["message"] = "<b>{{ .Nothing }}</b>";
    const auto told = pushover_form(given);
    EXPECT_EQ(told.at("title"), plain_title(given.notification));
    EXPECT_TRUE(told.at("message").starts_with("[FIRING:2] WebDown")) << told.at("message");
    EXPECT_EQ(told.at("message").find("<down>") == std::string::npos, html == "true") << told.at("message");
  }
}

TEST(Pushover, a_status_in_the_body_that_is_not_1_is_a_no) {
  EXPECT_EQ(pushover_says(200, R"({"status":1,"request":"a"})"), (Verdict{DeliveryAnswer::accepted, "http 200", {}}));
  EXPECT_EQ(pushover_says(200, R"({"status":0,"errors":["user identifier is invalid"]})"),
            (Verdict{DeliveryAnswer::final, "status 0", {}}));
  EXPECT_EQ(pushover_says(400, R"({"status":0})"), (Verdict{DeliveryAnswer::final, "http 400", {}}));
  EXPECT_EQ(pushover_says(429, R"({"status":0})", {{"Retry-After", "60"}}),
            (Verdict{DeliveryAnswer::retryable, "http 429", Duration::seconds(60)}));
  EXPECT_EQ(pushover_says(500, R"({"status":1})").answer, DeliveryAnswer::retryable);
}

TEST(Pushover, a_body_that_is_no_json_is_not_looked_at) {
  for (const std::string& body : bad_bodies()) EXPECT_EQ(pushover_says(200, body).answer, DeliveryAnswer::accepted);
}

}  // namespace
}  // namespace watchbill::receivers::captured
