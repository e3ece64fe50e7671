// Matchers: what is read, what is refused and where, that what is written is read again, and what matches.
#include "model/matcher/matcher.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

namespace watchbill {
namespace {

// What was read, as one matcher or a list writes it; or the refusal.
std::string one(std::string_view written) {
  const Result<LabelMatcher> matcher = parse_matcher(written);
  return matcher ? text(*matcher) : "! " + matcher.error().detail;
}

std::string list(std::string_view written) {
  const Result<std::vector<LabelMatcher>> matchers = parse_matchers(written);
  return matchers ? text(*matchers) : "! " + matchers.error().detail;
}

bool is_met(std::string_view written, const Labels& labels) {
  const auto matchers = parse_matchers(written);
  EXPECT_TRUE(matchers) << written;
  return matchers && Matchers::compile(*matchers)->match(labels);
}

// Source: Alertmanager 0.25, ParseMatcher; the cases of shared/conformance named own-matcher-*.
TEST(matcher, is_read_as_alertmanager_reads_it) {
  EXPECT_EQ(one("severity=page"), R"(severity="page")");
  EXPECT_EQ(one(R"( severity =~ "page|ticket" )"), R"(severity=~"page|ticket")");
  EXPECT_EQ(one("\t a \n!~\r\fb c\t"), R"(a!~"b c")");
  EXPECT_EQ(one("a!=b"), R"(a!="b")");
  EXPECT_EQ(one("a:b=c"), R"(a:b="c")");
  EXPECT_EQ(one("a="), R"(a="")");
  EXPECT_EQ(one(R"(a="")"), R"(a="")");
  EXPECT_EQ(one("a==b"), R"(a="=b")");
  EXPECT_EQ(one("a=~~b"), R"(a=~"~b")");
  EXPECT_EQ(one("a=日本"), R"(a="日本")");
  EXPECT_EQ(one("a=b,c"), R"(a="b,c")") << "of one matcher a comma is a part";
  EXPECT_EQ(one("a=b}"), R"(a="b}")");
}

TEST(matcher, three_escapes_mean_something_and_every_other_backslash_itself) {
  EXPECT_EQ(parse_matcher(R"(a="x\ny\\z\"\d")")->value, "x\ny\\z\"\\d");
  EXPECT_EQ(parse_matcher(R"(a=x\ny\\z\"\d)")->value, "x\ny\\z\"\\d");
  EXPECT_EQ(parse_matcher("a=b\\")->value, "b\\");
  EXPECT_EQ(parse_matcher("a=\"b\nc\"")->value, "b\nc");
  EXPECT_EQ(one(R"(a=~"\\d+\.x")"), R"(a=~"\\d+\\.x")");
}

// Source: Alertmanager 0.27, matcher/parse; our escapes.
TEST(matcher, any_name_stands_in_quotes) {
  EXPECT_EQ(one(R"("a b"=c)"), R"("a b"="c")");
  EXPECT_EQ(one(R"("日\"本\\" =~ "c")"), R"("日\"本\\"=~"c")");
  EXPECT_EQ(one(R"("a"=c)"), R"(a="c")") << "quotes that are not needed";
  EXPECT_EQ(list(R"({"a,b"="c,d",e=f})"), R"({"a,b"="c,d",e="f"})");
}

TEST(matcher, lists_are_between_commas_that_stand_in_no_quotes) {
  EXPECT_EQ(list(R"({foo = "bar", dings != "bums", })"), R"({foo="bar",dings!="bums"})");
  EXPECT_EQ(list("foo=bar,dings!=bums"), R"({foo="bar",dings!="bums"})");
  EXPECT_EQ(list(R"({quote="She said: \"Hi, ladies!\"",a=b})"), R"({quote="She said: \"Hi, ladies!\"",a="b"})");
  EXPECT_EQ(list(R"(a="b\\",c=d)"), R"({a="b\\",c="d"})") << "an escaped backslash escapes no quote";
  EXPECT_EQ(list(R"(a=b\,c=d)"), R"({a="b\\",c="d"})") << "a comma cannot be escaped";
  EXPECT_EQ(list(R"(a="b c, d")"), R"({a="b c, d"})");
  EXPECT_EQ(list(""), "{}");
  EXPECT_EQ(list(" "), "{}");
  EXPECT_EQ(list("{}"), "{}");
  EXPECT_EQ(list(" { a=b } "), R"({a="b"})");
  EXPECT_EQ(list("{a=b"), R"({a="b"})");
  EXPECT_EQ(list("a=b}"), R"({a="b"})");
  EXPECT_EQ(list("b=1,a=2"), R"({b="1",a="2"})") << "in their order";
}

TEST(matcher, a_refusal_says_what_was_expected_and_where) {
  EXPECT_EQ(one("a"), "! expected =, !=, =~ or !~ behind the name a, found nothing, at byte 2");
  EXPECT_EQ(one(" a ! b"), "! expected =, !=, =~ or !~ behind the name a, found \"! b\", at byte 4");
  EXPECT_EQ(one("a-b=c"), "! expected =, !=, =~ or !~ behind the name a, found \"-b=c\", at byte 2");
  const std::string name =
      "! expected the name of a label (letters, digits, _ and :, no digit first; others in double quotes), found ";
  EXPECT_EQ(one("1a=b"), name + "\"1a=b\", at byte 1");
  EXPECT_EQ(one("=b"), name + "\"=b\", at byte 1");
  EXPECT_EQ(one(""), name + "nothing, at byte 1");
  EXPECT_EQ(one("日本日本日本日本日=b"), name + "\"日本日本日本日本\", at byte 1") << "no half characters";
  EXPECT_EQ(list("a=b,,c=d"), name + "nothing, at byte 5");
  EXPECT_EQ(list("a=b, c~d"), "! expected =, !=, =~ or !~ behind the name c, found \"~d\", at byte 7");
  EXPECT_EQ(list(" { a=b, c } "), "! expected =, !=, =~ or !~ behind the name c, found nothing, at byte 10");
  EXPECT_EQ(one("a=\"b"), "! expected a second \" behind the value, found \"\\\"b\", at byte 3");
  EXPECT_EQ(one(R"(a="b\")"), "! expected a second \" behind the value, found \"\\\"b\\\\\\\"\", at byte 3");
  EXPECT_EQ(one("\"a=b"), "! expected a second \" behind the name, found \"\\\"a=b\", at byte 1");
  EXPECT_EQ(one("\"\"=b"), "! expected the name of a label, found an empty one, at byte 1");
  EXPECT_EQ(
      one("a=b\"c"),
      "! expected no double quote in the value, found \"b\\\"c\": write it as \\\", or the whole value in quotes, at byte 4");
  EXPECT_EQ(one(R"(a="b"c)"),
            "! expected the end or a comma behind the value, found \"c\": a quote in a value is written \\\", at byte 6");
  EXPECT_EQ(one("a=~\"(\""), "! expected a regular expression (RE2), found \"(\": missing ): (, at byte 4");
  EXPECT_EQ(one("a=~(?!x)"), "! expected a regular expression (RE2), found \"(?!x)\": invalid perl operator: (?!, at byte 4");
  EXPECT_EQ(one("a!~["), "! expected a regular expression (RE2), found \"[\": missing ]: [, at byte 4");
  EXPECT_EQ(one("a=("), "a=\"(\"") << "a text is no pattern";
  EXPECT_EQ(one("a=\xff"), "! expected UTF-8, at byte 3");
}

TEST(matcher, texts_and_lists_are_bounded) {
  std::string many = "a=b";
  for (std::size_t i = 1; i < matcher_count_max; ++i) many += ",a=b";
  EXPECT_EQ(parse_matchers(many)->size(), matcher_count_max);
  EXPECT_EQ(list(many + ",a=b"), "! 1001 matchers; at most 1000 are read, at byte 4001");
  const std::string filler(matcher_text_bytes_max - 2, 'x');
  EXPECT_EQ(parse_matcher("a=" + filler)->value, filler);
  EXPECT_EQ(one("a=x" + filler), "! a text of 32769 bytes; at most 32768 are read: split it into several matchers, at byte 1");
  EXPECT_TRUE(find_fault({MatcherKind::regex, "a", "xxx" + filler}));
  EXPECT_EQ(one(R"(a=~\pL{1000})"),
            R"(! expected a regular expression (RE2), found "\\pL{1000}": pattern too large - compile failed, at byte 4)");
}

TEST(matcher, a_label_that_is_not_there_counts_as_the_empty_text) {
  const Labels labels({{"a", "x"}, {"e", ""}});
  EXPECT_TRUE(is_met("b=\"\"", labels));
  EXPECT_TRUE(is_met("b!=x", labels));
  EXPECT_TRUE(is_met("b=~.*", labels));
  EXPECT_FALSE(is_met("b=~.+", labels));
  EXPECT_TRUE(is_met("b!~.+", labels));
  EXPECT_FALSE(is_met("b!=\"\"", labels));
  EXPECT_TRUE(is_met("a!=\"\"", labels));
  EXPECT_FALSE(is_met("a!=x", labels));
}

TEST(matcher, a_pattern_matches_the_whole_value) {
  const Labels labels({{"a", "xyz"}, {"n", "x\ny"}});
  EXPECT_TRUE(is_met("a=~x.z", labels));
  EXPECT_FALSE(is_met("a=~x", labels));
  EXPECT_FALSE(is_met("a=~y", labels));
  EXPECT_FALSE(is_met("a=~z", labels));
  EXPECT_FALSE(is_met("a=~x|z", labels)) << "of both sides of |";
  EXPECT_TRUE(is_met("a!~x|z", labels));
  EXPECT_TRUE(is_met("a=~(?i)XYZ", labels));
  EXPECT_FALSE(is_met("n=~x.y", labels)) << ". is no newline";
  EXPECT_TRUE(is_met("n=~(?s)x.y", labels));
}

TEST(matcher, all_of_a_list_are_met_and_an_empty_list_is) {
  const Labels labels({{"a", "1"}, {"b", "2"}});
  EXPECT_TRUE(is_met("", labels));
  EXPECT_TRUE(is_met("a=1,b=2", labels));
  EXPECT_FALSE(is_met("a=1,b=3", labels));
  EXPECT_FALSE(is_met("a=2,b=2", labels));
}

TEST(matcher, are_sorted_by_name_value_and_operator) {
  std::vector<LabelMatcher> matchers = *parse_matchers("b=1,a!~x,a!=x,a=~x,a=y,a=x,a=~b");
  std::sort(matchers.begin(), matchers.end());
  EXPECT_EQ(text(matchers), R"({a=~"b",a="x",a!="x",a=~"x",a!~"x",a="y",b="1"})");
}

TEST(matcher, a_pattern_that_does_not_compile_makes_no_matchers) {
  EXPECT_FALSE(Matchers::compile({{MatcherKind::regex, "a", "("}}));
  EXPECT_TRUE(Matchers::compile({{MatcherKind::equal, "a", "("}}));
}

// Characters that mean something somewhere, and some that do not.
rc::Gen<std::string> some_text(const std::vector<std::string>& of) {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(of)),
                      [](const std::vector<std::string>& parts) {
                        std::string out;
                        for (const std::string& each : parts) out += each;
                        return out;
                      });
}

const std::vector<std::string> letters{"a",  "b", "_", ":", "1", " ", "\n", "\t", "\"",
                                       "\\", "n", ",", "{", "}", "=", "!",  "~",  "日"};

TEST(matcher, what_is_written_is_read_again) {
  EXPECT_TRUE(rc::check("text() of any list is read as that list", [] {
    std::vector<LabelMatcher> matchers;
    const int count = *rc::gen::inRange(0, 4);
    for (int i = 0; i < count; ++i) {
      const LabelMatcher each{
          *rc::gen::element(MatcherKind::equal, MatcherKind::not_equal, MatcherKind::regex, MatcherKind::not_regex),
          "n" + *some_text(letters), *some_text(letters)};
      if (!find_fault(each)) matchers.push_back(each);
    }
    const auto again = parse_matchers(text(matchers));
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == matchers);
    for (const LabelMatcher& each : matchers) RC_ASSERT(*parse_matcher(text(each)) == each);
  }));
}

TEST(matcher, any_text_is_read_or_refused_within_it) {
  EXPECT_TRUE(rc::check("an accepted text says the same when it is written, a refused one names one of its places", [] {
    const std::string written = *some_text(letters);
    const auto matchers = read_matchers(written);
    if (matchers) RC_ASSERT(*read_matchers(text(*matchers)) == *matchers);
    else RC_ASSERT(matchers.error().offset <= written.size() && !matchers.error().text.empty());
  }));
}

}  // namespace
}  // namespace watchbill
