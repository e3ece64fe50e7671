#include "metrics/tsdb/read_ahead.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "metrics/tsdb/head.h"
#include "metrics/tsdb/series_table.h"

namespace watchbill::metrics::tsdb {
namespace {

// What the oldest chunk calls the one before it was dropped, and may be memory that is not there any more.
TEST(read_ahead, leaves_alone_what_stands_before_the_oldest_chunk) {
  void* const nowhere = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(nowhere, MAP_FAILED);
  std::array<Chunk, 30> chunks{};
  std::array<SeriesState, 30> states{};
  std::vector<SeriesView> series;
  for (std::size_t i = 0; i < states.size(); ++i) {
    // One, two or three chunks, the newest of each series at its own place.
    states[i].chunk_count = static_cast<std::uint32_t>(i % 3 + 1);
    states[i].newest.chunk = &chunks[i];
    chunks[i].previous = i % 3 == 0 ? static_cast<const Chunk*>(nowhere) : &chunks[i - 1];
    series.emplace_back(states[i]);
  }
  const auto walk = [&series] {
    ReadAhead ahead;
    for (std::size_t i = 0; i < series.size(); ++i) ahead.go_to(series, i, Instant{std::numeric_limits<std::int64_t>::min()});
    ::_exit(0);
  };
  EXPECT_EXIT(walk(), ::testing::ExitedWithCode(0), "");
  ::munmap(nowhere, 4096);
}

// Under a sanitizer this fails where a walk goes on behind the oldest chunk, which leads to one that was dropped.
TEST(read_ahead, goes_no_further_than_the_oldest_chunk_of_each_series) {
  constexpr std::size_t series_count = 30;
  constexpr int sample_count = 1000;
  Head head(HeadLimits{.retention = Duration::minutes(30)});
  const auto labels = [](std::size_t i) { return Labels({{"__name__", "m"}, {"i", std::to_string(i)}}); };
  Instant now{1'700'000'000'000};
  for (int round = 0; round < sample_count; ++round, now = now + Duration::seconds(5)) {
    // Every third series came late, and has one chunk.
    for (std::size_t i = 0; i < series_count; ++i)
      if (i % 3 != 0 || round > sample_count - 5) {
        ASSERT_TRUE(head.append(labels(i), now, round * static_cast<double>(i)).has_value());
      }
    head.advance(now);
  }
  const Snapshot snapshot = head.snapshot();
  const std::vector<SeriesView> series = snapshot.select({}, Instant{0}, now);
  ASSERT_EQ(series.size(), series_count);
  for (const Instant from : {Instant{0}, now - Duration::minutes(10), now}) {
    ReadAhead ahead;
    for (std::size_t i = 0; i < series.size(); ++i) {
      ahead.go_to(series, i, from);
      std::vector<Sample> samples;
      series[i].read(from, now, samples);
      EXPECT_EQ(samples.empty(), from == now) << series[i].labels().text();
    }
  }
}

}  // namespace
}  // namespace watchbill::metrics::tsdb
