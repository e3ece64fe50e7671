// Pushover. Source: Alertmanager 0.25 notify/pushover (device, ttl, monospace: 0.26 and later), https://pushover.net/api.
//
// Alertmanager sends the parameters in the URL. Here they are the form that Pushover documents: a message of 1024 characters
// makes an URL longer than servers take, and tokens do not belong into their logs.
#include "base/ascii.h"
#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

constexpr std::string_view pushover_url = "https://api.pushover.net/1/messages.json";
constexpr std::size_t pushover_title_characters_max = 250;
constexpr std::size_t pushover_message_characters_max = 1024;
constexpr std::size_t pushover_url_characters_max = 512;

std::string pushover_message(Rendering& rendering, bool is_html) {
  const std::string whole = is_html ? rendering.html("message") : rendering.message("message");
  const std::string cut = cut_characters(whole, pushover_message_characters_max);
  const std::string_view text = trimmed(cut, " \t\r\n\v\f");
  return text.empty() ? "(no details)" : std::string(text);  // an empty one is refused there
}

std::string in_seconds(std::int64_t milliseconds) { return std::to_string(milliseconds / 1000); }

Step compose_pushover(Rendering& rendering) {
  const std::string token = rendering.rendered_secret("token"), user = rendering.rendered_secret("user_key");
  if (token.empty() || user.empty()) return cannot_be_told(token.empty() ? "no_token" : "no_user_key");
  ports::HttpCall call;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!call.body.empty()) call.body.push_back('&');
    call.body += std::string(name) + "=" + percent_encoded(value);
  };
  const bool is_html = rendering.is_true("html");
  add("token", token);
  add("user", user);
  add("title", cut_characters(rendering.title("title"), pushover_title_characters_max));
  if (is_html) add("html", "1");
  add("message", pushover_message(rendering, is_html));
  add("url", cut_characters(rendering.text("url"), pushover_url_characters_max));
  add("url_title", rendering.text("url_title"));
  add("priority", rendering.text("priority"));
  add("retry", in_seconds(rendering.number("retry")));
  add("expire", in_seconds(rendering.number("expire")));
  add("sound", rendering.text("sound"));
  if (rendering.is_true("monospace")) add("monospace", "1");
  if (const std::string device = rendering.text("device"); !device.empty()) add("device", device);
  if (rendering.number("ttl") >= 1000) add("ttl", in_seconds(rendering.number("ttl")));
  call.method = "POST";
  call.url = pushover_url;
  call.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  return call;
}

// A body that says {"status":0} took no message, whatever the HTTP status says.
Verdict judge_pushover(const ports::HttpAnswer& answer) {
  Verdict verdict = judge(answer);
  if (verdict.answer != DeliveryAnswer::accepted) return verdict;
  const std::optional<JsonValue> body = json_object_in(answer);
  const JsonValue* status = body ? body->find("status") : nullptr;
  if (status == nullptr || status->as_integer() == nullptr || *status->as_integer() == 1) return verdict;
  return {DeliveryAnswer::final, "status " + std::to_string(*status->as_integer()), {}};
}

}  // namespace

ConversationPointer begin_pushover(ChannelPointer channel, Notification notification, Instant now) {
  return one_call(std::move(channel), std::move(notification), now, compose_pushover, judge_pushover);
}

}  // namespace watchbill::receivers
