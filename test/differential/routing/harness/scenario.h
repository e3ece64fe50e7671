// A generated story: a configuration, and what is posted to the router at which moment. From one seed, the same everywhere.
//
// No moment lets the order of two things decide that happen at once: where a change begins or ends what mutes another alert, it
// is the moment's only one. An alert that was told and ends while it is muted does not come back: Alertmanager still has it in
// its memory of what was told, watchbill tells its end later (docs/decisions/muting.md), and from there on both know different
// things.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "differential/routing/harness/conditions.h"
#include "differential/routing/harness/configuration.h"

namespace watchbill::routing_differential {

struct AlertPost {
  LabelSet labels;
  LabelSet annotations;
  std::string generator_url;
  std::optional<std::size_t> starts_at;  // at that moment; absent: not said
  std::optional<Duration> ends_after;    // after this moment; absent: not said
};

struct SilenceChange {
  enum class Kind : std::uint8_t { begin, change, end };
  Kind kind{Kind::begin};
  std::string comment;  // its name in the story; ids are each side's own
  std::vector<Condition> conditions;
  Duration starts_after, ends_after;  // after this moment
};

// What mutes after it and what does not is known before it is played.
struct Moment {
  std::string what;
  std::vector<AlertPost> alerts;  // one post
  std::vector<SilenceChange> silences;
  // It begins when so much has passed since another one.
  struct Awaited {
    std::size_t moment{0};
    Duration after;
  };
  std::optional<Awaited> awaited;
  std::set<std::string> ended_muted;  // text() of labels: told before, and ended here while muted
  std::size_t muted_count{0};
};

struct Scenario {
  std::uint64_t seed{0};
  ConfigurationPlan configuration;
  std::vector<Moment> moments;
  Duration settling;                // what each moment gets at least
  std::size_t muted_by_rules{0};    // alerts at moments, of these two
  std::size_t muted_by_silences{0};
  [[nodiscard]] std::string text() const;
};

struct StoryTerms {
  Duration length{Duration::seconds(27)};  // how long it lasts, about
  // Annotations are never empty and stay as they were first posted, the link too. Other stories differ from those of one seed
  // without it in nothing else.
  bool has_steady_texts{false};
};
[[nodiscard]] Scenario scenario_of(std::uint64_t seed, const StoryTerms& terms = {});

}  // namespace watchbill::routing_differential
