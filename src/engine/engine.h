// The loop: take, decide, apply in memory, append once, release what is durable. Starts no thread; simulation and the controller
// call the same step(). Cost of a batch: one durable append; for each command one encoding and two SHA-256.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <set>
#include <span>

#include "core/process.h"
#include "engine/inbox.h"
#include "engine/recent_blobs.h"
#include "engine/recovery.h"
#include "ports/effects.h"
#include "ports/journal.h"

namespace watchbill::engine {

struct EnginePorts {
  ports::JournalPort& journal;
  ports::EffectPort& effects;
  ports::EntropyPort& entropy;
  // Called with each batch that is durable, before anything of it is released; must return at once (the follower's queue).
  std::function<void(std::span<const StoredRecord>)> on_durable;
};

// What one step did and how the process goes on.
struct StepResult {
  std::size_t commands{0};  // that were decided
  bool has_failed{
      false};  // an append whose outcome is unknown, or a journal that reads back damaged: end the process at once (exit 7)
  std::string failure;      // what the store said
};

// Whether records can be appended now.
enum class WriteMode : std::uint8_t {
  normal,
  outcomes_and_people,  // the disk is full and the ballast given up: only these two lanes are served
  nothing,              // not even that
};

class Engine {
 public:
  Engine(EnginePorts ports, Recovered recovered, const Limits& limits);

  // Puts the commands that begin this epoch before all others: StartLineage in an empty journal, then StartEpoch.
  void begin_epoch(std::string build, Duration clock_ahead);

  // Puts the command that begins the life of a restored journal before all others.
  void begin_restored_lineage();

  // One turn of the loop at the engine clock's `now`.
  [[nodiscard]] StepResult step(Instant now);

  [[nodiscard]] Inbox& inbox() noexcept { return inbox_; }
  // The earliest instant at which step() has something to do by itself; never when only the inbox can bring work.
  [[nodiscard]] Instant next_due() const;
  // Closed after the last batch: what is still in flight goes on, its outcomes will be asked for by the next controller.
  [[nodiscard]] const core::State& state() const noexcept { return state_; }
  [[nodiscard]] const ChainHead& head() const noexcept { return head_; }
  [[nodiscard]] WriteMode write_mode() const noexcept { return write_mode_; }
  // What the store said when it refused; of no meaning in the normal mode.
  [[nodiscard]] const std::string& read_only_reason() const noexcept { return read_only_reason_; }
  [[nodiscard]] const std::map<Subject, Queue>& in_flight() const noexcept { return in_flight_; }

 private:
  struct Held {
    Reply reply;
    core::Answer answer;
    std::optional<Subject> ended;  // the effect in flight that this command ended
  };
  struct Batch {
    std::vector<StoredRecord> records;
    std::vector<Blob> blobs;
    std::vector<Held> held;
    ChainHead head;
    Segment segment{1};
    std::size_t bytes{0};
    std::size_t commands{0};
    bool is_sealed{false};
  };

  [[nodiscard]] Batch new_batch() const;
  void take_turn(Batch& batch, Instant now);
  void take_from_inbox(Batch& batch, Instant now);
  void process(Batch& batch, Envelope envelope, Instant now);
  void process_pending(Batch& batch, Instant now);
  void process_deadlines(Batch& batch, Instant now);
  void seal_if_full(Batch& batch, Instant now);
  void record(Batch& batch, const Command& cause, core::Processed& processed, std::optional<Digest> state, Instant now);
  [[nodiscard]] bool is_full(const Batch& batch) const noexcept;
  [[nodiscard]] bool append(Batch& batch, Instant now, StepResult& result);
  [[nodiscard]] bool commit(Batch& batch, Instant now, StepResult& result);
  void release(Batch& batch);
  void refuse(Batch& batch, Refusal reason, const std::string& message);
  // For each area, how many more effects its drivers may have in flight.
  // How many more effects of a queue may be begun.
  [[nodiscard]] std::size_t free_seats(const Queue& queue) const noexcept;
  // How many effects act on each host now.
  [[nodiscard]] std::map<std::string, std::size_t> acting_on_hosts() const;
  [[nodiscard]] bool is_ready(const Subject& subject, const Queue& queue) const;
  void release_effects(Instant now);
  void begin(Effect effect);
  [[nodiscard]] std::optional<RecoveryFailure> rebuild_from_journal();
  void try_to_write_again(Instant now, StepResult& result);
  [[nodiscard]] Batch batch_of(const CommandBody& command, Instant now);
  void refuse_waiting(Lane from, Lane to);

  EnginePorts ports_;
  Limits limits_;
  BlobLookup stored_blobs_;
  core::State state_;
  core::Seen seen_;
  ChainHead head_;
  Inbox inbox_;
  std::vector<Command> first_commands_;
  std::deque<Envelope> carried_;  // taken from the inbox in lane order, and left over by a batch that was full by bytes
  RecentBlobs recent_;
  std::map<Subject, Queue> in_flight_;
  WriteMode write_mode_{WriteMode::normal};
  std::optional<Batch> refused_batch_;  // JournalBecameReadOnly, until it is durable
  std::string read_only_reason_;
  Instant read_only_since_;
  Instant next_write_attempt_;
  bool lacks_reserve_{true};  // as far as is known: the start may have given it up, or found no room for it
  std::uint64_t segment_bytes_{0};
  Instant segment_since_;
};

}  // namespace watchbill::engine
