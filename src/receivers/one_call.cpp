#include "receivers/one_call.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/bytes.h"

namespace watchbill::receivers {
namespace {

// What is read of an answer: a few words and a number.
constexpr JsonLimits answer_limits{64U << 10, 16, 2000};

// %XX as its byte; a percent sign without digits stays.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint8_t byte = 0;
    if (text[i] == '%' && i + 2 < text.size() && from_hex(lowered(text.substr(i + 1, 2)), {&byte, 1})) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else out.push_back(text[i]);
  }
  return out;
}

class OneCall final : public Attempt {
 public:
  OneCall(ChannelPointer channel, Notification notification, Instant now, Compose compose, Judge judge_answer)
      : Attempt(std::move(channel), std::move(notification), now), compose_(compose), judge_(judge_answer) {}
  Step begin() override { return compose_(rendering()); }
  Step go_on(const ports::HttpAnswer& answer) override { return judge_(answer); }

 private:
  const Compose compose_;
  const Judge judge_;
};

}  // namespace

ConversationPointer one_call(ChannelPointer channel, Notification notification, Instant now, Compose compose,
                             Judge judge_answer) {
  return std::make_unique<OneCall>(std::move(channel), std::move(notification), now, compose, judge_answer);
}

Verdict cannot_be_told(std::string what) { return {DeliveryAnswer::final, std::move(what), {}}; }

Verdict judge_with(const ports::HttpAnswer& answer, std::initializer_list<std::uint32_t> retryable) {
  Verdict verdict = judge(answer);
  if (std::find(retryable.begin(), retryable.end(), answer.status) == retryable.end()) return verdict;
  verdict.answer = DeliveryAnswer::retryable;
  verdict.retry_after = retry_after(answer.headers);
  return verdict;
}

void move_user_to_header(ports::HttpCall& call) {
  const std::size_t scheme = call.url.find("://");
  if (scheme == std::string::npos) return;
  const std::size_t begin = scheme + 3;
  const std::string_view authority = std::string_view(call.url).substr(begin, call.url.find_first_of("/?#", begin) - begin);
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return;
  const std::string_view user = authority.substr(0, at);
  const std::size_t colon = std::min(user.find(':'), user.size());
  const std::string password = percent_decoded(user.substr(std::min(colon + 1, user.size())));
  const std::string credentials = percent_decoded(user.substr(0, colon)) + ":" + password;
  call.headers.push_back({"Authorization", "Basic " + to_base64(credentials)});
  call.url.erase(begin, at + 1);
}

ports::HttpCall json_call(std::string method, std::string url, std::string body) {
  ports::HttpCall call;
  call.method = std::move(method);
  call.url = std::move(url);
  call.headers.push_back({"Content-Type", "application/json"});
  call.body = std::move(body);
  move_user_to_header(call);
  return call;
}

ports::HttpCall post_json(std::string url, std::string body) { return json_call("POST", std::move(url), std::move(body)); }

std::string address(const Rendering& rendering, std::string_view key) {
  const std::string& secret = rendering.secret(key);
  return std::string(trimmed(secret.empty() ? rendering.setting(key) : secret, " \t\r\n"));
}

std::string address_below(std::string_view address, std::string_view path) {
  const std::size_t query = address.find_first_of("?#");
  std::string url(address.substr(0, query));
  if (!url.ends_with('/')) url.push_back('/');
  url += path.substr(path.starts_with('/') ? 1 : 0);
  if (query != std::string_view::npos) url += address.substr(query);
  return url;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_letter = lower(c) >= 'a' && lower(c) <= 'z';
    if (is_letter || (c >= '0' && c <= '9') || std::string_view("-_.~").find(c) != std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    out.push_back('%');
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15U]);
  }
  return out;
}

std::optional<JsonValue> json_object_in(const ports::HttpAnswer& answer) {
  Result<JsonValue> body = parse_json(answer.body, answer_limits);
  if (!body || body->as_object() == nullptr) return std::nullopt;
  return std::move(*body);
}

void write_unless_empty(JsonWriter& out, std::string_view key, std::string_view text) {
  if (!text.empty()) out.key(key).string(text);
}

void write_texts(JsonWriter& out, const std::map<std::string, std::string>& texts) {
  out.begin_object();
  for (const auto& [name, text] : texts) out.key(name).string(text);
  out.end_object();
}

std::string member_text(Rendering& rendering, const PlanValue& entry, std::string_view key, std::size_t index,
                        std::string_view member) {
  const std::string what = std::string(key) + "[" + std::to_string(index) + "]." + std::string(member);
  if (const std::string& secret = rendering.secret(what); !secret.empty()) return rendering.rendered_secret(what);
  const PlanValue::Map* map = entry.as_map();
  if (map == nullptr) return {};
  const auto at = map->find(std::string(member));
  if (at == map->end() || at->second.as_text() == nullptr) return {};
  return rendering.rendered(*at->second.as_text(), what);
}

std::string needed_title(Rendering& rendering, std::string_view key) {
  std::string title = rendering.title(key);
  return trimmed(title, " \t\r\n").empty() ? plain_title(rendering.notification()) : title;
}

std::vector<std::string> parts_between_commas(std::string_view text) {
  std::vector<std::string> parts;
  text = trimmed(text, " \t\r\n");
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

}  // namespace watchbill::receivers
