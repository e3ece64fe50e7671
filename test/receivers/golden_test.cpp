// What Debian's Alertmanager sent to each kind of integration (test/data/receivers, recorded by capture.py), and what we send for
// the same payload.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "places.h"
#include "receivers/rendering.h"
#include "receivers/support.h"

namespace watchbill::receivers {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

PlanValue plan_value(const JsonValue& json) {
  if (const auto* text = json.as_string()) return *text;
  if (const auto* number = json.as_integer()) return *number;
  if (const auto* list = json.as_array()) {
    PlanValue::List out;
    for (const JsonValue& each : *list) out.push_back(plan_value(each));
    return out;
  }
  PlanValue::Map out;
  for (const auto& [key, value] : *json.as_object()) out.emplace(key, plan_value(value));
  return out;
}

std::shared_ptr<Channel> recorded_channel(const JsonValue& golden) {
  const auto kind = from_word<IntegrationKind>(text_at(golden, "kind"));
  std::map<std::string, std::string> secrets;
  for (const auto& [name, value] : *golden.find("secrets")->as_object()) secrets.emplace(name, *value.as_string());
  return channel_of(kind.value(), *plan_value(*golden.find("settings")).as_map(), std::move(secrets));
}

std::string canonical(const std::string& body) {
  const Result<JsonValue> json = parse_json(body);
  if (!json) return body;
  std::string out;
  append_json(out, *json);
  return out;
}

std::string text_of(const ports::HttpCall& call) {
  std::string out = call.method + " " + call.url + "\n";
  for (const char* const name : {"Content-Type", "Authorization"})
    if (const std::string* value = ports::find_field(call.headers, name)) out += std::string(name) + ": " + *value + "\n";
  return out + canonical(call.body);
}

// What later releases do better, written into what 0.25 sent.
std::string mended(IntegrationKind kind, const std::string& body) {
  if (kind != IntegrationKind::discord) return body;
  JsonValue json = parse_json(body).value();
  for (auto& [key, value] : std::get<JsonValue::Object>(json.value)) {
    if (key != "embeds") continue;
    JsonValue& embed = std::get<JsonValue::Array>(value.value)[0];
    for (auto& [name, text] : std::get<JsonValue::Object>(embed.value))
      if (name == "title") text.value = cut_characters(*text.as_string(), 256);
  }
  std::string out;
  append_json(out, json);
  return out;
}

std::string recorded_text(IntegrationKind kind, const JsonValue& request) {
  std::string out = text_at(request, "method") + " " + text_at(request, "url") + "\n";
  for (const char* const name : {"Content-Type", "Authorization"})
    if (const std::string value = text_at(request, "headers", name); value != "(none)")
      out += std::string(name) + ": " + value + "\n";
  return out + canonical(mended(kind, text_at(request, "body")));
}

class Recorded : public testing::TestWithParam<std::string> {};

TEST_P(Recorded, IsWhatWeSend) {
  const Result<JsonValue> golden = parse_json(contents(in_test_data("receivers/" + GetParam() + ".json")));
  ASSERT_TRUE(golden) << golden.error().text();
  const auto channel = recorded_channel(*golden);
  ASSERT_EQ(golden->find("messages")->as_array()->size(), 4U);
  for (const JsonValue& message : *golden->find("messages")->as_array()) {
    SCOPED_TRACE(text_at(message, "phase"));
    const auto begun = begin_conversation(channel, text_at(message, "payload"), "d1", test_now);
    ASSERT_TRUE(begun) << begun.error().text();
    const auto& conversation = *begun;
    Step step = conversation->begin();
    const auto& requests = *message.find("requests")->as_array();
    ASSERT_FALSE(requests.empty());
    for (const JsonValue& request : requests) {
      ASSERT_TRUE(std::holds_alternative<ports::HttpCall>(step)) << std::get<Verdict>(step).detail;
      EXPECT_EQ(text_of(std::get<ports::HttpCall>(step)), recorded_text(channel->configuration.kind, request));
      step = conversation->go_on(answered(200, R"({"ok":true})"));
    }
    ASSERT_TRUE(std::holds_alternative<Verdict>(step));
    EXPECT_EQ(std::get<Verdict>(step).answer, DeliveryAnswer::accepted);
    EXPECT_EQ(conversation->remark(), "");
  }
}

// Those that need a token first or are signed have tests of their own.
INSTANTIATE_TEST_SUITE_P(Kinds, Recorded,
                         testing::Values("discord-plain", "opsgenie-full", "opsgenie-plain", "pagerduty-first", "pagerduty-full",
                                         "pagerduty-plain", "slack-full", "slack-plain", "telegram-markdown", "telegram-plain",
                                         "webhook"),
                         [](const auto& each) {
                           std::string name = each.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace watchbill::receivers
