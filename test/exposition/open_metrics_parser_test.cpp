#include "metrics/exposition/open_metrics_parser.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "exposition/expecting.h"
#include "metrics/exposition/page_format.h"

namespace watchbill::metrics::exposition {
namespace {

using Entry = OpenMetricsParser::Entry;

// Reads to the end; gives the error, or nothing where the page is good.
std::string error_of(std::string_view page, const TextLimits& limits = {}) {
  OpenMetricsParser parser(page, limits);
  Entry entry = parser.next();
  while (entry != Entry::end && entry != Entry::malformed) entry = parser.next();
  EXPECT_EQ(parser.next(), entry) << "both ends are final";
  return entry == Entry::end ? "" : parser.error().on + ": " + parser.error().detail;
}

TEST(open_metrics_parser, gives_entries_in_the_order_of_the_page) {
  const std::string page =
      "# TYPE http_seconds counter\n"
      "# UNIT http_seconds seconds\n"
      "# HELP http_seconds Time \\\"spent\\\".\n"
      "http_seconds_total{code=\"200\"} 17.5 1395066363.25 # {trace=\"ü\\\"\"} 0.5 1395066363\n"
      "http_seconds_created{code=\"200\"} 1e9\n"
      "# EOF\n";
  OpenMetricsParser parser(page);
  ASSERT_EQ(parser.next(), Entry::type);
  EXPECT_EQ(parser.metric_name(), "http_seconds");
  EXPECT_EQ(parser.type(), FamilyType::counter);
  ASSERT_EQ(parser.next(), Entry::unit);
  EXPECT_EQ(parser.unit(), "seconds");
  ASSERT_EQ(parser.next(), Entry::help);
  EXPECT_EQ(parser.help(), "Time \"spent\".");
  ASSERT_EQ(parser.next(), Entry::sample);
  EXPECT_EQ(parser.series_text(), "http_seconds_total{code=\"200\"}");
  EXPECT_EQ(parser.labels().text(), "http_seconds_total{code=\"200\"}");
  EXPECT_EQ(parser.value(), 17.5);
  EXPECT_EQ(parser.timestamp_ms(), 1395066363250);
  ASSERT_TRUE(parser.exemplar());
  EXPECT_EQ(parser.exemplar()->labels.text(), "{trace=\"ü\\\"\"}");
  EXPECT_EQ(parser.exemplar()->value, 0.5);
  EXPECT_EQ(parser.exemplar()->timestamp_ms, 1395066363000);
  ASSERT_EQ(parser.next(), Entry::sample);
  EXPECT_EQ(parser.series_text(), "http_seconds_created{code=\"200\"}");
  EXPECT_EQ(parser.timestamp_ms(), std::nullopt);
  EXPECT_FALSE(parser.exemplar()) << "that of the sample before";
  EXPECT_EQ(parser.next(), Entry::end);
  EXPECT_EQ(parser.next(), Entry::end);
}

TEST(open_metrics_parser, says_where_and_what_was_expected) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "line 1, column 1: expected # EOF where the page ends"},
      {"a 1\n", "line 2, column 1: expected # EOF where the page ends"},
      {"a 1\n# EOF\n\n", "line 3, column 1: expected nothing behind # EOF"},
      {"a 1\n\n# EOF", "line 2, column 1: expected a metric name, # HELP, # TYPE, # UNIT or # EOF"},
      {"# a\n# EOF", "line 1, column 1: expected # HELP, # TYPE, # UNIT or # EOF"},
      {"# HELP  a b\n# EOF", "line 1, column 8: expected a metric name after # HELP, # TYPE or # UNIT"},
      {"# HELP a\n# EOF", "line 1, column 9: expected one blank after the metric name"},
      {"# HELP a b", "line 1, column 11: expected the end of the line"},
      {"# HELP a \xc0\n# EOF", "line 1, column 10: expected UTF-8 in the help text"},
      {"# TYPE a gauges\n# EOF",
       "line 1, column 10: expected counter, gauge, histogram, gaugehistogram, summary, info, stateset or unknown"},
      {"# UNIT a_ms seconds\n# EOF", "line 1, column 13: expected the unit that the metric's name ends with"},
      {"# UNIT ams ms\n# EOF", "line 1, column 12: expected the unit that the metric's name ends with"},
      {"# UNIT ms ms\n# EOF", "line 1, column 11: expected the unit that the metric's name ends with"},
      {"a {x=\"1\"} 1\n# EOF", "line 1, column 3: expected a decimal number, +Inf, -Inf or NaN as value"},
      {"a{x=\"1\",} 1\n# EOF", "line 1, column 9: expected a label name"},
      {"a{,} 1\n# EOF", "line 1, column 3: expected a label name or }"},
      {"a{x=\"1\"y=\"2\"} 1\n# EOF", "line 1, column 8: expected , or }"},
      {"a{x=\"1\n\"} 1\n# EOF", "line 1, column 5: expected the quote that ends the label value"},
      {"a{x=\"1\",x=\"2\"} 1\n# EOF", "line 1, column 14: expected each label name once"},
      {"a{x=\"\xff\"} 1\n# EOF", "line 1, column 6: expected UTF-8 in the label value"},
      {"a", "line 1, column 2: expected one blank and a value"},
      {"a 1", "line 1, column 4: expected the end of the line"},
      {"a 1 \n# EOF", "line 1, column 5: expected a time in seconds since 1970, or the end of the line"},
      {"a 1 1e30\n# EOF", "line 1, column 5: expected a time in seconds since 1970, or the end of the line"},
      {"a 1 2 3\n# EOF", "line 1, column 6: expected the end of the line"},
      {"a 1 # {} 1\n# EOF", "line 1, column 4: expected an exemplar only where the metric's name ends with _total or _bucket"},
      {"a_total 1 # {x=\"1\",x=\"2\"} 1\n# EOF", "line 1, column 25: expected each label name once"},
      {"a_total 1 # {} 1 2 3\n# EOF", "line 1, column 19: expected the end of the line"},
      {std::string("a 1\n\0# EOF", 10), "line 2, column 1: expected a metric name, # HELP, # TYPE, # UNIT or # EOF"}};
  for (const auto& [page, expected] : cases) EXPECT_EQ(error_of(page), expected) << page;
}

TEST(open_metrics_parser, limits_are_met_by_name) {
  TextLimits limits;
  limits.body_bytes_max = 40;
  limits.sample_count_max = 2;
  limits.label_count_max = 1;
  limits.label_name_bytes_max = 3;
  limits.label_value_bytes_max = 4;
  EXPECT_EQ(error_of("a 1\nb{abc=\"1234\"} 2\n# EOF\n", limits), "");
  EXPECT_EQ(error_of(std::string(41, 'a'), limits), "line 1, column 1: the page is larger than body_bytes_max");
  EXPECT_EQ(error_of("a 1\nb 2\nc 3\n# EOF", limits), "line 3, column 1: the page has more samples than sample_count_max");
  EXPECT_EQ(error_of("a{x=\"1\",y=\"2\"} 3\n", limits), "line 1, column 8: the sample has more labels than label_count_max");
  EXPECT_EQ(error_of("a{abcd=\"1\"} 3\n", limits), "line 1, column 3: the label name is longer than label_name_bytes_max");
  EXPECT_EQ(error_of("a{a=\"12345\"} 3\n", limits), "line 1, column 6: the label value is longer than label_value_bytes_max");
}

TEST(page_format, is_open_metrics_where_the_header_says_so_in_words_that_can_be_read) {
  for (const std::string type :
       {"application/openmetrics-text", " application/openmetrics-text ", "Application/OpenMetrics-Text; Version=1.0.0",
        "application/openmetrics-text;version=\"1.0;0\";charset=utf-8;", "application/openmetrics-text; version=0.0.1"})
    EXPECT_EQ(page_format(type), PageFormat::open_metrics) << type;
  for (const std::string type :
       {"", "text/plain", "text/plain; version=0.0.4", "application/json", "application/openmetrics-text2", "openmetrics-text",
        "application/openmetrics-text; version==;;=", "application/openmetrics-text; version", "application/openmetrics-text;;",
        "application/openmetrics-text; a=1; A=2", "application/openmetrics-text; a=\"1", "application/vnd.google.protobuf2",
        "application/vnd.google.protobuf; encoding"})
    EXPECT_EQ(page_format(type), PageFormat::text) << type;
  for (const std::string type :
       {"application/vnd.google.protobuf",
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"})
    EXPECT_EQ(page_format(type), PageFormat::protobuf) << type;
}

TEST(open_metrics_parser, what_is_expected_changes_nothing_but_the_time_it_takes) {
  const std::vector<std::string> texts{"a_total", "a", "a_total{x=\"1\"}", "a{}", "a_bucket{le=\"}\"}"};
  std::size_t passed = 0;
  for (const std::string& text : texts)
    for (const std::string behind : {" 1", " 1 5", "  1", "\t2", "1", "", " ", " x", " 1 x", " 1.5e+06", " 1 # {t=\"9\"} 0.5",
                                     " 1 5 # {t=\"9\"} 0.5 7", " 2 #"})
      for (const std::string end : {"", "\n", "\n# EOF", "\nb 2\n# EOF\n"}) {
        std::size_t none = 0;
        const std::string page = text + behind + end;
        const std::string plain = read_expecting<OpenMetricsParser>(page, "", none);
        EXPECT_EQ(none, 0U);
        for (const std::string& expected : texts)
          EXPECT_EQ(read_expecting<OpenMetricsParser>(page, expected, passed), plain) << page << " / " << expected;
      }
  EXPECT_GT(passed, 30U);
}

}  // namespace
}  // namespace watchbill::metrics::exposition
