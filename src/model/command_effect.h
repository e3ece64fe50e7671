// Commands by which drivers report on the effects of runs; at least once each. From the controller itself only.
// A report on what is not asked any more is refused `not_asked`: the driver then stops.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/area.h"
#include "model/event_effect.h"
#include "model/event_observation.h"
#include "model/plan_value.h"

namespace watchbill {

// How an attempt of an effect ended, as far as its driver can know.
enum class EffectOutcome : std::uint8_t { succeeded, failed, unknown };
template <>
struct Words<EffectOutcome> {
  static constexpr std::array<std::string_view, 3> table{"succeeded", "failed", "unknown"};
};

// What probing an unknown outcome found.
enum class ProbeFinding : std::uint8_t { done, absent };
template <>
struct Words<ProbeFinding> {
  static constexpr std::array<std::string_view, 2> table{"done", "absent"};
};

// The outcome of one attempt (of RunAction, or of what ProbeAction found in the memory of the far side).
struct NoteOutcome {
  static constexpr std::string_view type = "NoteOutcome";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::outcomes;
  std::uint32_t attempt{0};
  EffectId effect_id;
  EffectOutcome outcome{EffectOutcome::unknown};
  std::string output;  // at most 4 KiB, redacted
  bool output_redacted{false};  // something was taken out of it
  std::string reason;
  Duration retry_after;
  bool retryable{false};
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("attempt", &NoteOutcome::attempt),
              field("effect_id", &NoteOutcome::effect_id),
              field("outcome", &NoteOutcome::outcome),
              field("output", &NoteOutcome::output),
              field("output_redacted", &NoteOutcome::output_redacted),
              field("reason", &NoteOutcome::reason),
              field("retry_after_ms", &NoteOutcome::retry_after),
              field("retryable", &NoteOutcome::retryable),
              field("run", &NoteOutcome::run));
  }
};

// The answer to LookAction.
struct NoteLook {
  static constexpr std::string_view type = "NoteLook";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::outcomes;
  std::optional<Observed> before;
  PlanValues former;
  std::string reason;  // why it could not be read: capture_incomplete, original_too_large, …; empty: it could
  std::string run;
  std::string step;  // its path
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("before", &NoteLook::before), field("former", &NoteLook::former), field("reason", &NoteLook::reason),
              field("run", &NoteLook::run), field("step", &NoteLook::step));
  }
};

// Whoever should have carried out an effect has seen a higher fence of its target: nothing was done.
struct NoteStaleFence {
  static constexpr std::string_view type = "NoteStaleFence";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::outcomes;
  EffectId effect_id;
  std::uint64_t fence{0};  // that the effect came with
  std::string run;
  std::uint64_t seen{0};
  std::string target;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("effect_id", &NoteStaleFence::effect_id), field("fence", &NoteStaleFence::fence),
              field("run", &NoteStaleFence::run), field("seen", &NoteStaleFence::seen),
              field("target", &NoteStaleFence::target));
  }
};

// What ProbeAction found.
struct NoteProbe {
  static constexpr std::string_view type = "NoteProbe";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::outcomes;
  EffectId effect_id;
  ProbeFinding finding{ProbeFinding::absent};
  std::string run;
  std::string source;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("effect_id", &NoteProbe::effect_id), field("finding", &NoteProbe::finding),
              field("run", &NoteProbe::run), field("source", &NoteProbe::source));
  }
};

// One answer of AskQuestion.
struct NoteAnswer {
  static constexpr std::string_view type = "NoteAnswer";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::answers;
  Observed answer{Observed::no_data};
  std::optional<Instant> previous_at;  // when the answer before it came, since the asking began
  std::string reason;
  std::string run;
  std::vector<std::string> samples;
  std::string step;  // its path
  bool undo{false};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("answer", &NoteAnswer::answer),   field("previous_at_ms", &NoteAnswer::previous_at),
              field("reason", &NoteAnswer::reason),   field("run", &NoteAnswer::run),
              field("samples", &NoteAnswer::samples), field("step", &NoteAnswer::step),
              field("undo", &NoteAnswer::undo));
  }
};

// The answer to ObserveUndo: is there what the undo asked for?
struct NoteUndoSeen {
  static constexpr std::string_view type = "NoteUndoSeen";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::outcomes;
  std::string run;
  bool seen{false};
  std::string step;  // its path
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("run", &NoteUndoSeen::run), field("seen", &NoteUndoSeen::seen), field("step", &NoteUndoSeen::step));
  }
};

}  // namespace watchbill
