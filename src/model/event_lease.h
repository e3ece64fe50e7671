// Events of the areas approval and lease.
#pragma once

#include <cstdint>
#include <string>

#include "base/sha256.h"
#include "model/area.h"
#include "model/fields.h"
#include "model/ids.h"

namespace watchbill {

// A named person's yes to one plan digest, and with `step` to going on at this path.
struct ApprovalGiven {
  static constexpr std::string_view type = "ApprovalGiven";
  static constexpr int version = 1;
  static constexpr Area area = Area::approval;
  std::string by;
  Digest plan;
  std::string run;
  std::string step;  // its path
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("by", &ApprovalGiven::by), field("plan", &ApprovalGiven::plan), field("run", &ApprovalGiven::run),
              field("step", &ApprovalGiven::step));
  }
};

struct ApprovalRejected {
  static constexpr std::string_view type = "ApprovalRejected";
  static constexpr int version = 1;
  static constexpr Area area = Area::approval;
  std::string by;
  std::string reason;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("by", &ApprovalRejected::by), field("reason", &ApprovalRejected::reason),
              field("run", &ApprovalRejected::run));
  }
};

struct ApprovalWithdrawn {
  static constexpr std::string_view type = "ApprovalWithdrawn";
  static constexpr int version = 1;
  static constexpr Area area = Area::approval;
  std::string by;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("by", &ApprovalWithdrawn::by), field("run", &ApprovalWithdrawn::run));
  }
};

// All that were given are void.
struct ApprovalExpired {
  static constexpr std::string_view type = "ApprovalExpired";
  static constexpr int version = 1;
  static constexpr Area area = Area::approval;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) { return to(field("run", &ApprovalExpired::run)); }
};

// All that are needed.
struct ApprovalCompleted {
  static constexpr std::string_view type = "ApprovalCompleted";
  static constexpr int version = 1;
  static constexpr Area area = Area::approval;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) { return to(field("run", &ApprovalCompleted::run)); }
};

// The target belongs to this run until the run is terminal. The fence of a target only rises.
struct LockGranted {
  static constexpr std::string_view type = "LockGranted";
  static constexpr int version = 1;
  static constexpr Area area = Area::lease;
  std::uint64_t fence{0};
  std::string run;
  std::string target;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("fence", &LockGranted::fence), field("run", &LockGranted::run),
              field("target", &LockGranted::target));
  }
};

struct LockReleased {
  static constexpr std::string_view type = "LockReleased";
  static constexpr int version = 1;
  static constexpr Area area = Area::lease;
  std::uint64_t fence{0};
  std::string run;
  std::string target;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("fence", &LockReleased::fence), field("run", &LockReleased::run),
              field("target", &LockReleased::target));
  }
};

// The same run goes on under a higher fence: what was sent before is refused from now on.
struct LeaseTakenOver {
  static constexpr std::string_view type = "LeaseTakenOver";
  static constexpr int version = 1;
  static constexpr Area area = Area::lease;
  std::uint64_t fence{0};
  std::string run;
  std::string target;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("fence", &LeaseTakenOver::fence), field("run", &LeaseTakenOver::run),
              field("target", &LeaseTakenOver::target));
  }
};

// An effect came under a lower fence than its target had seen, and was refused there.
struct StaleFenceRefused {
  static constexpr std::string_view type = "StaleFenceRefused";
  static constexpr int version = 1;
  static constexpr Area area = Area::lease;
  EffectId effect_id;
  std::uint64_t fence{0};
  std::string run;
  std::uint64_t seen{0};
  std::string target;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("effect_id", &StaleFenceRefused::effect_id), field("fence", &StaleFenceRefused::fence),
              field("run", &StaleFenceRefused::run), field("seen", &StaleFenceRefused::seen),
              field("target", &StaleFenceRefused::target));
  }
};

}  // namespace watchbill
