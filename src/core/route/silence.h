// Silences: a person's request for quiet, with matchers, a reason and an end.
//
// A silence mutes from `starts_at` until before `ends_at`; its end is an event, its beginning is not. An ended one stays visible
// for limits.silence_age_max and never mutes again. Source: Alertmanager 0.25 silence/silence.go (Set, canUpdate, expire).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/configuration_routing.h"
#include "model/event_mute.h"
#include "model/labels.h"
#include "model/matcher/matcher.h"
#include "model/table.h"

namespace watchbill::core::route {

enum class SilencePhase : std::uint8_t { pending, active, expired };

}  // namespace watchbill::core::route

template <>
struct watchbill::Words<watchbill::core::route::SilencePhase> {
  static constexpr std::array<std::string_view, 3> table{"pending", "active", "expired"};
};

namespace watchbill::core::route {

struct Silence {
  std::string comment;
  std::string created_by;
  std::optional<SilenceEnd> ended;  // why
  Instant ends_at;
  std::vector<LabelMatcher> matchers;
  Instant starts_at;
  Instant updated_at;
  template <class To> static constexpr auto fields(To&& to) {
    using S = Silence;
    return to(field("comment", &S::comment), field("created_by", &S::created_by), field("ended", &S::ended),
              field("ends_at_ms", &S::ends_at), field("matchers", &S::matchers), field("starts_at_ms", &S::starts_at),
              field("updated_at_ms", &S::updated_at));
  }
};

[[nodiscard]] SilencePhase phase_of(const Silence& silence, Instant at) noexcept;

// The silences that have not ended, ready to be asked. Derived from the table. One with a matcher `name="value"` is asked only
// for alerts that have that label: asking costs one lookup for each label, and each silence that is found so or has no such
// matcher.
class SilenceIndex {
 public:
  void add(const std::string& id, const Silence& silence);
  void remove(const std::string& id, const Silence& silence);
  // Of those whose matchers match and that are active at `at`, in ascending order.
  [[nodiscard]] std::vector<std::string> active(const Table<std::string, Silence>& silences, const Labels& labels,
                                                Instant at) const;

 private:
  using Bucket = std::map<std::string, std::shared_ptr<const Matchers>>;  // by id
  std::map<std::string, Bucket> by_label_;  // by name, 0xff, value
  Bucket others_;
};

}  // namespace watchbill::core::route
