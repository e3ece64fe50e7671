// Runs in a process without drivers of actions: an attempt fails at once, by name; what is only asked stays unanswered, and the
// run's own deadlines say so.
#pragma once

#include <functional>
#include <utility>
#include <variant>

#include "model/command.h"
#include "ports/effects.h"

namespace watchbill::app {

class UnarmedActions final : public ports::EffectPort {
 public:
  // `offer` may be called on the engine's thread.
  explicit UnarmedActions(std::function<void(CommandBody)> offer) : offer_(std::move(offer)) {}

  void begin(const Effect& effect, Epoch) override {
    const auto* action = std::get_if<RunAction>(&effect.what);
    if (action == nullptr) return;
    NoteOutcome note;
    note.attempt = action->attempt;
    note.effect_id = action->effect_id;
    note.outcome = EffectOutcome::failed;
    note.reason = "not_yet_supported";
    note.run = action->place.run;
    offer_(note);
  }

 private:
  const std::function<void(CommandBody)> offer_;
};

}  // namespace watchbill::app
