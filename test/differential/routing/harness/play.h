// Plays one story to two routers side by side and compares them after each moment.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "differential/routing/harness/comparison.h"
#include "differential/routing/harness/router.h"

namespace watchbill::routing_differential {

// A fault that the right side is given, so that a test sees that it is found.
enum class Plant : std::uint8_t { none, other_group_by, rule_dropped, silence_not_posted };

struct Play {
  std::uint64_t seed{1};
  RouterKind right{RouterKind::watchbill};  // the left side is always an Alertmanager
  Plant plant{Plant::none};
  bool has_steady_texts{false};  // StoryTerms
};

struct Outcome {
  Play play;
  std::string trouble;   // a router did not start or did not take what it was told
  std::string what;      // the first difference; "" when there is none
  std::string report;    // for people: seed, configuration, story, both sides, how to repeat it
  std::string wavering;  // the report of a difference that did not come again when the story was played once more
  Tally tally;
  [[nodiscard]] bool is_alike() const noexcept { return trouble.empty() && what.empty(); }
};

// Plays it. Takes about half a minute, mostly of waiting.
[[nodiscard]] Outcome play(const Play& what);

// Plays all of them, `at_once` beside one another. A difference counts when the story, played once more, differs again: what two
// processes do within the same millisecond does not. `told`, where there is one, hears of each outcome; one at a time.
[[nodiscard]] std::vector<Outcome> play_all(const std::vector<Play>& plays, std::size_t at_once,
                                            const std::function<void(const Outcome&)>& told = {});

}  // namespace watchbill::routing_differential
