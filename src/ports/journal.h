// The store of the journal and of its snapshots. The bytes of a record are the same in every store.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "model/record.h"

namespace watchbill::ports {

// What became of an append. Only `durable` may be acknowledged to anybody.
enum class AppendOutcome : std::uint8_t {
  durable,            // all records and blobs are on stable storage
  refused_full,       // definite: nothing was written, the disk has no room
  refused_read_only,  // definite: nothing was written, the file system takes no writes
  unknown,            // an I/O error or a failed sync: only the next start can tell
};

// Where the store ends. All zeros for an empty journal.
struct JournalEnd {
  ChainHead head;
  std::uint64_t segment_bytes{0};  // of headers and payloads in the newest segment
  Instant segment_since;           // time of its first record
};

// A stored State with the record up to which it goes.
struct StoredSnapshot {
  ChainHead head;
  std::string text;
};

// What room a store has.
enum class Room : std::uint8_t {
  none,      // not for ordinary writing; what a reserve gave free is for outcomes and people
  ordinary,  // for ordinary writing, not for the reserve too
  reserve,   // the reserve is kept, or the store has none
};

// One controller at a time; called from the engine's thread, `read` and `blob` from any thread on a port of its own.
class JournalPort {
 public:
  virtual ~JournalPort() = default;

  // The last record that is on the disk for certain: a store that has a log of its own writes it back and syncs before it
  // answers.
  [[nodiscard]] virtual Result<JournalEnd> end() = 0;

  // Writes blobs that are not there yet, then the records, in one durable transaction. All records belong to one segment.
  // `detail` gets the store's own message unless the outcome is `durable`.
  [[nodiscard]] virtual AppendOutcome append(std::span<const StoredRecord> records, std::span<const Blob> blobs,
                                             std::string& detail) = 0;

  // Calls visit(record) for the records of [from, to] in order until it returns false. A missing row ends the walk without an
  // error: the caller counts. Fails (corrupt) when the store itself cannot be read on.
  [[nodiscard]] virtual Status read(Sequence from, Sequence to, const std::function<bool(const StoredRecord&)>& visit) = 0;

  // The bytes of a blob, or nothing.
  [[nodiscard]] virtual Result<std::optional<std::string>> blob(const Digest& digest) = 0;

  // Gives up the reserve (`wanted` false), or makes it anew (true), and says what room there is then.
  [[nodiscard]] virtual Room keep_ballast(bool wanted) = 0;

  // Stores a snapshot beside the journal; older ones than the newest two are dropped. Atomic: a crash leaves the old ones.
  [[nodiscard]] virtual Status save_snapshot(const StoredSnapshot& snapshot) = 0;

  // The newest snapshot that can be read; `skip` leaves out that many of the newest.
  [[nodiscard]] virtual Result<std::optional<StoredSnapshot>> load_snapshot(std::size_t skip) = 0;
};

}  // namespace watchbill::ports
