#include "app/watch/memory_return.h"

#include <malloc.h>

#include <algorithm>

#include "drivers/system/process.h"

namespace watchbill::app::watch {

MemoryReturn::MemoryReturn()
    : links_{[] {
               const auto figures = drivers::system::read_process_figures();
               return figures ? figures->resident_bytes : std::uint64_t{0};
             },
             [] { static_cast<void>(::malloc_trim(0)); }} {}

void MemoryReturn::look(Instant now) {
  if (is_looking_.test_and_set(std::memory_order_acquire)) return;
  if (now - looked_at_ >= look_interval) {
    looked_at_ = now;
    const std::uint64_t resident_bytes = links_.resident_bytes();
    if (least_bytes_ == 0) least_bytes_ = resident_bytes;
    least_bytes_ = std::min(least_bytes_, resident_bytes);
    if (resident_bytes >= least_bytes_ + grown_bytes_min && now - returned_at_ >= pause) {
      links_.give_back();
      returned_at_ = now;
      // What is left is in use: the store grows too.
      least_bytes_ = links_.resident_bytes();
    }
  }
  is_looking_.clear(std::memory_order_release);
}

}  // namespace watchbill::app::watch
