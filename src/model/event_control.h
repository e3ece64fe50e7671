// Events of the area control.
#pragma once

#include <string>

#include "model/area.h"
#include "model/fields.h"

namespace watchbill {

// Every mutation within `scope` stops at its next safe point; "all" or "KIND/NAME". Ends by a person only.
struct HoldSet {
  static constexpr std::string_view type = "HoldSet";
  static constexpr int version = 1;
  static constexpr Area area = Area::control;
  std::string by;
  std::string reason;
  bool restarts{false};  // keepers suspend their standing orders too
  std::string scope;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("by", &HoldSet::by), field("reason", &HoldSet::reason), field("restarts", &HoldSet::restarts),
              field("scope", &HoldSet::scope));
  }
};

struct HoldReleased {
  static constexpr std::string_view type = "HoldReleased";
  static constexpr int version = 1;
  static constexpr Area area = Area::control;
  std::string by;
  std::string reason;
  std::string scope;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("by", &HoldReleased::by), field("reason", &HoldReleased::reason),
              field("scope", &HoldReleased::scope));
  }
};

}  // namespace watchbill
