// What build servers read: well-formed whatever the names are.
#include <gtest/gtest.h>

#include "ruletest/memory.h"

namespace watchbill::ruletest {
namespace {

TEST(junit, has_a_suite_for_each_file_and_a_case_for_each_test) {
  const config::Place place{"a.yml", {3, 5}};
  FileReport file{"a.yml", {}, true, {}};
  file.verdicts.push_back({"good", place, Outcome::passed, {}});
  file.verdicts.push_back({"bad",
                           place,
                           Outcome::failed,
                           {{place, "alert A at 5m", {"fires, not expected: {}"}}, {place, "expr \"a\" at 0s", {"x"}}}});
  file.verdicts.push_back({"later", place, Outcome::refused, {{place, "not_yet_supported", {"native histograms"}}}});
  FileReport wrong{"b.yml", {{config::Severity::error, "syntax", {"b.yml", {1, 2}}, "", "what"}}, false, {}};
  EXPECT_EQ(junit_document({file, wrong}, Instant{1'772'366'400'000}),
            R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="a.yml" tests="3" failures="1" errors="1" skipped="0" timestamp="2026-03-01T12:00:00">
    <testcase name="good"/>
    <testcase name="bad">
      <failure message="alert A at 5m, and 1 more">a.yml:3:5: test &#34;bad&#34;: alert A at 5m&#xA;  )"
            R"(fires, not expected: {}&#xA;a.yml:3:5: test &#34;bad&#34;: expr &#34;a&#34; at 0s&#xA;  x&#xA;</failure>
    </testcase>
    <testcase name="later">
      <error message="not_yet_supported">a.yml:3:5: test &#34;later&#34;: not_yet_supported&#xA;  native histograms&#xA;</error>
    </testcase>
  </testsuite>
  <testsuite name="b.yml" tests="1" failures="0" errors="1" skipped="0" timestamp="2026-03-01T12:00:00">
    <testcase name="b.yml">
      <error message="the file cannot be taken">b.yml:1:2: error: what [syntax]&#xA;</error>
    </testcase>
  </testsuite>
</testsuites>
)");
}

TEST(junit, holds_no_character_that_xml_cannot) {
  const std::string hostile = std::string("\"/><!--&]]>\x01\x00\x1b\x7f\xff\xc0\xaf", 18) +
                              "\xed\xa0\x80 \xef\xbf\xbf \xf4\x90\x80\x80 \r\n\t ü\xf0\x9f\x98\x80 \xe2\x82";
  FileReport file{hostile, {}, true, {{hostile, {}, Outcome::passed, {}}}};
  const std::string text = junit_document({file}, Instant{});
  const std::string name =
      "&#34;/&gt;&lt;!--&amp;]]&gt;\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\x7f\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
      "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD "
      "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD "
      "&#xD;&#xA;&#x9; ü\xf0\x9f\x98\x80 \xEF\xBF\xBD\xEF\xBF\xBD";
  EXPECT_NE(text.find("<testcase name=\"" + name + "\"/>"), std::string::npos) << text;
  EXPECT_NE(text.find("<testsuite name=\"" + name + "\" tests=\"1\""), std::string::npos) << text;
}

}  // namespace
}  // namespace watchbill::ruletest
