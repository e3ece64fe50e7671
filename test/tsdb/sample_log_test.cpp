#include "metrics/tsdb/sample_log.h"

#include <bit>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "drivers/files/disk_files.h"
#include "metrics/tsdb/log_record.h"
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
    EXPECT_EQ(log.flush(begin + Duration::seconds(5 * round)).has_value(), round == 20);
  }
  EXPECT_GT(log.lost_bytes(), 0U);
  Head again;
  SampleLog log_again(again, files, "samples");
  const Result<LoadReport> report = log_again.load(begin + Duration::seconds(105));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->unexplained_count, 0U) << "after a gap each series is explained anew";
  EXPECT_GE(report->sample_count, 20U);
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

TEST(log_record, any_bytes_are_read_without_harm) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 60, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % (i % 2 == 0 ? 256 : 16) | (i % 3 == 0 ? 0x80U : 0U));
    LogDecoder decoder(bytes);
    std::size_t entries = 0;
    while (true) {
      const LogDecoder::Entry entry = decoder.next();
      if (entry == LogDecoder::Entry::end || entry == LogDecoder::Entry::malformed) break;
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

}  // namespace
}  // namespace watchbill::metrics::tsdb
