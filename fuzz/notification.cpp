// depends: wb_receivers
// Any bytes as a message's payload. What can be read is told by every kind, with templates that show all of it: each call has a
// body within bounds.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/assert.h"
#include "base/json.h"
#include "receivers/conversation.h"
#include "receivers/rendering.h"
#include "receivers/templates.h"

namespace {

using namespace watchbill;

constexpr IntegrationKind kinds[] = {IntegrationKind::webhook,  IntegrationKind::slack,   IntegrationKind::pagerduty,
                                     IntegrationKind::opsgenie, IntegrationKind::discord, IntegrationKind::telegram,
                                     IntegrationKind::msteams,  IntegrationKind::msteamsv2};
constexpr std::size_t telegram_characters_max = 4096;

std::shared_ptr<receivers::Channel> channel_of(IntegrationKind kind) {
  static const auto library = receivers::parse_library({}).value();
  auto channel = std::make_shared<receivers::Channel>();
  channel->configuration.kind = kind;
  channel->templates = library;
  for (const char* const name : {"title", "description", "channel", "severity"})
    channel->configuration.settings[name] = R"({{ template "__subject" . }})";
  for (const char* const name : {"text", "message", "content", "note"})
    channel->configuration.settings[name] =
        R"({{ template "telegram.default.message" . }}{{ template "__text_alert_list" .Alerts }})";
  channel->configuration.settings["parse_mode"] = "HTML";
  for (const char* const name : {"routing_key", "api_key", "bot_token"}) channel->secrets[name] = "k";
  return channel;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string payload(reinterpret_cast<const char*>(bytes), size);
  const auto notification = receivers::read_notification(payload);
  if (!notification) return 0;
  WB_ASSERT(receivers::plain_title(*notification).size() <= 500, "a plain title is short");
  WB_ASSERT(receivers::plain_text(*notification).size() <= (16U << 10), "a plain text is short");
  for (const IntegrationKind kind : kinds) {
    const auto conversation = receivers::begin_conversation(channel_of(kind), payload, "d1", Instant{1'767'323'045'000});
    WB_ASSERT(conversation.has_value(), "it could be read before");
    const ports::Step step = (*conversation)->begin();
    const auto* call = std::get_if<ports::HttpCall>(&step);
    WB_ASSERT(call != nullptr, "there is a call");
    const auto body = parse_json(call->body);
    WB_ASSERT(body.has_value(), "its body is JSON");
    const JsonValue* text = body->find("text");
    if (kind == IntegrationKind::telegram)
      WB_ASSERT(text != nullptr && text->as_string()->size() <= 4 * telegram_characters_max + (1U << 16), "a message is short");
  }
  return 0;
}
