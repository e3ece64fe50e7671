// The keeper's surroundings: directories, the lock, sockets, signals, and what it changes for itself.
#pragma once

#include "base/result.h"
#include "keeper/keeper.h"
#include "keeper/state.h"

namespace watchbill::keeper {

// Enters the data directory, takes its lock (fails `busy` when another keeper has it) and makes everything that restore() needs.
[[nodiscard]] Status set_up(Keeper& keeper, const Options& options);
// Binds keeper.sock, or takes the predecessor's.
[[nodiscard]] Status start_listening(Keeper& keeper);
void stop_listening(Keeper& keeper);
// A socket whose name was removed from the directory answers nobody new: then it is bound anew. One system call when it is there.
void keep_listening(Keeper& keeper);
// stdin and stdout to /dev/null, stderr to keeper/log.
void detach_streams() noexcept;

}  // namespace watchbill::keeper
