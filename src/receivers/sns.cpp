// Amazon SNS: Publish, signed with the keys that the file gives. Source: Alertmanager 0.25 notify/sns and the API's reference of
// 2010-03-31. A text is cut at a whole character, where Alertmanager cuts within one.
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/characters.h"
#include "receivers/one_call.h"
#include "receivers/sigv4.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t sns_message_bytes_max = 256U << 10;
constexpr std::size_t sns_phone_message_bytes_max = 1600;

class SnsForm {
 public:
  void add(std::string_view name, std::string_view value) {
    if (!text_.empty()) text_.push_back('&');
    text_ += std::string(name) + "=" + percent_encoded(value);
  }
  void add_attribute(std::string_view name, std::string_view value) {
    const std::string entry = "MessageAttributes.entry." + std::to_string(++attribute_count_);
    add(entry + ".Name", name);
    add(entry + ".Value.DataType", "String");
    add(entry + ".Value.StringValue", value);
  }
  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  std::string text_;
  std::size_t attribute_count_{0};
};

// Wrong bytes, which templates can make by cutting a text, would make the far side refuse all of it.
std::string valid_utf8(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t wrong = find_invalid_utf8(text);
    out += text.substr(0, wrong);
    if (wrong == std::string_view::npos) return out;
    out += "\xEF\xBF\xBD";
    text.remove_prefix(wrong + 1);
  }
}

std::string sns_body(Rendering& rendering) {
  SnsForm form;
  form.add("Action", "Publish");
  const std::string topic = rendering.text("topic_arn"), phone = rendering.text("phone_number");
  if (!topic.empty()) form.add("TopicArn", topic);
  if (topic.ends_with(".fifo")) {
    form.add("MessageDeduplicationId", group_hash(rendering.notification()));
    form.add("MessageGroupId", group_hash(rendering.notification()));
  }
  if (!phone.empty()) form.add("PhoneNumber", phone);
  if (const std::string target = rendering.text("target_arn"); !target.empty()) form.add("TargetArn", target);
  const std::size_t bytes_max = rendering.setting("phone_number").empty() ? sns_message_bytes_max : sns_phone_message_bytes_max;
  const std::string message = valid_utf8(rendering.message("message"));
  form.add("Message", beginning_of(message, bytes_max));
  if (!rendering.setting("subject").empty()) form.add("Subject", valid_utf8(rendering.title("subject")));
  std::map<std::string, std::string> attributes;
  for (auto& [name, value] : rendering.texts("attributes"))
    attributes[rendering.rendered(name, "attributes." + name)] = std::move(value);
  if (message.size() > bytes_max) attributes["truncated"] = "true";
  for (const auto& [name, value] : attributes) form.add_attribute(name, value);
  form.add("Version", "2010-03-31");
  return std::move(form).text();
}

std::string sns_url(Rendering& rendering, const std::string& region) {
  const std::string url = rendering.text("api_url");
  if (!url.empty()) return address_below(url, "");
  return "https://sns." + region + ".amazonaws.com" + (region.starts_with("cn-") ? ".cn/" : "/");
}

// The part of a URL that the Host header says, and the path after it.
std::pair<std::string, std::string> sns_host_and_path(std::string_view url) {
  const bool is_tls = url.starts_with("https://");
  url.remove_prefix(std::min(url.find("//") + 2, url.size()));
  const std::size_t slash = std::min(url.find('/'), url.size());
  std::string host = lowered(url.substr(0, slash));
  host.erase(0, host.find('@') + 1);
  const std::string_view own_port = is_tls ? ":443" : ":80";
  if (host.ends_with(own_port)) host.resize(host.size() - own_port.size());
  const std::string_view path = url.substr(slash);
  return {std::move(host), std::string(path.substr(0, path.find_first_of("?#")))};
}

class SnsAttempt final : public Attempt {
 public:
  SnsAttempt(ChannelPointer channel, Notification notification, Instant now)
      : Attempt(std::move(channel), std::move(notification), now), now_(now) {}

  Step begin() override {
    const std::string& secret_key = rendering().secret("sigv4.secret_key");
    const SigningKey key{rendering().setting("sigv4.access_key"), std::string(trimmed(secret_key, " \t\r\n")),
                         rendering().setting("sigv4.region"), "sns"};
    if (key.access_key.empty() || key.secret_key.empty()) return cannot_be_told("no_access_key");
    if (key.region.empty()) return cannot_be_told("no_region");
    ports::HttpCall call;
    call.method = "POST";
    call.url = sns_url(rendering(), key.region);
    call.body = sns_body(rendering());
    const auto [host, path] = sns_host_and_path(call.url);
    const std::string time = amazon_time(now_);
    call.headers = {{"Host", host},
                    {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                    {"X-Amz-Date", time}};
    const SignedRequest request{call.method, path, "", call.headers, call.body};
    call.headers.push_back({"Authorization", signature_v4(key, request, time)});
    return call;
  }

  // Too many calls are also said with 400, which Amazon's own clients try again.
  Step go_on(const ports::HttpAnswer& answer) override {
    Verdict verdict = judge(answer);
    if (answer.status == 400 && answer.body.find("<Code>Throttl") != std::string::npos)
      verdict.answer = DeliveryAnswer::retryable;
    return verdict;
  }

 private:
  const Instant now_;
};

}  // namespace

ConversationPointer begin_sns(ChannelPointer channel, Notification notification, Instant now) {
  return std::make_unique<SnsAttempt>(std::move(channel), std::move(notification), now);
}

}  // namespace watchbill::receivers
