// Time zone files: what they give, that two ways to write a zone are one, and what is refused at which byte.
#include <string>

#include <gtest/gtest.h>

#include "config/zone_file.h"
#include "model/codec.h"
#include "zone_bytes.h"

namespace watchbill::config {
namespace {

std::string read(const ZoneBytes& bytes) {
  const auto zone = parse_zone_file(bytes.text(), "Test/Zone");
  return zone ? canonical_text(*zone) : "at " + std::to_string(zone.error().offset) + ": " + zone.error().text;
}

std::string read_footer(const std::string& text) {
  const auto footer = parse_zone_footer(text);
  if (!footer) return "at " + std::to_string(footer.error().offset) + ": " + footer.error().text;
  return std::to_string(footer->standard_offset) + (footer->rule ? " " + canonical_text(*footer->rule) : "");
}

constexpr std::int64_t some_time_in_2019 = 1'554'000'000;
// Changes of Vienna's clocks from 2019 on.
const std::vector<ZoneBytes::Transition> vienna_changes{{1'553'994'000, 1}, {1'572'138'000, 0}, {1'585'443'600, 1},
                                                        {1'603'587'600, 0}, {1'616'893'200, 1}, {1'635'642'000, 0}};

TEST(zone_file, one_with_every_year_written_out_says_what_its_rule_says) {
  const std::string by_rule = read({{3600}, {}, vienna_footer});
  EXPECT_EQ(by_rule,
            "{\"first_offset\":0,\"name\":\"Test/Zone\",\"rule\":{\"begin\":{\"day\":0,\"kind\":\"weekday_of_month\",\"month\":3,"
            "\"second\":7200,\"week\":5},\"daylight_offset\":7200,\"end\":{\"day\":0,\"kind\":\"weekday_of_month\",\"month\":10,"
            "\"second\":10800,\"week\":5},\"standard_offset\":3600}}");
  EXPECT_EQ(read({{3600, 7200}, vienna_changes, vienna_footer}), by_rule);
}

TEST(zone_file, what_the_rule_does_not_say_stays) {
  // A year of another habit before the rule.
  std::vector<ZoneBytes::Transition> changes = vienna_changes;
  changes[2].second -= 86'400;
  const std::string text = read({{3600, 7200}, changes, vienna_footer});
  EXPECT_NE(text.find("\"transitions\":[{\"at_ms\":1585357200000,\"offset\":7200},{\"at_ms\":1603587600000,\"offset\":3600}]}"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\"first_offset\":3600"), std::string::npos) << text;
}

TEST(zone_file, a_year_in_which_the_rule_did_not_hold_stays) {
  // No daylight time in 2021.
  const std::vector<ZoneBytes::Transition> changes{
      {1'585'443'600, 1}, {1'603'587'600, 0}, {1'648'342'800, 1}, {1'667'091'600, 0}};
  const std::string text = read({{3600, 7200}, changes, vienna_footer});
  EXPECT_NE(text.find("\"transitions\":[{\"at_ms\":1585443600000,\"offset\":7200},{\"at_ms\":1603587600000,\"offset\":3600},"
                      "{\"at_ms\":1648342800000,\"offset\":7200}]}"),
            std::string::npos)
      << text;
}

TEST(zone_file, an_offset_that_the_rule_does_not_have_stays) {
  const std::string text = read({{3600, 10'800}, {{1'585'443'600, 1}}, vienna_footer});
  EXPECT_NE(text.find("\"transitions\":[{\"at_ms\":1585443600000,\"offset\":10800}]}"), std::string::npos) << text;
}

TEST(zone_file, without_a_rule_the_last_offset_goes_on) {
  EXPECT_EQ(read({{0, 12'600, 16'200}, {{1'500'000'000, 1}, {1'700'000'000, 2}}, ""}),
            "{\"first_offset\":12600,\"name\":\"Test/Zone\",\"transitions\":[{\"at_ms\":1700000000000,\"offset\":16200}]}");
  EXPECT_EQ(read({{0, 12'600}, {{some_time_in_2019, 1}}, ""}), "{\"first_offset\":12600,\"name\":\"Test/Zone\"}");
  EXPECT_EQ(read({{7}, {}, "<+0545>-5:45"}), "{\"first_offset\":20700,\"name\":\"Test/Zone\"}");
}

TEST(zone_file, what_is_none_is_refused_at_its_byte) {
  EXPECT_EQ(read({{0}, {}, "UTC0", '\0'}), "at 4: expected version 2 or later: files of version 1 end in 2037");
  EXPECT_EQ(read({{}, {}, "UTC0"}), "at 95: expected at least one kind of time");
  EXPECT_EQ(read({{0}, {}, "UTC0", '2', 1}),
            "at 95: expected no leap seconds: zones of right/ count other seconds than clocks do");
  EXPECT_EQ(read({{0, 1}, {{5, 1}, {5, 0}}, "UTC0"}), "at 103: expected transitions in the order of time");
  EXPECT_EQ(read({{0}, {{5, 1}}, "UTC0"}), "at 103: there is no kind of time 1");
  EXPECT_EQ(read({{100'000}, {}, "UTC0"}), "at 95: expected an offset of less than a day and an hour, found 100000 s");
  EXPECT_EQ(read({{0}, {}, "UTC"}), "at 106: expected a number from 0 to 24");
  const std::string whole = ZoneBytes{{0}, {}, "UTC0"}.text();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto zone = parse_zone_file(whole.substr(0, size), "");
    ASSERT_FALSE(zone) << size;
    EXPECT_LE(zone.error().offset, size);
  }
  std::string huge = whole;
  huge.replace(51 + 32, 4, "\xff\xff\xff\xff");
  EXPECT_EQ(parse_zone_file(huge, "").error().text.find("expected 38654705"), 0U) << parse_zone_file(huge, "").error().text;
  EXPECT_EQ(parse_zone_file(std::string(zone_file_bytes_max + 1, 'T'), "").error().text, "expected at most 262144 bytes");
  EXPECT_EQ(parse_zone_file("# tzdata.zi", "").error().text, "expected TZif: this is no time zone file");
}

TEST(zone_file, rules_are_read_in_all_their_forms) {
  EXPECT_EQ(read_footer("UTC0"), "0");
  EXPECT_EQ(read_footer("EST+5"), "-18000");
  EXPECT_EQ(
      read_footer("<-02>2<-01>,M3.5.0/-1,M10.5.0/0"),
      "-7200 {\"begin\":{\"day\":0,\"kind\":\"weekday_of_month\",\"month\":3,\"second\":-3600,\"week\":5},\"daylight_offset\":"
      "-3600,\"end\":{\"day\":0,\"kind\":\"weekday_of_month\",\"month\":10,\"second\":0,\"week\":5},\"standard_offset\":-7200}");
  EXPECT_EQ(
      read_footer("AAA4:30:15BBB3,J60/0,300/167:59:59"),
      "-16215 {\"begin\":{\"day\":60,\"kind\":\"day_without_leap\",\"month\":0,\"second\":0,\"week\":0},\"daylight_offset\":"
      "-10800,\"end\":{\"day\":300,\"kind\":\"day_of_year\",\"month\":0,\"second\":604799,\"week\":0},\"standard_offset\":"
      "-16215}");
}

TEST(zone_file, what_is_no_rule_is_refused_at_its_byte) {
  EXPECT_EQ(read_footer(""), "at 0: expected the short name of a time, of three letters at least");
  EXPECT_EQ(read_footer("AB1"), "at 2: expected the short name of a time, of three letters at least");
  EXPECT_EQ(read_footer("<+01,1"), "at 4: expected >");
  EXPECT_EQ(read_footer("CET25"), "at 3: expected a number from 0 to 24");
  EXPECT_EQ(read_footer("CET-1CEST"), "at 9: expected a number from 0 to 24");
  EXPECT_EQ(read_footer("CET-1CEST-2"), "at 11: expected ,");
  EXPECT_EQ(read_footer("CET-1CEST,M13.5.0,M10.5.0"), "at 11: expected a number from 1 to 12");
  EXPECT_EQ(read_footer("CET-1CEST,M3.6.0,M10.5.0"), "at 13: expected a number from 1 to 5");
  EXPECT_EQ(read_footer("CET-1CEST,M3.5.7,M10.5.0"), "at 15: expected a number from 0 to 6");
  EXPECT_EQ(read_footer("CET-1CEST,M3.5.0/168,M10.5.0"), "at 17: expected a number from 0 to 167");
  EXPECT_EQ(read_footer("CET-1CEST,J0,J365"), "at 11: expected a number from 1 to 365");
  EXPECT_EQ(read_footer("CET-1CEST,M3.5.0,M10.5.0 "), "at 24: expected nothing behind the rule");
}

}  // namespace
}  // namespace watchbill::config
