// What the kinds of integrations share: an attempt that holds what it tells, calls that post JSON, answers that are JSON.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "receivers/conversation.h"
#include "receivers/kinds.h"
#include "receivers/rendering.h"

namespace watchbill::receivers {

// A conversation with what it is about. For kinds of several calls; one_call() is for the others.
class Attempt : public Conversation {
 public:
  Attempt(ChannelPointer channel, Notification notification, Instant now)
      : channel_(std::move(channel)), notification_(std::move(notification)), rendering_(*channel_, notification_, now) {}
  Attempt(const Attempt&) = delete;  // the rendering refers to the others
  Attempt& operator=(const Attempt&) = delete;
  [[nodiscard]] std::string remark() const final { return rendering_.remark(); }

 protected:
  [[nodiscard]] Rendering& rendering() noexcept { return rendering_; }

 private:
  const ChannelPointer channel_;
  const Notification notification_;
  Rendering rendering_;
};

// A conversation that is one call: `compose` gives it, or a verdict where the settings allow none.
using Compose = Step (*)(Rendering& rendering);
using Judge = Verdict (*)(const ports::HttpAnswer& answer);
[[nodiscard]] ConversationPointer one_call(ChannelPointer channel, Notification notification, Instant now, Compose compose,
                                           Judge judge_answer = judge);

// The settings cannot make a call; `what` is the word for it: "no_routing_key".
[[nodiscard]] Verdict cannot_be_told(std::string what);
// As judge(), and the far side uses these for "later" too.
[[nodiscard]] Verdict judge_with(const ports::HttpAnswer& answer, std::initializer_list<std::uint32_t> retryable);

// http://USER:PASSWORD@HOST: the user goes into the header Authorization, as Go does it; no call has one in its URL. json_call()
// does it already.
void move_user_to_header(ports::HttpCall& call);
// A call with a body in JSON.
[[nodiscard]] ports::HttpCall json_call(std::string method, std::string url, std::string body);
[[nodiscard]] ports::HttpCall post_json(std::string url, std::string body);
// The address that the secret of this name holds, or the setting; without blanks at its ends, as it may come from a file.
[[nodiscard]] std::string address(const Rendering& rendering, std::string_view key);
// `path` below the address: one slash between, before the address' own query. `path` is written as it is.
[[nodiscard]] std::string address_below(std::string_view address, std::string_view path);
// All but letters, digits and "-_.~" as %XX: for a part of a path, and for the values of a query.
[[nodiscard]] std::string percent_encoded(std::string_view text);

// The answer's body where it is a JSON object of a size that an answer may have.
[[nodiscard]] std::optional<JsonValue> json_object_in(const ports::HttpAnswer& answer);

// A member that is left out when it is empty, as Go's omitempty.
void write_unless_empty(JsonWriter& out, std::string_view key, std::string_view text);
// The texts of a map as an object.
void write_texts(JsonWriter& out, const std::map<std::string, std::string>& texts);
// A text within a map of a list, rendered: `entry` of list(key), the one at `index`. "" where it is absent.
[[nodiscard]] std::string member_text(Rendering& rendering, const PlanValue& entry, std::string_view key, std::size_t index,
                                      std::string_view member);
// The title, or plain_title() where it is empty: for what the far side refuses without one.
[[nodiscard]] std::string needed_title(Rendering& rendering, std::string_view key);
// The parts of a text between commas, without the empty ones. Source: notify/opsgenie safeSplit.
[[nodiscard]] std::vector<std::string> parts_between_commas(std::string_view text);

}  // namespace watchbill::receivers
