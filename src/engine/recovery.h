// From stored records to State: how a controller starts, how a follower and `replay` read, and what `verify` checks.
#pragma once

#include <span>
#include <string>

#include "core/state.h"
#include "engine/checked_record.h"
#include "engine/read_ahead.h"
#include "model/limits.h"
#include "model/record.h"
#include "ports/journal.h"

namespace watchbill::engine {

// State and the record that it ends with.
struct Recovered {
  core::State state;
  ChainHead head;
  std::uint64_t segment_bytes{0};    // of the newest segment
  Instant segment_since;
  std::uint64_t events{0};           // that were applied
  std::uint64_t digests_compared{0};
  Sequence from_snapshot{0};         // 0: from the first record
};

struct RecoverFrom {
  bool use_snapshot{true};
  Sequence to{~Sequence{0}};  // stop after this record
  Reading reading{Reading::in_turns};
};

// Rebuilds State from the newest snapshot that the journal vouches for (it ends with a record of this journal, and a later record
// holds its digest), else from the first record, and the records after it, verifying each of them.
[[nodiscard]] Result<Recovered, RecoveryFailure> recover(ports::JournalPort& journal, const Limits& limits,
                                                         RecoverFrom from = {});

// Walks the whole chain without building state. Gives the head; names the first bad record. Each of `witnesses`, headers that
// somebody outside has kept, must stand in the chain: without one a chain that was cut at its end, or written anew, cannot be
// told.
[[nodiscard]] Result<ChainHead, RecoveryFailure> verify_chain(ports::JournalPort& journal,
                                                              std::span<const RecordHeader> witnesses = {});

// One cause that was decided again.
struct Redecided {
  std::uint64_t events{0};
  std::uint64_t causes{0};
  // Records whose cause gives other events now: sequence with what was recorded and what was decided, at most `differences_max`.
  struct Difference {
    Sequence sequence{0};
    std::string recorded, decided;
  };
  std::vector<Difference> differences;
};

// Decides every recorded cause again, each against the state as it was then, and lists where the answer differs. A difference is
// no error: another build may decide better.
[[nodiscard]] Result<Redecided, RecoveryFailure> redecide(ports::JournalPort& journal, const Limits& limits,
                                                          std::size_t differences_max);

}  // namespace watchbill::engine
