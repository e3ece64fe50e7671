#include "drivers/system/system.h"

#include <sys/random.h>
#include <time.h>

#include <array>
#include <cerrno>

#include "base/assert.h"
#include "base/bytes.h"

namespace watchbill::drivers::system {
namespace {

std::int64_t milliseconds(clockid_t clock) {
  timespec time{};
  const int read = ::clock_gettime(clock, &time);
  WB_ASSERT(read == 0, "both clocks exist on every supported kernel");
  return static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000;
}

}  // namespace

ports::ClockReading SystemClock::now() { return {Instant{milliseconds(CLOCK_REALTIME)}, milliseconds(CLOCK_BOOTTIME)}; }

std::string SystemEntropy::hex32() {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    WB_ASSERT(got >= 0 || errno == EINTR, "getrandom gives up to 256 bytes whenever the pool is initialised");
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  return to_hex(bytes);
}

}  // namespace watchbill::drivers::system
