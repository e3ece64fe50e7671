// Times and durations as Go prints and formats them, in UTC and whole milliseconds. Source: Go's package time.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "template/value.h"

namespace watchbill::text_template {

// Go's Time.String: "2026-03-01 12:00:00.25 +0000 UTC".
[[nodiscard]] std::string time_text(Instant instant);
// Go's Duration.String: "1h30m0s", "250ms", "1.5s", "0s".
[[nodiscard]] std::string duration_text(Duration duration);
// Go's Time.Format: `layout` shows the reference time Mon Jan 2 15:04:05 MST 2006. The zone is always UTC.
[[nodiscard]] std::string format_time(Instant instant, std::string_view layout);

// The methods of a time and of a duration in a template: .StartsAt.Format "15:04", .Unix, (.EndsAt.Sub .StartsAt).Seconds.
[[nodiscard]] const Members& time_members();
[[nodiscard]] const Members& duration_members();

}  // namespace watchbill::text_template
