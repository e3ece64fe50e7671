#include "metrics/rules/slots.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/sha256.h"

namespace watchbill::metrics::rules {

Duration slot_offset(std::string_view file, std::string_view group, Duration interval) {
  WB_ASSERT(interval > Duration{}, "compile() refuses other intervals");
  const Digest digest = Sha256().add(file).add(std::string_view("\0", 1)).add(group).finish();
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < 8; ++i) hash = hash << 8 | digest.bytes[i];
  return Duration{static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(interval.ms))};
}

SlotClock::SlotClock(Duration interval, Duration offset, Instant start) : interval_(interval) {
  WB_ASSERT(interval > Duration{} && offset >= Duration{} && offset < interval, "slot_offset() gave it");
  const std::int64_t begun = (start.ms - offset.ms) / interval.ms - ((start.ms - offset.ms) % interval.ms < 0 ? 1 : 0);
  next_ = Instant{offset.ms + (begun + 1) * interval.ms};
}

std::optional<Instant> SlotClock::take_due(Instant now) {
  if (now < next_) return std::nullopt;
  const std::int64_t missed = (now - next_).ms / interval_.ms;
  missed_count_ += static_cast<std::uint64_t>(missed);
  const Instant slot = next_ + interval_ * missed;
  next_ = slot + interval_;
  return slot;
}

Duration silence_max(Duration interval) noexcept { return std::max(interval * 3, Duration::seconds(60)); }

}  // namespace watchbill::metrics::rules
