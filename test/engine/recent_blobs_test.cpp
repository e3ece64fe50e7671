// What was written a moment ago is at hand, within a bound.
#include <gtest/gtest.h>

#include "engine/recent_blobs.h"

namespace watchbill::engine {
namespace {

constexpr std::size_t bytes_max = 16U << 20;

TEST(recent_blobs, are_found_by_their_digest) {
  RecentBlobs blobs;
  blobs.add(sha256("one"), "one");
  blobs.add(sha256("one"), "one");
  ASSERT_NE(blobs.find(sha256("one")), nullptr);
  EXPECT_EQ(*blobs.find(sha256("one")), "one");
  EXPECT_EQ(blobs.find(sha256("two")), nullptr);
}

TEST(recent_blobs, the_oldest_make_room) {
  RecentBlobs blobs;
  const std::string half(bytes_max / 2, 'h');
  for (const char* name : {"a", "b", "c"}) blobs.add(sha256(name), half);
  EXPECT_EQ(blobs.find(sha256("a")), nullptr);
  EXPECT_NE(blobs.find(sha256("b")), nullptr);
  EXPECT_NE(blobs.find(sha256("c")), nullptr);
}

TEST(recent_blobs, one_that_is_too_large_is_not_kept_and_what_a_reader_holds_stays) {
  RecentBlobs blobs;
  blobs.add(sha256("small"), "small");
  const auto held = blobs.find(sha256("small"));
  blobs.add(sha256("large"), std::string(bytes_max + 1, 'l'));
  EXPECT_EQ(blobs.find(sha256("large")), nullptr);
  EXPECT_EQ(blobs.find(sha256("small")), nullptr);
  EXPECT_EQ(*held, "small");
}

}  // namespace
}  // namespace watchbill::engine
