// Commands of the area mute. Role operator.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "model/area.h"
#include "model/configuration_routing.h"
#include "model/ids.h"

namespace watchbill {

// Makes a silence, or changes one. As in Alertmanager one whose matchers change, or whose beginning lies in the past and changes,
// is ended and another takes its place.
struct SetSilence {
  static constexpr std::string_view type = "SetSilence";
  static constexpr int version = 1;
  static constexpr Area area = Area::mute;
  static constexpr Lane lane = Lane::people;
  std::string comment;
  std::string created_by;
  Instant ends_at;
  std::vector<LabelMatcher> matchers;
  SilenceId silence;  // absent: a new one
  Instant starts_at;  // one in the past means now, unless the silence began then
  template <class To> static constexpr auto fields(To&& to) {
    using C = SetSilence;
    return to(field("comment", &C::comment), field("created_by", &C::created_by), field("ends_at_ms", &C::ends_at),
              field("matchers", &C::matchers), field("silence", &C::silence), field("starts_at_ms", &C::starts_at));
  }
};

// Ends a silence now.
struct ExpireSilence {
  static constexpr std::string_view type = "ExpireSilence";
  static constexpr int version = 1;
  static constexpr Area area = Area::mute;
  static constexpr Lane lane = Lane::people;
  SilenceId silence;
  template <class To> static constexpr auto fields(To&& to) { return to(field("silence", &ExpireSilence::silence)); }
};

}  // namespace watchbill
