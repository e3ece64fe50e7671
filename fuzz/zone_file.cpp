// depends: wb_config wb_model_calendar wb_model wb_base
// Any bytes as a time zone file, and as the rule at its end: read or refused at a place within them. What was read reads back
// from its canonical text, keeps to its own order of time, and an interval in such a zone is asked in bounded time.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "config/zone_file.h"
#include "model/calendar/calendar.h"
#include "model/calendar/zone.h"
#include "model/codec.h"

namespace {

using namespace watchbill;

void look_at(const ZoneConfiguration& zone) {
  ZoneConfiguration again;
  WB_ASSERT(from_canonical_text(canonical_text(zone), again) && again == zone, "what was written is read");
  TimeIntervalConfiguration interval;
  TimePeriodConfiguration& period = interval.periods.emplace_back();
  period.times = {{150, 180}};
  period.days_of_month = {{-1, -1}};
  period.zone = zone;
  Instant at = config::zone_history_begin;
  for (int i = 0; i < 8; ++i) {
    const ZoneSpan span = span_at(zone, at);
    WB_ASSERT(span.end > at, "a span has not ended");
    WB_ASSERT(span.offset > Duration::hours(-27) && span.offset < Duration::hours(27), "offsets are bounded");
    const Instant change = next_change(interval, at);
    WB_ASSERT(change > at, "a change comes later");
    WB_ASSERT(change == Instant::never() || contains(interval, change) != contains(interval, at), "a change is one");
    if (span.end == Instant::never()) return;
    at = span.end;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto footer = config::parse_zone_footer(bytes);
  if (!footer) WB_ASSERT(footer.error().offset <= size && !footer.error().text.empty(), "a refusal says why, and where");
  if (footer && footer->rule) {
    ZoneConfiguration zone;
    zone.rule = footer->rule;
    look_at(zone);
  }
  const auto zone = config::parse_zone_file(bytes, "Test/Zone");
  if (zone) look_at(*zone);
  else WB_ASSERT(zone.error().offset <= size && !zone.error().text.empty(), "a refusal says why, and where");
  return 0;
}
