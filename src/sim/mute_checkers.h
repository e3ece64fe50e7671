// What must hold of muted alerts in every world, asked the slow way: every silence and every rule, for each alert anew. Each
// function gives an empty text, or what is wrong in one sentence.
#pragma once

#include <string>

#include "core/state.h"

namespace watchbill::sim {

// Whether something mutes an alert with these labels at `at`.
[[nodiscard]] bool is_muted(const core::State& state, const Labels& labels, Instant at);
// Of a group whose message was just intended: it speaks of no alert that is muted, and of all others.
[[nodiscard]] std::string told_though_muted(const core::State& state, const std::string& group, Instant at);
// Whoever has news that nothing mutes is told of it some time: its group has a message on its way, or a time to look.
[[nodiscard]] std::string forgotten_news(const core::State& state);

}  // namespace watchbill::sim
