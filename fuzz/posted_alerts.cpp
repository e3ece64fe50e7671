// depends: wb_outside
// Any bytes as the body that a client of Alertmanager posts, as alerts and as a silence: neither crashes; what is read is posted
// to a desk, twice, which keeps its bounds and in the end forgets all of it.
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "outside/reading.h"

using namespace watchbill;

namespace {

std::size_t settle(outside::AlertDesk& desk, Instant now, bool is_heard) {
  const auto changes = desk.close_round(now);
  for (const auto& change : changes) desk.settle(change.number, is_heard, now);
  return changes.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  static_cast<void>(outside::read_silence(body));
  const auto alerts = outside::read_alerts(body);
  if (!alerts) return 0;
  constexpr Instant now{1'772'366'400'000};
  constexpr Duration timeout = Duration::minutes(5);
  outside::AlertDesk desk({4, 1'000, 500, Duration::minutes(15)});
  static_cast<void>(desk.post(*alerts, now, timeout));
  static_cast<void>(settle(desk, now, false));
  static_cast<void>(desk.post(*alerts, now, timeout));
  WB_ASSERT(settle(desk, now, true) <= 4, "the core hears of no more than there is room for");
  WB_ASSERT(desk.size() <= 4 && desk.bytes() <= 1'000 + 4 * 500, "the desk keeps its bounds");
  for (Instant at = desk.next_at(); at != Instant::never(); at = desk.next_at()) {
    desk.meet(at);
    static_cast<void>(settle(desk, at, true));
  }
  WB_ASSERT(desk.size() == 0 && desk.bytes() == 0, "everything ends, and is forgotten");
  return 0;
}
