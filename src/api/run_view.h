// Runs, suggested plans and refused bindings as readers see them, each with the commands that a person may type next.
// Source: domain/plans.md §2.1, §6.1, design/http.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "core/state.h"

namespace watchbill::api {

// One command and what it is for: {"to": "start it", "command": "watchbill approve …"}. What comes from labels and bills is
// quoted for a shell; `<name>` stands for what only the person knows, and no shell takes it.
struct WayOn {
  std::string to;
  std::string command;
};

// It is held, waits for an approval (to start, or at a step), or nobody knows what became of its effect.
[[nodiscard]] bool waits_for_person(const core::plan::Run& run, const Plan& plan);
// What a person can do about a run that waits for one; nothing about any other.
[[nodiscard]] std::vector<WayOn> ways_on(const std::string& id, const core::plan::Run& run, const Plan& plan);
// How a suggested plan is taken.
[[nodiscard]] std::vector<WayOn> ways_on(const core::plan::Suggestion& suggestion);
// What would mend a refusal: the hold or bill that is in the way, and how to do by hand what was refused.
[[nodiscard]] std::vector<WayOn> ways_on(const core::State& state, const std::string& binding,
                                         const core::binding::AlertRefusal& refusal);

// The member `next`; none when there is no way on.
void write_next(JsonWriter& json, const std::vector<WayOn>& ways);

// What a list shows of a run: the members of an object that is begun.
void write_run_overview(JsonWriter& json, const std::string& id, const core::plan::Run& run, const Plan& plan);
// What it shows of a suggested plan. `is_current`: the bill as it is now still gives this very plan.
void write_suggestion(JsonWriter& json, const core::State& state, const std::string& id, const Limits& limits);

// The alert of a run, suggestion or refusal, as far as it is in state: `alert`, `alert_labels`, `alert_state`.
void write_alert_of(JsonWriter& json, const core::State& state, const std::string& alert);

// "sha256:" and 64 hex digits, or the digits alone.
[[nodiscard]] std::optional<Digest> plan_digest_of(std::string_view text);

// What is absent, empty or 0 is left out.
void write_text(JsonWriter& json, std::string_view name, const std::string& text);
void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts);
void write_time(JsonWriter& json, std::string_view name, Instant at);

}  // namespace watchbill::api
