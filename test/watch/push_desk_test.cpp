// Pushes one after the other: what was answered is there in the next life, whatever operation of the disk was the last one.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/watch/push_desk.h"
#include "drivers/net/gzip.h"
#include "metrics/push/group_file.h"
#include "tsdb/simulated_files.h"

namespace watchbill::app::watch {
namespace {

namespace push = metrics::push;

// One life of the program over some files.
class Life {
 public:
  explicit Life(ports::FilesPort& files, PushDesk::Limits limits = {}) : files_(files), desk_(links(), {}, limits) {
    thread_ = std::thread([this] { desk_.run(); });
  }
  ~Life() {
    desk_.stop();
    thread_.join();
  }

  api::PushOutcome ask(api::PushKind kind, const std::string& job, std::string body = {},
                       api::PushCoding coding = api::PushCoding::none) {
    api::PushAsk ask;
    ask.kind = kind;
    ask.key = {{"job", job}};
    ask.body = std::move(body);
    ask.coding = coding;
    std::optional<api::PushOutcome> answer;
    const bool is_taken = desk_.offer(std::move(ask), [&](api::PushOutcome outcome) {
      const std::lock_guard lock(mutex_);
      answer = std::move(outcome);
      changed_.notify_all();
    });
    if (!is_taken) return {0, "not taken"};
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answer.has_value(); });
    return *answer;
  }
  std::uint32_t put(const std::string& job, const std::string& body) { return ask(api::PushKind::put, job, body).status; }
  // "a b": the jobs whose groups are there, and their families.
  std::string groups() {
    static_cast<void>(ask(api::PushKind::remove, "nobody"));  // behind it everything is loaded
    std::string out;
    for (const auto& group : desk_.groups()) {
      out += group->key.at("job") + "(";
      for (const auto& [name, family] : group->families) out += name + ",";
      out += ")";
    }
    return out;
  }
  // What the store was told of a family; "" when nothing was.
  std::string help_of(const std::string& family) const {
    const metrics::tsdb::Snapshot snapshot = head_.snapshot();
    const metrics::tsdb::Metadata* known = snapshot.metadata(family);
    return known == nullptr ? "" : known->help;
  }
  std::vector<std::string> complaints() {
    const std::lock_guard lock(mutex_);
    return complaints_;
  }
  const api::PushCounts& counts() const { return desk_.counts(); }
  int change_count() const { return change_count_; }

 private:
  PushDesk::Links links() {
    return {files_, head_, [this] { return Instant{1'000'000 + ++second_ * 1'000}; }, [this] { ++change_count_; },
            [this](const std::string& text) {
              const std::lock_guard lock(mutex_);
              complaints_.push_back(text);
            }};
  }

  ports::FilesPort& files_;
  metrics::tsdb::Head head_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> complaints_;
  std::atomic<int> change_count_{0};
  std::int64_t second_{0};  // of the desk's thread
  PushDesk desk_;
  std::thread thread_;
};

TEST(push_desk, groups_are_there_in_the_next_life) {
  SimulatedFiles files;
  {
    Life life(files);
    EXPECT_EQ(life.put("a", "m 1\n"), 200U);
    EXPECT_EQ(life.put("b", "m 1\n"), 200U);
    EXPECT_EQ(life.put("b", "# TYPE m gauge\nm 1\n"), 400U) << "another type than in a";
    EXPECT_EQ(life.ask(api::PushKind::post, "a", "n 1\n").status, 200U);
    EXPECT_EQ(life.ask(api::PushKind::remove, "b").status, 202U);
    EXPECT_EQ(life.put("c", "k 1\n"), 200U);
    EXPECT_EQ(life.change_count(), 1) << "nobody need know but when there are some, or none";
  }
  Life life(files);
  EXPECT_EQ(life.groups(), "a(m,n,)c(k,)");
  for (const char* job : {"a", "c"}) EXPECT_EQ(life.ask(api::PushKind::remove, job).status, 202U);
  EXPECT_EQ(life.groups(), "");
  EXPECT_TRUE(files.files.empty());
  EXPECT_EQ(life.change_count(), 2);
}

TEST(push_desk, the_next_life_knows_what_each_push_to_a_group_said_of_its_families) {
  SimulatedFiles files;
  {
    Life life(files);
    EXPECT_EQ(life.put("a", "# HELP m first\nm 1\n"), 200U);
    EXPECT_EQ(life.ask(api::PushKind::post, "a", "# HELP n second\nn 1\n").status, 200U);
  }
  Life life(files);
  EXPECT_EQ(life.groups(), "a(m,n,)");
  EXPECT_EQ(life.help_of("m"), "first");
  EXPECT_EQ(life.help_of("n"), "second");
}

// The program dies at each operation of the disk in turn.
TEST(push_desk, what_was_answered_survives_a_death_at_any_operation) {
  bool has_died_once = false;
  for (std::uint64_t operations = 0; operations < 12; ++operations) {
    SimulatedFiles files;
    files.operations_left = operations;
    std::string expected;  // what was answered
    {
      Life life(files);
      const auto said = [&](std::uint32_t status, const std::string& groups) {
        if (status == 200 || status == 202) expected = groups;
        else has_died_once = true;
        return status == 200 || status == 202;
      };
      const bool all = said(life.put("a", "m 1\n"), "a(m,)") && said(life.put("a", "n 1\n"), "a(n,)") &&
                       said(life.put("b", "m 1\n"), "a(n,)b(m,)") && said(life.ask(api::PushKind::remove, "a").status, "b(m,)");
      static_cast<void>(all);
    }
    files.operations_left = std::numeric_limits<std::uint64_t>::max();
    Life life(files);
    const std::string found = life.groups();
    // What was under way when it died may have been done.
    const std::vector<std::string> steps{"", "a(m,)", "a(n,)", "a(n,)b(m,)", "b(m,)"};
    const auto at = std::find(steps.begin(), steps.end(), expected);
    EXPECT_TRUE(found == expected || (at + 1 != steps.end() && found == *(at + 1)))
        << operations << " operations: answered " << expected << ", found " << found;
    EXPECT_TRUE(life.complaints().empty());
  }
  EXPECT_TRUE(has_died_once);
}

TEST(push_desk, a_disk_that_takes_nothing_is_said_and_changes_nothing) {
  SimulatedFiles files;
  Life life(files);
  EXPECT_EQ(life.put("a", "m 1\n"), 200U);
  files.operations_left = 0;
  EXPECT_EQ(life.put("a", "n 1\n"), 503U);
  EXPECT_EQ(life.put("b", "n 1\n"), 503U);
  EXPECT_EQ(life.ask(api::PushKind::remove, "a").status, 503U);
  EXPECT_EQ(life.counts().undurable, 3U);
  files.operations_left = 100;
  EXPECT_EQ(life.groups(), "a(m,)");
}

TEST(push_desk, a_damaged_file_is_named_and_costs_its_group) {
  SimulatedFiles files;
  {
    Life life(files);
    for (const char* job : {"a", "b"}) EXPECT_EQ(life.put(job, "m 1\n"), 200U);
  }
  const std::string path = "pushed/" + push::file_name_of({{"job", "a"}});
  ASSERT_TRUE(files.files.contains(path));
  files.files[path][20] ^= 1;
  Life life(files);
  EXPECT_EQ(life.groups(), "b(m,)");
  ASSERT_EQ(life.complaints().size(), 1U);
  EXPECT_NE(life.complaints().front().find(path), std::string::npos);
  EXPECT_TRUE(files.files.contains(path)) << "it stays for who wants to look";
  EXPECT_EQ(life.put("a", "n 1\n"), 200U);
  EXPECT_EQ(life.groups(), "a(n,)b(m,)");
}

TEST(push_desk, nothing_is_pushed_over_what_could_not_be_listed) {
  SimulatedFiles files;
  {
    Life life(files);
    EXPECT_EQ(life.put("a", "m 1\n"), 200U);
  }
  files.failing_lists = 3;
  PushDesk::Limits limits;
  limits.load_interval = Duration::milliseconds(1);
  Life life(files, limits);
  std::uint32_t status = 0;
  while ((status = life.ask(api::PushKind::post, "a", "n 1\n").status) == 503) {
  }
  EXPECT_EQ(status, 200U);
  EXPECT_EQ(life.groups(), "a(m,n,)");
  EXPECT_EQ(life.complaints().size(), 1U) << "said once";
}

TEST(push_desk, compressed_bodies_are_bounded_when_they_are_unpacked) {
  SimulatedFiles files;
  PushDesk::Limits limits;
  limits.body.bytes_max = 1'000;
  Life life(files, limits);
  EXPECT_EQ(life.ask(api::PushKind::put, "a", *drivers::net::gzip("m 1\n"), api::PushCoding::gzip).status, 200U);
  EXPECT_EQ(life.ask(api::PushKind::put, "b", *drivers::net::gzip(std::string(100'000, '\n')), api::PushCoding::gzip).status,
            400U);
  EXPECT_EQ(life.ask(api::PushKind::put, "c", "m 1\n", api::PushCoding::gzip).status, 400U) << "no gzip at all";
  EXPECT_EQ(life.groups(), "a(m,)");
}

TEST(push_desk, no_room_has_a_name) {
  SimulatedFiles files;
  PushDesk::Limits limits;
  limits.groups = {1, 100};
  Life life(files, limits);
  EXPECT_EQ(life.put("a", "m 1\n"), 200U);
  const api::PushOutcome outcome = life.ask(api::PushKind::put, "b", "m 1\n");
  EXPECT_EQ(outcome.status, 429U);
  EXPECT_TRUE(outcome.text.starts_with("too_many_groups")) << outcome.text;
}

}  // namespace
}  // namespace watchbill::app::watch
