// Gives memory that was freed back to the system. The allocator keeps what a large query or a target's new page leaves behind, in
// pieces between what lives on, and does so for good: a query over millions of series would cost its memory until the next start.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

#include "base/time.h"

namespace watchbill::app::watch {

class MemoryReturn {
 public:
  static constexpr Duration pause = Duration::seconds(5);                   // between two returns: each walks what is free
  static constexpr Duration look_interval = Duration::milliseconds(500);    // a look reads /proc: some 50 µs
  static constexpr std::uint64_t grown_bytes_min = std::uint64_t{16} << 20;  // some ms of returning; less is not worth it

  struct Links {
    std::function<std::uint64_t()> resident_bytes;  // 0: cannot be told
    std::function<void()> give_back;
  };
  // Those of this process.
  MemoryReturn();
  explicit MemoryReturn(Links links) : links_(std::move(links)) {}

  // After any piece of work, and now and then without: gives back when the process has grown since the least that it needed, and
  // no return was made in the last `pause`. Any thread; one at a time looks, the others go on.
  void look(Instant now);

 private:
  Links links_;
  std::atomic_flag is_looking_;
  // Of whoever looks:
  Instant looked_at_;
  Instant returned_at_;
  std::uint64_t least_bytes_{0};
};

}  // namespace watchbill::app::watch
