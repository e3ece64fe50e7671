// The sample log read while it grows, and after its writer was gone.
#include "metrics/tsdb/log_follower.h"

#include <gtest/gtest.h>

#include <map>

#include "metrics/tsdb/log_record.h"
#include "metrics/tsdb/sample_log.h"
#include "tsdb/simulated_files.h"

namespace watchbill::metrics::tsdb {
namespace {

constexpr Instant start{1'700'000'000'000};

Labels labels_of(int series) { return Labels({{"__name__", "m"}, {"s", std::to_string(series)}}); }

// A store with its log, which a test writes and flushes.
struct Writer {
  explicit Writer(SimulatedFiles& files, SampleLogLimits limits = {}) : log(head, files, "samples", limits) {
    EXPECT_TRUE(log.load(start).has_value());
  }
  void write(int series, int second) {
    EXPECT_TRUE(head.append(labels_of(series), start + Duration::seconds(second), second).has_value());
  }
  Status flush(int second) { return log.flush(start + Duration::seconds(second)); }

  Head head;
  SampleLog log;
};

// What a follower has given: "SERIES@SECOND", in order; samples of the past are left out.
struct Reader {
  explicit Reader(SimulatedFiles& files, LogPlace from = {{1, 1, 0}, 0}) : follower(files, "samples", {64, 1U << 20}) {
    follower.begin(from);
  }
  std::string read() {
    std::string out;
    while (true) {
      const auto record = follower.next();
      EXPECT_TRUE(record.has_value());
      if (!record || !*record) return out;
      if ((*record)->begins_segment) known.clear();
      if ((*record)->follows_gap) out += "gap ";
      damaged += (*record)->damaged_bytes;
      LogDecoder decoder((*record)->payload);
      for (auto entry = decoder.next(); entry != LogDecoder::Entry::end; entry = decoder.next()) {
        if (entry == LogDecoder::Entry::labels) known[decoder.number()] = decoder.labels();
        else if (!(*record)->is_past)
          out += std::string(known[decoder.number()].get("s")) + "@" +
                 std::to_string((decoder.sample().t_ms - start.ms) / 1000) + " ";
      }
      if (!(*record)->is_past) position = (*record)->behind;
    }
  }
  LogFollower follower;
  std::map<std::uint64_t, Labels> known;
  LogPlace position;
  std::uint64_t damaged{0};
};

TEST(log_follower, reads_what_is_flushed_and_waits_for_more) {
  SimulatedFiles files;
  Writer writer(files);
  Reader reader(files);
  EXPECT_EQ(reader.read(), "");
  writer.write(1, 0);
  EXPECT_EQ(reader.read(), "") << "it is not in the log yet";
  ASSERT_TRUE(writer.flush(5));
  EXPECT_EQ(reader.read(), "1@0 ");
  EXPECT_EQ(reader.read(), "");
  for (int series = 0; series < 20; ++series) writer.write(series, 6);
  ASSERT_TRUE(writer.flush(10));
  writer.write(1, 11);
  ASSERT_TRUE(writer.flush(15));
  EXPECT_EQ(reader.read().size(), std::string("0@6 ").size() * 10 + std::string("10@6 ").size() * 10 + 5);
}

TEST(log_follower, goes_on_at_a_position_with_the_labels_that_stand_before_it) {
  SimulatedFiles files;
  Writer writer(files);
  writer.write(1, 0);
  ASSERT_TRUE(writer.flush(5));
  Reader first(files);
  EXPECT_EQ(first.read(), "1@0 ");
  writer.write(1, 6);
  ASSERT_TRUE(writer.flush(10));
  Reader second(files, first.position);
  EXPECT_EQ(second.read(), "1@6 ");
}

TEST(log_follower, passes_from_segment_to_segment_and_from_run_to_run) {
  SimulatedFiles files;
  Reader reader(files, LogPlace{{1, 1, 0}, 0});
  SampleLogLimits limits;
  limits.segment_bytes_max = 1;
  std::string all;
  for (int run = 0; run < 3; ++run) {
    Writer writer(files, limits);
    for (int flush = 0; flush < 3; ++flush) {
      const int second = run * 10 + flush;
      writer.write(1, second);
      ASSERT_TRUE(writer.flush(second));
      EXPECT_EQ(reader.read(), "1@" + std::to_string(second) + " ");
    }
  }
  EXPECT_EQ(files.files.size(), 6U) << "two flushes in each";
  EXPECT_EQ(reader.damaged, 0U);
}

TEST(log_follower, waits_behind_a_torn_append_and_passes_it_over_when_it_is_written_again) {
  SimulatedFiles files;
  Writer writer(files);
  Reader reader(files);
  writer.write(1, 0);
  ASSERT_TRUE(writer.flush(5));
  EXPECT_EQ(reader.read(), "1@0 ");
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{3}, std::size_t{20}}) {
    writer.write(1, 10 + static_cast<int>(bytes));
    files.failing_appends = 1;
    files.bytes_before_failure = bytes;
    EXPECT_FALSE(writer.flush(30));
    EXPECT_EQ(reader.read(), "");
    EXPECT_EQ(reader.damaged, bytes == 20 ? 3U : 0U);
    ASSERT_TRUE(writer.flush(35));
    EXPECT_EQ(reader.read(), "1@" + std::to_string(10 + bytes) + " ");
  }
  EXPECT_EQ(reader.damaged, 23U);
}

TEST(log_follower, says_that_files_are_gone) {
  SimulatedFiles files;
  SampleLogLimits limits;
  limits.segment_bytes_max = 1;
  Writer writer(files, limits);
  for (int second = 0; second < 8; ++second) {
    writer.write(1, second);
    ASSERT_TRUE(writer.flush(second));
  }
  Reader behind(files);
  behind.follower.begin(LogPlace{{1, 2, 0}, 0});
  files.files.erase("samples/000001-000001.log");
  files.files.erase("samples/000001-000002.log");
  EXPECT_EQ(behind.read(), "gap 1@4 1@5 1@6 1@7 ");
  // All is read: that the files leave then is no gap.
  files.files.clear();
  writer.write(1, 9);
  ASSERT_TRUE(writer.flush(9));
  EXPECT_EQ(behind.read(), "1@9 ");
  // The next start begins a first run anew, since there is no file of an older one.
  Reader inside(files, LogPlace{{1, 5, 10}, 0});
  EXPECT_EQ(inside.read(), "") << "the record at 0 lies before";
}

TEST(log_follower, passes_over_damage_and_reads_on) {
  SimulatedFiles files;
  Writer writer(files);
  for (int second = 0; second < 3; ++second) {
    writer.write(second, second);
    ASSERT_TRUE(writer.flush(second));
  }
  std::string& bytes = files.files.at("samples/000001-000001.log");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  Reader reader(files);
  EXPECT_EQ(reader.read(), "0@0 2@2 ");
  EXPECT_GT(reader.damaged, 0U);
}

}  // namespace
}  // namespace watchbill::metrics::tsdb
