#include "drivers/notify/notifier.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace watchbill::drivers::notify {
namespace {

constexpr std::string_view delivery_header = "X-Watchbill-Delivery";
constexpr Duration report_pause = Duration::seconds(1);  // the journal is tried again each second too
constexpr std::size_t answer_bytes_max = 1U << 20;       // what a receiver says is not looked at
constexpr Duration retry_after_max = Duration::seconds(300);

std::optional<std::int64_t> parse_number(std::string_view text) {
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
  const auto day = parse_number(text.substr(5, 2)), year = parse_number(text.substr(12, 4));
  const auto hour = parse_number(text.substr(17, 2)), minute = parse_number(text.substr(20, 2)),
             second = parse_number(text.substr(23, 2));
  if (month == std::string_view::npos || month % 3 != 0 || !day || !year || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                         std::chrono::month{static_cast<unsigned>(month / 3 + 1)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count() * std::int64_t{86'400} + *hour * 3600 + *minute * 60 + *second;
}

bool is_retryable(std::uint32_t status) { return status == 408 || status == 429 || status >= 500; }

}  // namespace

Duration retry_after(const ports::HttpFields& headers) {
  const std::string* asked = ports::find_field(headers, "Retry-After");
  if (asked == nullptr) return {};
  std::optional<std::int64_t> seconds = parse_number(*asked);
  if (const std::string* date = ports::find_field(headers, "Date"); !seconds && date != nullptr) {
    const auto until = parse_http_date(*asked), now = parse_http_date(*date);
    if (until && now) seconds = *until - *now;
  }
  return Duration::seconds(std::clamp<std::int64_t>(seconds.value_or(0), 0, retry_after_max.ms / 1000));
}

NoteDelivery classify(const Result<ports::HttpAnswer, ports::HttpFailure>& outcome) {
  NoteDelivery note;
  if (!outcome) {
    const bool is_hopeless = outcome.error().kind == ports::HttpFailureKind::call_invalid;
    note.answer = is_hopeless ? DeliveryAnswer::final : DeliveryAnswer::retryable;
    note.detail = word(outcome.error().kind);
    return note;
  }
  note.detail = "http " + std::to_string(outcome->status);
  if (outcome->status >= 200 && outcome->status < 300) note.answer = DeliveryAnswer::accepted;
  else note.answer = is_retryable(outcome->status) ? DeliveryAnswer::retryable : DeliveryAnswer::final;
  if (note.answer == DeliveryAnswer::retryable) note.retry_after = retry_after(outcome->headers);
  return note;
}

void Notifier::begin(const Effect& effect, Epoch) {
  read_and_send(std::get<SendMessage>(effect.what));
}

void Notifier::configure(NotifySettings settings) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
}

std::optional<Webhook> Notifier::webhook_of(const std::string& receiver) const {
  const std::lock_guard lock(mutex_);
  const auto at = settings_.receivers.find(receiver);
  if (at == settings_.receivers.end()) return std::nullopt;
  return at->second;
}

void Notifier::read_and_send(const SendMessage& message) {
  if (!webhook_of(message.receiver))
    return report_for(message, NoteDelivery{DeliveryAnswer::final, 0, {}, "unknown_receiver", {}});
  const bool is_taken = parts_.read_body(message.body, [this, message](Result<std::optional<std::string>> body) {
    if (body && *body) return send(message, std::move(**body));
    // A body that is not there will not come: the blob was written before the intent.
    const DeliveryAnswer answer = body ? DeliveryAnswer::final : DeliveryAnswer::retryable;
    report_for(message, NoteDelivery{answer, 0, {}, body ? "body_missing" : "journal_not_readable", {}});
  });
  if (!is_taken) report_for(message, NoteDelivery{DeliveryAnswer::retryable, 0, {}, "journal_busy", {}});
}

void Notifier::send(const SendMessage& message, std::string body) {
  const std::optional<Webhook> webhook = webhook_of(message.receiver);
  if (!webhook) return report_for(message, NoteDelivery{DeliveryAnswer::final, 0, {}, "unknown_receiver", {}});
  ports::HttpCall call;
  call.method = "POST";
  call.url = webhook->url;
  call.headers = webhook->headers;
  call.headers.push_back({"Content-Type", "application/json"});
  call.headers.push_back({std::string(delivery_header), message.delivery.text});
  call.body = std::move(body);
  call.timeout = webhook->timeout;
  call.connect_timeout = webhook->timeout;
  call.body_bytes_max = answer_bytes_max;
  call.tls = webhook->tls;
  call.may_be_sent_twice = true;  // under one delivery id, by which receivers tell
  parts_.client.start(std::move(call), [this, message](const Result<ports::HttpAnswer, ports::HttpFailure>& outcome) {
    report_for(message, classify(outcome));
  });
}

void Notifier::report_for(const SendMessage& message, NoteDelivery note) {
  note.attempt = message.attempt;
  note.delivery = message.delivery;
  report(std::move(note));
}

// An outcome is never forgotten: while the journal takes nothing it is offered again and again.
void Notifier::report(NoteDelivery note) {
  parts_.report(note, [this, note](bool is_recorded) {
    if (is_recorded) return;
    parts_.loop.post([this, note] {
      parts_.loop.after(report_pause, [this, note] { report(note); });
    });
  });
}

}  // namespace watchbill::drivers::notify
