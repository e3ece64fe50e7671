#include "metrics/tsdb/snapshot.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "metrics/tsdb/head.h"
#include "sanitized.h"

namespace watchbill::metrics::tsdb {
namespace {

constexpr Instant early{std::numeric_limits<std::int64_t>::min()};
constexpr Instant late = Instant::never();

Matcher matcher(const std::string& name, MatchKind kind, const std::string& value) { return *Matcher::create(name, kind, value); }

std::vector<std::string> texts(const std::vector<SeriesView>& found) {
  std::vector<std::string> out;
  for (const SeriesView& view : found) out.push_back(view.labels().text());
  return out;
}

TEST(select, an_empty_value_means_that_the_label_is_absent) {
  Head head;
  ASSERT_TRUE(head.append(Labels({{"__name__", "m"}, {"a", "1"}}), Instant{1}, 1).has_value());
  ASSERT_TRUE(head.append(Labels({{"__name__", "m"}, {"b", "1"}}), Instant{1}, 1).has_value());
  const Snapshot snapshot = head.snapshot();
  const auto select = [&](MatchKind kind, const std::string& value) {
    const Matcher one = matcher("a", kind, value);
    return texts(snapshot.select(std::span(&one, 1), early, late));
  };
  const std::string with = "m{a=\"1\"}";
  const std::string without = "m{b=\"1\"}";
  using Texts = std::vector<std::string>;
  EXPECT_EQ(select(MatchKind::equal, ""), Texts{without});
  EXPECT_EQ(select(MatchKind::not_equal, ""), Texts{with});
  EXPECT_EQ(select(MatchKind::not_equal, "1"), Texts{without});
  EXPECT_EQ(select(MatchKind::not_equal, "2"), (Texts{with, without}));
  EXPECT_EQ(select(MatchKind::regex, ".*"), (Texts{with, without}));
  EXPECT_EQ(select(MatchKind::regex, ".+"), Texts{with});
  EXPECT_EQ(select(MatchKind::regex, "1|"), (Texts{with, without}));
  EXPECT_EQ(select(MatchKind::not_regex, ".+"), Texts{without});
  EXPECT_EQ(select(MatchKind::not_regex, ""), Texts{with});
  const Matcher absent = matcher("nowhere", MatchKind::equal, "");
  EXPECT_EQ(snapshot.select(std::span(&absent, 1), early, late).size(), 2U);
}

TEST(select, leaves_out_series_without_samples_in_the_range) {
  Head head;
  const Labels labels({{"__name__", "m"}, {"a", "1"}});
  ASSERT_TRUE(head.append(labels, Instant{1000}, 1).has_value());
  ASSERT_TRUE(head.append(labels, Instant{2000}, 2).has_value());
  const Snapshot snapshot = head.snapshot();
  EXPECT_EQ(snapshot.select({}, Instant{1000}, Instant{1000}).size(), 1U);
  EXPECT_EQ(snapshot.select({}, Instant{2000}, Instant{3000}).size(), 1U);
  EXPECT_EQ(snapshot.select({}, Instant{2001}, Instant{3000}).size(), 0U);
  EXPECT_EQ(snapshot.select({}, Instant{0}, Instant{999}).size(), 0U);
}

TEST(select, names_and_values_of_labels_are_sorted_and_unique) {
  Head head;
  for (const std::string host : {"c", "a", "b"})
    for (const std::string name : {"y", "x"})
      ASSERT_TRUE(head.append(Labels({{"__name__", name}, {"host", host}}), Instant{1}, 1).has_value());
  const Snapshot snapshot = head.snapshot();
  EXPECT_EQ(snapshot.label_names({}, early, late), (std::vector<std::string>{"__name__", "host"}));
  const Matcher only = matcher("host", MatchKind::not_equal, "b");
  EXPECT_EQ(snapshot.label_values("host", std::span(&only, 1), early, late), (std::vector<std::string>{"a", "c"}));
  EXPECT_TRUE(snapshot.label_values("nowhere", {}, early, late).empty());
}

Labels random_labels(std::mt19937_64& random) {
  std::vector<Labels::Pair> pairs;
  for (const char* name : {"__name__", "host", "job", "path"})
    if (random() % 5 != 0) pairs.emplace_back(name, "v" + std::to_string(random() % (name[0] == 'p' ? 200 : 6)));
  if (pairs.empty()) pairs.emplace_back("x", "y");
  return Labels(std::move(pairs));
}

std::vector<Matcher> random_matchers(std::mt19937_64& random) {
  const std::vector<std::string> names{"__name__", "host", "job", "path", "nowhere"};
  const std::vector<std::string> patterns{"v1|v2", "v1.*", ".*", ".+", "", "v[0-3]", "v1|", "(?i)V2", "v1\\d?", "x.*"};
  const std::vector<std::string> values{"v1", "v2", "v3", "", "v77"};
  std::vector<Matcher> matchers;
  for (std::uint64_t i = random() % 4; i > 0; --i) {
    const auto kind = static_cast<MatchKind>(random() % 4);
    const bool is_pattern = kind == MatchKind::regex || kind == MatchKind::not_regex;
    matchers.push_back(matcher(names[random() % names.size()], kind,
                               is_pattern ? patterns[random() % patterns.size()] : values[random() % values.size()]));
  }
  return matchers;
}

// The index against the definition: every series tested against every matcher, sorted by labels; while series come and go.
TEST(select, any_matchers_give_what_testing_each_series_gives) {
  HeadLimits limits;
  limits.retention = Duration::seconds(100);
  Head head(limits);
  std::mt19937_64 random(11);
  std::map<Labels, std::int64_t> newest;
  for (std::int64_t round = 1; round <= 30; ++round) {
    const Instant now{round * 20'000};
    for (int i = 0; i < 300; ++i) {
      const Labels labels = random_labels(random);
      ASSERT_TRUE(head.append(labels, now, 1).has_value());
      newest[labels] = now.ms;
    }
    head.advance(now);
    std::erase_if(newest, [&](const auto& entry) { return entry.second < now.ms - 100'000; });
    const Snapshot snapshot = head.snapshot();
    ASSERT_EQ(snapshot.series_count(), newest.size());
    for (std::size_t i = 0; i < 40; i += sanitized_stride) {
      const std::vector<Matcher> matchers = random_matchers(random);
      std::vector<std::string> expected;
      for (const auto& [labels, t] : newest)
        if (std::all_of(matchers.begin(), matchers.end(), [&l = labels](const Matcher& m) { return m.matches(l.get(m.name())); }))
          expected.push_back(labels.text());
      std::string asked;
      for (const Matcher& m : matchers) asked += m.text() + " ";
      ASSERT_EQ(texts(snapshot.select(matchers, early, late)), expected) << asked << "in round " << round;
    }
  }
}

// A large segment of the index keeps naming series that are gone until it is merged; their slots belong to others by then.
TEST(select, a_slot_that_was_given_away_again_shows_its_new_series_only) {
  HeadLimits limits;
  limits.retention = Duration::seconds(100);
  Head head(limits);
  for (int i = 0; i < 2000; ++i) {
    const Labels labels({{"__name__", "old"}, {"generation", std::to_string(i % 4)}, {"i", "n" + std::to_string(i)}});
    ASSERT_TRUE(head.append(labels, Instant{0}, 1).has_value());
    if (i >= 300) { ASSERT_TRUE(head.append(labels, Instant{150'000}, 1).has_value()); }
  }
  ASSERT_EQ(head.snapshot().select({}, early, late).size(), 2000U);
  head.advance(Instant{200'000});
  for (int i = 0; i < 100; ++i) {
    const Labels labels({{"__name__", "old"}, {"generation", "2"}, {"i", std::to_string(i * 20)}});
    ASSERT_TRUE(head.append(labels, Instant{200'000}, 1).has_value());
  }
  const Snapshot snapshot = head.snapshot();
  const std::vector<SeriesView> found = snapshot.select({}, early, late);
  EXPECT_EQ(found.size(), 1800U);
  const Matcher old = *Matcher::create("i", MatchKind::regex, "n.*");
  EXPECT_EQ(snapshot.select(std::span(&old, 1), early, late).size(), 1700U);
  for (std::size_t i = 1; i < found.size(); ++i)
    ASSERT_LT(found[i - 1].labels(), found[i].labels()) << "each once, in label order";
}

// Reading against the definition, over many chunks, with every kind of bound.
TEST(read, any_range_gives_the_samples_in_it) {
  Head head;
  std::mt19937_64 random(5);
  const Labels labels({{"__name__", "m"}, {"a", "1"}});
  std::vector<Sample> all;
  std::int64_t t = 0;
  for (int i = 0; i < 20'000; ++i) {
    t += static_cast<std::int64_t>(random() % 5) + 1;
    all.push_back(Sample{t, static_cast<double>(random() % 1000) / 7});
    ASSERT_TRUE(head.append(labels, Instant{t}, all.back().v).has_value());
  }
  const Snapshot snapshot = head.snapshot();
  const SeriesView view = snapshot.select({}, early, late).front();
  EXPECT_EQ(view.oldest_at(), Instant{all.front().t_ms});
  EXPECT_EQ(view.newest_at(), Instant{t});
  for (std::size_t i = 0; i < 2000; i += sanitized_stride) {
    const std::int64_t from = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(t + 20)) - 10;
    const std::int64_t to = i % 3 == 0 ? from + static_cast<std::int64_t>(random() % 500)
                                       : static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(t + 20));
    std::vector<Sample> expected;
    for (const Sample& sample : all)
      if (sample.t_ms >= from && sample.t_ms <= to) expected.push_back(sample);
    std::vector<Sample> got{Sample{-1, -1}};
    ASSERT_EQ(view.read(Instant{from}, Instant{to}, got), expected.size()) << from << " to " << to;
    ASSERT_EQ(got.size(), expected.size() + 1) << "what the caller had stays in front";
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), got.begin() + 1,
                           [](const Sample& a, const Sample& b) { return a.t_ms == b.t_ms && a.v == b.v; }));
    const auto after = std::upper_bound(all.begin(), all.end(), to, [](std::int64_t x, const Sample& s) { return x < s.t_ms; });
    const std::optional<Sample> last = view.last(Instant{to});
    ASSERT_EQ(last.has_value(), after != all.begin());
    if (last.has_value()) { ASSERT_EQ(last->t_ms, (after - 1)->t_ms); }
  }
}

// One thread appends batches that add n to each of 600 series; another takes snapshots. A snapshot must see whole batches, the
// same when read twice, and never less than the one before.
TEST(snapshot, shows_whole_batches_and_does_not_change_while_another_thread_appends) {
  HeadLimits limits;
  limits.retention = Duration::seconds(300);
  Head head(limits);
  std::vector<Labels> labels;
  for (int i = 0; i < 600; ++i) labels.push_back(Labels({{"__name__", "m"}, {"i", std::to_string(i)}}));
  std::atomic<bool> is_done{false};
  std::thread writer([&] {
    std::vector<BatchSample> batch(labels.size());
    for (std::int64_t n = 1; n <= 1500; ++n) {
      // The later series begin later, so that the index changes too.
      const std::size_t count = n < 300 ? 100 + static_cast<std::size_t>(n) : labels.size();
      for (std::size_t i = 0; i < count; ++i) {
        batch[i].labels = &labels[i];
        batch[i].at = Instant{n * 1000};
        batch[i].value = static_cast<double>(n);
      }
      head.append(std::span(batch).first(count));
      if (n % 50 == 0) head.advance(Instant{n * 1000});
    }
    is_done = true;
  });
  double seen = 0;
  for (bool is_last = false; !is_last;) {
    is_last = is_done;  // read first: the last snapshot is taken after the last batch
    const Snapshot snapshot = head.snapshot();
    const std::vector<SeriesView> found = snapshot.select({}, early, late);
    if (found.empty()) continue;
    const double newest = found.front().last(late)->v;
    ASSERT_GE(newest, seen);
    seen = newest;
    ASSERT_EQ(found.size(), newest < 300 ? 100 + static_cast<std::size_t>(newest) : labels.size());
    std::vector<Sample> samples;
    for (int pass = 0; pass < 2; ++pass)
      for (const SeriesView& view : found) {
        samples.clear();
        view.read(early, late, samples);
        ASSERT_EQ(samples.back().v, newest) << "a batch is seen whole or not at all";
        for (std::size_t i = 1; i < samples.size(); ++i) ASSERT_EQ(samples[i].v, samples[i - 1].v + 1);
        ASSERT_EQ(samples.back().t_ms, static_cast<std::int64_t>(newest) * 1000);
      }
  }
  writer.join();
  EXPECT_EQ(seen, 1500);
}

}  // namespace
}  // namespace watchbill::metrics::tsdb
