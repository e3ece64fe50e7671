#include "metrics/exposition/page.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "metrics/exposition/text_parser.h"

namespace watchbill::metrics::exposition {
namespace {

Labels one(const std::string& name, const std::string& value) {
  Labels labels;
  labels.set(name, value);
  return labels;
}

TEST(page, families_come_by_name_and_series_by_labels) {
  Page page;
  page.gauge({"b_depth", "Items that wait.\nBy lane, \\ in order."}, one("lane", "people"), 2);
  page.gauge({"b_depth", ""}, one("lane", "a \"quoted\" \\ name\nwith a line"), 1.5);
  page.counter({"a_total", ""}, {}, 1e6);
  EXPECT_EQ(page.text(),
            "# TYPE a_total counter\n"
            "a_total 1e+06\n"
            "# HELP b_depth Items that wait.\\nBy lane, \\\\ in order.\n"
            "# TYPE b_depth gauge\n"
            "b_depth{lane=\"a \\\"quoted\\\" \\\\ name\\nwith a line\"} 1.5\n"
            "b_depth{lane=\"people\"} 2\n");
}

TEST(page, a_histogram_counts_all_below_each_bound) {
  Page page;
  const std::array<double, 2> bounds{0.005, 1};
  const std::array<std::uint64_t, 3> counts{3, 0, 2};
  page.histogram({"t_seconds", "Time."}, one("job", "a"), {bounds, counts, 12.25});
  EXPECT_EQ(page.text(),
            "# HELP t_seconds Time.\n"
            "# TYPE t_seconds histogram\n"
            "t_seconds_bucket{job=\"a\",le=\"0.005\"} 3\n"
            "t_seconds_bucket{job=\"a\",le=\"1\"} 3\n"
            "t_seconds_bucket{job=\"a\",le=\"+Inf\"} 5\n"
            "t_seconds_sum{job=\"a\"} 12.25\n"
            "t_seconds_count{job=\"a\"} 5\n");
}

TEST(page, a_state_set_has_exactly_one_1) {
  Page page;
  const std::array<std::string_view, 3> states{"up", "down", "unknown"};
  page.state_set({"s", ""}, one("workload", "web"), {"state", states, "down"});
  EXPECT_EQ(page.text(),
            "# TYPE s gauge\n"
            "s{state=\"down\",workload=\"web\"} 1\n"
            "s{state=\"unknown\",workload=\"web\"} 0\n"
            "s{state=\"up\",workload=\"web\"} 0\n");
  EXPECT_DEATH(page.state_set({"s", ""}, one("workload", "db"), {"state", states, "gone"}), "exactly one 1");
}

TEST(page, an_empty_page_is_empty) { EXPECT_EQ(Page().text(), ""); }

TEST(page, what_is_written_reads_back) {
  Page page;
  const std::string hostile = "\\n\"\n\\\\ü}{=,#";
  page.gauge({"m", hostile}, one("l", hostile), 0.1);
  const std::string text = page.text();
  TextParser parser(text);
  ASSERT_EQ(parser.next(), TextParser::Entry::help);
  EXPECT_EQ(parser.help(), hostile);
  ASSERT_EQ(parser.next(), TextParser::Entry::type);
  EXPECT_EQ(parser.type(), FamilyType::gauge);
  ASSERT_EQ(parser.next(), TextParser::Entry::sample);
  EXPECT_EQ(parser.labels().get("l"), hostile);
  EXPECT_EQ(parser.value(), 0.1);
  EXPECT_EQ(parser.next(), TextParser::Entry::end);
}

}  // namespace
}  // namespace watchbill::metrics::exposition
