// What mutes an alert, and which groups wait for it to end.
//
// Muted alerts stay in their groups and keep what is known of them. Each flush looks anew; a group whose news is muted owes
// nothing until what mutes it ends, and is then looked at with its next interval, as Alertmanager's timer would. One difference:
// an end that is owed while the alert is muted is told afterwards (there it is lost, and whoever was paged never hears of it).
// Source: Alertmanager 0.25 notify/notify.go (MuteStage), api/v2 (status of alerts).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/route/hours.h"
#include "core/route/state.h"
#include "model/command.h"
#include "model/decide.h"
#include "model/event.h"

namespace watchbill::core::route {

// Deadlines of silences carry this before the silence's id.
inline constexpr std::string_view silence_subject = "silence:";

struct Mute {
  Muting muting;
  std::string cause;  // what must end before the alert can be told: equal for all that end together
};

// What a quiet time of its route does to every alert.
[[nodiscard]] Mute mute_of(const QuietTime& quiet);
// The first of what mutes an alert at `at`: inhibition, then the active silence that ends last.
[[nodiscard]] std::optional<Mute> muted_by(const State& state, const Labels& labels, Instant at);
// All of it, for people: at most one inhibiting alert, and every silence.
[[nodiscard]] std::vector<Muting> mutings_of(const State& state, const Labels& labels, Instant at);

// Gives SilenceCreated; SilenceUpdated; or SilenceCreated, and SilenceExpired for the one that it replaces; ObjectArchived of the
// one that ended first where there is no room else. Refuses
// `unknown_silence`, `too_many_silences`, `bad_argument`: one that no matcher narrows down, that has no author or comment, or
// that ends before it begins or before now.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const SetSilence& command, const Context& context);
// Gives SilenceExpired; nothing when it has ended. Refuses `unknown_silence`.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const ExpireSilence& command, const Context& context);
// The end of a silence, or of its time in state.
[[nodiscard]] Decision decide_silence(const State& state, const std::string& silence, const Context& context);

void apply(State& state, const SilenceCreated& event, const Applying& applying);
void apply(State& state, const SilenceUpdated& event, const Applying& applying);
void apply(State& state, const SilenceExpired& event, const Applying& applying);
void apply_archived_silence(State& state, const std::string& silence, const Applying& applying);

// Makes what is derived for muting: both indexes and who waits.
void rebuild_mutes(State& state);
// Adds the deadlines of silences to an empty index: the full scan.
void rebuild_silences(const State& state, Schedule& schedule, const Limits& limits);

}  // namespace watchbill::core::route
