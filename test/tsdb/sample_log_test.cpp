#include "metrics/tsdb/sample_log.h"

#include <bit>
#include <csignal>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "drivers/files/disk_files.h"
#include "metrics/tsdb/block_store.h"
#include "metrics/tsdb/log_follower.h"
#include "metrics/tsdb/log_record.h"
#include "metrics/tsdb/numbered_names.h"
#include "tsdb/simulated_files.h"

namespace watchbill::metrics::tsdb {
namespace {

constexpr Instant early{std::numeric_limits<std::int64_t>::min()};
constexpr Instant late = Instant::never();
constexpr Instant begin{1'700'000'000'000};

using Contents = std::map<std::string, std::vector<std::pair<std::int64_t, std::uint64_t>>>;

Contents contents(const Head& head) {
  Contents all;
  const Snapshot snapshot = head.snapshot();
  for (const SeriesView& view : snapshot.select({}, early, late)) {
    std::vector<Sample> samples;
    view.read(early, late, samples);
    for (const Sample& s : samples) all[view.labels().text()].emplace_back(s.t_ms, std::bit_cast<std::uint64_t>(s.v));
  }
  return all;
}

Labels series(int i) { return Labels({{"__name__", "m"}, {"i", std::to_string(i)}}); }

// `rounds` flushes, 5 s apart, each after a sample of each of 20 series.
void write_rounds(Head& head, SampleLog& log, int first_round, int rounds) {
  std::mt19937_64 random(static_cast<std::uint64_t>(first_round));
  for (int round = first_round; round < first_round + rounds; ++round) {
    const Instant now = begin + Duration::seconds(5 * round);
    head.advance(now);
    for (int i = 0; i < 20; ++i) {
      const double value = i == 0 ? stale_marker() : i % 2 == 0 ? round : std::bit_cast<double>(random());
      ASSERT_TRUE(head.append(series(i), now + Duration::milliseconds(i % 3), value).has_value());
    }
    ASSERT_TRUE(log.flush(now).has_value());
  }
}

TEST(sample_log, a_restart_has_the_same_samples_bit_for_bit) {
  SimulatedFiles files;
  Contents before;
  for (int run = 0; run < 3; ++run) {
    Head head;
    SampleLog log(head, files, "samples");
    const Result<LoadReport> report = log.load(begin + Duration::seconds(500 * run));
    ASSERT_TRUE(report.has_value());
    EXPECT_TRUE(report->damaged.empty());
    EXPECT_EQ(report->sample_count, static_cast<std::size_t>(run) * 100 * 20);
    EXPECT_EQ(report->outdated_count + report->refused_count + report->unexplained_count + report->torn_tail_bytes, 0U);
    EXPECT_EQ(contents(head), before);
    ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 100 * run, 100));
    before = contents(head);
  }
  EXPECT_EQ(files.files.count("samples/000003-000001.log"), 1U) << "each run has files of its own";
}

TEST(sample_log, samples_that_left_the_window_meanwhile_are_not_loaded) {
  SimulatedFiles files;
  HeadLimits limits;
  limits.retention = Duration::seconds(100);
  {
    Head head(limits);
    SampleLog log(head, files, "samples");
    ASSERT_TRUE(log.load(begin).has_value());
    ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 0, 20));
  }
  Head head(limits);
  SampleLog log(head, files, "samples");
  const Result<LoadReport> report = log.load(begin + Duration::seconds(150));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->sample_count, 10U * 20U) << "rounds 10 to 19 lie at 50 s and later";
  EXPECT_EQ(report->outdated_count, 10U * 20U);
}

TEST(sample_log, a_crash_at_any_byte_loses_the_last_flush_only) {
  SimulatedFiles files;
  Head head;
  SampleLog log(head, files, "samples");
  ASSERT_TRUE(log.load(begin).has_value());
  ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 0, 3));
  std::string& bytes = files.files["samples/000001-000001.log"];
  const std::size_t two_flushes = bytes.size();
  ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 3, 1));
  const std::string whole = bytes;
  for (std::size_t size = two_flushes; size < whole.size(); ++size) {
    bytes = whole.substr(0, size);
    Head again;
    SampleLog log_again(again, files, "samples");
    const Result<LoadReport> report = log_again.load(begin);
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->sample_count, 60U);
    EXPECT_EQ(report->torn_tail_bytes, size - two_flushes);
    EXPECT_TRUE(report->damaged.empty()) << "a torn tail is no damage";
  }
}

TEST(sample_log, damage_loses_the_damaged_record_only_and_says_where) {
  SimulatedFiles files;
  Head head;
  SampleLog log(head, files, "samples");
  ASSERT_TRUE(log.load(begin).has_value());
  ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 0, 1));
  std::string& bytes = files.files["samples/000001-000001.log"];
  const std::size_t first_end = bytes.size();
  ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 1, 1));
  const std::size_t second_end = bytes.size();
  ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 2, 3));
  const std::string whole = bytes;
  for (std::size_t at = first_end; at < second_end; ++at) {
    bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    Head again;
    SampleLog log_again(again, files, "samples");
    const Result<LoadReport> report = log_again.load(begin + Duration::seconds(20));
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->sample_count, 80U) << "byte " << at;
    ASSERT_EQ(report->damaged.size(), 1U) << "byte " << at;
    EXPECT_EQ(report->damaged[0].offset, first_end);
    EXPECT_EQ(report->damaged[0].bytes, second_end - first_end);
    EXPECT_EQ(report->damaged[0].file, "samples/000001-000001.log");
  }
}

TEST(sample_log, labels_in_a_damaged_record_are_found_in_another_segment) {
  SimulatedFiles files;
  SampleLogLimits limits;
  limits.segment_age_max = Duration::seconds(10);
  Head head;
  SampleLog log(head, files, "samples", limits);
  ASSERT_TRUE(log.load(begin).has_value());
  ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 0, 12));
  ASSERT_GE(files.files.size(), 3U);
  files.files["samples/000001-000001.log"][20] ^= 1;  // the first record, which explains all series
  {
    Head again;
    SampleLog log_again(again, files, "samples");
    const Result<LoadReport> report = log_again.load(begin + Duration::seconds(60));
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->sample_count, 11U * 20U);
    EXPECT_EQ(report->unexplained_count, 0U);
    EXPECT_EQ(report->damaged.size(), 1U);
  }
  // Without other segments of the run, nobody can say whose samples they were: they are counted.
  const std::string only = files.files["samples/000001-000001.log"];
  files.files = {{"samples/000001-000001.log", only}};
  Head again;
  SampleLog log_again(again, files, "samples");
  const Result<LoadReport> report = log_again.load(begin + Duration::seconds(60));
  EXPECT_EQ(report->sample_count, 0U);
  EXPECT_GT(report->unexplained_count, 0U);
}

TEST(sample_log, what_a_full_disk_refuses_is_written_later) {
  SimulatedFiles files;
  Head head;
  SampleLog log(head, files, "samples");
  ASSERT_TRUE(log.load(begin).has_value());
  ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 0, 2));
  files.failing_appends = 3;
  files.bytes_before_failure = 50;
  for (int round = 2; round < 5; ++round) {
    ASSERT_TRUE(head.append(series(1), begin + Duration::seconds(5 * round), round).has_value());
    const Status flushed = log.flush(begin + Duration::seconds(5 * round));
    ASSERT_FALSE(flushed.has_value());
    EXPECT_EQ(flushed.error().kind, ErrorKind::exhausted);
  }
  ASSERT_TRUE(log.flush(begin + Duration::seconds(25)).has_value());
  EXPECT_EQ(log.lost_bytes(), 0U);
  Head again;
  SampleLog log_again(again, files, "samples");
  const Result<LoadReport> report = log_again.load(begin + Duration::seconds(25));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(contents(again), contents(head));
  EXPECT_FALSE(report->damaged.empty()) << "the half-written records are told, though nothing in them is lost";
}

TEST(sample_log, a_disk_that_is_full_for_long_leaves_a_gap_that_is_counted) {
  SimulatedFiles files;
  SampleLogLimits limits;
  limits.pending_bytes_max = 1000;
  Head head;
  SampleLog log(head, files, "samples", limits);
  ASSERT_TRUE(log.load(begin).has_value());
  files.failing_appends = 20;
  for (int round = 0; round < 21; ++round) {
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(head.append(series(i), begin + Duration::seconds(5 * round), round).has_value());
    EXPECT_FALSE(log.flush(begin + Duration::seconds(5 * round)).has_value()) << "also when it goes: there is a gap";
  }
  EXPECT_GT(log.lost_bytes(), 0U);
  Head again;
  SampleLog log_again(again, files, "samples");
  const Result<LoadReport> report = log_again.load(begin + Duration::seconds(105));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->unexplained_count, 0U) << "after a gap each series is explained anew";
  EXPECT_GE(report->sample_count, 20U);
}

TEST(sample_log, a_full_disk_at_the_end_of_a_segment_repeats_no_labels) {
  SimulatedFiles files;
  SampleLogLimits limits;
  limits.segment_age_max = Duration::seconds(20);
  limits.pending_bytes_max = 20'000;
  const Labels wide({{"__name__", "m"}, {"path", std::string(1000, 'x')}});
  Head head;
  SampleLog log(head, files, "samples", limits);
  ASSERT_TRUE(log.load(begin).has_value());
  const auto write = [&](int round) {
    const Instant now = begin + Duration::seconds(5 * round);
    EXPECT_TRUE(head.append(wide, now, round).has_value());
    return log.flush(now).has_value();
  };
  ASSERT_TRUE(write(0));
  files.failing_appends = 100;
  for (int round = 1; round <= 100; ++round) EXPECT_FALSE(write(round));
  EXPECT_EQ(log.lost_bytes(), 0U) << "a hundred samples need little room";
  for (int round = 101; round <= 103; ++round) EXPECT_TRUE(write(round));
  EXPECT_EQ(files.files.count("samples/000001-000002.log"), 1U) << "then the segment ends";
  Head again;
  SampleLog log_again(again, files, "samples");
  const Result<LoadReport> report = log_again.load(begin + Duration::seconds(600));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->sample_count, 104U);
  EXPECT_EQ(report->unexplained_count, 0U);
}

TEST(sample_log, segments_leave_the_disk_after_the_window) {
  SimulatedFiles files;
  HeadLimits head_limits;
  head_limits.retention = Duration::seconds(100);
  head_limits.ahead_max = Duration::seconds(1);
  SampleLogLimits limits;
  limits.segment_age_max = Duration::seconds(20);
  for (int run = 0; run < 2; ++run) {
    Head head(head_limits);
    SampleLog log(head, files, "samples", limits);
    ASSERT_TRUE(log.load(begin + Duration::seconds(1000 * run)).has_value());
    ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 200 * run, 200));
    EXPECT_LE(files.files.size(), 8U);
    EXPECT_GE(files.files.size(), 5U);
  }
  EXPECT_EQ(files.files.begin()->first.substr(0, 15), "samples/000002-") << "segments of the run before are gone too";
}

TEST(sample_log, foreign_files_and_a_missing_folder_do_no_harm) {
  SimulatedFiles files;
  files.files["samples/notes.txt"] = "hello";
  files.files["samples/00000x-000001.log"] = "hello";
  files.files["samples/000004-000001.log"] = "WBs1 this is no record";
  Head head;
  SampleLog log(head, files, "samples");
  const Result<LoadReport> report = log.load(begin);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->sample_count, 0U);
  EXPECT_EQ(report->damaged.size() + (report->torn_tail_bytes > 0 ? 1U : 0U), 1U);
  ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 0, 1));
  EXPECT_EQ(files.files.count("samples/000005-000001.log"), 1U);
  EXPECT_EQ(files.files["samples/notes.txt"], "hello");
}

TEST(sample_log, a_log_that_nobody_takes_is_bounded) {
  HeadLimits limits;
  limits.log_bytes_max = 10'000;
  Head head(limits);
  head.begin_log();
  for (int t = 0; t < 10'000; ++t) ASSERT_TRUE(head.append(series(1), begin + Duration::seconds(t), t).has_value());
  EXPECT_GT(head.statistics().log_forgotten_bytes, 0U);
  const std::string taken = head.take_log(false);
  EXPECT_LE(taken.size(), 10'000U + 100U);
  LogDecoder decoder(taken);
  EXPECT_EQ(decoder.next(), LogDecoder::Entry::labels) << "after a gap each series is explained anew";
}

// A head with a log that has just lost samples, one way or the other.
class log_with_a_gap : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    HeadLimits head_limits;
    head_limits.log_bytes_max = 1'000;
    head_.emplace(head_limits);
    SampleLogLimits limits;
    limits.pending_bytes_max = 1'000;
    log_.emplace(*head_, files_, "samples", limits);
    ASSERT_TRUE(log_->load(begin).has_value());
    append(0);
    ASSERT_TRUE(log_->flush(begin).has_value());
    const bool is_disk_full = std::string_view(GetParam()) == "disk_full";
    for (int second = 1; second <= 400; ++second) {
      append(second);
      if (!is_disk_full || second % 40 != 0) continue;
      files_.failing_appends = 1;
      EXPECT_FALSE(log_->flush(begin + Duration::seconds(second)).has_value());
    }
  }
  void append(int second) {
    ASSERT_TRUE(head_->append(series(1), begin + Duration::seconds(second), second).has_value());
  }
  Status flush() { return log_->flush(begin + Duration::seconds(400)); }

  SimulatedFiles files_;
  std::optional<Head> head_;
  std::optional<SampleLog> log_;
};
INSTANTIATE_TEST_SUITE_P(ways, log_with_a_gap, ::testing::Values("disk_full", "nobody_flushed"),
                         [](const auto& way) { return std::string(way.param); });

TEST_P(log_with_a_gap, is_no_success_until_a_block_holds_what_is_missing) {
  EXPECT_GT(log_->lost_bytes() + head_->statistics().log_forgotten_bytes, 0U);
  for (int i = 0; i < 3; ++i) {
    const Status flushed = flush();
    ASSERT_FALSE(flushed.has_value());
    EXPECT_NE(flushed.error().text().find("never reached the log"), std::string::npos) << flushed.error().text();
  }
  const LogState state = log_->state();
  ASSERT_TRUE(state.gap.has_value());
  EXPECT_GT(state.gap->before_ms, (begin + Duration::seconds(100)).ms);
  // A block of before the gap, and one that ends too early.
  log_->cover({state.gap->before_ms, LogPosition{1, 1, 0}});
  EXPECT_FALSE(flush().has_value());
  log_->cover({state.gap->before_ms - 1, state.position});
  EXPECT_FALSE(flush().has_value());
  log_->cover({state.gap->before_ms, state.position});
  EXPECT_TRUE(flush().has_value());
  append(401);
  EXPECT_TRUE(flush().has_value());
  EXPECT_FALSE(log_->state().gap.has_value());
}

TEST_P(log_with_a_gap, makes_a_block_due_at_once) {
  BlockStore store(*head_, files_, "samples");
  ASSERT_TRUE(store.open().has_value());
  EXPECT_FALSE(flush().has_value());
  EXPECT_FALSE(flush().has_value());
  const Result<bool> worked = store.work(begin + Duration::seconds(401), log_->state());
  ASSERT_TRUE(worked.has_value());
  EXPECT_TRUE(*worked);
  log_->cover(store.covered());
  EXPECT_TRUE(flush().has_value());
  EXPECT_FALSE(store.work(begin + Duration::seconds(402), log_->state()).value()) << "once";
  // Killed: everything that was appended is in the block.
  Head again;
  BlockStore store_again(again, files_, "samples");
  ASSERT_TRUE(store_again.open().has_value());
  SampleLog log_again(again, files_, "samples");
  ASSERT_TRUE(log_again.load(begin + Duration::seconds(402), store_again.covered()).has_value());
  EXPECT_EQ(contents(again), contents(*head_));
}

TEST_P(log_with_a_gap, is_seen_by_a_follower) {
  EXPECT_FALSE(flush().has_value());
  EXPECT_FALSE(flush().has_value());
  append(401);
  EXPECT_FALSE(flush().has_value());
  LogFollower follower(files_, "samples");
  follower.begin(LogPlace{{1, 1, 0}, 0});
  bool has_gap = false;
  for (auto record = follower.next(); record.has_value() && record->has_value(); record = follower.next())
    has_gap = has_gap || (*record)->follows_gap;
  EXPECT_TRUE(has_gap);
}

TEST(sample_log, positions_are_true_after_a_failed_append) {
  SimulatedFiles files;
  Head head;
  SampleLog log(head, files, "samples");
  ASSERT_TRUE(log.load(begin).has_value());
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{30}}) {
    ASSERT_TRUE(head.append(series(1), begin + Duration::seconds(static_cast<int>(bytes)), 1).has_value());
    files.failing_appends = 2;
    files.bytes_before_failure = bytes;
    EXPECT_FALSE(log.flush(begin).has_value());
    EXPECT_FALSE(log.flush(begin).has_value());
    EXPECT_TRUE(log.flush(begin).has_value());
    EXPECT_EQ(log.open_position().offset, files.files["samples/000001-000001.log"].size()) << bytes << " bytes were written";
    EXPECT_EQ(log.state().position, log.open_position());
  }
}

TEST(sample_log, a_folder_that_cannot_be_listed_is_tried_again) {
  SimulatedFiles files;
  {
    Head head;
    SampleLog log(head, files, "samples");
    ASSERT_TRUE(log.load(begin).has_value());
    ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 0, 3));
  }
  Head head;
  SampleLog log(head, files, "samples");
  files.failing_lists = 2;
  EXPECT_FALSE(log.load(begin).has_value());
  EXPECT_FALSE(log.load(begin).has_value());
  const Result<LoadReport> report = log.load(begin + Duration::seconds(20));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->sample_count, 60U);
  ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 10, 1));
  EXPECT_EQ(files.files.count("samples/000002-000001.log"), 1U) << "it is logged from then on";
}

// A store that lacks nothing must not pass for one that does: alerts would count from the start on.
TEST(sample_log, a_second_sample_of_one_time_is_there_already) {
  SimulatedFiles files;
  LogEncoder encoder;
  encoder.labels(1, PackedLabels(series(1)));
  const std::vector<std::pair<std::int64_t, double>> logged{{100, 1}, {50, 2}, {50, 3}, {100, 4}};
  for (const auto& [second, value] : logged) encoder.sample(1, Sample{(begin + Duration::seconds(second)).ms, value});
  append_framed(files.files["samples/000001-000001.log"], encoder.take());
  Head head;
  SampleLog log(head, files, "samples");
  const Result<LoadReport> report = log.load(begin + Duration::seconds(200));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->sample_count, 2U);
  EXPECT_EQ(report->outdated_count, 2U);
  EXPECT_EQ(report->refused_count, 0U);
}

TEST(sample_log, a_segment_that_cannot_be_removed_fails_no_flush) {
  SimulatedFiles files;
  HeadLimits head_limits;
  head_limits.retention = Duration::seconds(100);
  head_limits.ahead_max = Duration::seconds(1);
  SampleLogLimits limits;
  limits.segment_age_max = Duration::seconds(20);
  Head head(head_limits);
  SampleLog log(head, files, "samples", limits);
  ASSERT_TRUE(log.load(begin).has_value());
  files.unremovable = "000001-000001.log";
  ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 0, 100)) << "each flush succeeds";
  EXPECT_EQ(files.files.count("samples/000001-000001.log"), 1U);
  EXPECT_EQ(files.files.count("samples/000001-000002.log"), 0U) << "the others leave";
  ASSERT_TRUE(log.removal_failure().has_value());
  EXPECT_EQ(log.removal_failure()->on, "samples/000001-000001.log");
  files.unremovable.clear();
  ASSERT_TRUE(log.flush(begin + Duration::seconds(500)).has_value());
  EXPECT_FALSE(log.removal_failure().has_value());
  EXPECT_EQ(files.files.count("samples/000001-000001.log"), 0U);
}

TEST(sample_log, runs_beyond_six_digits_are_read_in_their_order) {
  SimulatedFiles files;
  files.files["samples/999998-000001.log"] = "";
  for (int run = 0; run < 3; ++run) {
    Head head;
    SampleLog log(head, files, "samples");
    const Result<LoadReport> report = log.load(begin + Duration::seconds(5 * run));
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->sample_count, 20U * static_cast<std::size_t>(run)) << "of all runs before";
    EXPECT_EQ(head.statistics().late_count, 0U) << "in the order in which they were written";
    ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, run, 1));
  }
  EXPECT_EQ(files.files.count("samples/999999-000001.log"), 1U);
  EXPECT_EQ(files.files.count("samples/1000000-000001.log"), 1U);
  EXPECT_EQ(files.files.count("samples/1000001-000001.log"), 1U);
  files.files["samples/999999999-000001.log"] = "";
  Head head;
  SampleLog log(head, files, "samples");
  const Result<LoadReport> report = log.load(begin);
  ASSERT_FALSE(report.has_value());
  EXPECT_NE(report.error().text().find("999999999"), std::string::npos) << report.error().text();
}

TEST(numbered_names, are_read_as_they_are_written_and_no_other_way) {
  for (const std::uint32_t number : {0U, 1U, 999'999U, 1'000'000U, name_number_max}) {
    const NamePair pair{number, 7};
    EXPECT_EQ(numbers_of(numbered_name(pair, ".log"), ".log"), pair);
  }
  for (const char* name : {"", ".log", "-.log", "000001.log", "00001-000001.log", "0000001-000001.log", "000001-000001.block",
                           "000001-00000x.log", "000001-000001.log.new", "1000000000-000001.log", "+00001-000001.log",
                           "000001--00001.log", "99999999999999999999-000001.log"})
    EXPECT_FALSE(numbers_of(name, ".log").has_value()) << name;
}

TEST(sample_log, a_damaged_segment_stays_until_its_window_has_passed) {
  SimulatedFiles files;
  {
    Head head;
    SampleLog log(head, files, "samples");
    ASSERT_TRUE(log.load(begin).has_value());
    ASSERT_NO_FATAL_FAILURE(write_rounds(head, log, 0, 3));
  }
  files.files["samples/000002-000001.log"] = files.files["samples/000001-000001.log"];
  files.files["samples/000001-000001.log"][40] ^= 1;
  files.files["samples/000003-000001.log"] = std::string(300, 'x');  // nothing of it can be read
  HeadLimits limits;
  limits.retention = Duration::hours(1);
  Head head(limits);
  SampleLog log(head, files, "samples");
  const LogCoverage all{Instant::never().ms, LogPosition{9, 1, 0}};
  ASSERT_TRUE(log.load(begin + Duration::minutes(1), all).has_value());
  ASSERT_TRUE(log.flush(begin + Duration::minutes(1)).has_value());
  EXPECT_EQ(files.files.count("samples/000001-000001.log"), 1U) << "though blocks have all of it";
  EXPECT_EQ(files.files.count("samples/000002-000001.log"), 0U) << "in blocks, and whole";
  EXPECT_EQ(files.files.count("samples/000003-000001.log"), 1U);
  ASSERT_TRUE(log.flush(begin + Duration::minutes(62)).has_value());
  EXPECT_EQ(files.files.count("samples/000001-000001.log"), 0U);
  EXPECT_EQ(files.files.count("samples/000003-000001.log"), 0U);
}

using LoggedSeries = std::pair<std::uint64_t, Labels>;

// Of the payload of a record; nothing where it is malformed.
std::optional<std::vector<LoggedSeries>> labels_in(std::string_view record) {
  std::vector<LoggedSeries> out;
  LogDecoder decoder(record);
  for (;;) {
    const LogDecoder::Entry entry = decoder.next();
    if (entry == LogDecoder::Entry::end) return out;
    if (entry == LogDecoder::Entry::malformed) return std::nullopt;
    if (entry == LogDecoder::Entry::labels) out.emplace_back(decoder.number(), decoder.labels());
  }
}

TEST(log_record, labels_say_what_differs_from_those_before) {
  LogEncoder encoder;
  const auto set = [](const char* code) { return PackedLabels(Labels({{"__name__", "hits"}, {"code", code}, {"job", "web"}})); };
  encoder.labels(300, set("200"));
  encoder.labels(301, set("404"));
  const std::string first("\x80\xAC\x02\x03\x08__name__\x04hits\x04" "code\x03" "200\x03job\x03web");
  EXPECT_EQ(encoder.take(), first + "\x81\x02\x03\x37\x03" "404") << "names and values but the second value are shared";
  encoder.labels(301, set("404"));
  EXPECT_EQ(encoder.take().front(), '\x80') << "each record stands alone";
  EXPECT_EQ(labels_in(first + first), (std::vector<LoggedSeries>(2, {300, set("200").unpack()}))) << "as all were once";
  EXPECT_FALSE(labels_in("\x81\x02\x03\x37\x03" "404")) << "there are none before";
}

TEST(log_record, labels_come_back_whatever_was_before) {
  std::mt19937_64 random(4);
  LogEncoder encoder;
  for (int record = 0; record < 300; ++record) {
    std::vector<LoggedSeries> given;
    for (std::uint64_t i = random() % 12; i > 0; --i) {
      std::vector<Labels::Pair> pairs;
      for (std::uint64_t label = random() % (record % 10 == 0 ? 40 : 6); label > 0; --label)
        pairs.emplace_back("n" + std::to_string(random() % 50), std::string(random() % 3, 'v') + std::to_string(random() % 2));
      given.emplace_back(random() % 4 == 0 ? random() : random() % 100, Labels(std::move(pairs)));
      encoder.labels(given.back().first, PackedLabels(given.back().second));
      if (random() % 2 == 0) encoder.sample(given.back().first, Sample{static_cast<std::int64_t>(random() % 1000), 1});
    }
    EXPECT_EQ(labels_in(encoder.take()), given);
  }
}

TEST(log_record, any_bytes_are_read_without_harm) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 60, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % (i % 2 == 0 ? 256 : 16) | (i % 3 == 0 ? 0x80U : 0U));
    if (i % 5 == 0) bytes.insert(0, "\x80\x01\x01\x01n\x01v\x81");
    LogDecoder decoder(bytes);
    std::size_t entries = 0;
    while (true) {
      const LogDecoder::Entry entry = decoder.next();
      if (entry == LogDecoder::Entry::end || entry == LogDecoder::Entry::malformed) break;
      if (entry == LogDecoder::Entry::labels) (void)decoder.labels();
      ASSERT_LE(++entries, bytes.size());
    }
  }
}

// The contract of the port, which both must meet.
void expect_meets_the_contract(ports::FilesPort& files) {
  EXPECT_TRUE(files.list("a").value().empty());
  EXPECT_EQ(files.read("a/x", 10).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(files.append("a/x", "12").has_value());
  ASSERT_TRUE(files.append("a/x", "34").has_value());
  ASSERT_TRUE(files.append("a/b/y", "").has_value());
  EXPECT_EQ(files.read("a/x", 4).value(), "1234");
  EXPECT_EQ(files.read("a/x", 3).error().kind, ErrorKind::exhausted);
  EXPECT_EQ(files.read_part("a/x", 1, 2).value(), "23");
  EXPECT_EQ(files.read_part("a/x", 3, 9).value(), "4");
  EXPECT_EQ(files.read_part("a/x", 9, 9).value(), "");
  EXPECT_EQ(files.read_part("a/nothing", 0, 9).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(files.replace("a/x", "5").has_value());
  ASSERT_TRUE(files.replace("a/w", "6").has_value());
  EXPECT_EQ(files.read("a/x", 10).value(), "5");
  EXPECT_EQ(files.list("a").value(), (std::vector<std::string>{"w", "x"})) << "sorted, without folders";
  EXPECT_EQ(files.map("a/nothing").error().kind, ErrorKind::not_found);
  EXPECT_EQ(files.map("a/b/y").value().bytes, "");
  const ports::MappedBytes mapped = files.map("a/x").value();
  ASSERT_TRUE(files.append("a/v.new", "78").has_value());
  ASSERT_TRUE(files.rename("a/v.new", "a/v").has_value());
  EXPECT_EQ(files.read("a/v", 10).value(), "78");
  ASSERT_TRUE(files.append("a/v.new", "9").has_value());
  ASSERT_TRUE(files.rename("a/v.new", "a/v").has_value()) << "over one that is there";
  EXPECT_EQ(files.read("a/v", 10).value(), "9");
  EXPECT_EQ(files.rename("a/v.new", "a/v").error().kind, ErrorKind::not_found);
  ASSERT_TRUE(files.remove("a/v").has_value());
  ASSERT_TRUE(files.remove("a/x").has_value());
  EXPECT_EQ(mapped.bytes, "5") << "what is mapped stays when the file goes";
  EXPECT_TRUE(files.remove("a/x").has_value()) << "removing what is not there is no failure";
  EXPECT_EQ(files.list("a").value(), std::vector<std::string>{"w"});
}

TEST(files_port, simulated_and_real_meet_the_same_contract) {
  SimulatedFiles simulated;
  expect_meets_the_contract(simulated);
  const std::filesystem::path root = std::filesystem::path(::testing::TempDir()) / "wb_files_port";
  std::filesystem::remove_all(root);
  std::filesystem::create_directories(root);
  drivers::files::DiskFiles real(root.string());
  expect_meets_the_contract(real);
  std::filesystem::remove_all(root);
}

// A real folder, gone afterwards.
class disk_files : public ::testing::Test {
 protected:
  disk_files() {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ / "a");
  }
  ~disk_files() override { std::filesystem::remove_all(root_); }

  const std::filesystem::path root_ = std::filesystem::path(::testing::TempDir()) / "wb_disk_files";
  drivers::files::DiskFiles files_{root_.string()};
};

TEST_F(disk_files, an_append_that_fails_leaves_the_file_as_it_was) {
  ASSERT_TRUE(files_.append("a/x", "12345").has_value());
  // The third byte of the next five is one too many.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit few{7, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &few), 0);
  const Status first = files_.append("a/x", "67890");
  const Status made = files_.append("a/new", "1234567890");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(first.has_value());
  EXPECT_FALSE(made.has_value());
  EXPECT_EQ(files_.read("a/x", 99).value(), "12345");
  EXPECT_EQ(files_.read("a/new", 99).value(), "");
  ASSERT_TRUE(files_.append("a/x", "67890").has_value());
  EXPECT_EQ(files_.read("a/x", 99).value(), "1234567890");
}

// Would wait for ever where it is opened as a file is.
TEST_F(disk_files, what_is_no_file_is_named_and_left) {
  ASSERT_EQ(::mkfifo((root_ / "a/pipe").c_str(), 0600), 0);
  std::filesystem::create_directories(root_ / "a/folder");
  for (const std::string path : {"a/pipe", "a/folder"}) {
    const std::vector<Error> errors{files_.read(path, 9).error(), files_.read_part(path, 0, 9).error(),
                                    files_.append(path, "1").error(), files_.map(path).error()};
    for (const Error& error : errors) {
      EXPECT_EQ(error.kind, ErrorKind::invalid);
      EXPECT_EQ(error.text(), "open " + (root_ / path).string() + ": it is no regular file, as it should be: move it away");
    }
  }
  EXPECT_TRUE(std::filesystem::is_fifo(root_ / "a/pipe"));
}

}  // namespace
}  // namespace watchbill::metrics::tsdb
