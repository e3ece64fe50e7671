// A stored record on its way into State, in two halves: what the record alone can tell (its place in the chain, its events, the
// blobs that they name), and what is done to the state. Whoever reads may thus be ahead of whoever applies.
#pragma once

#include <optional>
#include <string>
#include <vector>

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

// A record that continues the chain, with all that its events need from the store. A value: any thread may have it.
struct CheckedRecord {
  ChainHead head;  // after it
  RecordEvents body;
  std::vector<Blob> blobs;
};

// What check_record and others say of a record that does not continue the chain, or cannot be read.
[[nodiscard]] RecoveryFailure broken(Sequence sequence, std::string what);
[[nodiscard]] RecoveryFailure unreadable(Sequence sequence, const DecodeFailure& failure);
[[nodiscard]] RecoveryFailure from_error(Sequence sequence, const Error& error);

// Finds blobs in a journal. The port must outlive it.
[[nodiscard]] BlobLookup blobs_of(ports::JournalPort& journal);

// Checks that `record` continues `head` and that `blobs` has what its events name. Cost: two SHA-256 computations, and one
// allocation or more for each text of its events.
[[nodiscard]] Result<CheckedRecord, RecoveryFailure> check_record(const ChainHead& head, const StoredRecord& record,
                                                                  const BlobLookup& blobs);

// Whether digests of `state` can be compared with those that its present epoch recorded.
[[nodiscard]] bool is_our_format(const core::State& state);

// Applies it; first compares the state's digest where the record holds one of the same format, and counts that. Another digest
// than the recorded one is the only failure: `state` is then as it was, and must not be used further.
[[nodiscard]] std::optional<RecoveryFailure> apply_checked(core::State& state, const CheckedRecord& record, const Limits& limits,
                                                           std::uint64_t& digests_compared);

}  // namespace watchbill::engine
