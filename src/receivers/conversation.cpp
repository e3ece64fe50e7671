#include "receivers/conversation.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "receivers/kinds.h"

namespace watchbill::receivers {
namespace {

constexpr Duration retry_after_max = Duration::seconds(300);

std::optional<std::int64_t> parse_count(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [after, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc{} || after != end || text.empty() || value < 0) return std::nullopt;
  return value;
}

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that senders may still use (RFC 9110 §5.6.7), as seconds since 1970.
std::optional<std::int64_t> parse_http_date(std::string_view text) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  const std::size_t month = months.find(text.substr(8, 3));
  const auto day = parse_count(text.substr(5, 2)), year = parse_count(text.substr(12, 4));
  const auto hour = parse_count(text.substr(17, 2)), minute = parse_count(text.substr(20, 2)),
             second = parse_count(text.substr(23, 2));
  if (month == std::string_view::npos || month % 3 != 0 || !day || !year || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                         std::chrono::month{static_cast<unsigned>(month / 3 + 1)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count() * std::int64_t{86'400} + *hour * 3600 + *minute * 60 + *second;
}

bool is_retryable(std::uint32_t status) { return status == 408 || status == 429 || status >= 500; }

using Begin = ConversationPointer (*)(ChannelPointer, Notification, Instant);

Begin begin_of(IntegrationKind kind) {
  switch (kind) {
    case IntegrationKind::webhook: return begin_webhook;
    case IntegrationKind::email: return begin_email;
    case IntegrationKind::pagerduty: return begin_pagerduty;
    case IntegrationKind::opsgenie: return begin_opsgenie;
    case IntegrationKind::wechat: return begin_wechat;
    case IntegrationKind::slack: return begin_slack;
    case IntegrationKind::victorops: return begin_victorops;
    case IntegrationKind::pushover: return begin_pushover;
    case IntegrationKind::sns: return begin_sns;
    case IntegrationKind::telegram: return begin_telegram;
    case IntegrationKind::discord: return begin_discord;
    case IntegrationKind::webex: return begin_webex;
    case IntegrationKind::msteams: return begin_msteams;
    case IntegrationKind::msteamsv2: return begin_msteamsv2;
    case IntegrationKind::jira: return begin_jira;
    case IntegrationKind::rocketchat: return begin_rocketchat;
    case IntegrationKind::mattermost: return begin_mattermost;
    case IntegrationKind::incidentio: return begin_incidentio;
  }
  return nullptr;
}

}  // namespace

Result<std::unique_ptr<Conversation>> begin_conversation(std::shared_ptr<const Channel> channel, std::string payload,
                                                         std::string delivery, Instant now) {
  if (channel->configuration.kind == IntegrationKind::webhook) {  // is posted what it is
    Notification whole;
    whole.payload = std::move(payload);
    whole.delivery = std::move(delivery);
    return begin_webhook(std::move(channel), std::move(whole), now);
  }
  Result<Notification> notification = read_notification(std::move(payload), now);
  if (!notification) return notification.error();
  notification->delivery = std::move(delivery);
  const Begin begin = begin_of(channel->configuration.kind);
  return begin(std::move(channel), std::move(*notification), now);
}

Duration retry_after(const ports::HttpFields& headers) {
  const std::string* asked = ports::find_field(headers, "Retry-After");
  if (asked == nullptr) return {};
  std::optional<std::int64_t> seconds = parse_count(*asked);
  if (const std::string* date = ports::find_field(headers, "Date"); !seconds && date != nullptr) {
    const auto until = parse_http_date(*asked), now = parse_http_date(*date);
    if (until && now) seconds = *until - *now;
  }
  return Duration::seconds(std::clamp<std::int64_t>(seconds.value_or(0), 0, retry_after_max.ms / 1000));
}

Verdict judge(const ports::HttpAnswer& answer) {
  Verdict verdict;
  verdict.detail = "http " + std::to_string(answer.status);
  if (answer.status >= 200 && answer.status < 300) verdict.answer = DeliveryAnswer::accepted;
  else verdict.answer = is_retryable(answer.status) ? DeliveryAnswer::retryable : DeliveryAnswer::final;
  if (verdict.answer == DeliveryAnswer::retryable) verdict.retry_after = retry_after(answer.headers);
  return verdict;
}

}  // namespace watchbill::receivers
