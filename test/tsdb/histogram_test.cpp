// Native histograms in the store: beside floats, over restarts, within limits.
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "metrics/histogram/codec.h"
#include "metrics/tsdb/head.h"
#include "metrics/tsdb/sample_log.h"
#include "tsdb/simulated_files.h"

namespace watchbill::metrics::tsdb {
namespace {

using histogram::Histogram;
using histogram::ResetHint;

constexpr Instant begin{1'700'000'000'000};
constexpr Instant early{0};
constexpr Instant late = Instant::never();

Histogram counted(std::int32_t buckets, double count) {
  Histogram out;
  for (std::int32_t i = 0; i < buckets; ++i) out.positive.push_back({i, count});
  out.count = count * buckets;
  out.sum = 1.5 * out.count;
  return out;
}

Labels named(const std::string& name) { return Labels(std::vector<Labels::Pair>{{"__name__", name}}); }

// Times and values of one series, histograms by their bytes.
std::vector<std::pair<std::int64_t, std::string>> contents(const Head& head, const std::string& name) {
  std::vector<std::pair<std::int64_t, std::string>> out;
  const Snapshot snapshot = head.snapshot();
  for (const SeriesView& view : snapshot.select(std::vector{Matcher::equal("__name__", name)}, early, late)) {
    std::vector<Sample> samples;
    histogram::Arena histograms;
    view.read(early, late, samples, histograms);
    for (const Sample& sample : samples)
      out.emplace_back(sample.t_ms, histogram::is_mark(sample.v) ? encode(histograms.at(sample.v)) : std::to_string(sample.v));
  }
  return out;
}

TEST(histograms, come_back_between_floats_as_they_were) {
  std::mt19937_64 random(7);
  Head head;
  std::vector<std::pair<std::int64_t, std::string>> expected;
  for (int i = 0; i < 1'000; ++i) {
    const Instant at = begin + Duration::seconds(i);
    if (random() % 3 == 0) {
      ASSERT_TRUE(head.append(named("m"), at, 0.5 * i).has_value());
      expected.emplace_back(at.ms, std::to_string(0.5 * i));
      continue;
    }
    Histogram value = counted(static_cast<std::int32_t>(random() % 20), static_cast<double>(random() % 100) / 4);
    value.reset_hint = ResetHint::gauge;
    ASSERT_TRUE(head.append(named("m"), at, value).has_value());
    expected.emplace_back(at.ms, encode(value));
  }
  EXPECT_EQ(contents(head, "m"), expected);
  // One by one, and where nobody takes histograms.
  const Snapshot snapshot = head.snapshot();
  const SeriesView view = snapshot.select({}, early, late).front();
  std::size_t floats = 0;
  for (const auto& [t_ms, text] : expected) {
    histogram::Arena histograms;
    const auto last = view.last(Instant{t_ms}, histograms);
    ASSERT_TRUE(last);
    EXPECT_EQ(last->t_ms, t_ms);
    EXPECT_EQ(histogram::is_mark(last->v) ? encode(histograms.at(last->v)) : std::to_string(last->v), text);
    EXPECT_EQ(view.last(Instant{t_ms}).has_value(), !histogram::is_mark(last->v));
    floats += histogram::is_mark(last->v) ? 0U : 1U;
  }
  std::vector<Sample> samples;
  EXPECT_EQ(view.read(early, late, samples), floats);
}

TEST(histograms, tell_what_is_known_of_resets) {
  Head head;
  auto hint_after = [&, i = 0](Histogram value, ResetHint given) mutable {
    value.reset_hint = given;
    const Instant at = begin + Duration::seconds(++i);
    EXPECT_TRUE(head.append(named("m"), at, value).has_value());
    histogram::Arena histograms;
    const Snapshot snapshot = head.snapshot();
    return histograms.at(snapshot.select({}, early, late).front().last(at, histograms)->v).reset_hint;
  };
  EXPECT_EQ(hint_after(counted(3, 5), ResetHint::unknown), ResetHint::unknown) << "the first one";
  EXPECT_EQ(hint_after(counted(3, 6), ResetHint::unknown), ResetHint::not_reset);
  EXPECT_EQ(hint_after(counted(3, 2), ResetHint::unknown), ResetHint::unknown) << "fewer: the reader compares";
  EXPECT_EQ(hint_after(counted(3, 2), ResetHint::not_reset), ResetHint::not_reset);
  EXPECT_EQ(hint_after(counted(2, 9), ResetHint::not_reset), ResetHint::unknown) << "a bucket is gone, whatever the sender says";
  EXPECT_EQ(hint_after(counted(2, 10), ResetHint::reset), ResetHint::unknown);
  EXPECT_EQ(hint_after(counted(2, 10), ResetHint::gauge), ResetHint::gauge);
  EXPECT_EQ(hint_after(counted(2, 11), ResetHint::unknown), ResetHint::unknown) << "after a gauge";
  EXPECT_TRUE(head.append(named("m"), begin + Duration::seconds(9), 1.0).has_value());
  EXPECT_TRUE(head.append(named("m"), begin + Duration::seconds(10), counted(2, 12)).has_value());
  histogram::Arena histograms;
  const Snapshot snapshot = head.snapshot();
  const auto last = snapshot.select({}, early, late).front().last(late, histograms);
  EXPECT_EQ(histograms.at(last->v).reset_hint, ResetHint::unknown) << "after a float";
}

TEST(histograms, that_are_sent_again_unchanged_are_taken) {
  Head head;
  for (int i = 0; i < 3; ++i) {
    const Histogram value = counted(3, 5 + i);  // from the second on kept as `not_reset`, which the sender does not say
    const Instant at = begin + Duration::seconds(i);
    ASSERT_TRUE(head.append(named("m"), at, value).has_value());
    EXPECT_TRUE(head.append(named("m"), at, value).has_value()) << "a repetition";
    EXPECT_EQ(head.append(named("m"), at, counted(3, 50)).error(), AppendRefusal::duplicate_timestamp);
  }
  EXPECT_EQ(head.statistics().sample_count, 3U);
}

TEST(histograms, the_same_again_is_taken_another_at_the_same_time_is_not) {
  Head head;
  ASSERT_TRUE(head.append(named("m"), begin, counted(2, 1)).has_value());
  EXPECT_TRUE(head.append(named("m"), begin, counted(2, 1)).has_value());
  EXPECT_EQ(head.append(named("m"), begin, counted(2, 2)).error(), AppendRefusal::duplicate_timestamp);
  EXPECT_EQ(head.append(named("m"), begin, 1.0).error(), AppendRefusal::duplicate_timestamp);
  EXPECT_EQ(head.append(named("m"), begin - Duration::seconds(1), counted(2, 2)).error(), AppendRefusal::out_of_order);
  ASSERT_TRUE(head.append(named("f"), begin, 1.0).has_value());
  EXPECT_EQ(head.append(named("f"), begin, counted(2, 2)).error(), AppendRefusal::duplicate_timestamp);
  EXPECT_EQ(head.statistics().sample_count, 2U);
}

TEST(histograms, a_nan_from_outside_never_passes_for_one) {
  Head head;
  ASSERT_TRUE(head.append(named("m"), begin, histogram::mark_of(3)).has_value());
  histogram::Arena histograms;
  const Snapshot snapshot = head.snapshot();
  const auto last = snapshot.select({}, early, late).front().last(late, histograms);
  ASSERT_TRUE(last);
  EXPECT_TRUE(std::isnan(last->v));
  EXPECT_FALSE(histogram::is_mark(last->v));
}

TEST(histograms, their_memory_is_counted_and_given_back) {
  HeadLimits limits;
  limits.retention = Duration::minutes(10);
  Head head(limits);
  head.advance(begin);
  const std::size_t before = head.statistics().memory_bytes;
  for (int i = 0; i < 300; ++i) {
    Histogram value = counted(1'000, i + 0.3);
    ASSERT_TRUE(head.append(named("m"), begin + Duration::seconds(i), value).has_value());
  }
  EXPECT_GT(head.statistics().memory_bytes, before + 300 * 1'000) << "a thousand counts that are not whole";
  head.advance(begin + Duration::hours(1));
  EXPECT_EQ(head.statistics().series_count, 0U);
  EXPECT_LT(head.statistics().memory_bytes, before + 40'000);
}

TEST(histograms, memory_full_refuses_one_and_keeps_the_rest) {
  HeadLimits limits;
  limits.bytes_max = 400'000;
  Head head(limits);
  int taken = 0;
  Result<SeriesReference, AppendRefusal> last;
  for (int i = 0; i < 1'000 && last.has_value(); ++i) {
    last = head.append(named("m"), begin + Duration::seconds(i), counted(500, i + 0.3));
    taken += last.has_value() ? 1 : 0;
  }
  ASSERT_FALSE(last.has_value());
  EXPECT_EQ(last.error(), AppendRefusal::memory_full);
  EXPECT_EQ(contents(head, "m").size(), static_cast<std::size_t>(taken));
  EXPECT_LE(head.statistics().memory_bytes, limits.bytes_max);
}

TEST(histograms, a_restart_has_the_same) {
  SimulatedFiles files;
  std::vector<std::pair<std::int64_t, std::string>> before;
  {
    Head head;
    SampleLog log(head, files, "samples");
    ASSERT_TRUE(log.load(begin).has_value());
    for (int i = 0; i < 200; ++i) {
      const Instant at = begin + Duration::seconds(i);
      const auto taken = i % 5 == 0 ? head.append(named("m"), at, 1.0 * i) : head.append(named("m"), at, counted(i % 7, i));
      ASSERT_TRUE(taken.has_value());
      const bool is_flushed = i % 20 != 19 || log.flush(at).has_value();
      ASSERT_TRUE(is_flushed);
    }
    before = contents(head, "m");
  }
  Head head;
  SampleLog log(head, files, "samples");
  const Result<LoadReport> report = log.load(begin + Duration::seconds(300));
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(report->damaged.empty());
  EXPECT_EQ(report->sample_count, 200U);
  EXPECT_EQ(contents(head, "m"), before);
}

}  // namespace
}  // namespace watchbill::metrics::tsdb
