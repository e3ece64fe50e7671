// What the recorded messages do not show: failing templates, limits, answers.
#include "receivers/rendering.h"
#include "receivers/support.h"
#include "template/runes.h"

namespace watchbill::receivers {
namespace {

std::unique_ptr<Conversation> begun(const std::shared_ptr<Channel>& channel, std::string_view status = "firing") {
  return begin_conversation(channel, sample_payload(status), "d1", test_now).value();
}

std::map<std::string, std::string> test_secrets() {
  return {{"api_url", "http://r.example/hook"}, {"webhook_url", "http://r.example/hook"}, {"url", "http://r.example/hook"},
          {"routing_key", "k"},                 {"api_key", "k"},                         {"bot_token", "1:a"}};
}

// --- templates that fail

struct Failing {
  IntegrationKind kind;
  std::vector<const char*> keys;
};

class FailingTemplates : public testing::TestWithParam<Failing> {};

TEST_P(FailingTemplates, NeverKeepAMessageFromBeingSent) {
  PlanValues settings{{"api_url", "http://r.example/"}, {"url", "http://r.example/"}, {"chat_id", std::int64_t{1}},
                      {"details", PlanValue::Map{{"more", failing}}},
                      {"fields", PlanValue::List{PlanValue::Map{{"title", failing}, {"value", failing}}}},
                      {"actions", PlanValue::List{PlanValue::Map{{"type", failing}, {"text", failing}}}},
                      {"responders", PlanValue::List{PlanValue::Map{{"name", "ops"}, {"type", failing}}}},
                      {"links", PlanValue::List{PlanValue::Map{{"href", failing}}}}};
  if (GetParam().kind == IntegrationKind::opsgenie) settings.erase("actions");
  for (const char* const key : GetParam().keys) settings[key] = failing;
  for (const char* const parse_mode : {"HTML", "MarkdownV2"}) {
    settings["parse_mode"] = parse_mode;
    for (const char* const status : {"firing", "resolved"}) {
      const auto conversation = begun(channel_of(GetParam().kind, settings, test_secrets()), status);
      const ports::HttpCall call = call_of(conversation->begin());
      EXPECT_TRUE(parse_json(call.body)) << call.body;
      const bool closes = GetParam().kind == IntegrationKind::opsgenie && std::string_view(status) == "resolved";
      const std::string title = std::string_view(status) == "firing" ? "[FIRING:2] WebDown" : "[RESOLVED] WebDown";
      EXPECT_TRUE(closes || call.body.find(title) != std::string::npos) << call.body;
      EXPECT_FALSE(conversation->remark().empty());
      EXPECT_LE(conversation->remark().size(), 500U);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, FailingTemplates,
    testing::Values(
        Failing{IntegrationKind::slack,
                {"channel", "username", "icon_emoji", "icon_url", "title", "title_link", "pretext", "text", "fallback",
                 "callback_id", "image_url", "thumb_url", "footer", "color", "message_text"}},
        Failing{IntegrationKind::pagerduty,
                {"description", "client", "client_url", "source", "severity", "class", "component", "group"}},
        Failing{IntegrationKind::opsgenie, {"message", "description", "source", "tags", "note", "priority", "entity", "actions"}},
        Failing{IntegrationKind::telegram, {"message"}}, Failing{IntegrationKind::discord, {"content", "title", "message"}},
        Failing{IntegrationKind::msteams, {"title", "summary", "text"}}, Failing{IntegrationKind::msteamsv2, {"title", "text"}}),
    [](const auto& each) { return std::string(word(each.param.kind)); });

TEST(Pagerduty, AnEventHasASeverityAndASummaryWhateverItsTemplatesPrint) {
  auto settings = PlanValues{{"url", "http://r.example/"}, {"severity", failing}, {"description", " \n"}};
  JsonValue body = body_of(call_of(begun(channel_of(IntegrationKind::pagerduty, settings, test_secrets()))->begin()));
  EXPECT_EQ(text_at(body, "payload", "severity"), "error");
  EXPECT_EQ(text_at(body, "payload", "summary"), "[FIRING:2] WebDown");
  settings["severity"] = "info";
  body = body_of(call_of(begun(channel_of(IntegrationKind::pagerduty, settings, test_secrets()))->begin()));
  EXPECT_EQ(text_at(body, "payload", "severity"), "info");
}

TEST(Opsgenie, AResponderWhoseTemplateFailsIsLeftOut) {
  const PlanValues settings{{"api_url", "http://r.example/"},
                            {"responders", PlanValue::List{PlanValue::Map{{"name", "a"}, {"type", failing}},
                                                           PlanValue::Map{{"name", "b"}, {"type", "team"}}}}};
  const JsonValue body = body_of(call_of(begun(channel_of(IntegrationKind::opsgenie, settings, test_secrets()))->begin()));
  EXPECT_EQ(text_at(body, "responders", 0, "name"), "b");
  EXPECT_EQ(at_path(body, "responders", 1), nullptr);
}

TEST(Telegram, APlainTextIsNoMarkdown) {
  PlanValues settings{
      {"api_url", "http://r.example/"}, {"chat_id", std::int64_t{1}}, {"parse_mode", "Markdown"}, {"message", failing}};
  JsonValue body = body_of(call_of(begun(channel_of(IntegrationKind::telegram, settings, test_secrets()))->begin()));
  EXPECT_EQ(text_at(body, "parse_mode"), "(none)");
  settings["message"] = "*{{ .Status }}*";
  body = body_of(call_of(begun(channel_of(IntegrationKind::telegram, settings, test_secrets()))->begin()));
  EXPECT_EQ(text_at(body, "parse_mode"), "Markdown");
  settings["message"] = "{{ if false }}x{{ end }}\n";  // refused there
  body = body_of(call_of(begun(channel_of(IntegrationKind::telegram, settings, test_secrets()))->begin()));
  EXPECT_EQ(text_at(body, "text"), plain_text(sample()));
  EXPECT_EQ(text_at(body, "parse_mode"), "(none)");
}

// --- limits

TEST(Telegram, AMessageOfHtmlIsCutWhereItStaysHtml) {
  const auto text_of = [](const std::string& message) {
    const PlanValues settings{
        {"api_url", "http://r.example/"}, {"chat_id", std::int64_t{1}}, {"parse_mode", "HTML"}, {"message", message}};
    return text_at(body_of(call_of(begun(channel_of(IntegrationKind::telegram, settings, test_secrets()))->begin())), "text");
  };
  EXPECT_EQ(text_of(std::string(4096, 'x')), std::string(4096, 'x'));
  EXPECT_EQ(text_of(std::string(4097, 'x')), std::string(4095, 'x') + "…");
  EXPECT_EQ(text_of("<b><a href=\"u\">" + std::string(4090, 'x') + "</a></b>"),
            "<b><a href=\"u\">" + std::string(4080, 'x') + "</a></b>…");
  EXPECT_EQ(text_of(std::string(4093, 'x') + "&lt;&gt;"), std::string(4093, 'x') + "…");
  EXPECT_EQ(text_of(std::string(4093, 'x') + "<b>y</b>"), std::string(4093, 'x') + "…");
}

TEST(Discord, TextsAreCut) {
  const PlanValues settings{{"title", std::string(300, 't')},
                            {"message", std::string(5000, 'm')},
                            {"content", std::string(2500, 'c')},
                            {"username", "U"},
                            {"avatar_url", "http://a.example"}};
  const JsonValue body = body_of(call_of(begun(channel_of(IntegrationKind::discord, settings, test_secrets()))->begin()));
  EXPECT_EQ(text_at(body, "embeds", 0, "title"), std::string(255, 't') + "…");
  EXPECT_EQ(text_at(body, "embeds", 0, "description"), std::string(4095, 'm') + "…");
  EXPECT_EQ(text_at(body, "content"), std::string(1999, 'c') + "…");
  EXPECT_EQ(text_at(body, "username"), "U");
  EXPECT_EQ(text_at(body, "avatar_url"), "http://a.example");
}

// A template that prints so many bytes; none may be that long itself.
std::string printing(std::size_t bytes) {
  std::string source = R"({{ define "a" }})" + std::string(1000, 'x') + "{{ end }}" + std::string(bytes % 1000, 'y');
  for (std::size_t i = 0; i < bytes / 1000; ++i) source += R"({{ template "a" }})";
  return source;
}

TEST(Pagerduty, DetailsThatMakeAnEventTooLongAreLeftOut) {
  PlanValues settings{{"url", "http://r.example/"}, {"description", "d"}};
  const std::string without = call_of(begun(channel_of(IntegrationKind::pagerduty, settings, test_secrets()))->begin()).body;
  const std::size_t around = std::string_view(R"("custom_details":{"a":""},)").size();
  for (const bool is_too_long : {false, true}) {
    // 512000 bytes with Go's line feed pass.
    const std::size_t room = 512'000 - 1 - without.size() - around + (is_too_long ? 1 : 0);
    settings["details"] = PlanValue::Map{{"a", printing(room)}};
    auto secrets = test_secrets();
    const ports::HttpCall call = call_of(begun(channel_of(IntegrationKind::pagerduty, settings, secrets))->begin());
    const std::string error = text_at(body_of(call), "payload", "custom_details", "error");
    EXPECT_EQ(error, is_too_long ? "Custom details have been removed because the original event exceeds the maximum size of 512KB"
                                 : "(none)");
    EXPECT_TRUE(is_too_long || call.body.size() == 511'999U) << call.body.size();
    secrets.emplace("service_key", "s");
    settings["details"] = PlanValue::Map{{"a", printing(600'000)}};
    const ports::HttpCall first = call_of(begun(channel_of(IntegrationKind::pagerduty, settings, secrets))->begin());
    EXPECT_NE(text_at(body_of(first), "details", "error"), "(none)");
  }
}

// --- cards, as the releases that brought them

TEST(Msteams, SendsACard) {
  const PlanValues settings{{"title", "T {{ .Status }}"}, {"summary", "S"}, {"text", "{{ len .Alerts }} <alerts>"}};
  const ports::HttpCall call = call_of(begun(channel_of(IntegrationKind::msteams, settings, test_secrets()))->begin());
  EXPECT_EQ(call.method + " " + call.url, "POST http://r.example/hook");
  EXPECT_EQ(call.body, R"({"@context":"http://schema.org/extensions","type":"MessageCard","title":"T firing","summary":"S",)"
                       R"("text":"2 <alerts>","themeColor":"8C1A1A"})");
  const auto over = begun(channel_of(IntegrationKind::msteams, settings, test_secrets()), "resolved");
  EXPECT_EQ(text_at(body_of(call_of(over->begin())), "themeColor"), "2DC72D");
}

TEST(Msteamsv2, SendsAnAdaptiveCard) {
  const PlanValues settings{{"title", "T {{ .Status }}"}, {"text", "{{ len .Alerts }}"}};
  const ports::HttpCall call = call_of(begun(channel_of(IntegrationKind::msteamsv2, settings, test_secrets()))->begin());
  EXPECT_EQ(call.body,
            R"({"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null,)"
            R"("content":{"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard","version":"1.2",)"
            R"("body":[{"type":"TextBlock","text":"T firing","weight":"Bolder","size":"Medium","wrap":true,"style":"heading",)"
            R"("color":"Attention"},{"type":"TextBlock","text":"2","wrap":true}],"msteams":{"width":"full"}}}]})");
}

TEST(Slack, AMessageHasATextOfItsOwn) {
  const PlanValues settings{{"message_text", "hello {{ .Status }}"}};
  const JsonValue body = body_of(call_of(begun(channel_of(IntegrationKind::slack, settings, test_secrets()))->begin()));
  EXPECT_EQ(text_at(body, "text"), "hello firing");
}

// --- settings that allow no call

TEST(Kinds, AKeyThatIsEmptyIsAVerdict) {
  for (const IntegrationKind kind : {IntegrationKind::pagerduty, IntegrationKind::opsgenie, IntegrationKind::telegram}) {
    for (const std::map<std::string, std::string>& secrets :
         {std::map<std::string, std::string>{},
          std::map<std::string, std::string>{{"routing_key", failing}, {"api_key", failing}, {"bot_token", " \n"}}}) {
      const Step step = begun(channel_of(kind, {{"api_url", "http://r.example/"}}, secrets))->begin();
      ASSERT_TRUE(std::holds_alternative<Verdict>(step)) << word(kind);
      EXPECT_EQ(std::get<Verdict>(step).answer, DeliveryAnswer::final);
      EXPECT_TRUE(std::get<Verdict>(step).detail.starts_with("no_")) << std::get<Verdict>(step).detail;
    }
  }
}

TEST(Kinds, APayloadThatIsNoneIsRefused) {
  EXPECT_FALSE(begin_conversation(channel_of(IntegrationKind::slack, {}, {}), "{}", "d1", test_now));
}

TEST(Kinds, AnAddressFromAFileMayEndInALineFeed) {
  const auto channel = channel_of(IntegrationKind::webhook, {}, {{"url", "http://r.example/hook\n"}});
  EXPECT_EQ(call_of(begun(channel)->begin()).url, "http://r.example/hook");
}

TEST(Kinds, AUserInAnAddressGoesIntoTheHeader) {
  struct Case {
    const char* url;
    const char* called;
    const char* header;
  };
  for (const Case& each : {Case{"http://u:p@r.example/a@b", "http://r.example/a@b", "Basic dTpw"},
                           Case{"http://u%40x:p%3a%zz@r.example:80?q", "http://r.example:80?q", "Basic dUB4OnA6JXp6"},
                           Case{"https://u@r.example", "https://r.example", "Basic dTo="},
                           Case{"http://r.example/x@y", "http://r.example/x@y", ""}}) {
    const ports::HttpCall call = call_of(begun(channel_of(IntegrationKind::webhook, {}, {{"url", each.url}}))->begin());
    EXPECT_EQ(call.url, each.called);
    const std::string* header = ports::find_field(call.headers, "Authorization");
    EXPECT_EQ(header == nullptr ? "" : *header, each.header) << each.url;
  }
}

// --- answers

Verdict verdict_of(IntegrationKind kind, const ports::HttpAnswer& answer,
                   std::map<std::string, std::string> secrets = test_secrets()) {
  const auto conversation =
      begun(channel_of(kind, {{"api_url", "http://r.example/"}, {"chat_id", std::int64_t{1}}}, std::move(secrets)));
  (void)call_of(conversation->begin());
  const Step step = conversation->go_on(answer);
  if (std::holds_alternative<Verdict>(step)) return std::get<Verdict>(step);
  ADD_FAILURE() << "another call";
  return {};
}

TEST(Answers, AreJudgedByTheirStatus) {
  for (const IntegrationKind kind : {IntegrationKind::webhook, IntegrationKind::slack, IntegrationKind::pagerduty,
                                     IntegrationKind::opsgenie, IntegrationKind::discord, IntegrationKind::msteams,
                                     IntegrationKind::msteamsv2}) {
    for (const std::uint32_t status : {200U, 202U, 204U})
      EXPECT_EQ(verdict_of(kind, answered(status)).answer, DeliveryAnswer::accepted) << word(kind) << status;
    for (const std::uint32_t status : {408U, 429U, 500U, 503U})
      EXPECT_EQ(verdict_of(kind, answered(status)).answer, DeliveryAnswer::retryable) << word(kind) << status;
    for (const std::uint32_t status : {301U, 400U, 401U, 403U, 404U, 410U})
      EXPECT_EQ(verdict_of(kind, answered(status)).answer, DeliveryAnswer::final) << word(kind) << status;
    EXPECT_EQ(verdict_of(kind, answered(503)).detail, "http 503");
    EXPECT_EQ(verdict_of(kind, answered(429, "", {{"Retry-After", "7"}})).retry_after, Duration::seconds(7));
  }
}

TEST(Answers, PagerdutysFirstApiSaysLaterWith403) {
  const Verdict verdict = verdict_of(IntegrationKind::pagerduty, answered(403, "", {{"Retry-After", "9"}}),
                                     {{"service_key", "s"}, {"routing_key", "r"}});
  EXPECT_EQ(verdict, (Verdict{DeliveryAnswer::retryable, "http 403", Duration::seconds(9)}));
}

TEST(Answers, SlackRefusesWith200Too) {
  const auto said = [](const char* body) { return verdict_of(IntegrationKind::slack, answered(200, body)); };
  EXPECT_EQ(said("ok").answer, DeliveryAnswer::accepted);
  EXPECT_EQ(said(R"({"ok":true})").answer, DeliveryAnswer::accepted);
  EXPECT_EQ(said(R"({"ok":false,"error":"channel_not_found"})"),
            (Verdict{DeliveryAnswer::final, "refused: channel_not_found", {}}));
  EXPECT_EQ(said(R"({"ok":false,"error":"a secret: 7"})"), (Verdict{DeliveryAnswer::final, "refused", {}}));
  EXPECT_EQ(said(R"({"ok":false,"error":"ratelimited"})").answer, DeliveryAnswer::retryable);
}

TEST(Answers, TelegramSaysInItsBodyHowLongToWait) {
  const auto said = [](std::uint32_t status, const char* body) {
    return verdict_of(IntegrationKind::telegram, answered(status, body));
  };
  EXPECT_EQ(said(200, R"({"ok":true,"result":{}})").answer, DeliveryAnswer::accepted);
  EXPECT_EQ(said(200, R"({"ok":false})"), (Verdict{DeliveryAnswer::retryable, "refused", {}}));
  EXPECT_EQ(said(400, "{}"), (Verdict{DeliveryAnswer::final, "http 400", {}}));
  EXPECT_EQ(said(429, R"({"ok":false,"parameters":{"retry_after":35}})").retry_after, Duration::seconds(35));
  EXPECT_EQ(said(429, R"({"ok":false,"parameters":{"retry_after":99999}})").retry_after, Duration::seconds(300));
  EXPECT_EQ(said(429, R"({"ok":false,"parameters":[]})").retry_after, Duration{});
}

TEST(Opsgenie, ACallThatFailsEndsTheAttempt) {
  const auto conversation =
      begun(channel_of(IntegrationKind::opsgenie, {{"api_url", "http://r.example/"}, {"update_alerts", "true"}, {"message", "m"}},
                       test_secrets()));
  EXPECT_EQ(call_of(conversation->begin()).method, "POST");
  EXPECT_EQ(call_of(conversation->go_on(answered(202))).method, "PUT");
  const Step step = conversation->go_on(answered(500));
  ASSERT_TRUE(std::holds_alternative<Verdict>(step));
  EXPECT_EQ(std::get<Verdict>(step).answer, DeliveryAnswer::retryable);
}

TEST(RetryAfter, IsSecondsOrADate) {
  EXPECT_EQ(retry_after({{"Retry-After", "12"}}), Duration::seconds(12));
  EXPECT_EQ(retry_after({{"retry-after", "100000"}}), Duration::seconds(300));
  EXPECT_EQ(retry_after({{"Retry-After", "soon"}}), Duration{});
  EXPECT_EQ(retry_after({}), Duration{});
  EXPECT_EQ(retry_after({{"Retry-After", "Sun, 06 Nov 1994 08:50:07 GMT"}, {"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}}),
            Duration::seconds(30));
  EXPECT_EQ(retry_after({{"Retry-After", "Sun, 06 Nov 1994 08:50:07 GMT"}}), Duration{});
}

}  // namespace
}  // namespace watchbill::receivers
