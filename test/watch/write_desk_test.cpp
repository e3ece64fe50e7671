// Requests of remote write share a sync of the disk, and none is acknowledged without one.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/watch/write_desk.h"
#include "metrics/remote/block.h"

namespace watchbill::app::watch {
namespace {

namespace remote = metrics::remote;

class write_desk : public ::testing::Test {
 protected:
  write_desk() { head_.advance(Instant{1'000'000}); }
  ~write_desk() override { end(); }
  void begin() {
    thread_ = std::thread([this] { desk_.run(); });
  }
  void end() {
    desk_.stop();
    if (thread_.joinable()) thread_.join();
  }
  // A request with so many samples, of about 20 bytes each; its outcome goes to `answers_`: "stored", "refused" or the error.
  bool offer(std::int64_t at_ms, int sample_count = 1) {
    remote::WriteRequestWriter writer;
    std::vector<remote::Sample> samples;
    for (int i = 0; i < sample_count; ++i) samples.push_back({Instant{at_ms + i}, 1.0 * static_cast<double>(at_ms)});
    writer.series(remote::encode_labels(Labels(std::vector<Labels::Pair>{{"__name__", "a"}})), samples);
    return desk_.offer(remote::compress(writer.body()), [this](const api::WriteOutcome& outcome) {
      const std::lock_guard lock(mutex_);
      if (!outcome.durable) answers_.push_back(outcome.durable.error().text());
      else answers_.push_back(outcome.report.taken_count > 0 ? "stored" : "refused");
      changed_.notify_all();
    });
  }
  std::vector<std::string> answers(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answers_.size() >= count; });
    return answers_;
  }

  metrics::tsdb::Head head_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> answers_;
  int sync_count_{0};
  Status disk_;
  WriteDesk desk_{{head_,
                   [this]() -> Status {
                     ++sync_count_;
                     return disk_;
                   },
                   [](std::span<const metrics::rules::RulePlace>) {}},
                  {3, 10'000, 150}};
  std::thread thread_;
};

TEST_F(write_desk, requests_that_wait_share_a_sync) {
  for (int i = 1; i <= 3; ++i) EXPECT_TRUE(offer(1'000'000 + i));
  begin();
  EXPECT_EQ(answers(3), (std::vector<std::string>(3, "stored")));
  end();
  EXPECT_EQ(sync_count_, 1);
  EXPECT_EQ(head_.statistics().sample_count, 3U);
}

TEST_F(write_desk, much_at_once_is_synced_in_parts) {
  for (int i = 1; i <= 3; ++i) EXPECT_TRUE(offer(1'000'000 + 10 * i, 5));
  begin();
  EXPECT_EQ(answers(3), (std::vector<std::string>(3, "stored")));
  end();
  EXPECT_EQ(sync_count_, 2) << "after the second one, and after the last";
}

TEST_F(write_desk, what_the_disk_refuses_is_not_acknowledged) {
  disk_ = Error{ErrorKind::exhausted, "write", "samples/000001.log", "No space left on device"};
  EXPECT_TRUE(offer(1'000'001));
  begin();
  EXPECT_EQ(answers(1), (std::vector<std::string>{"write samples/000001.log: No space left on device"}));
  // Nothing of it was stored, so there is nothing to sync.
  EXPECT_TRUE(offer(1));
  EXPECT_EQ(answers(2).back(), "refused");
  // The sender repeats itself: it is in memory, and must not be acknowledged for that.
  EXPECT_TRUE(offer(1'000'001));
  EXPECT_EQ(answers(3).back(), "write samples/000001.log: No space left on device");
  end();
  EXPECT_EQ(sync_count_, 2);
}

TEST_F(write_desk, turns_away_what_is_too_much) {
  for (int i = 1; i <= 3; ++i) EXPECT_TRUE(offer(1'000'000 + i));
  EXPECT_FALSE(offer(1'000'004)) << "a fourth request";
  begin();
  EXPECT_EQ(answers(3).size(), 3U);
  end();
  EXPECT_FALSE(offer(1'000'005)) << "it is over";
  EXPECT_EQ(head_.statistics().sample_count, 3U);
}

TEST_F(write_desk, what_waits_at_the_end_is_not_stored) {
  EXPECT_TRUE(offer(1'000'001));
  desk_.stop();
  begin();
  EXPECT_EQ(answers(1), (std::vector<std::string>{"store samples the request: the controller is closing"}));
  EXPECT_EQ(head_.statistics().sample_count, 0U);
}

}  // namespace
}  // namespace watchbill::app::watch
