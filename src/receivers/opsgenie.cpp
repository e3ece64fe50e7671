// Opsgenie's Alert API: an alert for each group, closed when it is over; with `update_alerts` its texts are brought up to date by
// two calls more. Source: Alertmanager 0.25 notify/opsgenie.
#include <vector>

#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t message_characters_max = 130;

struct Responder {
  std::string id, name, username, type;
};

// "teams" with names between commas are so many teams; those that templates left empty are nobody.
std::vector<Responder> responders_of(Rendering& rendering) {
  const PlanValue::List& list = rendering.list("responders");
  std::vector<Responder> out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::size_t failures = rendering.failure_count();
    const auto part = [&](std::string_view member) { return member_text(rendering, list[i], "responders", i, member); };
    Responder responder{part("id"), part("name"), part("username"), part("type")};
    // Half a responder would make the far side refuse the alert.
    if (rendering.failure_count() > failures) continue;
    if (responder.id.empty() && responder.name.empty() && responder.username.empty() && responder.type.empty()) continue;
    if (responder.type != "teams") {
      out.push_back(std::move(responder));
      continue;
    }
    for (std::string& team : parts_between_commas(responder.name)) out.push_back({"", std::move(team), "", "team"});
  }
  return out;
}

void write_responders(JsonWriter& out, Rendering& rendering) {
  const std::vector<Responder> responders = responders_of(rendering);
  if (responders.empty()) return;
  out.key("responders").begin_array();
  for (const Responder& responder : responders) {
    out.begin_object();
    write_unless_empty(out, "id", responder.id);
    write_unless_empty(out, "name", responder.name);
    write_unless_empty(out, "username", responder.username);
    out.key("type").string(responder.type).end_object();
  }
  out.end_array();
}

void write_parts(JsonWriter& out, Rendering& rendering, std::string_view key) {
  const std::vector<std::string> parts = parts_between_commas(rendering.text(key));
  if (parts.empty()) return;
  out.key(key).begin_array();
  for (const std::string& part : parts) out.string(part);
  out.end_array();
}

std::map<std::string, std::string> details_of(Rendering& rendering) {
  std::map<std::string, std::string> details = rendering.texts("details");
  for (const auto& [name, value] : rendering.notification().data.common_labels) details.emplace(name, value);
  return details;
}

std::string one_text(std::string_view key, std::string_view text) {
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  write_unless_empty(out, key, text);
  out.end_object();
  return body;
}

class OpsgenieConversation final : public Attempt {
 public:
  using Attempt::Attempt;

  Step begin() override {
    key_ = rendering().rendered_secret("api_key");
    if (key_.empty()) return cannot_be_told("no_key");
    if (rendering().is_firing()) create();
    else close();
    return next();
  }

  Step go_on(const ports::HttpAnswer& answer) override {
    Verdict verdict = judge(answer);
    if (verdict.answer != DeliveryAnswer::accepted || calls_.empty()) return verdict;
    return next();
  }

 private:
  // Calls are kept last first.
  Step next() {
    ports::HttpCall call = std::move(calls_.back());
    calls_.pop_back();
    return call;
  }

  void add(std::string method, std::string_view path, std::string body) {
    ports::HttpCall call = json_call(std::move(method), address_below(address(rendering(), "api_url"), path), std::move(body));
    call.headers.push_back({"Authorization", "GenieKey " + key_});
    call.may_be_sent_twice = true;  // the alias makes one alert of both
    calls_.insert(calls_.begin(), std::move(call));
  }

  [[nodiscard]] std::string path_of(std::string_view what) {
    return "v2/alerts/" + group_hash(rendering().notification()) + "/" + std::string(what) + "?identifierType=alias";
  }

  void close() {
    std::string body;
    JsonWriter out(body);
    out.begin_object().key("source").string(rendering().text("source")).end_object();
    add("POST", path_of("close"), std::move(body));
  }

  void create() {
    const std::string message = cut_characters(needed_title(rendering(), "message"), message_characters_max);
    const std::string description = rendering().message("description");
    std::string body;
    JsonWriter out(body);
    out.begin_object().key("alias").string(group_hash(rendering().notification())).key("message").string(message);
    write_unless_empty(out, "description", description);
    write_texts(out.key("details"), details_of(rendering()));
    out.key("source").string(rendering().text("source"));
    write_responders(out, rendering());
    write_parts(out, rendering(), "tags");
    write_unless_empty(out, "note", rendering().text("note"));
    write_unless_empty(out, "priority", rendering().text("priority"));
    write_unless_empty(out, "entity", rendering().text("entity"));
    write_parts(out, rendering(), "actions");
    out.end_object();
    add("POST", "v2/alerts", std::move(body));
    if (!rendering().is_true("update_alerts")) return;
    add("PUT", path_of("message"), one_text("message", message));
    add("PUT", path_of("description"), one_text("description", description));
  }

  std::string key_;
  std::vector<ports::HttpCall> calls_;
};

}  // namespace

ConversationPointer begin_opsgenie(ChannelPointer channel, Notification notification, Instant now) {
  return std::make_unique<OpsgenieConversation>(std::move(channel), std::move(notification), now);
}

}  // namespace watchbill::receivers
