// From when on absences count after a start.
#include "app/watch/completeness.h"

#include <gtest/gtest.h>

#include "metrics/tsdb/head.h"

namespace watchbill::app::watch {
namespace {

const Instant start{1'772'366'400'000};
const Labels target({{"instance", "a"}, {"job", "web"}});

class completeness : public ::testing::Test {
 protected:
  // Scrapes of a target at these seconds after the start.
  void scraped(const Labels& labels, std::initializer_list<int> seconds) {
    Labels up = labels;
    up.set(metric_name_label, "up");
    for (const int second : seconds) ASSERT_TRUE(head_.append(up, start + Duration::seconds(second), 1));
  }
  // Seconds after the start, or -1 for the beginning of the window.
  [[nodiscard]] std::int64_t since(int now_s) const {
    const Instant at = complete_since(head_.snapshot(), {{target, Duration::seconds(15)}}, start + Duration::seconds(now_s));
    return at == Instant{} ? -1 : (at - start).ms / 1000;
  }

  metrics::tsdb::Head head_;
};

TEST_F(completeness, nothing_is_known_before_the_start_where_nothing_was_kept) { EXPECT_EQ(since(100), 100); }

TEST_F(completeness, a_restart_within_two_intervals_loses_nothing) {
  scraped(target, {0, 15, 30});
  EXPECT_EQ(since(60), -1);
}

TEST_F(completeness, a_longer_pause_ends_now) {
  scraped(target, {0, 15, 30});
  EXPECT_EQ(since(61), 61);
}

TEST_F(completeness, a_pause_before_the_last_run_counts_too) {
  scraped(target, {0, 15, 100, 115});
  EXPECT_EQ(since(120), 100);
}

TEST_F(completeness, the_target_that_was_missed_last_decides_and_one_that_is_asked_no_more_does_not) {
  scraped(target, {0, 15, 30});
  scraped(Labels({{"instance", "gone"}, {"job", "web"}}), {0});
  EXPECT_EQ(since(45), -1);
}

}  // namespace
}  // namespace watchbill::app::watch
