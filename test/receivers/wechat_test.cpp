#include "receivers/captured.h"

namespace watchbill::receivers::captured {
namespace {

constexpr std::string_view token_answer = R"({"errcode":0,"errmsg":"ok","access_token":"token +/=","expires_in":7200})";

Case wechat_case(const std::string& name = "wechat_firing") { return read_case(IntegrationKind::wechat, name); }

// An attempt that has its token.
ConversationPointer wechat_with_token(const Case& given) {
  ConversationPointer attempt = begin_wechat(given.channel, given.notification, now);
  static_cast<void>(call_in(attempt->begin()));
  static_cast<void>(call_in(attempt->go_on(answer(200, std::string(token_answer)))));
  return attempt;
}

TEST(Wechat, a_token_is_asked_for_as_alertmanager_does) {
  const Case given = wechat_case();
  const ports::HttpCall call = call_in(begin_wechat(given.channel, given.notification, now)->begin());
  EXPECT_EQ(call.method, "GET");
  EXPECT_EQ(target_of(call.url), given.requests.at(0).path);
  EXPECT_EQ(call.body, "");
}

TEST(Wechat, the_message_is_what_alertmanager_sends) {
  for (const std::string name : {"wechat_firing", "wechat_markdown_resolved", "wechat_default"}) {
    const Case given = wechat_case(name);
    const ConversationPointer attempt = begin_wechat(given.channel, given.notification, now);
    static_cast<void>(call_in(attempt->begin()));
    const ports::HttpCall call = call_in(attempt->go_on(answer(200, std::string(token_answer))));
    const Request& wanted = given.requests.back();
    EXPECT_EQ(call.method, wanted.method);
    EXPECT_EQ(query_of(target_of(call.url)), query_of(wanted.path));
    EXPECT_EQ(call.url.substr(0, call.url.find('?')), "http://127.0.0.1:18911" + wanted.path.substr(0, wanted.path.find('?')));
    EXPECT_EQ(header(call, "Content-Type"), wanted.headers.at("content-type"));
    EXPECT_EQ(canonical(call.body), canonical(wanted.body)) << name;
    EXPECT_EQ(verdict_in(attempt->go_on(answer(200, R"({"errcode":0,"errmsg":"ok"})"))),
              (Verdict{DeliveryAnswer::accepted, "http 200", {}}));
    EXPECT_EQ(attempt->remark(), "");
  }
}

TEST(Wechat, the_code_in_the_body_decides) {
  const std::map<int, DeliveryAnswer> codes{{0, DeliveryAnswer::accepted},      {-1, DeliveryAnswer::retryable},
                                            {40014, DeliveryAnswer::retryable}, {42001, DeliveryAnswer::retryable},
                                            {45009, DeliveryAnswer::retryable}, {40013, DeliveryAnswer::final},
                                            {60020, DeliveryAnswer::final},     {81013, DeliveryAnswer::final}};
  for (const auto& [code, wanted] : codes) {
    const std::string body = R"({"errcode":)" + std::to_string(code) + R"(,"errmsg":"said secret-like things"})";
    const Verdict verdict = verdict_in(wechat_with_token(wechat_case())->go_on(answer(200, body)));
    EXPECT_EQ(verdict.answer, wanted) << code;
    EXPECT_EQ(verdict.detail, code == 0 ? "http 200" : "errcode " + std::to_string(code));
  }
}

TEST(Wechat, a_token_that_is_refused_ends_the_attempt) {
  const std::vector<std::pair<std::string, Verdict>> answers{
      {R"({"errcode":40001,"errmsg":"invalid credential"})", {DeliveryAnswer::final, "errcode 40001", {}}},
      {R"({"errcode":-1,"errmsg":"busy"})", {DeliveryAnswer::retryable, "errcode -1", {}}},
      {R"({"errcode":0})", {DeliveryAnswer::final, "no_access_token", {}}},
      {R"({"errcode":0,"access_token":""})", {DeliveryAnswer::final, "no_access_token", {}}},
      {R"({"errcode":0,"access_token":7})", {DeliveryAnswer::final, "no_access_token", {}}},
      {R"({"errcode":"0","access_token":"a"})", {DeliveryAnswer::final, "errcode_unreadable", {}}}};
  for (const auto& [body, wanted] : answers) {
    const Case given = wechat_case();
    const ConversationPointer attempt = begin_wechat(given.channel, given.notification, now);
    static_cast<void>(attempt->begin());
    EXPECT_EQ(verdict_in(attempt->go_on(answer(200, body))), wanted) << body;
  }
}

TEST(Wechat, any_status_of_the_message_but_200_is_tried_again) {
  for (const std::uint32_t status : {204U, 302U, 400U, 404U, 500U, 503U})
    EXPECT_EQ(verdict_in(wechat_with_token(wechat_case())->go_on(answer(status, "{}"))).answer, DeliveryAnswer::retryable)
        << status;
  EXPECT_EQ(verdict_in(wechat_with_token(wechat_case())->go_on(answer(429, "", {{"Retry-After", "7"}}))),
            (Verdict{DeliveryAnswer::retryable, "http 429", Duration::seconds(7)}));
}

TEST(Wechat, a_status_of_the_token_is_judged_as_everywhere) {
  const std::map<std::uint32_t, DeliveryAnswer> statuses{
      {403, DeliveryAnswer::final}, {429, DeliveryAnswer::retryable}, {502, DeliveryAnswer::retryable}};
  for (const auto& [status, wanted] : statuses) {
    const Case given = wechat_case();
    const ConversationPointer attempt = begin_wechat(given.channel, given.notification, now);
    static_cast<void>(attempt->begin());
    EXPECT_EQ(verdict_in(attempt->go_on(answer(status, std::string(token_answer)))).answer, wanted);
  }
}

TEST(Wechat, answers_that_are_no_json_are_tried_again) {
  for (const std::string& body : bad_bodies()) {
    const Verdict wanted{DeliveryAnswer::retryable, "answer_unreadable", {}};
    EXPECT_EQ(verdict_in(wechat_with_token(wechat_case())->go_on(answer(200, body))), wanted);
    const Case given = wechat_case();
    const ConversationPointer attempt = begin_wechat(given.channel, given.notification, now);
    static_cast<void>(attempt->begin());
    EXPECT_EQ(verdict_in(attempt->go_on(answer(200, body))), wanted);
  }
}

TEST(Wechat, a_template_that_fails_is_told_plainly) {
  const Case given = wechat_case();
  given.channel->configuration.settings["message"] = "{{ .Nothing }}";
  const ConversationPointer attempt = begin_wechat(given.channel, given.notification, now);
  static_cast<void>(attempt->begin());
  const JsonValue body = json(call_in(attempt->go_on(answer(200, std::string(token_answer)))).body);
  EXPECT_EQ(*body.find("text")->find("content")->as_string(), plain_text(given.notification));
  EXPECT_TRUE(attempt->remark().starts_with("message")) << attempt->remark();
}

TEST(Wechat, a_secret_that_fails_as_a_template_is_not_shown) {
  const Case given = wechat_case();
  given.channel->secrets["api_secret"] = "s3cret {{ .Nothing }}";
  const ConversationPointer attempt = begin_wechat(given.channel, given.notification, now);
  EXPECT_TRUE(call_in(attempt->begin()).url.ends_with("&corpsecret="));
  EXPECT_NE(attempt->remark(), "");
  EXPECT_EQ(attempt->remark().find("s3cret"), std::string::npos);
}

}  // namespace
}  // namespace watchbill::receivers::captured
