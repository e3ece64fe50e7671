// What a keeper takes over: from its own memory after a death, or from its predecessor in the same process.
#pragma once

#include "base/result.h"
#include "keeper/state.h"

namespace watchbill::keeper {

// Reads the memory file into `keeper`, adopts what still runs, settles what does not, and writes the file anew.
// Call with clocks read, sockets and epolls made, before the first turn.
[[nodiscard]] Status restore(Keeper& keeper, int handoff_fd);

// What a handoff says before any workload: descriptors that are open in this process. False when it cannot be read.
struct HandoffDescriptors {
  int listen_fd{-1};
  int notify_fd{-1};
  int lock_fd{-1};
};
[[nodiscard]] bool read_handoff_descriptors(int handoff_fd, HandoffDescriptors& descriptors);

// Sets what is in no file: beats, readiness, what was discarded. Call after the memory file was read.
void take_handoff(Keeper& keeper, int handoff_fd);

// Executes keeper.replacement_path in place. Returns only when that failed; the keeper then goes on.
void replace_in_place(Keeper& keeper);

}  // namespace watchbill::keeper
