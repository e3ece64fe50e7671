#include "metrics/exposition/text_parser.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "exposition/expecting.h"

namespace watchbill::metrics::exposition {
namespace {

using Entry = TextParser::Entry;

// Reads to the end; gives the error, or nothing where the page is good.
std::string error_of(std::string_view page, const TextLimits& limits = {}) {
  TextParser parser(page, limits);
  Entry entry = parser.next();
  while (entry != Entry::end && entry != Entry::malformed) entry = parser.next();
  if (entry == Entry::end) return "";
  EXPECT_EQ(parser.next(), Entry::malformed) << "malformed is final";
  return parser.error().on + ": " + parser.error().detail;
}

TEST(text_parser, gives_entries_in_the_order_of_the_page) {
  const std::string page =
      "# a comment\n"
      "# HELP http_total Requests\\nby \\\\ code.\n"
      "# TYPE http_total counter\n"
      "http_total{code=\"200\",path=\"/a \\\"b\\\"\"} 1027 1395066363000\n"
      "\n"
      "up 1";
  TextParser parser(page);
  ASSERT_EQ(parser.next(), Entry::help);
  EXPECT_EQ(parser.metric_name(), "http_total");
  EXPECT_EQ(parser.help(), "Requests\nby \\ code.");
  ASSERT_EQ(parser.next(), Entry::type);
  EXPECT_EQ(parser.type(), FamilyType::counter);
  ASSERT_EQ(parser.next(), Entry::sample);
  EXPECT_EQ(parser.series_text(), "http_total{code=\"200\",path=\"/a \\\"b\\\"\"}");
  EXPECT_EQ(parser.labels().text(), "http_total{code=\"200\", path=\"/a \\\"b\\\"\"}");
  EXPECT_EQ(parser.value(), 1027);
  EXPECT_EQ(parser.timestamp_ms(), 1395066363000);
  ASSERT_EQ(parser.next(), Entry::sample);
  EXPECT_EQ(parser.series_text(), "up");
  EXPECT_EQ(parser.timestamp_ms(), std::nullopt);
  EXPECT_EQ(parser.next(), Entry::end);
  EXPECT_EQ(parser.next(), Entry::end);
}

TEST(text_parser, says_where_and_what_was_expected) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"a 1\n  -b 2\n", "line 2, column 3: expected a metric name, a comment or an empty line"},
      {"a{x=1} 2\n", "line 1, column 5: expected a label value in double quotes"},
      {"a{x=\"1\n2\"} 3\nb{x} 1\n", "line 3, column 4: expected ="},
      {"a{x=\"1", "line 1, column 5: expected the quote that ends the label value"},
      {"a{x=\"1\\", "line 1, column 8: expected a character after the backslash"},
      {"a{x=\"\xff\"} 1", "line 1, column 6: expected UTF-8 in the label value"},
      {"a{x=\"1\",x=\"2\"} 1", "line 1, column 14: expected each label name once"},
      {"a{__name__=\"b\"} 1", "line 1, column 15: expected each label name once"},
      {"a{", "line 1, column 3: expected a label name or }"},
      {"a", "line 1, column 2: expected a value"},
      {"a 1 2x", "line 1, column 6: expected the end of the line after the time"},
      {"a 1 -2", "line 1, column 5: expected a time in milliseconds or the end of the line"},
      {"a 1 9223372036854775808", "line 1, column 5: expected a time in milliseconds below 2^63"},
      {"a 1\r\n", "line 1, column 3: expected a decimal number, +Inf, -Inf or NaN as value"},
      {"# TYPE a gauge \n", "line 1, column 10: expected counter, gauge, histogram, summary or untyped"},
      {"# TYPE a", "line 1, column 9: expected counter, gauge, histogram, summary or untyped"},
      {"# HELP 1 b", "line 1, column 8: expected a metric name after HELP"},
      {"# HELP a b\xc0", "line 1, column 11: expected UTF-8 in the help text"},
      {std::string("\0a 1", 4), "line 1, column 1: expected a metric name, a comment or an empty line"}};
  for (const auto& [page, expected] : cases) EXPECT_EQ(error_of(page), expected) << page;
}

TEST(text_parser, limits_are_met_by_name) {
  TextLimits limits;
  limits.body_bytes_max = 40;
  limits.sample_count_max = 2;
  limits.label_count_max = 1;
  limits.label_name_bytes_max = 3;
  limits.label_value_bytes_max = 4;
  EXPECT_EQ(error_of("a 1\nb{abc=\"1234\"} 2\n", limits), "");
  EXPECT_EQ(error_of(std::string(41, '\n'), limits), "line 1, column 1: the page is larger than body_bytes_max");
  EXPECT_EQ(error_of("a 1\nb 2\nc 3\n", limits), "line 3, column 1: the page has more samples than sample_count_max");
  EXPECT_EQ(error_of("a{x=\"1\",y=\"2\"} 3\n", limits), "line 1, column 9: the sample has more labels than label_count_max");
  EXPECT_EQ(error_of("a{abcd=\"1\"} 3\n", limits), "line 1, column 3: the label name is longer than label_name_bytes_max");
  EXPECT_EQ(error_of("a{a=\"12345\"} 3\n", limits), "line 1, column 6: the label value is longer than label_value_bytes_max");
  TextParser parser("a 1\nb 2\nc 3\n", limits);
  while (parser.next() != Entry::malformed) {}
  EXPECT_EQ(parser.error().kind, ErrorKind::exhausted);
}

TEST(text_parser, comments_that_only_look_like_metadata_say_nothing) {
  for (const std::string page :
       {"#", "# ", "#HELP a b\n", "# HELPER a b\n", "# HELP", "# TYPE", "#\tEOF\n", "# help a b\n", "# UNIT a b\n"}) {
    TextParser parser(page);
    EXPECT_EQ(parser.next(), Entry::end) << page;
  }
}

TEST(text_parser, many_labels_are_checked_for_duplicates_too) {
  std::string page = "a{";
  for (int i = 0; i < 200; ++i) page += "l" + std::to_string(i) + "=\"1\",";
  EXPECT_EQ(error_of(page + "} 1"), "");
  EXPECT_NE(error_of(page + "l77=\"1\"} 1").find("each label name once"), std::string::npos);
  EXPECT_NE(error_of(page + "__name__=\"1\"} 1").find("each label name once"), std::string::npos);
}

TEST(text_parser, what_is_expected_changes_nothing_but_the_time_it_takes) {
  const std::vector<std::string> texts{"a", "ab", "a{x=\"1\"}", "a {x=\"1\"}", "a{}", "a{x=\"1\",}", "a{x=\"}\"}", ":a"};
  std::vector<std::string> lines;
  for (const std::string& text : texts)
    for (const std::string behind :
         {" 1", " 1 5", "  1\t7", "\t2", "1", "", " ", " x", " 1 x", " 1.5e+06", " NaN", " -3 -4", " 12345678901234567890"})
      lines.push_back(text + behind);
  lines.insert(lines.end(), {"a  {x=\"1\"} 1", "a \t{x=\"1\"} 1", "a{x=\"1\" 1", "a{x=\"1\"}{y=\"2\"} 1", "a#1"});
  std::size_t passed = 0;
  for (const std::string& line : lines)
    for (const std::string end : {"", "\n", "\nb 2\n"}) {
      std::size_t none = 0;
      const std::string plain = read_expecting<TextParser>(line + end, "", none);
      EXPECT_EQ(none, 0U);
      for (const std::string& expected : texts)
        EXPECT_EQ(read_expecting<TextParser>(line + end, expected, passed), plain) << line << " / " << expected;
    }
  EXPECT_GT(passed, 100U);
}

}  // namespace
}  // namespace watchbill::metrics::exposition
