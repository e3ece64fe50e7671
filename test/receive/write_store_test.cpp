// Requests of remote write in the store: all that can be taken is, and what is refused says so.
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

#include "metrics/receive/write_store.h"
#include "metrics/remote/block.h"
#include "metrics/tsdb/exemplar_store.h"

namespace receive = watchbill::metrics::receive;
namespace remote = watchbill::metrics::remote;
namespace rules = watchbill::metrics::rules;
namespace tsdb = watchbill::metrics::tsdb;
using watchbill::Instant;
using watchbill::Labels;

namespace {

constexpr Instant now{1'700'000'000'000};
Instant second(std::int64_t n) { return Instant{now.ms + 1000 * n}; }

Labels named(const std::string& name, const std::string& room = "attic") {
  return Labels({{"__name__", name}, {"room", room}});
}

class write_store : public ::testing::Test {
 protected:
  write_store() { head_.advance(now); }

  void add(const Labels& labels, std::vector<remote::Sample> samples) {
    writer_.series(remote::encode_labels(labels), samples);
  }
  receive::WriteReport send() {
    receive::WriteReport report = store_.store(remote::compress(writer_.body()));
    writer_.clear();
    return report;
  }
  // All samples, "name{…} t=v …" with seconds after `now`, one series in a line.
  std::string stored() const {
    std::string out;
    const tsdb::Snapshot snapshot = head_.snapshot();
    for (const tsdb::SeriesView& series : snapshot.select({}, Instant{}, second(1'000'000))) {
      out += series.labels().text();
      std::vector<tsdb::Sample> samples;
      series.read(Instant{}, second(1'000'000), samples);
      for (const tsdb::Sample& sample : samples)
        out += " " + std::to_string((sample.t_ms - now.ms) / 1000) + "=" + std::to_string(static_cast<long long>(sample.v));
      out += "\n";
    }
    return out;
  }
  std::uint64_t refused(tsdb::AppendRefusal reason) const {
    return store_.counts().refused[static_cast<std::size_t>(reason)].load();
  }

  std::uint64_t dropped(receive::ExemplarRefusal reason) const {
    return store_.counts().exemplars_dropped[static_cast<std::size_t>(reason)].load();
  }

  tsdb::Head head_;
  receive::WriteStore store_{head_};
  remote::WriteRequestWriter writer_;
};

}  // namespace

TEST_F(write_store, stores_what_comes) {
  add(named("a"), {{second(1), 1}, {second(2), 2}});
  add(named("b"), {{second(1), 3}});
  const receive::WriteReport report = send();
  EXPECT_FALSE(report.unreadable);
  EXPECT_EQ(report.taken_count, 3U);
  EXPECT_EQ(report.refused_count, 0U);
  EXPECT_EQ(report.refusal, "");
  // The second request finds its series by the digest of their labels.
  add(named("b"), {{second(2), 4}});
  add(named("a"), {{second(3), 5}});
  EXPECT_EQ(send().taken_count, 2U);
  EXPECT_EQ(stored(), "a{room=\"attic\"} 1=1 2=2 3=5\nb{room=\"attic\"} 1=3 2=4\n");
  EXPECT_EQ(store_.counts().samples.load(), 5U);
  EXPECT_EQ(store_.counts().requests.load(), 2U);
}

TEST_F(write_store, one_series_many_times_in_a_request_is_one_series) {
  for (int i = 1; i <= 3; ++i) add(named("a"), {{second(i), 1.0 * i}});
  EXPECT_EQ(send().taken_count, 3U);
  EXPECT_EQ(stored(), "a{room=\"attic\"} 1=1 2=2 3=3\n");
}

TEST_F(write_store, what_is_refused_takes_nothing_with_it) {
  add(named("a"), {{second(5), 5}});
  EXPECT_EQ(send().taken_count, 1U);
  add(named("a"), {{second(4), 4}, {second(5), 6}, {second(6), 6}});
  add(named("b"), {{second(1), 1}});
  const receive::WriteReport report = send();
  EXPECT_EQ(report.taken_count, 2U);
  EXPECT_EQ(report.refused_count, 2U);
  EXPECT_FALSE(report.is_store_full);
  EXPECT_EQ(report.refusal, "out of order sample, series a{room=\"attic\"} at 1700000004000 ms");
  EXPECT_EQ(stored(), "a{room=\"attic\"} 5=5 6=6\nb{room=\"attic\"} 1=1\n");
  EXPECT_EQ(refused(tsdb::AppendRefusal::out_of_order), 1U);
  EXPECT_EQ(refused(tsdb::AppendRefusal::duplicate_timestamp), 1U);
}

TEST_F(write_store, a_repetition_of_the_newest_sample_is_no_refusal) {
  add(named("a"), {{second(5), 5}});
  EXPECT_EQ(send().taken_count, 1U);
  add(named("a"), {{second(5), 5}});
  const receive::WriteReport report = send();
  EXPECT_EQ(report.refused_count, 0U);
  EXPECT_EQ(stored(), "a{room=\"attic\"} 5=5\n");
}

TEST_F(write_store, each_reason_has_its_words_and_its_counter) {
  const auto refusal_of = [this](const Labels& labels, Instant at) {
    add(labels, {{at, 1}});
    return send().refusal;
  };
  EXPECT_TRUE(refusal_of(named("a"), second(-100'000)).starts_with("out of bounds, series a{"));
  EXPECT_TRUE(refusal_of(named("a"), second(601)).starts_with("out of bounds: too far in the future, series a{"));
  EXPECT_TRUE(refusal_of(Labels(), second(1)).starts_with("empty labelset: invalid sample, series {}"));
  EXPECT_TRUE(refusal_of(Labels({{"__name__", "a"}, {"b c", "1"}}), second(1)).starts_with("bad_label_name, series "));
  for (const auto reason : {tsdb::AppendRefusal::too_old, tsdb::AppendRefusal::too_far_ahead, tsdb::AppendRefusal::no_labels,
                            tsdb::AppendRefusal::bad_label_name})
    EXPECT_EQ(refused(reason), 1U) << tsdb::word(reason);
  // Twice the same name.
  const std::vector<remote::Sample> samples{{second(1), 1}};
  writer_.series(remote::encode_labels(named("a")) + remote::encode_labels(named("a")), samples);
  EXPECT_EQ(send().refusal, "read label __name__: it is there twice, expected each name once");
  EXPECT_EQ(store_.counts().refused_before[0].load(), 1U);
  EXPECT_EQ(stored(), "");
}

TEST_F(write_store, want_of_room_is_told_before_all_else) {
  tsdb::HeadLimits limits;
  limits.series_count_max = 1;
  tsdb::Head small(limits);
  small.advance(now);
  receive::WriteStore store(small);
  const auto send_to = [&] { return store.store(remote::compress(writer_.body())); };
  add(named("a"), {{second(2), 1}, {second(1), 1}});
  add(named("b"), {{second(1), 1}});
  const receive::WriteReport report = send_to();
  EXPECT_TRUE(report.is_store_full);
  EXPECT_EQ(report.taken_count, 1U);
  EXPECT_EQ(report.refused_count, 2U);
  EXPECT_TRUE(report.refusal.starts_with("too_many_series, series b{")) << report.refusal;
}

TEST_F(write_store, a_body_that_breaks_off_writes_nothing) {
  add(named("a"), {{second(1), 1}});
  const std::string whole(writer_.body());
  const receive::WriteReport broken = store_.store(remote::compress(whole + "\x0a\x7f"));
  ASSERT_TRUE(broken.unreadable);
  EXPECT_EQ(broken.unreadable->kind, watchbill::ErrorKind::invalid);
  const receive::WriteReport plain = store_.store(whole);
  ASSERT_TRUE(plain.unreadable);
  EXPECT_EQ(plain.unreadable->text(), "decompress the body: expected one block of snappy");
  EXPECT_EQ(stored(), "");
  EXPECT_EQ(store_.counts().unreadable_requests.load(), 2U);
}

TEST_F(write_store, a_series_that_left_the_window_comes_again) {
  add(named("a"), {{second(1), 1}});
  EXPECT_EQ(send().taken_count, 1U);
  const Instant much_later = now + watchbill::Duration::hours(72);
  head_.advance(much_later);
  EXPECT_EQ(head_.statistics().series_count, 0U);
  const std::vector<remote::Sample> samples{{much_later, 7}, {much_later + watchbill::Duration::seconds(1), 8}};
  add(named("a"), samples);
  EXPECT_EQ(send().taken_count, 2U);
  EXPECT_EQ(head_.statistics().series_count, 1U);
}

TEST_F(write_store, many_series_are_known_in_bounded_memory) {
  receive::WriteStore::Limits limits;
  limits.known_series_max = 10;
  receive::WriteStore store(head_, limits);
  for (int round = 1; round <= 3; ++round)
    for (int i = 0; i < 50; ++i) {
      add(named("a", std::to_string(i)), {{second(round), 1.0 * round}});
      ASSERT_EQ(store.store(remote::compress(writer_.body())).taken_count, 1U);
      writer_.clear();
    }
  EXPECT_EQ(head_.statistics().series_count, 50U);
  EXPECT_EQ(head_.statistics().sample_count, 150U);
}

TEST_F(write_store, names_are_remembered_in_bounded_memory) {
  receive::WriteStore::Limits limits;
  limits.known_name_bytes_max = 2'000;
  receive::WriteStore store(head_, limits);
  const std::vector<rules::RuleGroup> no_groups;
  store.configure(no_groups);
  const auto send_to = [&] {
    const receive::WriteReport report = store.store(remote::compress(writer_.body()));
    writer_.clear();
    return report;
  };
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    add(named("name_" + std::to_string(i)), {{second(1), 1}});
    ASSERT_EQ(send_to().taken_count, 1U);
    most = std::max(most, store.known_name_bytes());
  }
  EXPECT_GT(most, 0U) << "they are remembered at all";
  EXPECT_LE(most, limits.known_name_bytes_max);
  // A name that no series can have is none to remember, refused as it is.
  const std::size_t before = store.known_name_bytes();
  add(named(std::string(head_.limits().label_value_bytes_max + 1, 'n')), {{second(1), 1}});
  EXPECT_EQ(send_to().refused_count, 1U);
  EXPECT_EQ(store.known_name_bytes(), before);
}

TEST_F(write_store, the_end_of_a_native_histogram_is_a_marker) {
  watchbill::metrics::histogram::Histogram value;
  value.count = 3;
  value.sum = 4;
  value.positive = {{0, 1}, {1, 2}};
  watchbill::metrics::histogram::Histogram end;
  end.sum = tsdb::stale_marker();
  const std::vector<remote::HistogramSample> histograms{{second(1), value}, {second(2), end}};
  writer_.series(remote::encode_labels(named("h")), {}, histograms);
  EXPECT_EQ(send().taken_count, 2U);
  const tsdb::Snapshot snapshot = head_.snapshot();
  for (const tsdb::SeriesView& series : snapshot.select({}, now, second(3))) {
    watchbill::metrics::histogram::Arena arena;
    const auto last = series.last(second(3), arena);
    ASSERT_TRUE(last);
    EXPECT_EQ(last->t_ms, second(2).ms);
    EXPECT_TRUE(tsdb::is_stale(last->v));
  }
}

TEST_F(write_store, a_body_of_another_message_is_refused) {
  // Field 4 and 5, as in remote write 2.0.
  const receive::WriteReport report = store_.store(remote::compress(std::string_view("\x22\x01" "a" "\x2a\x00", 5)));
  ASSERT_TRUE(report.unreadable);
  EXPECT_EQ(report.unreadable->kind, watchbill::ErrorKind::invalid);
  EXPECT_EQ(report.unreadable->text(),
            "read WriteRequest: it has neither series nor metadata, expected a request of remote write 1.0");
  EXPECT_FALSE(store_.store(remote::compress("")).unreadable) << "nothing to store is stored";
}

TEST_F(write_store, what_cannot_be_read_to_its_end_counts_nothing_but_itself) {
  const std::vector<remote::Sample> samples{{second(1), 1}};
  writer_.series(remote::encode_labels(named("a")) + remote::encode_labels(named("a")), samples);
  std::string exemplar = remote::encode_labels(named("b"));
  exemplar += std::string("\x1a\x00", 2);
  std::string body(writer_.body());
  body.append("\x0a").push_back(static_cast<char>(exemplar.size()));
  body += exemplar;
  ASSERT_TRUE(store_.store(remote::compress(body + "\x0a\x7f")).unreadable);
  EXPECT_EQ(store_.counts().refused_before[0].load(), 0U);
  EXPECT_EQ(store_.counts().exemplars.load(), 0U);
  EXPECT_FALSE(store_.store(remote::compress(body)).unreadable);
  EXPECT_EQ(store_.counts().refused_before[0].load(), 1U);
  EXPECT_EQ(dropped(receive::ExemplarRefusal::no_series), 1U);
}

TEST_F(write_store, exemplars_are_kept_and_fail_no_request) {
  const auto exemplar = [](std::int64_t at, double value) {
    return remote::ExemplarSample{Labels(std::vector<Labels::Pair>{{"trace_id", "t"}}), value, second(at)};
  };
  const std::string a = remote::encode_labels(named("a"));
  const std::vector<remote::Sample> samples{{second(10), 1}};
  const std::vector<remote::ExemplarSample> first{exemplar(8, 1), exemplar(9, 2)};
  writer_.series(a, {}, {}, std::vector<remote::ExemplarSample>{exemplar(1, 9)});  // before its series: nobody knows it yet
  writer_.series(a, samples, {}, first);
  writer_.series(remote::encode_labels(named("b")), {}, {}, first);
  receive::WriteReport report = send();
  EXPECT_EQ(report.taken_count, 1U);
  EXPECT_EQ(report.refused_count, 0U);
  EXPECT_EQ(store_.counts().exemplars.load(), 2U);
  EXPECT_EQ(dropped(receive::ExemplarRefusal::no_series), 3U);
  // In a later request, in an entry of their own, as Prometheus sends them.
  const Labels wide({{"x", std::string(200, 'x')}});
  const std::vector<remote::ExemplarSample> later{exemplar(9, 2), exemplar(7, 1), exemplar(11, 3), {wide, 1, second(12)}};
  writer_.series(a, {}, {}, later);
  report = send();
  EXPECT_FALSE(report.unreadable);
  EXPECT_EQ(report.refused_count, 0U);
  EXPECT_EQ(store_.counts().exemplars.load(), 4U) << "one of them was there";
  EXPECT_EQ(dropped(receive::ExemplarRefusal::out_of_order), 1U);
  EXPECT_EQ(dropped(receive::ExemplarRefusal::too_long), 1U);
  const std::vector<std::vector<tsdb::Matcher>> all{{}};
  const auto found = head_.exemplars().select(all, second(0), second(99));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].series, named("a"));
  std::vector<double> values;
  for (const tsdb::Exemplar& each : found[0].exemplars) values.push_back(each.value);
  EXPECT_EQ(values, (std::vector<double>{1, 2, 3}));
  // Each entry has its own: those behind one that is not kept are not taken for others.
  writer_.series(remote::encode_labels(named("c")), {}, {}, first);
  writer_.series(a, {}, {}, std::vector<remote::ExemplarSample>{exemplar(12, 5)});
  EXPECT_FALSE(send().unreadable);
  EXPECT_EQ(store_.counts().exemplars.load(), 5U);
  EXPECT_EQ(dropped(receive::ExemplarRefusal::no_series), 5U);
  EXPECT_EQ(head_.exemplars().select(all, second(12), second(12)).size(), 1U);
  // Their series was refused with its sample; and labels that are none cost their own exemplar alone.
  const std::vector<remote::Sample> ahead{{second(1'000'000), 1}};
  writer_.series(remote::encode_labels(named("d")), ahead, {}, first);
  const remote::ExemplarSample wrong{Labels(std::vector<Labels::Pair>{{"", "x"}}), 1, second(13)};
  writer_.series(a, {}, {}, std::vector<remote::ExemplarSample>{wrong, exemplar(13, 6)});
  EXPECT_EQ(send().taken_count, 0U);
  EXPECT_EQ(dropped(receive::ExemplarRefusal::no_series), 7U);
  EXPECT_EQ(dropped(receive::ExemplarRefusal::bad_labels), 1U);
  EXPECT_EQ(store_.counts().exemplars.load(), 6U);
  // However many come at once, all are looked at.
  std::vector<remote::ExemplarSample> many;
  for (int i = 0; i < 2'500; ++i) many.push_back(exemplar(14, i));
  writer_.series(a, {}, {}, many);
  EXPECT_FALSE(send().unreadable);
  EXPECT_EQ(store_.counts().exemplars.load(), 2'506U);
  // Of a request that cannot be read none is kept.
  writer_.series(a, {}, {}, std::vector<remote::ExemplarSample>{exemplar(20, 4)});
  const std::string broken = std::string(writer_.body()) + "\x0a\x7f";
  writer_.clear();
  EXPECT_TRUE(store_.store(remote::compress(broken)).unreadable);
  EXPECT_EQ(store_.counts().exemplars.load(), 2'506U);
}

TEST_F(write_store, native_histograms_and_staleness_pass) {
  watchbill::metrics::histogram::Histogram value;
  value.count = 3;
  value.sum = 4;
  value.positive = {{0, 1}, {1, 2}};
  const std::vector<remote::HistogramSample> histograms{{second(1), value}};
  writer_.series(remote::encode_labels(named("h")), {}, histograms);
  add(named("a"), {{second(1), tsdb::stale_marker()}});
  // And one that does not add up, as integers: count 1 and no buckets.
  std::string bad = remote::encode_labels(named("h"));
  bad += std::string("\x22\x02\x08\x01", 4);
  std::string body(writer_.body());
  body.append("\x0a").push_back(static_cast<char>(bad.size()));
  body += bad;
  const receive::WriteReport report = store_.store(remote::compress(body));
  EXPECT_EQ(report.taken_count, 2U);
  EXPECT_EQ(report.refused_count, 1U);
  EXPECT_EQ(report.refusal, "read a native histogram count: expected as many observations as the buckets hold");
  EXPECT_EQ(store_.counts().refused_before[1].load(), 1U);
  const tsdb::Snapshot snapshot = head_.snapshot();
  std::size_t found = 0;
  for (const tsdb::SeriesView& series : snapshot.select({}, now, second(2))) {
    watchbill::metrics::histogram::Arena arena;
    const auto last = series.last(second(2), arena);
    ASSERT_TRUE(last);
    if (series.labels().get("__name__") == "a") EXPECT_TRUE(tsdb::is_stale(last->v));
    else EXPECT_TRUE(watchbill::metrics::histogram::is_mark(last->v));
    ++found;
  }
  EXPECT_EQ(found, 2U);
}

TEST_F(write_store, metadata_is_remembered) {
  writer_.metadata({remote::MetricType::counter, "a", "What it counts.", "bytes"});
  writer_.metadata({remote::MetricType::gauge, "no name", "", ""});
  writer_.metadata({remote::MetricType::gauge, "b", "\xFF", ""});
  EXPECT_FALSE(send().unreadable);
  const tsdb::Snapshot snapshot = head_.snapshot();
  ASSERT_NE(snapshot.metadata("a"), nullptr);
  EXPECT_EQ(*snapshot.metadata("a"), (tsdb::Metadata{"counter", "What it counts.", "bytes"}));
  EXPECT_EQ(snapshot.metadata("no name"), nullptr);
  ASSERT_NE(snapshot.metadata("b"), nullptr);
  EXPECT_EQ(snapshot.metadata("b")->help, "");
}

TEST_F(write_store, rules_that_read_what_came_are_named) {
  const auto group_of = [](const std::string& expression) {
    rules::RuleSource rule;
    rule.alert = "A";
    rule.expression = expression;
    rule.looks_early = true;
    rules::GroupSource source;
    source.name = "g";
    source.rules.push_back(std::move(rule));
    auto compiled = rules::compile(source);
    EXPECT_TRUE(compiled) << compiled.error().text();
    return std::move(*compiled);
  };
  std::vector<rules::RuleGroup> groups;
  groups.push_back(group_of("a > 1"));
  groups.push_back(group_of("a{room='cellar'} > 1"));
  groups.push_back(group_of("b > 1"));
  store_.configure(groups);
  add(named("a", "cellar"), {{second(1), 1}});
  EXPECT_EQ(send().readers, (std::vector<rules::RulePlace>{{0, 0}, {1, 0}}));
  add(named("a", "attic"), {{second(1), 1}});
  add(named("c"), {{second(1), 1}});
  EXPECT_EQ(send().readers, (std::vector<rules::RulePlace>{{0, 0}}));
  // Again, by the digest; a sample that is refused wakes nobody.
  add(named("a", "attic"), {{second(2), 1}});
  EXPECT_EQ(send().readers, (std::vector<rules::RulePlace>{{0, 0}}));
  add(named("a", "attic"), {{second(1), 1}});
  EXPECT_TRUE(send().readers.empty());
}

TEST(label_digest, differs_for_what_differs) {
  const std::string text(40, 'a');
  std::vector<receive::LabelDigest> seen;
  for (std::size_t length = 0; length <= text.size(); ++length) seen.push_back(receive::label_digest(text.substr(0, length)));
  for (std::size_t i = 0; i < text.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = text;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      seen.push_back(receive::label_digest(flipped));
    }
  for (const std::string& zeros : {std::string(8, '\0'), std::string(16, '\0'), std::string(9, '\0')})
    seen.push_back(receive::label_digest(zeros));
  for (std::size_t i = 0; i < seen.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) {
      EXPECT_NE(seen[i].low, seen[k].low) << i << " " << k;
      EXPECT_NE(seen[i].high, seen[k].high) << i << " " << k;
    }
  EXPECT_EQ(receive::label_digest(text), receive::label_digest(std::string(40, 'a')));
}
