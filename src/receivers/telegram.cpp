// Telegram's sendMessage. Source: Alertmanager 0.25 notify/telegram and the client that it uses; message_thread_id from 0.26.
#include <algorithm>
#include <vector>

#include "base/ascii.h"
#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t telegram_characters_max = 4096;
constexpr std::size_t reference_bytes_max = 10;  // "&#1114111;"
constexpr std::int64_t pause_seconds_max = 300;

// Without a tag or a reference at its end that was cut through, and with its open tags closed: the far side refuses a whole
// message for one of them. Tags do not count there.
std::string mended_html(std::string text) {
  const std::size_t tag = text.rfind('<');
  if (tag != std::string::npos && text.find('>', tag) == std::string::npos) text.resize(tag);
  const std::size_t reference = text.rfind('&');
  const bool is_near = reference != std::string::npos && text.size() - reference < reference_bytes_max;
  if (is_near && text.find(';', reference) == std::string::npos) text.resize(reference);
  std::vector<std::string> open;
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
    const std::size_t begin = at + (text.compare(at, 2, "</") == 0 ? 2 : 1);
    std::string name = text.substr(begin, text.find_first_of("> /", begin) - begin);
    if (begin == at + 1) open.push_back(std::move(name));
    else if (!open.empty() && open.back() == name) open.pop_back();
  }
  for (; !open.empty(); open.pop_back()) text += "</" + open.back() + ">";
  return text;
}

std::string telegram_text(Rendering& rendering, std::string_view parse_mode) {
  if (parse_mode != "HTML") return cut_characters(rendering.message("message"), telegram_characters_max);
  const std::string whole = rendering.html("message");
  std::string text = cut_characters(whole, telegram_characters_max);
  if (text == whole) return text;
  text.resize(text.size() - cut_mark.size());
  return mended_html(std::move(text)) + std::string(cut_mark);
}

Step compose_telegram(Rendering& rendering) {
  const std::string token = address(rendering, "bot_token");
  if (token.empty()) return cannot_be_told("no_token");
  std::string parse_mode = rendering.setting("parse_mode");
  std::string text = telegram_text(rendering, parse_mode);
  const bool is_empty = trimmed(text, " \t\r\n").empty();  // refused there
  if (is_empty) text = plain_text(rendering.notification());
  // What was told plainly is no Markdown.
  if (is_empty || (rendering.failure_count() > 0 && parse_mode != "HTML")) parse_mode.clear();
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("chat_id").string(address(rendering, "chat_id"));
  if (rendering.is_true("disable_notifications")) out.key("disable_notification").string("true");
  out.key("disable_web_page_preview").string("true");
  if (const std::string thread = rendering.setting("message_thread_id"); thread != "0")
    write_unless_empty(out, "message_thread_id", thread);
  write_unless_empty(out, "parse_mode", parse_mode);
  out.key("text").string(text).end_object();
  std::string url = address(rendering, "api_url");
  while (url.ends_with('/')) url.pop_back();
  return post_json(url + "/bot" + token + "/sendMessage", std::move(body));
}

// The far side says in the body how long to wait. (Alertmanager tries a wrong token again too.)
Verdict judge_telegram(const ports::HttpAnswer& answer) {
  Verdict verdict = judge(answer);
  const std::optional<JsonValue> body = json_object_in(answer);
  const JsonValue* ok = body ? body->find("ok") : nullptr;
  const bool is_refused = ok != nullptr && std::get_if<bool>(&ok->value) != nullptr && !std::get<bool>(ok->value);
  if (verdict.answer == DeliveryAnswer::accepted && is_refused) verdict = {DeliveryAnswer::retryable, "refused", {}};
  if (verdict.answer != DeliveryAnswer::retryable) return verdict;
  const JsonValue* parameters = body ? body->find("parameters") : nullptr;
  const JsonValue* pause = parameters != nullptr ? parameters->find("retry_after") : nullptr;
  if (pause != nullptr && pause->as_integer() != nullptr)
    verdict.retry_after = Duration::seconds(std::clamp<std::int64_t>(*pause->as_integer(), 0, pause_seconds_max));
  return verdict;
}

}  // namespace

ConversationPointer begin_telegram(ChannelPointer channel, Notification notification, Instant now) {
  return one_call(std::move(channel), std::move(notification), now, compose_telegram, judge_telegram);
}

}  // namespace watchbill::receivers
