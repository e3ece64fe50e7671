#include "route/audience.h"

#include "base/json.h"
#include "core/decide.h"
#include "model/codec.h"

namespace watchbill::core::route {
namespace {

std::string brief(const std::string& body) {
  const auto parsed = parse_json(body);
  EXPECT_TRUE(parsed) << body;
  std::string text = *parsed->find("status")->as_string();
  for (const JsonValue& alert : *parsed->find("alerts")->as_array()) {
    const bool is_over = *alert.find("status")->as_string() == "resolved";
    text += " " + *alert.find("labels")->find("instance")->as_string() + (is_over ? "-" : "");
  }
  return text;
}

std::string joined(const std::vector<std::string>& messages) {
  std::string text;
  for (const std::string& message : messages) text += (text.empty() ? "" : "; ") + message;
  return text;
}

}  // namespace

Audience::Audience(std::optional<RoutingConfiguration> routing) {
  StartEpoch epoch;
  epoch.state_format = core::state_format;
  take(epoch);
  configure(std::move(routing));
}

void Audience::configure(std::optional<RoutingConfiguration> routing) {
  Configuration configuration;
  configuration.external_url = "http://watch.example";
  configuration.routing = std::move(routing);
  const std::string text = canonical_text(configuration);
  take(AcceptConfig{sha256(text)}, {text});
}

std::string Audience::silence(const std::string& instance, Duration length, Duration after) {
  SetSilence set;
  set.comment = "a test";
  set.created_by = "ana";
  set.matchers = {{MatcherKind::equal, "instance", instance}};
  set.starts_at = now_ + after;
  set.ends_at = set.starts_at + length;
  const Answer answer = ask(set);
  EXPECT_FALSE(answer.refused);
  return answer.subject;
}

void Audience::wait(Duration time) {
  const Instant until = now_ + time;
  for (int turns = 0; turns < 1000; ++turns) {
    std::optional<Subject> due;
    Instant at;
    state_.schedule.deadlines.each_due(until, [&](Instant when, const Subject& subject) {
      due = subject;
      at = when;
      return false;
    });
    if (!due) break;
    now_ = std::max(now_, at);
    take(deadline_command(seen_, *due, at));
  }
  now_ = until;
}

void Audience::deliver(DeliveryAnswer answer) {
  std::vector<std::pair<std::string, std::uint32_t>> due;
  state_.route.deliveries.each([&](const std::string& id, const Delivery& delivery) {
    if (delivery.state == DeliveryState::due) due.emplace_back(id, delivery.attempts + 1);
    return true;
  });
  for (const auto& [id, attempt] : due) take(NoteDelivery{answer, attempt, DeliveryId{id}, "", {}});
}

Answer Audience::ask(const CommandBody& body, std::vector<std::string> blobs) {
  for (const std::string& blob : blobs) blobs_[sha256(blob)] = blob;
  const Command command{body, engine_actor("test"), std::nullopt, std::nullopt, std::move(blobs)};
  // Without reactions: a page of a failed delivery would be a message among those that are counted here.
  Processed processed = core::process(state_, seen_, command, {now_, limits, {}, {}});
  for (const std::string& blob : processed.blobs) {
    blobs_[sha256(blob)] = blob;
    last_body_ = sha256(blob);
  }
  RecordHeader header;
  header.sequence = state_.progress.sequence + 1;
  header.time = now_;
  if (!processed.events.empty())
    apply_end(state_, RecordEnd{header, command.actor.name, command.request, processed.events, processed.pending}, limits);
  for (const RecordedEvent& recorded : processed.events)
    if (const auto* event = std::get_if<NotificationNotSent>(&recorded.event)) not_sent_.push_back(*event);
  expect_derived(type_of(body));
  return processed.answer;
}

std::vector<std::string> Audience::messages_on_their_way() const {
  std::vector<std::string> messages;
  state_.route.deliveries.each([&](const std::string&, const Delivery& delivery) {
    if (delivery.state == DeliveryState::due) messages.push_back(delivery.receiver + " " + brief(blobs_.at(delivery.body)));
    return true;
  });
  return messages;
}

std::string Audience::on_its_way() const { return joined(messages_on_their_way()); }

std::string Audience::on_its_way_by_channel() const {
  std::vector<std::string> messages = messages_on_their_way();
  std::sort(messages.begin(), messages.end());
  return joined(messages);
}

std::string Audience::not_sent() {
  std::string text;
  for (const NotificationNotSent& event : not_sent_) {
    text += (text.empty() ? "" : " ") + std::string(word(event.reason)) + ":" + std::to_string(event.total);
    for (const Muting& muting : event.by) text += " by " + std::string(word(muting.by));
  }
  not_sent_.clear();
  return text;
}

void Audience::tell(const std::string& name, const std::string& instance, bool fires) {
  NoteRuleAnswer answer;
  answer.at = now_;
  answer.name = name;
  answer.group = "f;g";
  answer.rule = rule_id({"f", "g", name, Digest{}, {}, 0});
  ElementChange change;
  change.labels = Labels({{"alertname", name}, {"instance", instance}, {"severity", "critical"}});
  change.annotations["summary"] = instance + " is down";
  change.presence = fires ? Presence::present : Presence::absent;
  answer.changes.push_back(change);
  take(answer);
}

void Audience::take(const CommandBody& body, std::vector<std::string> blobs) {
  const Answer answer = ask(body, std::move(blobs));
  ASSERT_FALSE(answer.refused) << type_of(body) << ": " << answer.refused->message;
}

// What is derived holds what a full scan finds.
void Audience::expect_derived(std::string_view after) const {
  core::State scanned = state_;
  rebuild_derived(scanned, limits);
  EXPECT_TRUE(scanned.schedule == state_.schedule) << "the indexes, after " << after;
  EXPECT_TRUE(scanned.route.waiting == state_.route.waiting) << "who waits, after " << after;
  EXPECT_TRUE(scanned.route.inhibition == state_.route.inhibition) << "who inhibits, after " << after;
}

}  // namespace watchbill::core::route
