// Events of the area engine about effects: what was about to be done for a run, and what is known of its outcome.
#pragma once

#include <cstdint>
#include <string>

#include "model/area.h"
#include "model/fields.h"
#include "model/ids.h"
#include "model/plan_value.h"

namespace watchbill {

// Forward, or taking back.
enum class Direction : std::uint8_t { do_, undo };
template <>
struct Words<Direction> {
  static constexpr std::array<std::string_view, 2> table{"do", "undo"};
};

// Written before anything is sent. All attempts of a group share the effect id.
struct EffectIntended {
  static constexpr std::string_view type = "EffectIntended";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  std::uint32_t attempt{1};
  Direction direction{Direction::do_};
  std::string effect;  // the action's path: "1#1"
  EffectId effect_id;
  std::uint64_t fence{0};  // of the target; 0 where nothing is changed
  std::uint32_t group{1};
  std::string keeper;      // keeper_name() of the one that an exec will go to, where one is known: its "never seen" is proof
  std::string run;
  std::string target;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("attempt", &EffectIntended::attempt), field("direction", &EffectIntended::direction),
              field("effect", &EffectIntended::effect),   field("effect_id", &EffectIntended::effect_id),
              field("fence", &EffectIntended::fence),     field("group", &EffectIntended::group),
              field("keeper", &EffectIntended::keeper),   field("run", &EffectIntended::run),
              field("target", &EffectIntended::target));
  }
};

struct EffectSucceeded {
  static constexpr std::string_view type = "EffectSucceeded";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  EffectId effect_id;
  bool late{false};    // the run had ended: recorded, nothing follows
  std::string output;  // at most 4 KiB, redacted
  bool output_redacted{false};  // something was taken out of it: nothing may be bound to it
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("effect_id", &EffectSucceeded::effect_id), field("late", &EffectSucceeded::late),
              field("output", &EffectSucceeded::output), field("output_redacted", &EffectSucceeded::output_redacted),
              field("run", &EffectSucceeded::run));
  }
};

struct EffectFailed {
  static constexpr std::string_view type = "EffectFailed";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  std::uint32_t attempt{1};
  EffectId effect_id;
  bool late{false};
  std::string output;
  std::string reason;  // "exit 1", "permission_denied", "busy", …
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("attempt", &EffectFailed::attempt), field("effect_id", &EffectFailed::effect_id),
              field("late", &EffectFailed::late),       field("output", &EffectFailed::output),
              field("reason", &EffectFailed::reason),   field("run", &EffectFailed::run));
  }
};

// The outcome neither came nor can come. Probed, never folded into failed.
struct EffectOutcomeUnknown {
  static constexpr std::string_view type = "EffectOutcomeUnknown";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  EffectId effect_id;
  std::string reason;  // "controller_lost", "no_answer", "agent_silent", "unkillable", …
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("effect_id", &EffectOutcomeUnknown::effect_id), field("reason", &EffectOutcomeUnknown::reason),
              field("run", &EffectOutcomeUnknown::run));
  }
};

// A probe showed that it happened.
struct EffectFoundDone {
  static constexpr std::string_view type = "EffectFoundDone";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  EffectId effect_id;
  std::string run;
  std::string source;  // "observation", "verify"
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("effect_id", &EffectFoundDone::effect_id), field("run", &EffectFoundDone::run),
              field("source", &EffectFoundDone::source));
  }
};

// A probe showed that it did not happen, and the former attempt has provably ended.
struct EffectFoundAbsent {
  static constexpr std::string_view type = "EffectFoundAbsent";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  EffectId effect_id;
  std::string run;
  std::string source;  // "never_seen", "observation", "verify"
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("effect_id", &EffectFoundAbsent::effect_id), field("run", &EffectFoundAbsent::run),
              field("source", &EffectFoundAbsent::source));
  }
};

// Nothing could tell in the time for probing: a person is asked.
struct EffectProbeExhausted {
  static constexpr std::string_view type = "EffectProbeExhausted";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  EffectId effect_id;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("effect_id", &EffectProbeExhausted::effect_id), field("run", &EffectProbeExhausted::run));
  }
};

}  // namespace watchbill
