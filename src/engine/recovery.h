// From stored records to State: how a controller starts, how a follower and `replay` read, and what `verify` checks.
#pragma once

#include <span>
#include <string>

#include "core/state.h"
#include "model/decide.h"
#include "model/limits.h"
#include "model/record.h"
#include "ports/journal.h"

namespace watchbill::engine {

enum class RecoveryFault : std::uint8_t {
  chain_broken,    // exit 6: a record is missing, changed or does not follow
  journal_newer,   // exit 6: an event, command or field that this build does not know
  digest_differs,  // exit 7: replay gave another state than the journal recorded: a defect
  store_failed,    // exit 7: the store cannot be read
};

// The first thing that is wrong, for people: "record 4107: its payload is not the one that its header names".
struct RecoveryFailure {
  RecoveryFault fault{RecoveryFault::chain_broken};
  Sequence sequence{0};
  std::string what;

  [[nodiscard]] std::string text() const;
};

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

// What apply_record() needs besides state and record.
struct ApplyRecord {
  const Limits& limits;
  const BlobLookup& blobs;
  std::uint64_t& digests_compared;
};

// Applies one stored record to `state`, after checking that it continues `head` and that `with.blobs` has what its events name;
// compares the state's digest where the record holds one of the same format. Gives the number of events. On failure `state` must
// not be used further.
[[nodiscard]] Result<std::uint64_t, RecoveryFailure> apply_record(core::State& state, ChainHead& head, const StoredRecord& record,
                                                                  const ApplyRecord& with);

// Finds blobs in a journal. The port must outlive it.
[[nodiscard]] BlobLookup blobs_of(ports::JournalPort& journal);

struct RecoverFrom {
  bool use_snapshot{true};
  Sequence to{~Sequence{0}};  // stop after this record
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
