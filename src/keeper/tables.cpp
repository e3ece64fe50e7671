#include "keeper/tables.h"

#include <algorithm>

namespace watchbill::keeper {
namespace {
bool is_before(const ProcessEntry& entry, pid_t pid) noexcept { return entry.pid < pid; }
}  // namespace

void ProcessTable::add(ProcessEntry entry) {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), entry.pid, is_before);
  if (at != entries_.end() && at->pid == entry.pid) *at = entry;
  else entries_.insert(at, entry);
}

void ProcessTable::remove(pid_t pid) noexcept {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), pid, is_before);
  if (at != entries_.end() && at->pid == pid) entries_.erase(at);
}

const ProcessEntry* ProcessTable::find(pid_t pid) const noexcept {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), pid, is_before);
  return at != entries_.end() && at->pid == pid ? &*at : nullptr;
}

void DueHeap::set(Workload& workload, Instant due_at) {
  workload.due_at = due_at;
  if (due_at == Instant::never()) {
    if (workload.due_index == no_slot) return;
    const std::uint32_t index = workload.due_index;
    workload.due_index = no_slot;
    Workload* const last = heap_.back();
    heap_.pop_back();
    if (last == &workload) return;
    place(index, last);
    rise(index);
    sink(last->due_index);
    return;
  }
  if (workload.due_index == no_slot) {
    heap_.push_back(&workload);
    workload.due_index = static_cast<std::uint32_t>(heap_.size() - 1);
  }
  rise(workload.due_index);
  sink(workload.due_index);
}

void DueHeap::place(std::uint32_t index, Workload* workload) noexcept {
  heap_[index] = workload;
  workload->due_index = index;
}

void DueHeap::rise(std::uint32_t index) noexcept {
  Workload* const moved = heap_[index];
  while (index != 0 && moved->due_at < heap_[(index - 1) / 2]->due_at) {
    place(index, heap_[(index - 1) / 2]);
    index = (index - 1) / 2;
  }
  place(index, moved);
}

void DueHeap::sink(std::uint32_t index) noexcept {
  Workload* const moved = heap_[index];
  const std::uint32_t size = static_cast<std::uint32_t>(heap_.size());
  for (std::uint32_t child = 2 * index + 1; child < size; child = 2 * index + 1) {
    if (child + 1 < size && heap_[child + 1]->due_at < heap_[child]->due_at) ++child;
    if (heap_[child]->due_at >= moved->due_at) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, moved);
}

}  // namespace watchbill::keeper
