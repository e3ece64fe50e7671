#include "sim/checkers.h"

#include <map>
#include <set>

#include "core/route/membership.h"
#include "core/route/payload.h"
#include "sim/mute_checkers.h"

namespace watchbill::sim {
namespace {

std::string compare(core::State& a, core::State& b, const std::string& names) {
  if (core::digest_of(a) == core::digest_of(b)) return {};
  std::string first, second;
  core::write_snapshot(a, first);
  core::write_snapshot(b, second);
  const auto at = std::mismatch(first.begin(), first.end(), second.begin(), second.end());
  const auto offset = static_cast<std::size_t>(at.first - first.begin());
  const std::size_t from = offset < 60 ? 0 : offset - 60;
  return names + " differ: …" + first.substr(from, 160) + "… and …" + second.substr(from, 160) + "…";
}

// What of a request's caller and id a record answers, if any.
std::string request_of(const RecordEvents& body) { return body.request ? body.caller + " " + body.request->id : std::string(); }

}  // namespace

std::string FullReplay::catch_up(ports::JournalPort& journal) {
  bool is_same = false;
  static_cast<void>(journal.read(head_.sequence, head_.sequence, [&](const StoredRecord& record) {
    is_same = record.hash() == head_.hash;
    return false;
  }));
  if (!is_same) state_ = core::State{}, head_ = ChainHead{};
  const auto failure = engine::each_checked(
      journal, head_, ~Sequence{0}, engine::Reading::in_turns, [this](const engine::CheckedRecord& record) {
        std::optional<engine::RecoveryFailure> differs = engine::apply_checked(state_, record, limits_, digests_compared_);
        if (differs) return differs;
        head_ = record.head;
        check_messages(record);
        return differs;
      });
  if (!failure) return {};
  state_ = core::State{}, head_ = ChainHead{};
  return "full replay: " + failure->text();
}

void FullReplay::check_messages(const engine::CheckedRecord& record) {
  for (const RecordedEvent& each : record.body.events) {
    const auto* intended = std::get_if<NotificationIntended>(&each.event);
    if (intended == nullptr || intended->group.empty() || !wrong_message_.empty()) continue;
    wrong_message_ = told_though_muted(state_, intended->group, record.head.time);
  }
  if (wrong_message_.empty() && record.head.sequence % 16 == 0) wrong_message_ = forgotten_news(state_);
}

std::string FullReplay::compare_with(core::State& state, const std::string& name) {
  return compare(state, state_, name + " and full replay");
}

std::string FullReplay::compare_indexes(const core::State& live) {
  core::rebuild_derived(state_, limits_);
  if (state_.schedule == live.schedule) return {};
  const auto sizes = [](const Schedule& schedule) {
    return std::to_string(schedule.ready.size()) + " ready and " + std::to_string(schedule.deadlines.size()) + " deadlines";
  };
  return "the indexes hold " + sizes(live.schedule) + ", a full scan finds " + sizes(state_.schedule);
}

std::string broken_chain(ports::JournalPort& journal) {
  const auto verified = engine::verify_chain(journal);
  return verified ? std::string() : verified.error().text();
}

std::string time_or_epoch_going_back(const std::vector<StoredRecord>& records, std::size_t from) {
  RecordHeader last;
  for (std::size_t i = from; i < records.size(); ++i) {
    const StoredRecord& record = records[i];
    const std::optional<RecordHeader> header = decode_header(record.header);
    if (!header) return "record " + std::to_string(record.sequence) + " has no header";
    if (header->time < last.time) return "record " + std::to_string(record.sequence) + " is older than the one before it";
    if (header->epoch < last.epoch) return "record " + std::to_string(record.sequence) + " was written under an old epoch";
    last = *header;
  }
  return {};
}

std::string doubled_request(const ReadJournal& journal) {
  std::map<std::string, Sequence> seen;
  for (const ReadRecord& record : journal) {
    if (!record.body) return "record " + std::to_string(record.sequence) + " cannot be read";
    const std::string request = request_of(*record.body);
    if (request.empty()) continue;
    const auto [first, is_new] = seen.emplace(request, record.sequence);
    if (!is_new)
      return "request " + request + " was decided in record " + std::to_string(first->second) + " and again in " +
             std::to_string(record.sequence);
  }
  return {};
}

std::string missing_acknowledgement(const std::vector<StoredRecord>& records, const std::vector<Acknowledged>& answers,
                                    std::size_t from) {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Acknowledged& answer = answers[i];
    const std::string name = "the answer to " + answer.caller + " " + answer.request_id;
    if (answer.answer.sequence > records.size())
      return name + " named record " + std::to_string(answer.answer.sequence) + ", which is gone";
    if (i < from) continue;
    const StoredRecord& record = records[answer.answer.sequence - 1];
    const auto body = record.payload ? decode_events(*record.payload) : Result<RecordEvents, DecodeFailure>(DecodeFailure{});
    if (!body) continue;  // damage is the chain checker's
    if (request_of(*body) != answer.caller + " " + answer.request_id)
      return name + " named record " + std::to_string(answer.answer.sequence) + ", which holds something else";
  }
  return {};
}

std::string differs_when_decided_again(ports::JournalPort& journal, const Limits& limits) {
  const auto again = engine::redecide(journal, limits, 1);
  if (!again) return again.error().text();
  if (again->differences.empty()) return {};
  const auto& first = again->differences.front();
  return "record " + std::to_string(first.sequence) + " holds " + first.recorded + ", decided again it is " + first.decided;
}

std::string unfinished_delivery(const core::State& state, const std::function<std::uint64_t(const std::string&)>& accepted) {
  std::string found;
  state.route.deliveries.each([&](const std::string& id, const core::route::Delivery& delivery) {
    if (delivery.state == core::route::DeliveryState::due) found = "delivery " + id + " is still owed";
    if (delivery.state == core::route::DeliveryState::sent && accepted(id) == 0)
      found = "delivery " + id + " is called sent, nobody has it";
    return found.empty();
  });
  return found;
}

std::string told_otherwise(const core::State& state, const std::map<std::string, std::string>& heard) {
  std::map<std::string, std::string> firing;
  std::set<std::string> muted;  // ends that wait
  state.route.alerts.each([&](const std::string&, const core::route::GroupedAlert& alert) {
    if (alert.ends_at && alert.muted) muted.insert(core::route::fingerprint(alert.labels));
    return true;
  });
  state.alert.alerts.each([&](const std::string&, const core::alert::Alert& alert) {
    if (alert.phase != AlertPhase::firing) return true;
    if (is_muted(state, alert.labels, state.progress.time)) {
      muted.insert(core::route::fingerprint(alert.labels));
      return true;
    }
    const std::string fingerprint = " " + core::route::fingerprint(alert.labels);
    const auto expect = [&](const std::string& webhook) { firing[webhook + fingerprint] = alert.labels.text(); };
    for (std::size_t i = 0; i < 2; ++i) expect(integration_name("ops", IntegrationKind::webhook, i));
    if (alert.labels.get("severity") == "critical") expect(integration_name("pager", IntegrationKind::webhook, 0));
    return true;
  });
  for (const auto& [name, labels] : firing)
    if (const auto at = heard.find(name); at == heard.end() || at->second != "firing")
      return name + " fires, " + labels + ", and nobody was told";
  for (const auto& [name, status] : heard)
    if (status == "firing" && !firing.contains(name) && !muted.contains(name.substr(name.rfind(' ') + 1)))
      return name + " is over, and who was told of it was not told of its end";
  return {};
}

namespace {

bool is_held(const core::State& state, const std::string& run) {
  const core::plan::Run* known = state.plan.runs.find(run);
  return known != nullptr && known->state == core::plan::RunState::held;
}

// What the built-in alerts that fire are about, by name and subject.
std::set<std::pair<std::string, std::string>> pages_of(const core::State& state) {
  std::set<std::pair<std::string, std::string>> pages;
  state.alert.alerts.each([&](const std::string&, const core::alert::Alert& alert) {
    if (alert.source != AlertSource::built_in || alert.phase != AlertPhase::firing) return true;
    for (const char* label : {"run", "alert", "channel"})
      if (const std::string_view subject = alert.labels.get(label); !subject.empty())
        pages.emplace(alert.labels.get("alertname"), subject);
    return true;
  });
  return pages;
}

}  // namespace

std::string unpaged(const core::State& state) {
  if (!state.pending_reactions.empty()) return {};  // they go first in the next batch
  const auto pages = pages_of(state);
  for (const std::string& run : state.plan.open)
    if (is_held(state, run) && !pages.contains({"RunHeld", run})) return run + " is held and nobody is paged";
  for (const auto& [name, subject] : pages) {
    if (name == "RunHeld" && !is_held(state, subject)) return subject + " is paged of and not held";
    if (name == "BindingHeld" && !state.control.holds.contains("binding/" + subject))
      return "binding/" + subject + " is paged of and not held";
  }
  std::string found;
  state.control.holds.each([&](const std::string& scope, const core::control::Hold& hold) {
    const bool is_binding = hold.by == "limits" && scope.starts_with("binding/");
    if (is_binding && !pages.contains({"BindingHeld", scope.substr(8)})) found = scope + " is held by limits and nobody is paged";
    return found.empty();
  });
  const auto expect_channel = [&](const std::string& channel) {
    if (!pages.contains({"NotificationUndelivered", channel})) found = channel + " takes no messages and nobody is paged";
    return found.empty();
  };
  if (found.empty())
    state.route.groups.each([&](const std::string&, const core::route::Group& group) {
      const core::route::Routing& routing = core::route::routing_of(state.route);
      return !group.failing || expect_channel(core::route::channel_of(routing, group.receiver, group.integration));
    });
  if (found.empty())
    state.route.deliveries.each([&](const std::string&, const core::route::Delivery& delivery) {
      const bool is_failing = delivery.state == core::route::DeliveryState::due && !delivery.last_failure.empty() &&
                              delivery.attempts >= core::route::attempts_before_page;
      return !is_failing || expect_channel(delivery.receiver);
    });
  return found;
}

bool DurableIntents::has(const std::vector<StoredRecord>& records, const DeliveryId& delivery) {
  for (; read_ < records.size(); ++read_) {
    const StoredRecord& record = records[read_];
    if (record.payload->find("\"NotificationIntended\"") == std::string::npos) continue;
    const auto body = decode_events(*record.payload);
    if (!body) continue;  // damage is the chain checker's
    for (const RecordedEvent& each : body->events)
      if (const auto* intended = std::get_if<NotificationIntended>(&each.event))
        deliveries_.emplace(intended->delivery.text, record.sequence);
  }
  return deliveries_.contains(delivery.text);
}

void DurableIntents::lost_behind(const std::vector<StoredRecord>& records) {
  const Sequence last = records.empty() ? 0 : records.back().sequence;
  std::erase_if(deliveries_, [last](const auto& each) { return each.second > last; });
  read_ = std::min(read_, records.size());
}

void append_from_the_past(ports::JournalPort& journal, const std::vector<StoredRecord>& records, ports::EntropyPort& entropy,
                          Epoch epochs_back, Duration time_back) {
  const std::optional<RecordHeader> last = decode_header(records.back().header);
  if (!last || last->epoch < 2) return;
  RecordBody body;
  body.nonce = entropy.hex32();
  body.cause.body = NoteClockJump{};
  body.cause.actor = engine_actor();
  body.events.push_back(RecordedEvent{ClockJumped{}, std::nullopt});
  StoredRecord record;
  record.sequence = last->sequence + 1;
  record.payload = encode_payload(body);
  record.header = encode_header(RecordHeader{record.sequence, last->time - time_back, last->epoch - epochs_back, last->segment,
                                             sha256(*record.payload), records.back().hash()});
  std::string detail;
  static_cast<void>(journal.append(std::span(&record, 1), {}, detail));
}

}  // namespace watchbill::sim
