// The whole core with its reactions, driven by hand: told what happens, asked by people, with a clock that tests move.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/process.h"
#include "model/codec.h"
#include "model/configuration.h"

namespace watchbill::core {

// A bill with a runbook that a person has to look at when it fails, bound to WebDown, and two webhooks to tell.
inline Configuration with_two_webhooks() {
  Configuration configuration;
  RoutingConfiguration& routing = configuration.routing.emplace();
  RouteConfiguration& root = routing.routes.emplace_back();
  root.receiver = "ops";
  root.group_by = {"alertname"};
  routing.receivers["ops"].integrations.resize(2);
  ConfiguredRunbook& runbook = configuration.runbooks.runbooks["repair"];
  ConfiguredStep& step = runbook.steps.emplace_back();
  step.name = "switch";
  step.actions.emplace_back().kind = ActionKind::exec;
  step.actions.front().args["argv"] = PlanValue::List{PlanValue("true")};
  step.undo = step.actions;
  step.verify.emplace().action.kind = ActionKind::query;
  step.verify->action.args["query"] = PlanValue("up == 1");
  step.on_failure = OnFailure::hold;
  configuration.runbooks.own_host = "here";
  ConfiguredBinding& binding = configuration.runbooks.bindings["WebDown"];
  binding.mitigation = binding.rollback = "repair";
  binding.mode = BindingMode::auto_;
  binding.limits.runs = 1;
  binding.limits.target_share_millionths = 1'000'000;
  return configuration;
}

// A core that holds the bill of with_two_webhooks().
class Desk {
 public:
  Desk() { accept(with_two_webhooks()); }

  void accept(const Configuration& configuration) {
    const std::string text = canonical_text(configuration);
    blobs_[sha256(text)] = text;
    tell(AcceptConfig{sha256(text)}, {text});
  }
  Processed tell(CommandBody body, std::vector<std::string> blobs = {}, Actor actor = engine_actor()) {
    return run(Command{std::move(body), std::move(actor), std::nullopt, std::nullopt, std::move(blobs)});
  }
  Processed ask(CommandBody body) { return tell(std::move(body), {}, Actor{ActorKind::caller, "ana", {"operator", "approver"}}); }

  // Meets every deadline that is due after this time.
  void pass(Duration time) {
    now = now + time;
    for (std::optional<Subject> due = next_due(); due; due = next_due())
      tell(MeetDeadline{now, due->owner, 0, due->name});
  }
  // The delivery that this webhook is owed, with the number of its next attempt.
  [[nodiscard]] std::optional<NoteDelivery> owed(const std::string& receiver) const {
    std::optional<NoteDelivery> found;
    state.route.deliveries.each([&](const std::string& id, const route::Delivery& delivery) {
      if (delivery.state != route::DeliveryState::due || delivery.receiver != receiver) return true;
      found.emplace();
      found->attempt = delivery.attempts + 1;
      found->delivery = DeliveryId{id};
      return false;
    });
    return found;
  }
  void answer(const std::string& receiver, DeliveryAnswer answer, const std::string& detail = "http 503") {
    std::optional<NoteDelivery> note = owed(receiver);
    ASSERT_TRUE(note) << receiver << " is owed nothing";
    note->answer = answer;
    note->detail = detail;
    tell(*note);
  }
  [[nodiscard]] const alert::Alert* page(const std::string& name, const std::string& label, const std::string& subject) const {
    return alert::firing_built_in(state.alert, name, label, subject);
  }
  [[nodiscard]] std::size_t firing_count() const {
    std::size_t count = 0;
    state.alert.alerts.each([&](const std::string&, const alert::Alert& alert) {
      count += alert.phase == AlertPhase::firing ? 1U : 0U;
      return true;
    });
    return count;
  }

  Limits limits;
  State state;
  Instant now{1'772'366'400'000};

 private:
  Processed run(const Command& command) {
    Processed done = process(state, seen_, command, {now, limits, reactions(), [this](const Digest& digest) {
                                                       const auto at = blobs_.find(digest);
                                                       return at == blobs_.end() ? std::nullopt : std::optional(at->second);
                                                     }});
    for (const std::string& blob : done.blobs) blobs_[sha256(blob)] = blob;
    if (done.events.empty()) return done;
    RecordHeader header;
    header.sequence = state.progress.sequence + 1;
    header.time = now;
    apply_end(state, RecordEnd{header, command.actor.name, command.request, done.events, done.pending}, limits);
    return done;
  }
  [[nodiscard]] std::optional<Subject> next_due() const {
    std::optional<Subject> due;
    state.schedule.deadlines.each_due(now, [&](Instant, const Subject& subject) {
      due = subject;
      return false;
    });
    return due;
  }

  Seen seen_;
  std::map<Digest, std::string> blobs_;
};

}  // namespace watchbill::core
