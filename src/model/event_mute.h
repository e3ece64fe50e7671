// Events of the area mute: silences, as people make and end them.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "model/area.h"
#include "model/configuration_routing.h"
#include "model/fields.h"
#include "model/ids.h"

namespace watchbill {

// A silence is there. From `starts_at` until before `ends_at` nobody is told of alerts that all `matchers` match.
struct SilenceCreated {
  static constexpr std::string_view type = "SilenceCreated";
  static constexpr int version = 1;
  static constexpr Area area = Area::mute;
  std::string by;          // who asked for it
  std::string comment;     // why
  std::string created_by;  // who wants it: as they wrote it
  Instant ends_at;
  std::vector<LabelMatcher> matchers;  // in the order in which they came
  SilenceId silence;
  Instant starts_at;
  template <class To> static constexpr auto fields(To&& to) {
    using E = SilenceCreated;
    return to(field("by", &E::by), field("comment", &E::comment), field("created_by", &E::created_by),
              field("ends_at_ms", &E::ends_at), field("matchers", &E::matchers), field("silence", &E::silence),
              field("starts_at_ms", &E::starts_at));
  }
};

// The same matchers, another time, author or comment.
struct SilenceUpdated {
  static constexpr std::string_view type = "SilenceUpdated";
  static constexpr int version = 1;
  static constexpr Area area = Area::mute;
  std::string by;
  std::string comment;
  std::string created_by;
  Instant ends_at;
  SilenceId silence;
  Instant starts_at;
  template <class To> static constexpr auto fields(To&& to) {
    using E = SilenceUpdated;
    return to(field("by", &E::by), field("comment", &E::comment), field("created_by", &E::created_by),
              field("ends_at_ms", &E::ends_at), field("silence", &E::silence), field("starts_at_ms", &E::starts_at));
  }
};

// Why a silence ended.
enum class SilenceEnd : std::uint8_t { time, person, replaced };
template <>
struct Words<SilenceEnd> {
  static constexpr std::array<std::string_view, 3> table{"time", "person", "replaced"};
};

// It mutes nothing any more, and never will again.
struct SilenceExpired {
  static constexpr std::string_view type = "SilenceExpired";
  static constexpr int version = 1;
  static constexpr Area area = Area::mute;
  std::string by;  // who ended it
  SilenceEnd cause{SilenceEnd::time};
  SilenceId silence;
  template <class To> static constexpr auto fields(To&& to) {
    using E = SilenceExpired;
    return to(field("by", &E::by), field("cause", &E::cause), field("silence", &E::silence));
  }
};

}  // namespace watchbill
