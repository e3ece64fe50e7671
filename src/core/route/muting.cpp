#include "core/route/muting.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "core/route/group_table.h"
#include "core/route/membership.h"

namespace watchbill::core::route {
namespace {

constexpr std::size_t author_bytes_max = 256;
constexpr std::size_t comment_bytes_max = 4096;

std::string cause_of(const std::string& silence) { return std::string(silence_subject) + silence; }

Subject subject_for(const std::string& silence) { return {Area::route, cause_of(silence)}; }

void index(Schedule& schedule, const std::string& id, const Silence& silence, const Limits& limits) {
  schedule.deadlines.set(subject_for(id), silence.ended ? silence.ends_at + limits.silence_age_max : silence.ends_at);
}

Refused bad(std::string what) { return Refused{Refusal::bad_argument, std::move(what)}; }

// Empty: it may be a silence. What narrows one down is what Alertmanager takes for it: a negative matcher does.
std::string malformed(const SetSilence& command, Instant at) {
  if (command.matchers.empty()) return "matchers: expected at least one";
  if (command.matchers.size() > matcher_count_max) return "matchers: expected at most " + std::to_string(matcher_count_max);
  bool narrows = false;
  for (std::size_t i = 0; i < command.matchers.size(); ++i) {
    const LabelMatcher& matcher = command.matchers[i];
    const std::string place = "matchers[" + std::to_string(i) + "]: ";
    if (matcher.name.empty() || matcher.name.size() + matcher.value.size() > matcher_text_bytes_max)
      return place + "expected a label and a value of together at most " + std::to_string(matcher_text_bytes_max) + " bytes";
    if (const std::optional<MatcherError> fault = find_fault(matcher)) return place + fault->text;
    const bool is_negative = matcher.kind == MatcherKind::not_equal || matcher.kind == MatcherKind::not_regex;
    narrows = narrows || is_negative || !Matchers::compile({matcher})->match(Labels{});
  }
  if (!narrows) return "matchers: expected at least one that a label must be there for, or all alerts are muted";
  if (command.created_by.empty() || command.created_by.size() > author_bytes_max)
    return "created_by: expected who wants the silence, in at most " + std::to_string(author_bytes_max) + " bytes";
  if (command.comment.empty() || command.comment.size() > comment_bytes_max)
    return "comment: expected why, in at most " + std::to_string(comment_bytes_max) + " bytes";
  if (command.ends_at <= command.starts_at) return "ends_at: expected a time after starts_at";
  if (command.ends_at <= at) return "ends_at: expected a time in the future";
  return {};
}

// Whether a silence may become this one and stay the same. Source: silence.go canUpdate.
bool can_become(const Silence& silence, const SetSilence& command, Instant at) {
  if (silence.matchers != command.matchers) return false;
  switch (phase_of(silence, at)) {
    case SilencePhase::active: return command.starts_at.ms / 1000 == silence.starts_at.ms / 1000;  // clients may write seconds
    case SilencePhase::pending: return command.starts_at >= at;
    case SilencePhase::expired: return false;
  }
  return false;
}

// The silence that ended first of those that have; "" when none has.
std::string ended_longest(const State& state) {
  std::string found;
  Instant at = Instant::never();
  state.silences.each([&](const std::string& id, const Silence& silence) {
    if (silence.ended && silence.ends_at < at) {
      found = id;
      at = silence.ends_at;
    }
    return true;
  });
  return found;
}

std::string as_uuid(std::string hex) {
  hex[12] = '4';                                        // version: made of something random
  hex[16] = "89ab"[static_cast<unsigned>(hex[16]) % 4];  // variant
  for (const std::size_t place : {20U, 16U, 12U, 8U}) hex.insert(place, 1, '-');
  return hex;
}

}  // namespace

Mute mute_of(const QuietTime& quiet) {
  return {{MuteReason::time_interval, quiet.interval}, "time_interval/" + quiet.interval};
}

std::optional<Mute> muted_by(const State& state, const Labels& labels, Instant at) {
  if (const std::optional<Inhibition::Source> source = state.inhibition.source_for(labels))
    return Mute{{MuteReason::inhibition, source->alert}, source->cause};
  const std::vector<std::string> silences = state.silence_index.active(state.silences, labels, at);
  if (silences.empty()) return std::nullopt;
  const auto ends_first = [&](const std::string& a, const std::string& b) {
    return state.silences.find(a)->ends_at < state.silences.find(b)->ends_at;
  };
  const std::string& last = *std::max_element(silences.begin(), silences.end(), ends_first);
  return Mute{{MuteReason::silence, last}, cause_of(last)};
}

std::vector<Muting> mutings_of(const State& state, const Labels& labels, Instant at) {
  std::vector<Muting> all;
  if (const std::optional<Inhibition::Source> source = state.inhibition.source_for(labels))
    all.push_back({MuteReason::inhibition, source->alert});
  for (std::string& silence : state.silence_index.active(state.silences, labels, at))
    all.push_back({MuteReason::silence, std::move(silence)});
  return all;
}

Decision decide(const State& state, const Facts& facts, const SetSilence& command, const Context& context) {
  if (!facts.actor_is_operator) return Refused{Refusal::role_missing, "a silence needs the role operator"};
  if (std::string what = malformed(command, context.at); !what.empty()) return bad(std::move(what));
  const Silence* known = nullptr;
  if (!command.silence.empty()) {
    known = state.silences.find(command.silence.text);
    if (known == nullptr) return Refused{Refusal::unknown_silence, "there is no silence " + command.silence.text};
    if (can_become(*known, command, context.at))
      return Events{SilenceUpdated{context.actor.name, command.comment, command.created_by, command.ends_at, command.silence,
                                   command.starts_at}};
  }
  const std::string leaves = state.silences.size() < context.limits.silences_max ? "" : ended_longest(state);
  if (state.silences.size() >= context.limits.silences_max && leaves.empty())
    return Refused{Refusal::too_many_silences, std::to_string(state.silences.size()) + " silences are pending or active"};
  Events events{SilenceCreated{context.actor.name, command.comment, command.created_by, command.ends_at, command.matchers,
                               SilenceId{as_uuid(context.new_id("silence"))}, std::max(command.starts_at, context.at)}};
  if (known != nullptr && phase_of(*known, context.at) != SilencePhase::expired)
    events.emplace_back(SilenceExpired{context.actor.name, SilenceEnd::replaced, command.silence});
  if (!leaves.empty()) events.emplace_back(ObjectArchived{"silence", leaves, Area::route});
  return events;
}

Decision decide(const State& state, const Facts& facts, const ExpireSilence& command, const Context& context) {
  if (!facts.actor_is_operator) return Refused{Refusal::role_missing, "ending a silence needs the role operator"};
  const Silence* silence = state.silences.find(command.silence.text);
  if (silence == nullptr) return Refused{Refusal::unknown_silence, "there is no silence " + command.silence.text};
  if (silence->ended) return Events{};
  return Events{SilenceExpired{context.actor.name, SilenceEnd::person, command.silence}};
}

Decision decide_silence(const State& state, const std::string& id, const Context& context) {
  const Silence* silence = state.silences.find(id);
  WB_ASSERT(silence != nullptr, "the index names only silences that exist");
  if (silence->ended) return Events{ObjectArchived{"silence", id, Area::route}};
  return Events{SilenceExpired{context.actor.name, SilenceEnd::time, SilenceId{id}}};
}

void apply(State& state, const SilenceCreated& event, const Applying& applying) {
  const std::string& id = event.silence.text;
  const Silence silence{event.comment,  event.created_by, std::nullopt,  event.ends_at,
                        event.matchers, event.starts_at,  applying.at};
  const bool inserted = state.silences.insert(id, silence);
  WB_ASSERT(inserted, "ids are never used again");
  state.silence_index.add(id, silence);
  index(applying.schedule, id, silence, applying.limits);
}

void apply(State& state, const SilenceUpdated& event, const Applying& applying) {
  Silence& silence = state.silences.edit(event.silence.text);
  silence.comment = event.comment;
  silence.created_by = event.created_by;
  silence.ends_at = event.ends_at;
  silence.starts_at = event.starts_at;
  silence.updated_at = applying.at;
  index(applying.schedule, event.silence.text, silence, applying.limits);
}

void apply(State& state, const SilenceExpired& event, const Applying& applying) {
  const std::string& id = event.silence.text;
  Silence& silence = state.silences.edit(id);
  // One that did not begin is as if it had begun and ended now, as in Alertmanager.
  silence.starts_at = std::min(silence.starts_at, applying.at);
  silence.ends_at = std::min(silence.ends_at, applying.at);
  silence.ended = event.cause;
  silence.updated_at = applying.at;
  state.silence_index.remove(id, silence);
  index(applying.schedule, id, silence, applying.limits);
  wake(state, cause_of(id), applying);
}

void apply_archived_silence(State& state, const std::string& id, const Applying& applying) {
  const bool erased = state.silences.erase(id);
  WB_ASSERT(erased, "only a silence that is kept is archived");
  applying.schedule.deadlines.remove(subject_for(id));
}

void rebuild_mutes(State& state) {
  state.inhibition = Inhibition(routing_of(state).inhibit_rules);
  state.silence_index = {};
  state.waiting.clear();
  state.alerts.each([&](const std::string& key, const GroupedAlert& alert) {
    if (!alert.ends_at) state.inhibition.add(alert_of(key), alert.labels);
    return true;
  });
  state.silences.each([&](const std::string& id, const Silence& silence) {
    if (!silence.ended) state.silence_index.add(id, silence);
    return true;
  });
  state.groups.each([&](const std::string& id, const Group& group) {
    for (const std::string& cause : group.muted_by) state.waiting[cause].insert(id);
    return true;
  });
}

void rebuild_silences(const State& state, Schedule& schedule, const Limits& limits) {
  state.silences.each([&](const std::string& id, const Silence& silence) {
    index(schedule, id, silence, limits);
    return true;
  });
}

}  // namespace watchbill::core::route
