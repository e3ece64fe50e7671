// The loop that waits: timers, descriptors and work handed over by other threads, one callback at a time.
//
// Every callback runs on the thread that runs the loop, must not throw and must not block. Only `post` may be called from
// elsewhere. The real one is drivers/net/loop.h; simulation drives its own with a seeded clock.
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "base/time.h"

namespace watchbill::ports {

enum class TimerId : std::uint64_t {};

// What a watched descriptor is watched for, and what it became. A hang-up or an error counts as both.
struct Readiness {
  bool readable{false};
  bool writable{false};
};

class IoLoop {
 public:
  virtual ~IoLoop() = default;

  // Runs `task` on the loop, in the order of posting. Any thread. The queue has no bound of its own: each poster must have one.
  virtual void post(std::function<void()> task) = 0;

  // Runs `task` once, not before `delay` has passed (at once when it is not positive). Loop thread only.
  virtual TimerId after(Duration delay, std::function<void()> task) = 0;
  // The task will not run. Does nothing when it ran already. Loop thread only.
  virtual void cancel(TimerId timer) = 0;

  // Calls `ready` whenever `fd` is in a wanted state, again and again until unwatch(): level-triggered. A second call for the
  // same `fd` replaces the first. The descriptor becomes non-blocking and stays the caller's, who unwatches before closing it.
  // Fails: invalid (a plain file, a closed descriptor: what cannot be waited for). Loop thread only.
  virtual Status watch(int fd, Readiness wanted, std::function<void(Readiness)> ready) = 0;
  // After this no callback for `fd` comes. Does nothing when it is not watched. Loop thread only.
  virtual void unwatch(int fd) = 0;
};

}  // namespace watchbill::ports
