// WeChat Work: a token first, then the message. The real one keeps its token for two hours; here each attempt asks for its own,
// so that one which expired early is replaced by trying again.
//
// Source: Alertmanager notify/wechat; the names in answers (errcode, errmsg) from its newer releases, as 0.25 reads `code`, which
// WeChat does not send, and takes every answer for a yes. Codes: https://developer.work.weixin.qq.com/document/path/90313.
#include <algorithm>
#include <array>

#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

// Busy, token invalid, token expired, too many calls: what helps is to come again.
constexpr std::array<std::int64_t, 4> wechat_codes_to_retry{-1, 40014, 42001, 45009};

// What the code in an answer's body says; 0 is a yes.
Verdict judge_wechat_code(const JsonValue& body) {
  const JsonValue* member = body.find("errcode");
  if (member == nullptr) return {DeliveryAnswer::accepted, "http 200", {}};
  const std::int64_t* code = member->as_integer();
  if (code == nullptr) return {DeliveryAnswer::final, "errcode_unreadable", {}};
  if (*code == 0) return {DeliveryAnswer::accepted, "http 200", {}};
  const bool is_retryable =
      std::find(wechat_codes_to_retry.begin(), wechat_codes_to_retry.end(), *code) != wechat_codes_to_retry.end();
  return {is_retryable ? DeliveryAnswer::retryable : DeliveryAnswer::final, "errcode " + std::to_string(*code), {}};
}

class WechatAttempt final : public Attempt {
 public:
  using Attempt::Attempt;

  Step begin() override {
    ports::HttpCall call;
    call.url = address_below(address(rendering(), "api_url"),
                             "gettoken?corpid=" + percent_encoded(rendering().text("corp_id")) +
                                 "&corpsecret=" + percent_encoded(rendering().rendered_secret("api_secret")));
    return call;
  }

  Step go_on(const ports::HttpAnswer& answer) override { return has_token_ ? Step(judge_message(answer)) : tell(answer); }

 private:
  Step tell(const ports::HttpAnswer& answer) {
    if (Verdict verdict = judge(answer); verdict.answer != DeliveryAnswer::accepted) return verdict;
    const std::optional<JsonValue> body = json_object_in(answer);
    if (!body) return Verdict{DeliveryAnswer::retryable, "answer_unreadable", {}};
    if (Verdict verdict = judge_wechat_code(*body); verdict.answer != DeliveryAnswer::accepted) return verdict;
    const JsonValue* token = body->find("access_token");
    if (token == nullptr || token->as_string() == nullptr || token->as_string()->empty())
      return Verdict{DeliveryAnswer::final, "no_access_token", {}};
    has_token_ = true;
    const std::string path = "message/send?access_token=" + percent_encoded(*token->as_string());
    return post_json(address_below(address(rendering(), "api_url"), path), message());
  }

  std::string message() {
    const bool is_markdown = rendering().setting("message_type") == "markdown";
    const std::string content = rendering().message("message");
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    out.key("text").begin_object().key("content").string(is_markdown ? "" : content).end_object();
    write_unless_empty(out, "touser", rendering().text("to_user"));
    write_unless_empty(out, "toparty", rendering().text("to_party"));
    write_unless_empty(out, "totag", rendering().text("to_tag"));
    write_unless_empty(out, "agentid", rendering().text("agent_id"));
    out.key("safe").string("0");
    write_unless_empty(out, "msgtype", rendering().setting("message_type"));
    out.key("markdown").begin_object().key("content").string(is_markdown ? content : "").end_object();
    out.end_object();
    return text;
  }

  // Alertmanager tries again on any status but 200, and on what is no JSON.
  static Verdict judge_message(const ports::HttpAnswer& answer) {
    if (answer.status != 200)
      return {DeliveryAnswer::retryable, "http " + std::to_string(answer.status), retry_after(answer.headers)};
    const std::optional<JsonValue> body = json_object_in(answer);
    return body ? judge_wechat_code(*body) : Verdict{DeliveryAnswer::retryable, "answer_unreadable", {}};
  }

  bool has_token_{false};
};

}  // namespace

ConversationPointer begin_wechat(ChannelPointer channel, Notification notification, Instant now) {
  return std::make_unique<WechatAttempt>(std::move(channel), std::move(notification), now);
}

}  // namespace watchbill::receivers
