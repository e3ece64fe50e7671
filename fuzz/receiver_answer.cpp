// depends: wb_receivers
// Any bytes as what the far side answers an integration of each kind: the first byte chooses the kind, the second the status, the
// first line is the Retry-After, the rest the body. Each attempt ends, its verdict is short and its pause within bounds.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "receivers/conversation.h"

namespace {

using namespace watchbill;

constexpr std::size_t kind_count = Words<IntegrationKind>::table.size();
constexpr int calls_max = 20;
constexpr std::uint32_t statuses[] = {200, 201, 204, 301, 400, 401, 403, 404, 408, 409, 410, 412, 429, 500, 503};

constexpr std::string_view payload =
    R"({"receiver":"ops","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"Down"},"annotations":{},)"
    R"("startsAt":"2026-01-02T03:04:05Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p","fingerprint":"0"}],)"
    R"("groupLabels":{"alertname":"Down"},"commonLabels":{"alertname":"Down"},"commonAnnotations":{},)"
    R"("externalURL":"http://am.example","version":"4","groupKey":"{}:{alertname=\"Down\"}","truncatedAlerts":0})";

std::shared_ptr<receivers::Channel> channel_of(IntegrationKind kind) {
  auto channel = std::make_shared<receivers::Channel>();
  channel->configuration.kind = kind;
  for (const char* const name : {"api_url", "url", "project", "issue_type", "room_id", "corp_id", "to", "from", "smarthost",
                                 "topic_arn", "sigv4.region", "sigv4.access_key", "message", "title", "text", "summary"})
    channel->configuration.settings[name] = "http://r.example:80/{{ .Status }}";
  channel->configuration.settings["update_alerts"] = "true";
  channel->configuration.settings["resolve_transition"] = "Done";
  channel->configuration.settings["reopen_transition"] = "Open";
  for (const char* const name : {"api_url", "webhook_url", "url", "routing_key", "api_key", "bot_token", "api_secret", "token",
                                 "token_id", "user_key", "sigv4.secret_key", "alert_source_token"})
    channel->secrets[name] = "http://r.example/hidden";
  return channel;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  std::string_view text(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  ports::HttpAnswer answer;
  answer.status = statuses[bytes[1] % std::size(statuses)];
  const std::size_t line = std::min(text.find('\n'), text.size());
  answer.headers.push_back({"Retry-After", std::string(text.substr(0, line))});
  answer.headers.push_back({"Date", "Sun, 06 Nov 1994 08:49:37 GMT"});
  answer.body = std::string(text.substr(std::min(line + 1, text.size())));

  const auto kind = static_cast<IntegrationKind>(bytes[0] % kind_count);
  const auto conversation =
      receivers::begin_conversation(channel_of(kind), std::string(payload), "d1", Instant{1'767'323'045'000});
  WB_ASSERT(conversation.has_value(), "the payload is one");
  ports::Step step = (*conversation)->begin();
  for (int calls = 0; std::holds_alternative<ports::HttpCall>(step); ++calls) {
    WB_ASSERT(calls < calls_max, "an attempt ends");
    step = (*conversation)->go_on(answer);
  }
  if (const auto* verdict = std::get_if<ports::Verdict>(&step)) {
    WB_ASSERT(verdict->detail.size() <= 200, "a verdict is short");
    WB_ASSERT(verdict->detail.find("hidden") == std::string::npos || answer.body.find("hidden") != std::string::npos,
              "a verdict holds no secret");
    WB_ASSERT(verdict->retry_after.ms >= 0 && verdict->retry_after <= Duration::seconds(300), "a pause is within bounds");
  }
  WB_ASSERT((*conversation)->remark().size() <= 500, "a remark is short");
  return 0;
}
