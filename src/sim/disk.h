// The simulated disk of a journal: what is synced survives a crash, what is not is lost, and faults happen on request.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "ports/journal.h"
#include "sim/plants.h"
#include "sim/random.h"

namespace watchbill::sim {

// What the next append meets.
enum class DiskFault : std::uint8_t {
  none,
  lost,           // the process ends before the batch is on the disk
  written,        // the process ends after the batch is on the disk, before anybody was told
  full,           // definite refusals until room is made
  read_only,      // definite refusals until it ends
};

class SimulatedDisk {
 public:
  SimulatedDisk(Random random, Plant plant) : random_(random), plant_(plant) {}

  // The next append meets this fault; `full` and `read_only` last until heal().
  void arm(DiskFault fault) { fault_ = fault; }
  void heal();
  // From now on it never has room for the reserve and ordinary writing too.
  void shrink() { is_small_ = true, has_ballast_ = false; }
  void grow() { is_small_ = false; }
  [[nodiscard]] bool has_ballast() const noexcept { return has_ballast_; }
  // The process ends now, between two appends: what was acknowledged stays, unless the disk lied.
  void crash();

  [[nodiscard]] const std::vector<StoredRecord>& records() const noexcept { return records_; }
  [[nodiscard]] const std::map<Digest, std::string>& blobs() const noexcept { return blobs_; }

 private:
  friend class SimulatedJournal;

  Random random_;
  Plant plant_;
  DiskFault fault_{DiskFault::none};
  bool is_small_{false};
  bool has_ballast_{true};
  std::size_t ballast_records_{0};  // how many records the room of the ballast still takes
  std::vector<StoredRecord> records_;
  std::map<Digest, std::string> blobs_;
  std::vector<ports::StoredSnapshot> snapshots_;
  std::size_t unsynced_{0};  // records at the end that a lying disk has only promised
  bool has_lied_{false};
};

// The port of one controller's life on a disk.
class SimulatedJournal final : public ports::JournalPort {
 public:
  explicit SimulatedJournal(SimulatedDisk& disk) : disk_(disk) {}

  [[nodiscard]] Result<ports::JournalEnd> end() override;
  [[nodiscard]] ports::AppendOutcome append(std::span<const StoredRecord> records, std::span<const Blob> blobs,
                                            std::string& detail) override;
  [[nodiscard]] Status read(Sequence from, Sequence to, const std::function<bool(const StoredRecord&)>& visit) override;
  [[nodiscard]] Result<std::optional<std::string>> blob(const Digest& digest) override;
  [[nodiscard]] ports::Room keep_ballast(bool wanted) override;
  [[nodiscard]] Status save_snapshot(const ports::StoredSnapshot& snapshot) override;
  [[nodiscard]] Result<std::optional<ports::StoredSnapshot>> load_snapshot(std::size_t skip) override;

 private:
  void store(std::span<const StoredRecord> records, std::span<const Blob> blobs);

  SimulatedDisk& disk_;
};

}  // namespace watchbill::sim
