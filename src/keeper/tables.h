// The keeper's two indexes: pids that are known, and workloads by the time at which something is due.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "keeper/workload.h"

namespace watchbill::keeper {

enum class ProcessKind : std::uint8_t { leader, side, probe, orphan };

struct ProcessEntry {
  pid_t pid{0};
  ProcessKind kind{ProcessKind::leader};
  std::uint32_t slot{no_slot};  // of the workload or probe; of an orphan that nobody can be named for: no_slot
};

// Children of the keeper that it knows, ordered by pid. An insertion moves 12 bytes for each entry behind it: 1 µs for thousands.
class ProcessTable {
 public:
  void add(ProcessEntry entry);
  void remove(pid_t pid) noexcept;
  // Null when the pid is unknown; valid until the next change.
  [[nodiscard]] const ProcessEntry* find(pid_t pid) const noexcept;
  [[nodiscard]] const std::vector<ProcessEntry>& all() const noexcept { return entries_; }

 private:
  std::vector<ProcessEntry> entries_;
};

// A binary heap over Workload::due_at, with each workload's place in it.
class DueHeap {
 public:
  // Sets when `workload` is due; Instant::never() takes it out.
  void set(Workload& workload, Instant due_at);
  [[nodiscard]] Workload* first() const noexcept { return heap_.empty() ? nullptr : heap_.front(); }

 private:
  void place(std::uint32_t index, Workload* workload) noexcept;
  void rise(std::uint32_t index) noexcept;
  void sink(std::uint32_t index) noexcept;

  std::vector<Workload*> heap_;
};

}  // namespace watchbill::keeper
