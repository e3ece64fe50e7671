#include "app/watch/memory_return.h"

#include <array>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "drivers/system/process.h"

namespace watchbill::app::watch {
namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

class Returning : public ::testing::Test {
 protected:
  // `after_ms` later; the number of returns since the beginning.
  int look(std::int64_t after_ms) {
    now_ = now_ + Duration::milliseconds(after_ms);
    memory_.look(now_);
    return return_count_;
  }

  std::uint64_t used_{100 * mebibyte}, free_{0};
  int return_count_{0}, read_count_{0};
  Instant now_{1'772'366'400'000};
  MemoryReturn memory_{{[this] { return ++read_count_, used_ + free_; },
                        [this] {
                          ++return_count_;
                          free_ = 0;
                        }}};
};

TEST_F(Returning, what_a_large_query_leaves_is_given_back_once) {
  EXPECT_EQ(look(0), 0);
  free_ = 15 * mebibyte;
  EXPECT_EQ(look(1000), 0) << "too little to bother";
  free_ = 2000 * mebibyte;
  EXPECT_EQ(look(1000), 1);
  EXPECT_EQ(look(6000), 1) << "nothing is left to give";
  free_ = 500 * mebibyte;
  EXPECT_EQ(look(1000), 2);
}

TEST_F(Returning, returns_keep_their_distance_and_the_last_one_is_not_forgotten) {
  look(0);
  free_ = 2000 * mebibyte;
  EXPECT_EQ(look(1000), 1);
  free_ = 2000 * mebibyte;
  EXPECT_EQ(look(1000), 1);
  EXPECT_EQ(look(3999), 1);
  EXPECT_EQ(look(1), 1) << "the look before was just now";
  EXPECT_EQ(look(1000), 2);
}

TEST_F(Returning, what_is_in_use_counts_once) {
  look(0);
  used_ += 1000 * mebibyte;  // the store has grown
  EXPECT_EQ(look(6000), 1);
  EXPECT_EQ(look(6000), 1) << "a return that gave nothing is not repeated";
  used_ -= 800 * mebibyte;
  EXPECT_EQ(look(6000), 1);
  free_ = 17 * mebibyte;
  EXPECT_EQ(look(6000), 2) << "the least that it needed counts";
}

TEST_F(Returning, looks_are_rare) {
  look(0);
  const int reads = read_count_;
  for (int i = 0; i < 499; ++i) look(1);
  EXPECT_EQ(read_count_, reads);
  look(1);
  EXPECT_EQ(read_count_, reads + 1);
}

// A sanitizer has an allocator of its own, which gives nothing back.
#ifndef WB_SANITIZED
TEST(ReturningReally, memory_of_this_process_goes_back) {
  MemoryReturn memory;
  memory.look(Instant{1'772'366'400'000});
  {
    // Small pieces with a few that stay: the allocator cannot give them back by itself.
    std::vector<std::unique_ptr<std::array<char, 1000>>> pieces;
    for (int i = 0; i < 200'000; ++i) {
      pieces.push_back(std::make_unique<std::array<char, 1000>>());
      pieces.back()->fill('x');
    }
    static std::vector<std::unique_ptr<std::array<char, 1000>>> kept;
    for (std::size_t i = 0; i < pieces.size(); i += 10'000) kept.push_back(std::move(pieces[i]));
  }
  const std::uint64_t before = drivers::system::read_process_figures().value().resident_bytes;
  memory.look(Instant{1'772'366'410'000});
  const std::uint64_t after = drivers::system::read_process_figures().value().resident_bytes;
  EXPECT_LT(after + 100 * mebibyte, before);
}
#endif

}  // namespace
}  // namespace watchbill::app::watch
