// The sender through a receiver that is away, loses answers and refuses, and through crashes at every point; from one seed each.
// What must hold: every sample of the log is with the receiver, in the order of its series, or was counted as refused.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <set>

#include "metrics/sender/sender.h"
#include "metrics/tsdb/sample_log.h"
#include "sanitized.h"
#include "sender/receiver.h"
#include "tsdb/simulated_files.h"

namespace watchbill::metrics::sender {
namespace {

struct Crash {};

// Crashes before or after a change of a file.
class CrashingFiles final : public ports::FilesPort {
 public:
  explicit CrashingFiles(SimulatedFiles& files) : files_(files) {}
  int changes_until_crash{-1};  // negative: never
  bool is_replacing_refused{false};

  Result<std::vector<std::string>> list(const std::string& folder) override { return files_.list(folder); }
  Result<std::string> read(const std::string& path, std::uint64_t bytes_max) override { return files_.read(path, bytes_max); }
  Result<std::string> read_part(const std::string& path, std::uint64_t offset, std::uint64_t bytes_max) override {
    return files_.read_part(path, offset, bytes_max);
  }
  Status append(const std::string& path, std::string_view bytes) override { return files_.append(path, bytes); }
  Status replace(const std::string& path, std::string_view bytes) override {
    if (is_replacing_refused) return Error{ErrorKind::exhausted, "write", path, "No space left on device"};
    const bool crashes = changes_until_crash == 0;
    if (changes_until_crash > 0) --changes_until_crash;
    if (crashes && is_before_) throw Crash{};
    Status done = files_.replace(path, bytes);
    is_before_ = !is_before_;
    if (crashes) throw Crash{};
    return done;
  }
  Result<ports::MappedBytes> map(const std::string& path) override { return files_.map(path); }
  Status rename(const std::string& path, const std::string& new_path) override { return files_.rename(path, new_path); }
  Status remove(const std::string& path) override { return files_.remove(path); }

 private:
  SimulatedFiles& files_;
  bool is_before_{false};
};

struct Faults {
  bool is_strict{true};
  int crash_permille{0};         // of steps
  int terms_change_percent{0};   // of crashes
  int lost_answer_percent{0};
  int unsent_percent{0};
  int refusal_percent{0};        // 400 for what is good
  int busy_percent{0};           // 503 and 429
  bool is_long_away{false};      // for an hour in the middle
  bool is_disk_full_at_times{false};
};

class World {
 public:
  World(std::uint32_t seed, Faults faults) : random_(seed), faults_(faults), refuses_at_random_(faults.refusal_percent != 0) {
    receiver_.is_strict = faults.is_strict;
    begin_life();
  }

  void run(Duration length) {
    const Instant end = now_ + length;
    while (now_ < end) turn();
  }

  // The receiver is well from now on and no more samples come; true once the sender has nothing left.
  bool calm_down() {
    faults_ = Faults{.is_strict = faults_.is_strict};
    is_calm_ = true;
    for (int i = 0; i < 20'000; ++i) {
      turn();
      if (pending_.empty() && sender_->is_idle() && waiting_.empty()) return true;
    }
    return false;
  }

  // Samples of the log that the receiver does not have.
  [[nodiscard]] std::size_t missing_count() const {
    std::size_t missing = 0;
    for (const auto& [labels, samples] : logged_) {
      std::set<std::int64_t> times;
      const auto known = receiver_.samples_of.find(labels);
      if (known != receiver_.samples_of.end())
        for (const remote::Sample& sample : known->second) times.insert(sample.at.ms);
      for (const std::int64_t time : samples) missing += times.count(time) == 0 ? 1U : 0U;
    }
    return missing;
  }
  [[nodiscard]] std::size_t logged_count() const {
    std::size_t count = 0;
    for (const auto& [labels, samples] : logged_) count += samples.size();
    return count;
  }
  // What a receiver refused for no reason; a repeat that it refuses so was counted as one.
  [[nodiscard]] std::uint64_t failed_count() const { return failed_ + failed_in(sender_->figures()); }
  [[nodiscard]] int lives() const noexcept { return lives_; }
  [[nodiscard]] std::uint32_t most_shards() const noexcept { return most_shards_; }
  [[nodiscard]] const std::vector<std::string>& said() const noexcept { return said_; }
  [[nodiscard]] const Receiver& receiver() const noexcept { return receiver_; }
  Receiver& receiver() noexcept { return receiver_; }
  [[nodiscard]] std::uint64_t gaps() const noexcept { return sender_->figures().gaps; }

 private:
  struct Waiting {
    Instant at;
    Answer answer;
  };

  [[nodiscard]] std::uint64_t failed_in(const Figures& figures) const {
    return figures.failed.all() + (refuses_at_random_ ? figures.refused_repeats.all() : 0);
  }
  [[nodiscard]] bool happens(int percent) { return static_cast<int>(random_() % 100) < percent; }

  [[nodiscard]] Terms terms() const {
    Terms terms;
    terms.identity = "the remote";
    terms.fingerprint = "requests of " + std::to_string(samples_per_request_);
    terms.external_labels.set("site", "a");
    terms.queue.samples_per_request = samples_per_request_;
    terms.queue.capacity = samples_per_request_ * 4;
    terms.queue.shard_count_max = 5;
    terms.metadata_interval = Duration::minutes(10);
    return terms;
  }

  void begin_life() {
    ++lives_;
    head_ = std::make_unique<tsdb::Head>();
    tsdb::SampleLogLimits limits;
    limits.segment_bytes_max = 8192;
    log_ = std::make_unique<tsdb::SampleLog>(*head_, disk_, "samples", limits);
    ASSERT_TRUE(log_->load(now_).has_value());
    files_ = std::make_unique<CrashingFiles>(disk_);
    begin_sender(true);
  }
  void begin_sender(bool is_of_new_run) {
    if (happens(faults_.terms_change_percent)) samples_per_request_ = 3 + random_() % 6;
    const auto families = [] { return FamilyList{{"m", {"gauge", "", ""}}}; };
    sender_ = std::make_unique<Sender>(terms(), Sender::Links{*files_, "samples", families},
                                       LogEnd{{log_->open_position(), 0}, is_of_new_run}, now_);
  }

  void crash() {
    failed_ += failed_in(sender_->figures());
    sender_.reset();
    // What was on its way may arrive or not; who asked does not hear of it.
    waiting_.clear();
    pending_.clear();
    disk_.failing_appends = 0;
    begin_life();
  }

  void turn() {
    now_ = now_ + Duration::milliseconds(1 + static_cast<std::int64_t>(random_() % 700));
    if (!is_calm_) write();
    if (now_ - flushed_at_ >= Duration::seconds(5)) flush();
    if (faults_.crash_permille != 0 && files_->changes_until_crash < 0 &&
        static_cast<int>(random_() % 1000) < faults_.crash_permille)
      files_->changes_until_crash = static_cast<int>(random_() % 8);
    files_->is_replacing_refused = faults_.is_disk_full_at_times && (now_.ms / 60'000) % 4 == 1;
    try {
      step();
    } catch (const Crash&) {
      crash();
    }
    most_shards_ = std::max(most_shards_, sender_->figures().shard_count);
  }

  void write() {
    for (int i = 0; i < 4; ++i) {
      const Labels labels({{"__name__", "m"}, {"s", std::to_string(random_() % 17)}});
      std::int64_t& newest = newest_[std::string(labels.get("s"))];
      if (newest >= now_.ms) continue;
      newest = now_.ms;
      if (!head_->append(labels, now_, static_cast<double>(++value_)).has_value()) continue;
      Labels sent = labels;
      sent.set("site", "a");
      pending_.emplace_back(sent.text(), now_.ms);
    }
  }

  void flush() {
    flushed_at_ = now_;
    if (faults_.is_disk_full_at_times && happens(10)) {
      disk_.failing_appends = 1;
      disk_.bytes_before_failure = random_() % 30;
    }
    if (!log_->flush(now_).has_value()) return;
    for (const auto& [labels, time] : pending_) logged_[labels].push_back(time);
    pending_.clear();
  }

  void step() {
    std::vector<Answer> answers;
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      if (at->at > now_) {
        ++at;
        continue;
      }
      answers.push_back(at->answer);
      at = waiting_.erase(at);
    }
    std::shuffle(answers.begin(), answers.end(), random_);
    Sender::Turn turn = sender_->step(now_, answers, head_->snapshot().newest_at());
    for (const Call& call : turn.calls) answer(call);
    said_.insert(said_.end(), turn.said.begin(), turn.said.end());
  }

  void answer(const Call& call) {
    Answer answer;
    answer.id = call.id;
    answer.took = Duration::milliseconds(20 + static_cast<std::int64_t>(random_() % 800));
    answer.text = "the receiver said so";
    const bool is_away = faults_.is_long_away && now_ - begin_ > Duration::minutes(10) && now_ - begin_ < Duration::minutes(70);
    if (is_away || happens(faults_.unsent_percent)) {
      answer.was_sent = false;
    } else if (happens(faults_.busy_percent)) {
      answer.status = 503;
      if (happens(50)) answer.retry_after = Duration::seconds(3);
    } else if (happens(faults_.refusal_percent)) {
      answer.status = 400;
    } else {
      answer.status = receiver_.take(call.body);
      if (happens(faults_.lost_answer_percent)) answer.status = 0;
    }
    waiting_.push_back({now_ + answer.took, answer});
  }

  std::mt19937 random_;
  Faults faults_;
  const bool refuses_at_random_;
  const Instant begin_{1'700'000'000'000};
  Instant now_{begin_};
  Instant flushed_at_{begin_};
  bool is_calm_{false};
  int lives_{0};
  std::size_t samples_per_request_{5};
  std::uint32_t most_shards_{0};
  std::uint64_t failed_{0};
  std::uint64_t value_{0};
  SimulatedFiles disk_;
  std::unique_ptr<CrashingFiles> files_;
  std::unique_ptr<tsdb::Head> head_;
  std::unique_ptr<tsdb::SampleLog> log_;
  std::unique_ptr<Sender> sender_;
  Receiver receiver_;
  std::vector<Waiting> waiting_;
  std::vector<std::string> said_;
  std::map<std::string, std::int64_t> newest_;
  std::vector<std::pair<std::string, std::int64_t>> pending_;      // appended, perhaps not in the log
  std::map<std::string, std::vector<std::int64_t>> logged_;
};

void expect_all_arrives(const Faults& faults, Duration length, std::uint32_t seeds) {
  int lives = 0;
  seeds = static_cast<std::uint32_t>((seeds + sanitized_stride - 1) / sanitized_stride);
  for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, faults);
    world.run(length);
    ASSERT_TRUE(world.calm_down()) << "it never had everything sent";
    ASSERT_GT(world.logged_count(), 100U);
    if (faults.refusal_percent == 0) {
      ASSERT_EQ(world.failed_count(), 0U);
    }
    ASSERT_LE(world.missing_count(), world.failed_count()) << "of " << world.logged_count();
    lives += world.lives();
  }
  if (faults.crash_permille != 0) {
    EXPECT_GT(lives, static_cast<int>(seeds)) << "nothing crashed";
  }
}

TEST(sender_simulation, everything_arrives_where_nothing_goes_wrong) {
  expect_all_arrives({}, Duration::minutes(10), 3);
}

TEST(sender_simulation, a_receiver_that_is_away_for_an_hour_gets_everything_afterwards) {
  expect_all_arrives({.is_long_away = true}, Duration::minutes(90), 3);
}

TEST(sender_simulation, lost_answers_and_busy_receivers_cost_no_sample) {
  expect_all_arrives({.lost_answer_percent = 10, .unsent_percent = 10, .busy_percent = 10}, Duration::minutes(10), 10);
}

TEST(sender_simulation, crashes_cost_no_sample_with_a_receiver_that_refuses_whole_requests) {
  expect_all_arrives({.crash_permille = 20}, Duration::minutes(10), 30);
}

TEST(sender_simulation, crashes_cost_no_sample_with_a_lenient_receiver) {
  expect_all_arrives({.is_strict = false, .crash_permille = 20}, Duration::minutes(10), 20);
}

TEST(sender_simulation, crashes_and_lost_answers_and_a_full_disk_together_cost_no_sample) {
  expect_all_arrives({.crash_permille = 20,
                      .lost_answer_percent = 10,
                      .unsent_percent = 10,
                      .busy_percent = 10,
                      .is_disk_full_at_times = true},
                     Duration::minutes(10), 30);
}

TEST(sender_simulation, other_requests_after_a_crash_cost_no_sample_either) {
  expect_all_arrives({.crash_permille = 20, .terms_change_percent = 60, .lost_answer_percent = 5, .unsent_percent = 5},
                     Duration::minutes(10), 30);
}

TEST(sender_simulation, crashes_while_the_receiver_is_away_cost_no_sample) {
  expect_all_arrives({.crash_permille = 2, .unsent_percent = 5, .is_long_away = true}, Duration::minutes(90), 5);
}

TEST(sender_simulation, what_is_refused_is_counted) {
  expect_all_arrives({.refusal_percent = 5}, Duration::minutes(10), 10);
  expect_all_arrives({.crash_permille = 10, .lost_answer_percent = 5, .refusal_percent = 5}, Duration::minutes(10), 20);
}

TEST(sender_simulation, shards_become_more_when_it_has_to_catch_up) {
  World world(7, {.is_long_away = true});
  world.run(Duration::minutes(90));
  EXPECT_GT(world.most_shards(), 1U);
}

}  // namespace
}  // namespace watchbill::metrics::sender
