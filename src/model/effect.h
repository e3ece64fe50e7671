// Effects: work for the world that state asks for. Derived from state when they are released, never queued.
//
// An action of kind workload is carried out by the area workload itself (core/react_workloads.cpp): no driver gets it.
// Two kinds. An attempt ends with its outcome. A standing question (AskQuestion, ProbeAction) is begun once and goes on until its
// `until` has passed, or a report of it is refused `not_asked`: its driver then stops. After a restart all are begun again.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/sha256.h"
#include "base/time.h"
#include "model/effect_workload.h"
#include "model/event_effect.h"
#include "model/event_observation.h"
#include "model/ids.h"
#include "model/plan.h"
#include "model/schedule.h"

namespace watchbill {

// One attempt to deliver one message. Policy on unknown: resend, under the same delivery id (in doubt we notify twice).
struct SendMessage {
  DeliveryId delivery;
  std::uint32_t attempt{1};
  std::string receiver;
  Digest body;  // of the blob with the message's bytes
  std::shared_ptr<const std::string> bytes{};  // these; null: whoever sends reads them
};

// Where in which run an effect belongs: what an exec sees as WATCHBILL_RUN, _STEP and _PLAN_DIGEST.
struct RunPlace {
  std::string run;
  std::string step;   // path: "2@web-01"
  std::string host;   // empty: the controller's own
  std::string account;  // supervisor.exec_user; empty: the agent's own. Of exec alone
  std::string folder;   // of the bill: what relative paths and an exec without `dir` begin at
  Digest plan;
};

// One attempt of one action, once. Answer: NoteOutcome. A far side that remembers `effect_id` does it at most once; it refuses a
// lower fence of the target than it has seen. Done or not, it must have ended by `until`.
struct RunAction {
  RunPlace place;
  EffectId effect_id;
  std::string effect;  // "2@web-01#1"
  PlanAction action;   // late values are bound; secrets are names
  Direction direction{Direction::do_};
  std::uint32_t attempt{1};
  std::uint64_t fence{0};
  // Of an undo that puts back what was there (args `state: former`): what the look of the do found, and the effect id of the do,
  // under which the original is kept. Of the do of a service: what its own look found.
  PlanValues former;
  EffectId original;
  Instant until;
};

// End the exec that runs under this id, with its group: TERM, 10 s, KILL, 5 s. Its RunAction reports the outcome as always.
struct EndAction {
  RunPlace place;
  EffectId effect_id;
};

// Read what the step is about to change, and ask `verify` once. Answer: NoteLook; before `until`.
// `former` of a step with one action is what its observation gave; of one with more, a map of those under "1", "2", …
struct LookAction {
  RunPlace place;
  std::vector<PlanAction> actions;
  PlanValues known;  // by the number of the action: what the core itself knows of it (workloads: incarnation, state)
  std::optional<PlanCheck> verify;
  Instant until;
};

// Ask at a cadence: at once when begun, then every `interval` from `since` on, one at a time; a late answer skips turns. Samples
// older than `since` are no_data (stale). Answer: one NoteAnswer each time.
struct AskQuestion {
  RunPlace place;
  PlanCheck check;
  bool undo{false};
  Instant since;
  Instant until;
};

// Read whether there is what these actions asked for, once. Answer: NoteUndoSeen.
struct ObserveUndo {
  RunPlace place;
  std::vector<PlanAction> actions;
  PlanValues former;
  PlanValues known;  // as in LookAction
  Instant until;
};

// Find out what became of an effect, every `interval`, with read and probe only; the first source that can tell decides:
// 1. the far side's memory of the id: a recorded outcome (NoteOutcome), or never_seen: absent;
// 2. the built-in observation: the wanted state is done, exactly `former` is absent;
// 3. `verify`, where present: true is done; false is absent only when the action is idempotent.
// Absent counts only once the former attempt has provably ended. Answer: NoteOutcome or NoteProbe; nothing while nothing can
// tell.
struct ProbeAction {
  RunPlace place;
  EffectId effect_id;
  PlanAction action;
  Direction direction{Direction::do_};
  std::uint32_t attempt{1};
  std::uint64_t fence{0};
  std::string keeper;               // that an exec was intended for, as keeper_name() gives it; empty: nobody knows
  PlanValues former;
  std::optional<PlanCheck> verify;  // absent where a true answer would prove nothing: it was true before
  Duration interval;
};

// An effect with the subject that owes it; the outcome comes back as a command of that area.
struct Effect {
  Subject subject;
  std::variant<SendMessage, CarryOutOrder, RunAction, EndAction, LookAction, AskQuestion, ObserveUndo, ProbeAction> what;
};

}  // namespace watchbill
