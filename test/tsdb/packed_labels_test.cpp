#include "metrics/tsdb/packed_labels.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "metrics/tsdb/head.h"

namespace watchbill::metrics::tsdb {
namespace {

TEST(packed_labels, say_and_order_what_labels_do) {
  std::mt19937 random(1);
  const auto text = [&] {
    return std::string(random() % 4 == 0 ? random() % 600 : random() % 3, static_cast<char>('a' + random() % 3));
  };
  std::vector<Labels> all{Labels()};
  for (int i = 0; i < 300; ++i) {
    std::vector<Labels::Pair> pairs;
    for (auto left = random() % 5; left > 0; --left) pairs.emplace_back(text() + "n", text());
    all.push_back(Labels(std::move(pairs)));
  }
  for (const Labels& a : all) {
    const PackedLabels packed_a(a);
    EXPECT_EQ(packed_a.unpack(), a);
    EXPECT_EQ(packed_a.size(), a.size());
    for (const auto& [name, value] : a) EXPECT_EQ(packed_a.find(name).value, value);
    EXPECT_EQ(packed_a.find("nothing").value, "");
    for (const Labels& b : all) {
      const PackedLabels packed_b(b);
      ASSERT_EQ(packed_a <=> packed_b, a <=> b);
      ASSERT_EQ(packed_a == b, a == b);
    }
  }
}

TEST(packed_labels, labels_that_nobody_reads_are_kept_small) {
  HeadLimits limits;
  limits.retention = Duration::hours(1000);
  Head head(limits);
  std::vector<Labels> labels;
  constexpr Instant begin{1'700'000'000'000};
  for (int i = 0; i < 1000; ++i) {
    labels.push_back(
        Labels({{"__name__", "http_request_duration_seconds_bucket"}, {"i", std::to_string(i)}, {"job", "a"}, {"le", "1"}}));
    ASSERT_TRUE(head.append(labels.back(), begin, i).has_value());
  }
  head.advance(begin);
  const auto read = [&](const Snapshot& snapshot) {
    std::vector<const Labels*> seen;
    for (const SeriesView& view : snapshot.select({}, begin, begin)) seen.push_back(&view.labels());
    return seen;
  };
  const std::size_t unread = head.statistics().memory_bytes;
  {
    const Snapshot snapshot = head.snapshot();
    const std::vector<const Labels*> seen = read(snapshot);
    EXPECT_GT(head.statistics().memory_bytes, unread + 1000 * 200);
    for (int minute = 1; minute < 5; ++minute) head.advance(begin + Duration::minutes(minute));
    ASSERT_EQ(seen.size(), labels.size());
    std::sort(labels.begin(), labels.end());
    for (std::size_t i = 0; i < labels.size(); ++i) EXPECT_EQ(*seen[i], labels[i]) << "they stay as long as their snapshot";
  }
  head.advance(begin + Duration::minutes(5));
  EXPECT_LE(head.statistics().memory_bytes, unread + 40'000);
  for (int minute = 6; minute < 10; ++minute) {
    static_cast<void>(read(head.snapshot()));
    head.advance(begin + Duration::minutes(minute));
  }
  EXPECT_GT(head.statistics().memory_bytes, unread + 1000 * 200) << "those that are read stay unpacked";
}

}  // namespace
}  // namespace watchbill::metrics::tsdb
