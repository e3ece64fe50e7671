#include "metrics/tsdb/matcher.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace watchbill::metrics::tsdb {
namespace {

struct Case {
  MatchKind kind;
  std::string value;
  std::string label;
  bool is_match;
};

TEST(matcher, meets_the_table_of_prometheus) {
  using enum MatchKind;
  const std::vector<Case> cases{
      {equal, "a", "a", true},
      {equal, "a", "b", false},
      {equal, "a", "", false},
      {equal, "", "", true},
      {equal, "", "a", false},
      {not_equal, "a", "a", false},
      {not_equal, "a", "b", true},
      {not_equal, "a", "", true},
      {not_equal, "", "", false},
      {not_equal, "", "a", true},
      // The whole value must match.
      {regex, "a", "a", true},
      {regex, "a", "ab", false},
      {regex, "a", "ba", false},
      {regex, "a.*", "abc", true},
      {regex, ".*a", "ba", true},
      {regex, "b|a.c", "abc", true},
      {regex, "b|a.c", "bc", false},
      // `.` matches a newline.
      {regex, "a.b", "a\nb", true},
      {regex, ".*", "a\nb", true},
      {regex, ".+", "", false},
      {regex, ".*", "", true},
      {regex, "", "", true},
      {regex, "", "a", false},
      {regex, "a|", "", true},
      {regex, "a|", "a", true},
      {regex, "a|", "b", false},
      {regex, "a|b|c", "b", true},
      {regex, "a|b|c", "abc", false},
      {regex, "(a|b)", "b", true},
      {regex, "(?:a|b)", "c", false},
      {regex, "10\\.0\\.0\\.1", "10.0.0.1", true},
      {regex, "10\\.0\\.0\\.1", "10x0x0x1", false},
      {regex, "10.0", "10x0", true},
      {regex, "(?i)get|post", "POST", true},
      {regex, "[ab]c?", "a", true},
      {regex, "a{2}", "aa", true},
      {regex, "\\d+", "12", true},
      {regex, "ü.", "üx", true},
      {regex, ".", "ü", true},
      {regex, "ab*", "a", true},
      {regex, "ab?", "a", true},
      {regex, "(a)|(b)", "b", true},
      {regex, "a\\|b", "a|b", true},
      {regex, "a\\|b", "a", false},
      {not_regex, "a", "a", false},
      {not_regex, "a", "", true},
      {not_regex, ".+", "", true},
      {not_regex, ".+", "a", false},
      {not_regex, "a|b", "c", true},
      {not_regex, "a|", "", false},
  };
  for (const Case& c : cases) {
    const Result<Matcher> matcher = Matcher::create("l", c.kind, c.value);
    ASSERT_TRUE(matcher.has_value()) << c.value;
    EXPECT_EQ(matcher->matches(c.label), c.is_match) << matcher->text() << " on \"" << c.label << '"';
    EXPECT_EQ(matcher->matches_empty(), matcher->matches("")) << matcher->text();
  }
}

TEST(matcher, patterns_that_do_not_compile_are_refused_with_the_reason) {
  for (const std::string pattern : {"(", "a**", "[", "(?=a)", "(?<x>a", "a{1001}", "\\", "(a\\)", "\\p{Nope}", "\xff"}) {
    const Result<Matcher> matcher = Matcher::create("l", MatchKind::regex, pattern);
    ASSERT_FALSE(matcher.has_value()) << pattern;
    EXPECT_EQ(matcher.error().kind, ErrorKind::invalid);
    EXPECT_FALSE(matcher.error().detail.empty());
  }
  EXPECT_FALSE(Matcher::create("l", MatchKind::regex, std::string(pattern_bytes_max + 1, 'a')).has_value());
  EXPECT_FALSE(Matcher::create("l", MatchKind::not_regex, "((((a{100}){100}){100}){100})").has_value()) << "memory is bounded";
}

TEST(matcher, choices_of_plain_texts_are_look_ups) {
  const auto literals = [](const std::string& pattern) { return Matcher::create("l", MatchKind::regex, pattern)->literals(); };
  EXPECT_EQ(literals("c|a|b|a"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(literals("(?:x|y\\.z)"), (std::vector<std::string>{"x", "y.z"}));
  EXPECT_EQ(literals("abc"), (std::vector<std::string>{"abc"}));
  EXPECT_TRUE(literals("a.c").empty());
  EXPECT_TRUE(literals("a\\d").empty());
}

TEST(matcher, a_prefix_is_what_every_match_begins_with) {
  const auto prefix = [](const std::string& pattern) { return Matcher::create("l", MatchKind::regex, pattern)->prefix(); };
  EXPECT_EQ(prefix("node_.*"), "node_");
  EXPECT_EQ(prefix("abc"), "abc");
  EXPECT_EQ(prefix("ab?"), "a");
  EXPECT_EQ(prefix("(?i)abc"), "");
  EXPECT_EQ(prefix(".*abc"), "");
  EXPECT_EQ(prefix("(abc|abd).*"), "ab");
}

TEST(matcher, writes_itself_as_promql_does) {
  EXPECT_EQ(Matcher::equal("job", "a\"b").text(), "job=\"a\\\"b\"");
  EXPECT_EQ(Matcher::create("job", MatchKind::not_regex, "a.*")->text(), "job!~\"a.*\"");
}

}  // namespace
}  // namespace watchbill::metrics::tsdb
