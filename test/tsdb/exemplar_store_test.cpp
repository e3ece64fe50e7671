#include "metrics/tsdb/exemplar_store.h"

#include <gtest/gtest.h>

#include <string>

namespace watchbill::metrics::tsdb {
namespace {

using Taken = ExemplarStore::Taken;

Labels series(const std::string& name, const std::string& job = "a") { return Labels({{"__name__", name}, {"job", job}}); }
Exemplar exemplar(const std::string& trace, double value, std::int64_t at_ms, bool has_own_time = true) {
  return {Labels({{"trace", trace}}), value, Instant{at_ms}, has_own_time};
}

std::string shown(const ExemplarStore& store, const std::vector<std::vector<Matcher>>& any_of, std::int64_t from = 0,
                  std::int64_t to = 1'000'000) {
  std::string out;
  for (const auto& [labels, exemplars] : store.select(any_of, Instant{from}, Instant{to})) {
    out += labels.text() + ":";
    for (const Exemplar& each : exemplars) out += " " + std::string(each.labels.get("trace")) + "@" + std::to_string(each.at.ms);
    out += "\n";
  }
  return out;
}

TEST(exemplar_store, selects_by_matchers_and_time_in_label_order) {
  ExemplarStore store(10);
  EXPECT_EQ(store.add(series("y"), exemplar("1", 1, 10)), Taken::stored);
  EXPECT_EQ(store.add(series("x", "b"), exemplar("2", 1, 20)), Taken::stored);
  EXPECT_EQ(store.add(series("x"), exemplar("3", 1, 30)), Taken::stored);
  EXPECT_EQ(store.add(series("x"), exemplar("4", 1, 40)), Taken::stored);
  const Matcher x = Matcher::equal("__name__", "x");
  const Matcher y = Matcher::equal("__name__", "y");
  const Matcher a = Matcher::equal("job", "a");
  EXPECT_EQ(shown(store, {{x}}), "x{job=\"a\"}: 3@30 4@40\nx{job=\"b\"}: 2@20\n");
  EXPECT_EQ(shown(store, {{x, a}, {y}}), "x{job=\"a\"}: 3@30 4@40\ny{job=\"a\"}: 1@10\n");
  EXPECT_EQ(shown(store, {{x}}, 20, 30), "x{job=\"a\"}: 3@30\nx{job=\"b\"}: 2@20\n");
  EXPECT_EQ(shown(store, {{x}}, 41, 50), "");
  EXPECT_EQ(shown(store, {}), "");
}

TEST(exemplar_store, tells_64_of_one_time_apart) {
  ExemplarStore store(100);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(store.add(series("x"), exemplar(std::to_string(i), 1, 10)), Taken::stored);
  EXPECT_EQ(store.add(series("x"), exemplar("0", 1, 10)), Taken::repeated);
  EXPECT_EQ(store.add(series("x"), exemplar("64", 1, 10)), Taken::stored);
  EXPECT_EQ(store.add(series("x"), exemplar("0", 1, 10)), Taken::stored) << "what an exemplar costs is bounded";
}

// More than bytes_max goes through it, and all that goes is given back.
TEST(exemplar_store, what_has_left_takes_no_room) {
  std::string wide;
  for (int i = 0; i < 120; ++i) wide += "€";
  ExemplarStore store(1'000);
  for (int i = 0; i < 200'000; ++i) ASSERT_EQ(store.add(series("x"), exemplar(wide, i, i)), Taken::stored);
  EXPECT_EQ(store.statistics().exemplar_count, 1'000U);
}

TEST(exemplar_store, takes_each_once_and_in_order) {
  ExemplarStore store(10);
  EXPECT_EQ(store.add(series("x"), exemplar("1", 1, 10)), Taken::stored);
  EXPECT_EQ(store.add(series("x"), exemplar("1", 1, 10)), Taken::repeated);
  EXPECT_EQ(store.add(series("x"), exemplar("1", 2, 10)), Taken::stored) << "another one of that time";
  EXPECT_EQ(store.add(series("x"), exemplar("1", 1, 10)), Taken::repeated) << "also where another one of that time came between";
  EXPECT_EQ(store.add(series("x"), exemplar("1", 1, 9)), Taken::out_of_order);
  EXPECT_EQ(store.add(series("z"), exemplar("1", 1, 10, false)), Taken::stored);
  EXPECT_EQ(store.add(series("z"), exemplar("1", 1, 20, false)), Taken::repeated) << "its time is that of the scrape";
  EXPECT_EQ(store.add(series("z"), exemplar(std::string(124, 'x'), 1, 30)), Taken::too_long);
  std::string umlauts;
  for (int i = 0; i < 123; ++i) umlauts += "ü";
  EXPECT_EQ(store.add(series("z"), exemplar(umlauts, 1, 30)), Taken::stored) << "characters are counted, not bytes";
  EXPECT_EQ(ExemplarStore(0).add(series("x"), exemplar("1", 1, 10)), Taken::off);
  EXPECT_EQ(store.statistics().appended_count, 4U);
  EXPECT_EQ(store.statistics().out_of_order_count, 1U);
}

TEST(exemplar_store, what_came_first_goes_first) {
  ExemplarStore store(3);
  for (int i = 0; i < 5; ++i)
    ASSERT_EQ(store.add(series(i % 2 == 0 ? "even" : "odd"), exemplar(std::to_string(i), 1, i)), Taken::stored);
  EXPECT_EQ(shown(store, {{}}), "even{job=\"a\"}: 2@2 4@4\nodd{job=\"a\"}: 3@3\n");
  EXPECT_EQ(store.statistics().exemplar_count, 3U);
  EXPECT_EQ(store.statistics().series_count, 2U);
  EXPECT_EQ(store.statistics().oldest_at, Instant{2});
}

TEST(exemplar_store, gives_what_came_since_in_its_order) {
  ExemplarStore store(4);
  const auto from = [&store](std::uint64_t number, std::size_t count_max = 100) {
    const ExemplarStore::Arrived arrived = store.arrived_from(number, count_max);
    std::string out = std::to_string(arrived.first) + " of " + std::to_string(arrived.number) + ":";
    for (const auto& [labels, each] : arrived.exemplars)
      out += " " + std::string(labels.get("__name__")) + std::string(each.labels.get("trace"));
    return out;
  };
  EXPECT_EQ(from(0), "0 of 0:");
  for (int i = 0; i < 6; ++i)
    ASSERT_EQ(store.add(series(i % 3 == 0 ? "x" : "y"), exemplar(std::to_string(i), 1, i)), Taken::stored);
  EXPECT_EQ(from(0), "2 of 6: y2 x3 y4 y5") << "two are forgotten";
  EXPECT_EQ(from(3, 2), "3 of 6: x3 y4");
  EXPECT_EQ(from(3, 0), "3 of 6:");
  EXPECT_EQ(from(6), "6 of 6:");
  EXPECT_EQ(from(9), "6 of 6:");
}

TEST(exemplar_store, several_of_a_series_are_taken_as_each_alone) {
  ExemplarStore store(2);
  EXPECT_EQ(store.add(series("x"), std::vector<Exemplar>{exemplar(std::string(200, 'l'), 1, 1), exemplar("1", 1, 10),
                                                         exemplar("1", 1, 10), exemplar("2", 1, 5), exemplar("3", 1, 20),
                                                         exemplar("4", 1, 30)}),
            (std::vector<Taken>{Taken::too_long, Taken::stored, Taken::repeated, Taken::out_of_order, Taken::stored,
                                Taken::stored}));
  EXPECT_EQ(shown(store, {{}}), "x{job=\"a\"}: 3@20 4@30\n");
  EXPECT_TRUE(store.add(series("y"), std::vector<Exemplar>()).empty());
  EXPECT_EQ(store.statistics().series_count, 1U);
}

TEST(exemplar_store, gives_no_more_at_once_than_fits_though_labels_are_repeated) {
  ExemplarStore store(100);
  const Labels wide({{"__name__", "x"}, {"text", std::string(ExemplarStore::arrived_bytes_max / 4, 'x')}});
  for (int i = 0; i < 7; ++i) ASSERT_EQ(store.add(wide, exemplar(std::to_string(i), 1, i)), Taken::stored);
  const ExemplarStore::Arrived arrived = store.arrived_from(2, 100);
  EXPECT_EQ(arrived.first, 2U);
  EXPECT_EQ(arrived.number, 7U);
  ASSERT_EQ(arrived.exemplars.size(), 3U);
  EXPECT_EQ(arrived.exemplars.front().second.labels.get("trace"), "2");
  EXPECT_EQ(store.arrived_from(5, 100).exemplars.size(), 2U) << "who asks on gets the others";
  const Labels wider({{"__name__", "y"}, {"text", std::string(ExemplarStore::arrived_bytes_max * 2, 'y')}});
  ASSERT_EQ(store.add(wider, exemplar("7", 1, 7)), Taken::stored);
  EXPECT_EQ(store.arrived_from(7, 100).exemplars.size(), 1U) << "one is given, however large";
}

TEST(exemplar_store, long_labels_of_series_are_bounded_in_bytes) {
  ExemplarStore store(1'000'000);
  const std::size_t label_bytes = std::size_t{1} << 20;
  for (int i = 0; i < 100; ++i) {
    const Labels labels({{"__name__", "x"}, {"i", std::to_string(i) + std::string(label_bytes, 'x')}});
    ASSERT_EQ(store.add(labels, exemplar("1", 1, i)), Taken::stored);
  }
  EXPECT_LE(store.statistics().series_count, ExemplarStore::bytes_max / label_bytes);
  EXPECT_GE(store.statistics().series_count, ExemplarStore::bytes_max / label_bytes - 2);
}

}  // namespace
}  // namespace watchbill::metrics::tsdb
