#include "metrics/tsdb/slot_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <random>
#include <vector>

namespace watchbill::metrics::tsdb {
namespace {

// Few hashes, so that runs and equal ones come often: a series is what a map says it is, whatever comes and goes.
TEST(slot_table, whatever_comes_and_goes_each_slot_is_found_under_its_hash_alone) {
  for (const std::uint64_t hash_count : {3U, 40U, 100'000U}) {
    std::mt19937_64 random(20261121 + hash_count);
    SlotTable table;
    std::map<std::uint32_t, std::uint64_t> hashes;  // of what is found, by slot
    std::vector<std::uint32_t> free;
    for (int step = 0; step < 20'000; ++step) {
      if (hashes.empty() || random() % 100 < (step < 10'000 ? 60U : 45U)) {
        if (free.empty()) free.push_back(table.add_slot());
        const std::uint32_t slot = free.back();
        free.pop_back();
        hashes[slot] = (random() % hash_count) * 0x9E3779B97F4A7C15;
        table.enter(slot, hashes[slot]);
      } else {
        const auto at =
            std::next(hashes.begin(), static_cast<std::ptrdiff_t>(random() % std::min<std::size_t>(hashes.size(), 50)));
        table.remove(at->first);
        EXPECT_EQ(table.find(at->second, [&](std::uint32_t slot) { return slot == at->first; }), SlotTable::no_slot);
        free.push_back(at->first);
        hashes.erase(at);
      }
      if (step % 200 != 0) continue;
      for (const auto& [slot, hash] : hashes)
        ASSERT_EQ(table.find(hash, [wanted = slot](std::uint32_t found) { return found == wanted; }), slot) << "step " << step;
      ASSERT_EQ(table.find(random() | 1U << 31U, [](std::uint32_t) { return false; }), SlotTable::no_slot);
    }
    EXPECT_LE(table.memory_bytes(), 16 * table.slot_count() + 1024);
  }
}

}  // namespace
}  // namespace watchbill::metrics::tsdb
