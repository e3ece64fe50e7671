// Finds the slot of a series by the hash of its labels: 4 bytes for each slot, and a table of numbers of slots, 4 bytes an entry.
//
// Open addressing; the entries of a run stand one after the other, and one that is taken away draws those behind it near. Whoever
// asks compares labels itself. No errors: memory is what it needs, 11 to 16 bytes a slot, and a third more while it grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/assert.h"

namespace watchbill::metrics::tsdb {

class SlotTable {
 public:
  static constexpr std::uint32_t no_slot = std::numeric_limits<std::uint32_t>::max();

  // How many slots there are: 0 to this less one. They are given once and stay, whether something is found under them or not.
  [[nodiscard]] std::size_t slot_count() const noexcept { return hashes_.size(); }
  // One slot more; its number.
  std::uint32_t add_slot() {
    hashes_.push_back(0);
    return static_cast<std::uint32_t>(hashes_.size() - 1);
  }

  // From now on this slot is found under that hash. Holds: it is found under none.
  void enter(std::uint32_t slot, std::uint64_t hash) {
    if (table_.size() < 4 * (entered_count_ + 1) / 3) grow();
    hashes_[slot] = static_cast<std::uint32_t>(hash);
    place(slot);
    ++entered_count_;
  }
  // It is found no more. Holds: it was.
  void remove(std::uint32_t slot) noexcept {
    std::size_t hole = home_of(slot);
    for (; table_[hole] != slot; hole = next(hole))
      WB_ASSERT(table_[hole] != no_slot, "every slot that is in use stands in the run of its hash");
    for (std::size_t at = next(hole); table_[at] != no_slot; at = next(at)) {
      // One whose home lies behind the hole stays where it is: from there it is found.
      if (((at - home_of(table_[at])) & mask()) < ((at - hole) & mask())) continue;
      table_[hole] = table_[at];
      hole = at;
    }
    table_[hole] = no_slot;
    --entered_count_;
  }
  // The slot under this hash for which `is_it(slot)` is true, or no_slot. It is asked of few others.
  template <class IsIt>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, IsIt is_it) const {
    if (table_.empty()) return no_slot;
    const auto low = static_cast<std::uint32_t>(hash);
    for (std::size_t at = low & mask(); table_[at] != no_slot; at = next(at))
      if (hashes_[table_[at]] == low && is_it(table_[at])) return table_[at];
    return no_slot;
  }

  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return (hashes_.capacity() + table_.capacity()) * sizeof(std::uint32_t);
  }

 private:
  [[nodiscard]] std::size_t mask() const noexcept { return table_.size() - 1; }
  [[nodiscard]] std::size_t next(std::size_t at) const noexcept { return (at + 1) & mask(); }
  [[nodiscard]] std::size_t home_of(std::uint32_t slot) const noexcept { return hashes_[slot] & mask(); }
  void place(std::uint32_t slot) noexcept {
    std::size_t at = home_of(slot);
    while (table_[at] != no_slot) at = next(at);
    table_[at] = slot;
  }
  void grow() {
    constexpr std::size_t least = 64;
    std::vector<std::uint32_t> former(table_.size() < least ? least : 2 * table_.size(), no_slot);
    former.swap(table_);
    for (const std::uint32_t slot : former)
      if (slot != no_slot) place(slot);
  }

  std::vector<std::uint32_t> hashes_;  // the low half, by slot
  std::vector<std::uint32_t> table_;   // a power of two, at most three quarters full
  std::size_t entered_count_{0};
};

}  // namespace watchbill::metrics::tsdb
