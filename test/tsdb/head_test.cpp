#include "metrics/tsdb/head.h"

#include <bit>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "metrics/tsdb/start_times.h"

namespace watchbill::metrics::tsdb {
namespace {

constexpr Instant early{std::numeric_limits<std::int64_t>::min()};
constexpr Instant late = Instant::never();

Labels series(const std::string& name, const std::string& host) { return Labels({{"__name__", name}, {"host", host}}); }
Labels labels_of(std::vector<Labels::Pair> pairs) { return Labels(std::move(pairs)); }
Instant at(std::int64_t seconds) { return Instant{seconds * 1000}; }

std::vector<Sample> samples_of(const SeriesView& view) {
  std::vector<Sample> samples;
  view.read(early, late, samples);
  return samples;
}

AppendRefusal refusal(const Result<SeriesReference, AppendRefusal>& result) {
  EXPECT_FALSE(result.has_value());
  return result.has_value() ? AppendRefusal{} : result.error();
}

TEST(head, gives_back_what_was_appended) {
  Head head;
  const SeriesReference a = *head.append(series("up", "a"), at(1), 1);
  ASSERT_TRUE(head.append(a, at(2), 0).has_value());
  ASSERT_TRUE(head.append(series("up", "a"), at(3), stale_marker()).has_value());
  const Snapshot snapshot = head.snapshot();
  const std::vector<SeriesView> found = snapshot.select({}, early, late);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].labels(), series("up", "a"));
  const std::vector<Sample> samples = samples_of(found[0]);
  ASSERT_EQ(samples.size(), 3U);
  EXPECT_EQ(samples[1].v, 0);
  EXPECT_TRUE(is_stale(samples[2].v));
  EXPECT_FALSE(is_stale(std::numeric_limits<double>::quiet_NaN()));
}

TEST(head, refuses_order_and_duplicates_by_name) {
  Head head;
  const SeriesReference a = *head.append(series("up", "a"), at(10), 1);
  EXPECT_EQ(head.append(a, at(9), 1).error(), AppendRefusal::out_of_order);
  EXPECT_EQ(head.append(a, at(10), 2).error(), AppendRefusal::duplicate_timestamp);
  EXPECT_TRUE(head.append(a, at(10), 1).has_value()) << "the same sample again is no refusal";
  EXPECT_EQ(head.append(SeriesReference{}, at(10), 1).error(), AppendRefusal::unknown_series);
  EXPECT_EQ(head.statistics().sample_count, 1U);
  // NaN equals itself here: bits are compared. -0 and 0 differ.
  ASSERT_TRUE(head.append(a, at(11), stale_marker()).has_value());
  EXPECT_TRUE(head.append(a, at(11), stale_marker()).has_value());
  EXPECT_FALSE(head.append(a, at(11), std::bit_cast<double>(stale_bits + 1)).has_value());
  ASSERT_TRUE(head.append(a, at(12), 0.0).has_value());
  EXPECT_FALSE(head.append(a, at(12), -0.0).has_value());
}

TEST(head, a_window_lets_late_samples_in) {
  HeadLimits limits;
  limits.out_of_order_window = Duration::seconds(10);
  Head head(limits);
  const SeriesReference a = *head.append(series("up", "a"), at(100), 1);
  const SeriesReference b = *head.append(series("up", "b"), at(105), 1);
  ASSERT_TRUE(head.append(a, at(97), 2).has_value());
  const Snapshot before = head.snapshot();
  ASSERT_TRUE(head.append(a, at(95), 3).has_value()) << "ten seconds before the newest sample of all";
  EXPECT_EQ(head.append(a, at(94), 4).error(), AppendRefusal::too_old);
  EXPECT_EQ(head.append(a, at(97), 5).error(), AppendRefusal::duplicate_timestamp);
  ASSERT_TRUE(head.append(a, at(101), 6).has_value());
  ASSERT_TRUE(head.append(b, at(104), 7).has_value());
  histogram::Histogram histogram;
  EXPECT_EQ(head.append(series("up", "a"), at(99), histogram).error(), AppendRefusal::out_of_order);
  EXPECT_EQ(head.statistics().late_count, 3U);
  EXPECT_EQ(head.statistics().late_appended_count, 3U);
  EXPECT_EQ(head.statistics().sample_count, 6U);
  const auto read = [](const Snapshot& snapshot) {
    std::string text;
    for (const SeriesView& view : snapshot.select({}, at(0), at(1000))) {
      std::vector<Sample> samples;
      view.read(at(0), at(1000), samples);
      for (const Sample& sample : samples) text += " " + std::to_string(sample.t_ms / 1000) + "=" + std::to_string(int(sample.v));
      text += ";";
    }
    return text;
  };
  EXPECT_EQ(read(before), " 97=2 100=1; 105=1;") << "a snapshot stays as it is";
  EXPECT_EQ(read(head.snapshot()), " 95=3 97=2 100=1 101=6; 104=7 105=1;");
}

// A sender who was told 503 sends the same request until he is told otherwise.
TEST(head, late_samples_that_are_repeated_cost_nothing) {
  HeadLimits limits;
  limits.out_of_order_window = Duration::seconds(10'000);
  Head head(limits);
  head.begin_log();
  const SeriesReference a = *head.append(series("up", "a"), at(5000), 1);
  for (int second = 1; second <= 1000; ++second) ASSERT_TRUE(head.append(a, at(second), second).has_value());
  static_cast<void>(head.take_log(false));
  const std::size_t memory_bytes = head.statistics().memory_bytes;
  for (int round = 0; round < 3; ++round)
    for (int second = 1; second <= 1000; ++second)
      ASSERT_TRUE(head.append(a, at(second), second).has_value()) << "the same sample again is no refusal";
  EXPECT_EQ(head.append(a, at(3), 4).error(), AppendRefusal::duplicate_timestamp);
  EXPECT_EQ(head.statistics().late_count, 1000U);
  EXPECT_EQ(head.statistics().late_appended_count, 1000U);
  EXPECT_LE(head.statistics().memory_bytes, memory_bytes);
  EXPECT_EQ(head.take_log(false), "");
}

TEST(head, refuses_labels_beyond_the_limits_by_name) {
  HeadLimits limits;
  limits.label_count_max = 2;
  limits.label_name_bytes_max = 8;
  limits.label_value_bytes_max = 4;
  limits.series_count_max = 2;
  Head head(limits);
  EXPECT_EQ(refusal(head.append(Labels(), at(1), 1)), AppendRefusal::no_labels);
  EXPECT_EQ(refusal(head.append(labels_of({{"a", "1"}, {"b", "1"}, {"c", "1"}}), at(1), 1)), AppendRefusal::too_many_labels);
  EXPECT_EQ(refusal(head.append(labels_of({{"abcdefghi", "1"}}), at(1), 1)), AppendRefusal::label_name_too_long);
  EXPECT_EQ(refusal(head.append(labels_of({{"a", "12345"}}), at(1), 1)), AppendRefusal::label_value_too_long);
  EXPECT_EQ(refusal(head.append(labels_of({{"a-b", "1"}}), at(1), 1)), AppendRefusal::bad_label_name);
  EXPECT_EQ(refusal(head.append(labels_of({{"__name__", "a-b"}}), at(1), 1)), AppendRefusal::bad_label_name);
  ASSERT_TRUE(head.append(labels_of({{"a", "1"}}), at(1), 1).has_value());
  ASSERT_TRUE(head.append(labels_of({{"a", "2"}}), at(1), 1).has_value());
  EXPECT_EQ(refusal(head.append(labels_of({{"a", "3"}}), at(1), 1)), AppendRefusal::too_many_series);
  EXPECT_EQ(head.statistics().series_count, 2U);
}

TEST(head, a_batch_beyond_its_bound_is_refused_whole) {
  Head head;
  const Labels labels = series("up", "a");
  std::vector<BatchSample> batch(3);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].labels = &labels;
    batch[i].at = at(static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(head.append(batch, 2).refused_count, 3U);
  EXPECT_EQ(batch[0].taken.error(), AppendRefusal::too_many_samples);
  EXPECT_EQ(head.statistics().series_count, 0U);
  const BatchResult result = head.append(batch, 3);
  EXPECT_EQ(result.taken_count, 3U);
  EXPECT_EQ(result.new_series_count, 1U);
  EXPECT_EQ(batch[0].series, batch[2].series);
}

TEST(head, a_refused_first_sample_leaves_no_empty_series) {
  Head head;
  head.advance(at(100'000));
  EXPECT_EQ(refusal(head.append(series("up", "a"), at(1), 1)), AppendRefusal::too_old);
  EXPECT_EQ(refusal(head.append(series("up", "a"), at(200'000), 1)), AppendRefusal::too_far_ahead);
  EXPECT_EQ(head.statistics().series_count, 0U);
  EXPECT_TRUE(head.snapshot().select({}, early, late).empty());
  EXPECT_TRUE(head.append(series("up", "a"), at(100'600), 1).has_value());
}

TEST(head, drops_what_left_the_window_and_notices_outdated_references) {
  HeadLimits limits;
  limits.retention = Duration::hours(1);
  Head head(limits);
  const SeriesReference gone = *head.append(series("up", "gone"), at(0), 1);
  const SeriesReference kept = *head.append(series("up", "kept"), at(0), 1);
  for (std::int64_t t = 1; t <= 7200; ++t) ASSERT_TRUE(head.append(kept, at(t), static_cast<double>(t * t)).has_value());
  const HeadStatistics before = head.statistics();
  head.advance(at(7200));

  const HeadStatistics statistics = head.statistics();
  EXPECT_EQ(statistics.series_count, 1U);
  EXPECT_EQ(statistics.series_dropped_count, 1U);
  EXPECT_LT(statistics.chunk_count, before.chunk_count * 2 / 3);
  EXPECT_EQ(head.append(gone, at(7201), 1).error(), AppendRefusal::unknown_series);
  EXPECT_EQ(head.append(kept, at(3599), 1).error(), AppendRefusal::too_old);

  const Snapshot snapshot = head.snapshot();
  const std::vector<SeriesView> found = snapshot.select({}, early, late);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].labels(), series("up", "kept"));
  EXPECT_GT(found[0].oldest_at(), at(3000));
  EXPECT_LE(found[0].oldest_at(), at(3600)) << "whole chunks only: nothing inside the window is dropped";
  EXPECT_EQ(samples_of(found[0]).size(), statistics.sample_count);

  // The slot is given away again; the old reference must not write to the new series.
  const SeriesReference fresh = *head.append(series("up", "fresh"), at(7200), 1);
  EXPECT_EQ(fresh.slot, gone.slot);
  EXPECT_EQ(head.append(gone, at(7201), 1).error(), AppendRefusal::unknown_series);
  EXPECT_EQ(head.labels(fresh), series("up", "fresh"));
  EXPECT_EQ(head.labels(gone), std::nullopt) << "not those of the series that has its place";
}

TEST(head, a_snapshot_keeps_what_is_dropped_meanwhile) {
  HeadLimits limits;
  limits.retention = Duration::hours(1);
  Head head(limits);
  const SeriesReference a = *head.append(series("up", "a"), at(0), 0);
  for (std::int64_t t = 1; t < 5000; ++t) ASSERT_TRUE(head.append(a, at(t), static_cast<double>(t)).has_value());
  {
    const Snapshot before = head.snapshot();
    head.advance(at(50'000));
    EXPECT_EQ(head.statistics().series_count, 0U);
    ASSERT_TRUE(head.append(series("up", "b"), at(50'000), 0).has_value());
    const std::vector<SeriesView> found = before.select({}, early, late);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].labels(), series("up", "a"));
    EXPECT_EQ(samples_of(found[0]).size(), 5000U);
  }
  EXPECT_EQ(head.statistics().chunk_count, 1U);
  const Snapshot after = head.snapshot();
  ASSERT_EQ(after.select({}, early, late).size(), 1U);
  EXPECT_EQ(after.select({}, early, late)[0].labels(), series("up", "b"));
}

TEST(head, memory_is_given_back_to_the_last_byte) {
  HeadLimits limits;
  limits.retention = Duration::minutes(1);
  Head head(limits);
  for (int round = 0; round < 3; ++round) {
    const std::int64_t begin = round * 1000;
    for (int i = 0; i < 3000; ++i)
      for (std::int64_t t = 0; t < 3; ++t)
        ASSERT_TRUE(head.append(series("m", std::to_string(round) + "-a-label-longer-than-fifteen-" + std::to_string(i)),
                                at(begin + t), 1)
                        .has_value());
    EXPECT_EQ(head.snapshot().select({}, early, late).size(), 3000U);
    EXPECT_GT(head.statistics().memory_bytes, 3000U * 256U);
    head.advance(at(begin + 500));
    EXPECT_EQ(head.statistics().series_count, 0U);
    EXPECT_EQ(head.statistics().chunk_count, 0U);
  }
  // Pages and tables stay for the next series; labels, chunks and the index are gone.
  EXPECT_LT(head.statistics().memory_bytes, 3000U * 300U);
}

TEST(head, gives_up_the_oldest_samples_rather_than_grow_beyond_its_bytes) {
  HeadLimits limits;
  limits.retention = Duration::hours(10);
  limits.bytes_max = 400'000;
  Head head(limits);
  const SeriesReference a = *head.append(series("up", "a"), at(0), 0);
  bool was_full = false;
  for (std::int64_t t = 1; t < 36'000; ++t) {
    const Result<void, AppendRefusal> taken = head.append(a, at(t), static_cast<double>(t) * 1.1);
    if (!taken.has_value()) {
      EXPECT_EQ(taken.error(), AppendRefusal::memory_full);
      was_full = true;
    }
    if (t % 600 == 0) head.advance(at(t));
    EXPECT_LE(head.statistics().memory_bytes, limits.bytes_max);
  }
  EXPECT_FALSE(was_full) << "advance() makes room before the bound is met";
  EXPECT_GT(head.statistics().sample_count, 10'000U);
  for (std::int64_t t = 36'000; t < 100'000 && !was_full; ++t)
    was_full = !head.append(a, at(t), static_cast<double>(t) * 1.1).has_value();
  EXPECT_TRUE(was_full) << "without advance() the bound is met";
}

TEST(head, series_come_and_go_by_slot_and_hash) {
  HeadLimits limits;
  limits.retention = Duration::minutes(1);
  Head head(limits);
  // Every minute other series; the newest generation must be found by labels, the older ones not at all.
  for (std::int64_t round = 0; round < 40; ++round) {
    for (int i = 0; i < 700; ++i) {
      const Labels labels = series("m", std::to_string((round % 7) * 1000 + i));
      const Result<SeriesReference, AppendRefusal> first = head.append(labels, at(round * 100), 1);
      ASSERT_TRUE(first.has_value());
      const Result<SeriesReference, AppendRefusal> second = head.append(labels, at(round * 100 + 1), 1);
      ASSERT_EQ(*first, *second);
    }
    head.advance(at(round * 100 + 50));
    const std::vector<SeriesView> found = head.snapshot().select({}, early, late);
    ASSERT_EQ(head.statistics().series_count, 700U);
    ASSERT_EQ(found.size(), 700U);
  }
}

// Such a series would hide from selectors and change what increase() says of another one.
TEST(head, nobody_sends_start_times_as_labels) {
  Labels companion = companion_of(series("m", "1"));
  EXPECT_EQ(Head().append(companion, at(1), 1).error(), AppendRefusal::bad_label_name);
  companion.set(std::string(start_time_label), "other");
  EXPECT_EQ(Head().append(companion, at(1), 1).error(), AppendRefusal::bad_label_name);
  HeadLimits limits;
  limits.takes_companions = true;
  EXPECT_TRUE(Head(limits).append(companion, at(1), 1).has_value());
}

TEST(head, start_times_that_are_no_times_are_unknown) {
  HeadLimits limits;
  limits.takes_companions = true;
  Head head(limits);
  const std::vector<double> said{5, 1e300, -1e300, std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::quiet_NaN(), 9e15, 9.1e15, -7};
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < said.size(); ++i) {
    const Instant time = at(static_cast<std::int64_t>(i));
    ASSERT_TRUE(head.append(companion_of(series("m", "1")), time, said[i]).has_value());
    samples.push_back(Sample{time.ms, 1});
  }
  const Snapshot snapshot = head.snapshot();
  const std::vector<SeriesView> found =
      snapshot.select(std::vector{Matcher::equal(std::string(start_time_label), std::string(start_time_unit))}, early, late);
  ASSERT_EQ(found.size(), 1U);
  std::vector<std::int64_t> start_ms;
  read_start_times(found.front(), samples, start_ms);
  EXPECT_EQ(start_ms, (std::vector<std::int64_t>{5, 0, 0, 0, 0, 9'000'000'000'000'000, 0, -7}));
}

TEST(head, remembers_what_families_are) {
  Head head;
  head.describe("up", Metadata{"gauge", "Whether it is up.", ""});
  const Snapshot before = head.snapshot();
  head.describe("up", Metadata{"gauge", "Other words.", ""});
  ASSERT_NE(before.metadata("up"), nullptr);
  EXPECT_EQ(before.metadata("up")->help, "Whether it is up.");
  EXPECT_EQ(head.snapshot().metadata("up")->help, "Other words.");
  EXPECT_EQ(head.snapshot().metadata("down"), nullptr);
}

}  // namespace
}  // namespace watchbill::metrics::tsdb
