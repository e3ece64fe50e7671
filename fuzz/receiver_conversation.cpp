// depends: wb_receivers
// Any bytes as what the far side answers one call after the other: the first byte chooses the kind and the group, the rest are
// answers, each a byte for the status and a body up to a NUL. A conversation ends, its calls can be written as HTTP whatever the
// answers before held, and its verdict is a short word.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "receivers/conversation.h"

using watchbill::IntegrationKind;
namespace receivers = watchbill::receivers;

namespace {

constexpr std::array<IntegrationKind, 6> kinds{IntegrationKind::wechat, IntegrationKind::jira,       IntegrationKind::pushover,
                                               IntegrationKind::sns,    IntegrationKind::rocketchat, IntegrationKind::webex};
constexpr std::array<std::uint32_t, 8> statuses{200, 201, 204, 302, 400, 404, 429, 503};
constexpr int calls_max = 5;

std::shared_ptr<receivers::Channel> channel(IntegrationKind kind, bool is_cloud) {
  auto made = std::make_shared<receivers::Channel>();
  made->configuration.kind = kind;
  made->configuration.settings = {{"api_url", "https://a.example/rest/api/3"}, {"api_type", is_cloud ? "cloud" : "auto"},
                                  {"project", "OPS"},
                                  {"issue_type", "Bug"},
                                  {"reopen_transition", "Reopen"},
                                  {"resolve_transition", "Close"},
                                  {"message", "{{ len .Alerts }}"},
                                  {"sigv4.access_key", "AKIDEXAMPLE"},
                                  {"sigv4.region", "eu-west-1"}};
  for (const char* name : {"api_secret", "token", "token_id", "user_key", "sigv4.secret_key"}) made->secrets[name] = "s3cret";
  return made;
}

std::string payload(bool is_over) {
  const std::string status = is_over ? "resolved" : "firing";
  return R"({"receiver":"ops","status":")" + status + R"(","alerts":[{"status":")" + status +
         R"(","labels":{"alertname":"Down"},"annotations":{},"startsAt":"2026-01-02T03:04:05Z","endsAt":"0001-01-01T00:00:00Z",)"
         R"("generatorURL":"http://p","fingerprint":"0"}],"groupLabels":{"alertname":"Down"},)"
         R"("commonLabels":{"alertname":"Down"},)"
         R"("commonAnnotations":{},"externalURL":"http://a","version":"4","groupKey":"{}:{}","truncatedAlerts":0})";
}

void check_call(const watchbill::ports::HttpCall& call) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; };
  WB_ASSERT(call.url.starts_with("https://") && std::none_of(call.url.begin(), call.url.end(), is_blank), "a URL without blanks");
  for (const auto& field : call.headers)
    WB_ASSERT(field.value.find_first_of("\r\n") == std::string::npos, "a header of one line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  const auto first = static_cast<std::uint8_t>(bytes.front());
  bytes.remove_prefix(1);
  const IntegrationKind kind = kinds[(first & 0x0fU) % kinds.size()];
  const auto begun = receivers::begin_conversation(channel(kind, (first & 0x80U) != 0), payload((first & 0x40U) != 0), "d1",
                                                   watchbill::Instant{1'772'366'400'000});
  WB_ASSERT(begun.has_value(), "the payload is one");
  const auto& conversation = *begun;
  receivers::Step step = conversation->begin();
  int call_count = 0;
  while (const auto* call = std::get_if<watchbill::ports::HttpCall>(&step)) {
    check_call(*call);
    WB_ASSERT(++call_count <= calls_max, "a conversation ends");
    watchbill::ports::HttpAnswer answer;
    const std::size_t end = std::min(bytes.find('\0'), bytes.size());
    answer.status = end == 0 ? 200 : statuses[static_cast<std::uint8_t>(bytes.front()) % statuses.size()];
    answer.body = bytes.substr(std::min<std::size_t>(1, end), end - std::min<std::size_t>(1, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    step = conversation->go_on(answer);
  }
  const auto* verdict = std::get_if<receivers::Verdict>(&step);
  WB_ASSERT(verdict != nullptr, "it ends with a verdict");
  WB_ASSERT(!verdict->detail.empty() && verdict->detail.size() < 64, "the verdict's detail is a short word");
  WB_ASSERT(conversation->remark().find("s3cret") == std::string::npos, "no secret in a remark");
  return 0;
}
