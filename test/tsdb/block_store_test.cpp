#include "metrics/tsdb/block_store.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "metrics/tsdb/chunk.h"
#include "metrics/tsdb/sample_log.h"
#include "sanitized.h"
#include "tsdb/simulated_files.h"

namespace watchbill::metrics::tsdb {
namespace {

constexpr Instant early{std::numeric_limits<std::int64_t>::min()};
constexpr Instant late = Instant::never();
constexpr Instant begin{1'699'999'200'000};  // a multiple of 2 h
constexpr Duration step = Duration::seconds(15);

using Points = std::vector<std::pair<std::int64_t, std::uint64_t>>;
using Contents = std::map<std::string, Points>;

Contents contents(const Head& head, Instant from = early, Instant to = late, std::vector<Matcher> matchers = {}) {
  Contents all;
  const Snapshot snapshot = head.snapshot();
  const Labels* before = nullptr;
  for (const SeriesView& view : snapshot.select(matchers, from, to)) {
    EXPECT_TRUE(before == nullptr || *before < view.labels()) << "in label order, each once";
    before = &view.labels();
    std::vector<Sample> samples;
    view.read(from, to, samples);
    for (const Sample& s : samples) {
      Points& points = all[view.labels().text()];
      EXPECT_TRUE(points.empty() || points.back().first < s.t_ms) << "in time order, each once";
      points.emplace_back(s.t_ms, std::bit_cast<std::uint64_t>(s.v));
    }
  }
  return all;
}

// A head with its log and its blocks, as the program has them, and one beside it that keeps everything in memory.
class Stand {
 public:
  // `late_by`: some samples come so much late at most.
  explicit Stand(SimulatedFiles& files, Duration retention = Duration::hours(48), BlockStoreLimits limits = {},
                 Duration late_by = {})
      : files_(files), limits_(limits), late_by_(late_by) {
    head_limits_.retention = retention;
    head_limits_.out_of_order_window = late_by;
  }

  // False: the program is dead.
  bool start(Instant now) {
    log_.reset();
    store_.reset();
    head_.emplace(head_limits_);
    store_.emplace(*head_, files_, "samples", limits_);
    log_.emplace(*head_, files_, "samples");
    opened = store_->open();
    if (!opened.has_value()) return false;
    loaded = log_->load(now, store_->covered());
    return loaded.has_value();
  }

  // One scrape of every series; `flushed` gets what is on disk afterwards.
  void scrape(std::int64_t round) {
    const Instant now = begin + Duration{step.ms * round};
    for (int i = 0; i < series_count; ++i) {
      if (i == 5 && round % 1000 >= 500) continue;   // comes and goes
      if (i == 6 && round % 40 != 0) continue;       // every 10 minutes
      append(labels(i), now + Duration::milliseconds(i / 4), value(i, round));
      if (late_by_.ms == 0 || i % 3 == 0 || random_() % 8 != 0) continue;
      // Never at the time of another one.
      const auto steps = static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(late_by_.ms / step.ms));
      append(labels(i), now - Duration{steps * step.ms} - Duration::milliseconds(500), static_cast<double>(round) + 0.5);
    }
    append(Labels({{"__name__", "short_" + std::to_string(round / 100)}, {"kind", "short"}}), now, static_cast<double>(round));
  }

  void advance(std::int64_t round) {
    const Instant now = begin + Duration{step.ms * round};
    head_->advance(now);
    if (log_->flush(now).has_value()) flushed = appended;
    work(now);
  }

  void work(Instant now) {
    for (int i = 0; i < 100; ++i) {
      const Result<bool> worked = store_->work(now, log_->state());
      if (!worked.has_value()) failures.push_back(worked.error());
      if (!worked.has_value() || !*worked) break;
    }
    log_->cover(store_->covered());
  }

  void run(std::int64_t first_round, std::int64_t rounds) {
    for (std::int64_t round = first_round; round < first_round + rounds; ++round) {
      scrape(round);
      if (round % 4 == 3) advance(round);
    }
  }

  void append(const Labels& labels, Instant at, double v) {
    if (!head_->append(labels, at, v).has_value()) return;
    Points& points = appended[labels.text()];
    const auto behind = std::ranges::lower_bound(points, at.ms, {}, &Points::value_type::first);
    if (behind == points.end() || behind->first != at.ms) points.insert(behind, {at.ms, std::bit_cast<std::uint64_t>(v)});
  }

  static Labels labels(int i) {
    return Labels({{"__name__", i % 2 == 0 ? "even" : "odd"}, {"i", std::to_string(i)}, {"job", i % 3 == 0 ? "a" : "b"}});
  }
  double value(int i, std::int64_t round) {
    switch (i % 5) {
      case 0: return 7;
      case 1: return static_cast<double>(round * 100 + static_cast<std::int64_t>(random_() % 10));
      case 2: return round % 100 == 99 ? stale_marker() : static_cast<double>(round % 17) / 4;
      case 3: return std::sin(static_cast<double>(round));
      default: return static_cast<double>(random_() % 1000) * 4096;
    }
  }

  Head& head() { return *head_; }
  BlockStore& store() { return *store_; }
  SampleLog& log() { return *log_; }

  static constexpr int series_count = 12;
  Contents appended;
  Contents flushed;
  std::vector<Error> failures;
  Result<BlocksOpened> opened;
  Result<LoadReport> loaded;

 private:
  SimulatedFiles& files_;
  BlockStoreLimits limits_;
  Duration late_by_;
  HeadLimits head_limits_;
  std::mt19937_64 random_{1};
  std::optional<Head> head_;
  std::optional<BlockStore> store_;
  std::optional<SampleLog> log_;
};

std::vector<std::string> blocks_of(const SimulatedFiles& files) {
  std::vector<std::string> names;
  for (const auto& [path, bytes] : files.files)
    if (path.ends_with(".block")) names.push_back(path.substr(path.find('/') + 1));
  return names;
}

Contents between(const Contents& all, Instant from, Instant to) {
  Contents some;
  for (const auto& [name, points] : all)
    for (const auto& point : points)
      if (point.first >= from.ms && point.first <= to.ms) some[name].push_back(point);
  return some;
}

// Once with samples in order only, once with late ones among them.
class block_store_order : public ::testing::TestWithParam<Duration> {};
INSTANTIATE_TEST_SUITE_P(order, block_store_order, ::testing::Values(Duration{}, Duration::minutes(90), Duration::hours(5)),
                         [](const auto& each) { return "late_by_" + std::to_string(each.param.ms / 60'000) + "_minutes"; });

TEST_P(block_store_order, blocks_and_memory_are_read_as_one) {
  SimulatedFiles files;
  Stand stand(files, Duration::hours(48), {}, GetParam());
  ASSERT_TRUE(stand.start(begin));
  stand.run(0, 240 * 8);
  ASSERT_TRUE(stand.failures.empty()) << stand.failures.front().text();
  // What came late lies before the beginning, too.
  if (GetParam().ms == 0) {
    EXPECT_EQ(blocks_of(files), (std::vector<std::string>{"000001-000001.block", "000002-000002.block", "000003-000003.block"}));
  }
  EXPECT_EQ(contents(stand.head()), stand.appended);
  std::mt19937_64 random(2);
  for (int i = 0; i < 200; ++i) {
    const Instant from = begin + Duration{static_cast<std::int64_t>(random() % (9 * 3'600'000))};
    const Instant to = from + Duration{static_cast<std::int64_t>(random() % (4 * 3'600'000))};
    ASSERT_EQ(contents(stand.head(), from, to), between(stand.appended, from, to)) << from.ms << " to " << to.ms;
  }
}

TEST_P(block_store_order, the_last_sample_before_any_time_is_found) {
  SimulatedFiles files;
  Stand stand(files, Duration::hours(48), {}, GetParam());
  ASSERT_TRUE(stand.start(begin));
  stand.run(0, 240 * 5);
  std::mt19937_64 random(2);
  const Snapshot snapshot = stand.head().snapshot();
  for (const SeriesView& view : snapshot.select({}, early, late)) {
    const Points& points = stand.appended[view.labels().text()];
    EXPECT_EQ(view.oldest_at().ms, points.front().first);
    EXPECT_EQ(view.newest_at().ms, points.back().first);
    for (int i = 0; i < 100; ++i) {
      const Instant at = begin + Duration{static_cast<std::int64_t>(random() % (6 * 3'600'000)) - 600'000};
      std::optional<std::pair<std::int64_t, std::uint64_t>> expected;
      for (const auto& point : points)
        if (point.first <= at.ms) expected = point;
      const std::optional<Sample> found = view.last(at);
      ASSERT_EQ(found.has_value(), expected.has_value());
      if (!found.has_value()) continue;
      ASSERT_EQ(found->t_ms, expected->first);
      ASSERT_EQ(std::bit_cast<std::uint64_t>(found->v), expected->second);
    }
  }
}

TEST(block_store, matchers_find_in_blocks_what_they_find_in_memory) {
  SimulatedFiles files;
  Stand stand(files);
  ASSERT_TRUE(stand.start(begin));
  stand.run(0, 240 * 8);
  HeadLimits limits;
  limits.retention = Duration::hours(48);
  Head memory(limits);
  for (const auto& [name, points] : stand.appended) {
    const Snapshot snapshot = stand.head().snapshot();
    for (const SeriesView& view : snapshot.select({}, early, late)) {
      if (view.labels().text() != name) continue;
      for (const auto& [t, bits] : points) {
        ASSERT_TRUE(memory.append(view.labels(), Instant{t}, std::bit_cast<double>(bits)).has_value());
      }
    }
  }
  using enum MatchKind;
  const auto matcher = [](const char* name, MatchKind kind, const char* value) { return *Matcher::create(name, kind, value); };
  const std::vector<std::vector<Matcher>> cases{
      {matcher("__name__", equal, "even")},
      {matcher("__name__", equal, "even"), matcher("job", equal, "a")},
      {matcher("__name__", regex, "odd|even"), matcher("i", regex, "1.*")},
      {matcher("__name__", regex, "short_1.")},
      {matcher("kind", equal, "")},
      {matcher("kind", not_equal, "")},
      {matcher("job", not_regex, "a|x")},
      {matcher("nothing", equal, "x")},
      {matcher("__name__", equal, "nothing")},
      {matcher("__name__", not_equal, "even"), matcher("i", not_equal, "3")},
  };
  for (const std::vector<Matcher>& matchers : cases)
    for (const int hours : {0, 3, 7})
      EXPECT_EQ(contents(stand.head(), begin + Duration::hours(hours), late, matchers),
                contents(memory, begin + Duration::hours(hours), late, matchers))
          << matchers.front().text() << " " << hours;
}

TEST_P(block_store_order, a_snapshot_stays_as_it_is_while_blocks_are_made) {
  SimulatedFiles files;
  Stand stand(files, Duration::hours(48), {}, GetParam());
  ASSERT_TRUE(stand.start(begin));
  stand.run(0, 240 * 5 - 200);
  const Contents before = contents(stand.head());
  const Snapshot snapshot = stand.head().snapshot();
  const std::vector<SeriesView> views = snapshot.select({}, early, late);
  stand.run(240 * 5 - 200, 240 * 8);
  Contents after;
  for (const SeriesView& view : views) {
    std::vector<Sample> samples;
    view.read(early, late, samples);
    for (const Sample& s : samples) after[view.labels().text()].emplace_back(s.t_ms, std::bit_cast<std::uint64_t>(s.v));
  }
  EXPECT_EQ(after, before);
}

TEST(block_store, samples_in_blocks_leave_memory_and_log) {
  SimulatedFiles files;
  Stand stand(files);
  ASSERT_TRUE(stand.start(begin));
  stand.run(0, 240 * 12);
  EXPECT_LE(stand.head().statistics().sample_count, Stand::series_count * 240U * 5) << "three hours and what open chunks hold";
  EXPECT_LE(stand.head().statistics().series_count, 45U) << "what ended long ago is in blocks alone";
  EXPECT_LE(files.files.size(), 12U) << "blocks, and the log of the last hours";
  EXPECT_EQ(contents(stand.head()), stand.appended);
}

TEST_P(block_store_order, a_restart_reads_blocks_and_the_rest_of_the_log) {
  SimulatedFiles files;
  Stand stand(files, Duration::hours(48), {}, GetParam());
  ASSERT_TRUE(stand.start(begin));
  for (int run = 0; run < 12; ++run) {
    stand.run(run * 300, 300);
    ASSERT_TRUE(stand.start(begin + Duration{step.ms * (run + 1) * 300}));
    EXPECT_TRUE(stand.opened->damaged.empty());
    EXPECT_TRUE(stand.opened->missing.empty());
    ASSERT_EQ(contents(stand.head()), stand.appended) << "run " << run;
  }
  EXPECT_GT(stand.loaded->covered_count + stand.loaded->sample_count, 0U);
  EXPECT_LT(stand.loaded->sample_count, Stand::series_count * 240U * 4) << "blocks are not read into memory";
}

TEST(block_store, late_samples_of_a_resting_series_are_kept) {
  SimulatedFiles files;
  Stand stand(files);
  ASSERT_TRUE(stand.start(begin));
  const Labels resting({{"__name__", "resting"}, {"job", "a"}});
  stand.append(resting, begin, 1);
  stand.run(0, 240 * 4);
  // Its sender was cut off and sends what it has, from behind the last cut.
  for (int minute = 1; minute < 100; ++minute) stand.append(resting, begin + Duration::minutes(minute), minute);
  EXPECT_EQ(contents(stand.head()), stand.appended);
  stand.run(240 * 4, 240 * 4);
  EXPECT_EQ(contents(stand.head()), stand.appended);
  ASSERT_TRUE(stand.start(begin + Duration::hours(8)));
  EXPECT_EQ(contents(stand.head()), stand.appended);
}

// Memory then begins before what blocks hold of it.
TEST(block_store, a_series_that_comes_back_with_an_older_sample_hides_nothing_in_blocks) {
  SimulatedFiles files;
  Stand stand(files);
  ASSERT_TRUE(stand.start(begin));
  const Labels resting({{"__name__", "resting"}, {"job", "a"}});
  for (int minute = 0; minute < 60; ++minute) {
    stand.append(resting, begin + Duration::minutes(minute), minute);
    stand.run(4 * minute, 4);
  }
  stand.run(240, 240 * 3);
  stand.append(resting, begin + Duration::minutes(30) + Duration::seconds(1), 1);
  stand.append(resting, begin + Duration::hours(4), 1);
  const Instant from = begin + Duration::minutes(31);
  EXPECT_EQ(contents(stand.head(), from), between(stand.appended, from, late));
  const Snapshot snapshot = stand.head().snapshot();
  const std::vector<SeriesView> found = snapshot.select(std::vector<Matcher>{Matcher::equal("__name__", "resting")}, from, late);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().last(begin + Duration::hours(2))->t_ms, (begin + Duration::minutes(59)).ms);
  EXPECT_EQ(found.front().last(late)->t_ms, (begin + Duration::hours(4)).ms);
}

TEST(block_store, blocks_beside_each_other_are_merged) {
  SimulatedFiles files;
  Stand stand(files, Duration::hours(24 * 15));
  ASSERT_TRUE(stand.start(begin));
  stand.run(0, 240 * 30);
  EXPECT_TRUE(stand.failures.empty());
  const std::vector<std::string> names = blocks_of(files);
  EXPECT_LE(names.size(), 8U) << "fourteen cuts";
  EXPECT_EQ(contents(stand.head()), stand.appended);
  ASSERT_TRUE(stand.start(begin + Duration::hours(30)));
  EXPECT_TRUE(stand.opened->missing.empty());
  EXPECT_EQ(contents(stand.head()), stand.appended);
}

TEST(block_store, a_window_that_passed_leaves_the_disk_by_whole_blocks) {
  SimulatedFiles files;
  Stand stand(files, Duration::hours(6));
  ASSERT_TRUE(stand.start(begin));
  stand.run(0, 240 * 24);
  EXPECT_LE(blocks_of(files).size(), 4U);
  const Instant horizon = begin + Duration::hours(18) + Duration::minutes(1);
  EXPECT_EQ(contents(stand.head(), horizon, late), between(stand.appended, horizon, late));
}

TEST_P(block_store_order, more_than_the_disk_is_allowed_loses_the_oldest_block) {
  SimulatedFiles files;
  BlockStoreLimits limits;
  limits.disk_bytes_max = 400'000;
  Stand stand(files, Duration::hours(48), limits);
  ASSERT_TRUE(stand.start(begin));
  stand.run(0, 240 * 30);
  EXPECT_LE(files.bytes(), 450'000U);
  EXPECT_GE(blocks_of(files).size(), 1U);
  const Instant recent = begin + Duration::hours(26);
  EXPECT_EQ(contents(stand.head(), recent, late), between(stand.appended, recent, late));
}

TEST_P(block_store_order, memory_that_fills_is_emptied_into_blocks_early) {
  SimulatedFiles files;
  BlockStoreLimits limits;
  limits.closed_bytes_max = 6'000;
  Stand stand(files, Duration::hours(48), limits);
  ASSERT_TRUE(stand.start(begin));
  stand.run(0, 240 * 2);
  EXPECT_GE(blocks_of(files).size(), 2U) << "before the first two hours were over";
  EXPECT_LE(stand.head().statistics().chunk_count * sizeof(Chunk), 60'000U);
  EXPECT_EQ(contents(stand.head()), stand.appended);
  stand.run(240 * 2, 240 * 4);
  EXPECT_EQ(contents(stand.head()), stand.appended);
  EXPECT_LE(blocks_of(files).size(), 20U) << "those of one stretch are merged";
  ASSERT_TRUE(stand.start(begin + Duration::hours(6)));
  EXPECT_EQ(contents(stand.head()), stand.appended);
}

// --- damage ---

// Whether what is there is among what was written, and whole outside of [from, to].
void expect_lost_only(const Contents& there, const Contents& written, Instant from, Instant to, const std::string& what) {
  for (const auto& [name, points] : there) {
    const auto at = written.find(name);
    ASSERT_TRUE(at != written.end()) << what << ": a series that nobody wrote: " << name;
    for (const auto& point : points)
      ASSERT_TRUE(std::binary_search(at->second.begin(), at->second.end(), point)) << what << ": a sample that nobody wrote";
  }
  ASSERT_EQ(between(there, early, from - Duration{1}), between(written, early, from - Duration{1})) << what;
  ASSERT_EQ(between(there, to + Duration{1}, late), between(written, to + Duration{1}, late)) << what;
}

TEST(block_store, a_flipped_bit_loses_its_block_at_most_and_is_named) {
  SimulatedFiles files;
  {
    Stand stand(files);
    ASSERT_TRUE(stand.start(begin));
    stand.run(0, 240 * 8);
  }
  const SimulatedFiles whole = files;
  Stand stand(files);
  ASSERT_TRUE(stand.start(begin + Duration::hours(8)));
  const Contents written = contents(stand.head());
  const std::string path = "samples/000002-000002.block";
  const std::size_t size = whole.files.at(path).size();
  std::mt19937_64 random(3);
  for (int i = 0; i < 400; i += static_cast<int>(sanitized_stride)) {
    // The ends, where header and footer are, and places between.
    const std::size_t at = i < 64    ? static_cast<std::size_t>(i)
                           : i < 200 ? size - 1 - static_cast<std::size_t>(i - 64)
                                     : random() % size;
    files.files[path] = whole.files.at(path);
    files.files[path][at] = static_cast<char>(files.files[path][at] ^ (1 << (random() % 8)));
    ASSERT_TRUE(stand.start(begin + Duration::hours(8)));
    const Contents there = contents(stand.head());
    const std::string what = "byte " + std::to_string(at) + " of " + std::to_string(size);
    expect_lost_only(there, written, begin + Duration::hours(2), begin + Duration::hours(4), what);
    const std::vector<std::string> found = stand.store().take_damaged();
    ASSERT_EQ(stand.opened->damaged.size() + found.size(), 1U) << what << ": not named";
    EXPECT_TRUE(stand.store().take_damaged().empty()) << "named once";
    ASSERT_EQ(files.files.count(path), 1U) << "nothing is deleted unasked";
  }
}

TEST(block_store, a_block_cut_short_or_gone_loses_its_range_and_is_named) {
  SimulatedFiles files;
  Stand stand(files);
  ASSERT_TRUE(stand.start(begin));
  stand.run(0, 240 * 8);
  ASSERT_TRUE(stand.start(begin + Duration::hours(8)));
  const Contents written = contents(stand.head());
  const std::string path = "samples/000002-000002.block";
  const std::string whole = files.files[path];
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, whole.size() / 2, whole.size() - 1}) {
    files.files[path] = whole.substr(0, size);
    ASSERT_TRUE(stand.start(begin + Duration::hours(8)));
    ASSERT_EQ(stand.opened->damaged.size(), 1U);
    EXPECT_EQ(stand.opened->damaged[0].on, path);
    EXPECT_TRUE(stand.opened->missing.empty());
    expect_lost_only(contents(stand.head()), written, begin + Duration::hours(2), begin + Duration::hours(4), "cut short");
  }
  files.files.erase(path);
  ASSERT_TRUE(stand.start(begin + Duration::hours(8)));
  EXPECT_EQ(stand.opened->missing, std::vector<std::string>{"000002"});
  expect_lost_only(contents(stand.head()), written, begin + Duration::hours(2), begin + Duration::hours(4), "gone");
}

TEST(block_store, a_newest_block_that_is_damaged_is_made_again_from_a_log_that_is_still_there) {
  SimulatedFiles files;
  Stand stand(files);
  ASSERT_TRUE(stand.start(begin));
  stand.log().keep_from(LogPosition{1, 1, 0});
  stand.run(0, 240 * 6);
  const std::vector<std::string> names = blocks_of(files);
  files.files["samples/" + names.back()][100] ^= 1;
  files.files["samples/" + names.back()].pop_back();
  ASSERT_TRUE(stand.start(begin + Duration::hours(6)));
  ASSERT_EQ(stand.opened->damaged.size(), 1U);
  EXPECT_EQ(contents(stand.head()), stand.flushed);
}

TEST(block_store, a_follower_keeps_its_segments) {
  SimulatedFiles files;
  Stand stand(files);
  ASSERT_TRUE(stand.start(begin));
  stand.log().keep_from(LogPosition{1, 2, 17});
  stand.run(0, 240 * 8);
  EXPECT_EQ(files.files.count("samples/000001-000001.log"), 0U) << "in blocks, and nobody reads it";
  EXPECT_EQ(files.files.count("samples/000001-000002.log"), 1U);
  stand.log().keep_from(LogPosition{1, 3, 0});
  stand.run(240 * 8, 8);
  EXPECT_EQ(files.files.count("samples/000001-000002.log"), 0U);
  EXPECT_EQ(files.files.count("samples/000001-000003.log"), 1U);
}

TEST(block_store, a_reader_of_damage_is_told_of_it) {
  SimulatedFiles files;
  Stand stand(files);
  ASSERT_TRUE(stand.start(begin));
  stand.run(0, 240 * 8);
  const std::string path = "samples/000002-000002.block";
  files.files[path][200] ^= 1;  // of a series, or of times
  ASSERT_TRUE(stand.start(begin + Duration::hours(8)));
  const auto damage_of = [&](Instant from, Instant to) {
    const Snapshot snapshot = stand.head().snapshot();
    for (const SeriesView& view : snapshot.select({}, from, to)) {
      std::vector<Sample> samples;
      view.read(from, to, samples);
    }
    return snapshot.damaged_blocks();
  };
  const Duration hour = Duration::hours(1);
  EXPECT_EQ(damage_of(begin, begin + hour), std::vector<std::string>{});
  EXPECT_EQ(damage_of(begin + hour * 2, begin + hour * 4), std::vector<std::string>{path});
  EXPECT_EQ(damage_of(begin, begin + hour), std::vector<std::string>{}) << "what it read is whole";
}

TEST(block_store, names_are_found_where_other_labels_stand_before_them) {
  SimulatedFiles files;
  Stand stand(files);
  ASSERT_TRUE(stand.start(begin));
  std::map<std::string, Labels> all;
  for (int i = 0; i < 60; ++i) {
    std::vector<Labels::Pair> labels{{"__name__", "name_" + std::to_string(i % 7)}, {"i", std::to_string(i)}};
    if (i % 3 != 0) labels.emplace_back("Above", std::to_string(i % 5));
    if (i % 11 == 0) labels.erase(labels.begin());
    const Labels series(std::move(labels));
    all.emplace(series.text(), series);
    stand.append(series, begin + Duration::minutes(1), i);
  }
  stand.work(begin + Duration::hours(4));
  ASSERT_EQ(stand.store().block_count(), 1U);
  ASSERT_TRUE(stand.start(begin + Duration::hours(4)));
  const std::vector<std::vector<Matcher>> questions{
      {Matcher::equal("__name__", "name_3")},
      {Matcher::equal("__name__", "name_9")},
      {Matcher::create("__name__", MatchKind::regex, "name_5|name_1|other").value()},
      {Matcher::create("__name__", MatchKind::regex, "name_[12]").value()},
      {Matcher::create("__name__", MatchKind::not_equal, "name_1").value()},
      {Matcher::equal("__name__", "")},
      {Matcher::equal("Above", "2"), Matcher::equal("__name__", "name_2")}};
  for (const std::vector<Matcher>& matchers : questions) {
    std::set<std::string> expected;
    for (const auto& entry : all)
      if (std::ranges::all_of(matchers, [&](const Matcher& m) { return m.matches(entry.second.get(m.name())); }))
        expected.insert(entry.first);
    std::set<std::string> found;
    for (const auto& [text, points] : contents(stand.head(), early, late, matchers)) found.insert(text);
    EXPECT_EQ(found, expected);
  }
}

// --- what cannot be removed ---

TEST(block_store, only_the_first_block_is_dropped) {
  SimulatedFiles files;
  Stand stand(files, Duration::hours(6), {}, Duration::hours(5));
  ASSERT_TRUE(stand.start(begin));
  const auto append = [&](int minutes, int now_minutes) {
    stand.head().advance(begin + Duration::minutes(now_minutes));
    stand.append(Stand::labels(1), begin + Duration::minutes(minutes), minutes);
  };
  append(230, 230);
  stand.work(begin + Duration::hours(5));
  append(60, 300);  // late: the second block ends before the first one
  stand.work(begin + Duration::hours(7));
  append(420, 420);
  stand.work(begin + Duration::hours(9));
  EXPECT_EQ(blocks_of(files).size(), 3U) << "the second one is old, and not the first to go";
  ASSERT_TRUE(stand.start(begin + Duration::hours(9)));
  EXPECT_TRUE(stand.opened->missing.empty());
  stand.work(begin + Duration::hours(10));
  EXPECT_EQ(blocks_of(files), (std::vector<std::string>{"000003-000003.block"}));
}

TEST(block_store, a_block_that_cannot_be_removed_stops_no_other_work) {
  SimulatedFiles files;
  files.unremovable = ".block";
  Stand stand(files, Duration::hours(6));
  ASSERT_TRUE(stand.start(begin));
  stand.run(0, 240 * 24);
  EXPECT_GE(blocks_of(files).size(), 10U) << "one for each two hours";
  ASSERT_FALSE(stand.failures.empty());
  for (const Error& failure : stand.failures) EXPECT_EQ(failure.tried, "remove") << failure.text();
  files.unremovable.clear();
  for (int minutes = 0; minutes < 20; ++minutes) stand.work(begin + Duration::hours(24) + Duration::minutes(minutes));
  EXPECT_LE(blocks_of(files).size(), 4U);
}

TEST(block_store, what_a_merge_left_behind_is_removed_as_soon_as_it_can_be) {
  SimulatedFiles files;
  files.unremovable = "000002-000002.block";
  Stand stand(files, Duration::hours(24 * 15));
  ASSERT_TRUE(stand.start(begin));
  stand.run(0, 240 * 12);
  EXPECT_EQ(files.files.count("samples/000002-000002.block"), 1U);
  ASSERT_FALSE(stand.failures.empty());
  EXPECT_EQ(stand.failures.front().tried, "remove");
  EXPECT_EQ(contents(stand.head()), stand.appended);
  const SimulatedFiles before = files;
  for (const bool restarts : {false, true}) {
    files = before;
    if (restarts) {
      ASSERT_TRUE(stand.start(begin + Duration::hours(13)));
    }
    EXPECT_EQ(files.files.count("samples/000002-000002.block"), 1U);
    files.unremovable.clear();
    stand.work(begin + Duration::hours(13));
    EXPECT_EQ(files.files.count("samples/000002-000002.block"), 0U) << (restarts ? "after a restart" : "in the same life");
  }
}

// --- crashes and full disks ---

TEST_P(block_store_order, a_crash_at_any_operation_loses_nothing_that_was_flushed) {
  BlockStoreLimits limits;
  limits.closed_bytes_max = 6'000;  // early cuts and their merges, too
  const auto live = [&](SimulatedFiles& files, Contents& flushed) {
    Stand stand(files, Duration::hours(48), limits, GetParam());
    if (!stand.start(begin)) return;
    stand.run(0, 240 * 4 + 100);
    flushed = stand.flushed;
  };
  SimulatedFiles unharmed;
  Contents all;
  unharmed.operations_left = 1'000'000;
  live(unharmed, all);
  const std::uint64_t operations = 1'000'000 - unharmed.operations_left;
  ASSERT_GT(operations, 250U);
  std::size_t crashes_with_block = 0;
  for (std::uint64_t left = 0; left < operations; left += 2 * sanitized_stride) {
    SimulatedFiles files;
    files.operations_left = left;
    Contents flushed;
    live(files, flushed);
    files.operations_left = std::numeric_limits<std::uint64_t>::max();
    for (const auto& [path, bytes] : files.files) crashes_with_block += path.ends_with(".new") ? 1U : 0U;
    Stand again(files, Duration::hours(48), limits, GetParam());
    ASSERT_TRUE(again.start(begin + Duration::hours(5)));
    EXPECT_TRUE(again.opened->damaged.empty()) << again.opened->damaged.front().text();
    const Contents there = contents(again.head());
    // Half a flush may be there as well.
    for (const auto& [name, points] : flushed) {
      const auto at = there.find(name);
      ASSERT_TRUE(at != there.end()) << "after operation " << left << ": " << name;
      ASSERT_TRUE(std::ranges::includes(at->second, points)) << "after operation " << left << ": " << name;
    }
    for (const auto& [path, bytes] : files.files) EXPECT_FALSE(path.ends_with(".new")) << path;
  }
  if (sanitized_stride == 1) {
    EXPECT_GT(crashes_with_block, 5U) << "some fell into the writing of a block";
  }
}

TEST(block_store, a_full_disk_costs_samples_not_the_store) {
  SimulatedFiles files;
  Stand stand(files);
  ASSERT_TRUE(stand.start(begin));
  stand.run(0, 240 * 4 + 230);
  const SimulatedFiles before = files;
  const Contents flushed_before = stand.flushed;
  // It fills up for hours, just before a block is due; scrapes and reads go on.
  files.capacity_bytes = files.bytes() + 3'000;
  stand.run(240 * 4 + 230, 240 * 3);
  EXPECT_GE(stand.failures.size(), 1U);
  EXPECT_LE(stand.failures.size(), 30U) << "not tried each time";
  for (const Error& failure : stand.failures) EXPECT_EQ(failure.kind, ErrorKind::exhausted);
  EXPECT_EQ(contents(stand.head()), stand.appended) << "memory has it all";
  for (const auto& [path, bytes] : before.files)
    EXPECT_TRUE(!path.ends_with(".block") || files.files.count(path) == 1) << path << ": deleted unasked";

  // Killed; space returns; it starts without help, with all that had reached the disk.
  Stand again(files);
  files.capacity_bytes = std::numeric_limits<std::uint64_t>::max();
  const SimulatedFiles at_start = files;
  ASSERT_TRUE(again.start(begin + Duration::hours(8)));
  for (const auto& [path, bytes] : at_start.files)
    EXPECT_TRUE(path.ends_with(".new") || files.files.count(path) == 1) << path << ": deleted unasked";
  const Contents there = contents(again.head());
  for (const auto& [name, points] : flushed_before) {
    const auto at = there.find(name);
    ASSERT_TRUE(at != there.end()) << name;
    ASSERT_GE(at->second.size(), points.size()) << name;
    ASSERT_TRUE(std::equal(points.begin(), points.end(), at->second.begin())) << name;
  }
  EXPECT_LE(again.loaded->damaged.size(), 1U) << "the gap is named once";

  // Without the kill nothing is lost at all.
  stand.run(240 * 7 + 230, 200);
  EXPECT_EQ(contents(stand.head()), stand.appended);
  ASSERT_TRUE(stand.start(begin + Duration::hours(9)));
  EXPECT_EQ(contents(stand.head()), stand.flushed);
}

}  // namespace
}  // namespace watchbill::metrics::tsdb
