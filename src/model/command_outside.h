// What others say of their alerts: the command of the area alert that does not come from the controller itself.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/alert.h"
#include "model/area.h"
#include "model/fields.h"

namespace watchbill {

// One alert as its sender has it now.
struct OutsideAlert {
  std::map<std::string, std::string> annotations;
  std::optional<AlertEnd> cause;   // it is over since `ends_at`
  std::optional<Instant> ends_at;  // of one that fires: when it is over unless its sender says more
  std::string generator_url;
  Labels labels;
  Instant starts_at;
  template <class To> static constexpr auto fields(To&& to) {
    using A = OutsideAlert;
    return to(field("annotations", &A::annotations), field("cause", &A::cause), field("ends_at_ms", &A::ends_at),
              field("generator_url", &A::generator_url), field("labels", &A::labels), field("starts_at_ms", &A::starts_at));
  }
};

// Alerts that others found: a Prometheus, amtool. At most limits.rule_answer_changes_max. Role operator; anonymous callers may
// too where the edge lets them (design/http.md §2).
struct NoteAlerts {
  static constexpr std::string_view type = "NoteAlerts";
  static constexpr int version = 1;
  static constexpr Area area = Area::alert;
  static constexpr Lane lane = Lane::ingest;
  std::vector<OutsideAlert> alerts;
  template <class To> static constexpr auto fields(To&& to) { return to(field("alerts", &NoteAlerts::alerts)); }
};

}  // namespace watchbill
