// What discovery files and servers say, and where it is wrong.
#include "config/discovery.h"

#include <gtest/gtest.h>

namespace watchbill::config {
namespace {

std::string groups_in(const std::string& text, GroupSyntax syntax) {
  const auto groups = parse_target_groups(text, "f", syntax);
  if (!groups) return groups.error().text();
  std::string out;
  for (const StaticTargets& group : *groups) {
    for (const std::string& target : group.targets) out += target + " ";
    out += group.labels.text() + "; ";
  }
  return out;
}

TEST(target_groups, are_alike_in_json_and_yaml) {
  constexpr const char* expected = R"(a:1 b {__meta_x="y", job="z"}; {}; c {}; )";
  EXPECT_EQ(groups_in(R"([{"targets": ["a:1", "b"], "labels": {"__meta_x": "y", "job": "z", "none": ""}}, {}, )"
                      R"({"targets": ["c"], "labels": null}])",
                      GroupSyntax::json),
            expected);
  EXPECT_EQ(groups_in("- targets: [a:1, b]\n  labels: {__meta_x: y, job: z, none: ''}\n- {}\n- targets:\n  - c\n  labels:\n",
                      GroupSyntax::yaml),
            expected);
  EXPECT_EQ(groups_in("", GroupSyntax::yaml), "");
  EXPECT_EQ(groups_in("[]", GroupSyntax::json), "");
}

TEST(target_groups, say_where_they_are_wrong) {
  EXPECT_EQ(groups_in("{}", GroupSyntax::json),
            "read targets f: line 1, column 1: expected a list of objects with the keys targets and labels");
  EXPECT_EQ(groups_in("[\n 1]", GroupSyntax::json),
            "read targets f: line 2, column 2: expected an object with the keys targets and labels");
  EXPECT_EQ(groups_in(R"([{"targets": "a"}])", GroupSyntax::json),
            "read targets f: line 1, column 14: expected a list of texts such as HOST:PORT");
  EXPECT_EQ(groups_in(R"([{"targets": ["a", 1]}])", GroupSyntax::json),
            "read targets f: line 1, column 20: expected a text such as HOST:PORT");
  EXPECT_EQ(groups_in(R"([{"labels": {"a": 1}}])", GroupSyntax::json), "read targets f: line 1, column 19: expected a text");
  EXPECT_EQ(groups_in(R"([{"target": []}])", GroupSyntax::json),
            "read targets f: line 1, column 13: expected one of the keys targets and labels, found \"target\"");
  EXPECT_NE(groups_in(R"([{"targets": )", GroupSyntax::json).find("line 1, column "), std::string::npos);
  EXPECT_EQ(groups_in("- targets: a\n", GroupSyntax::yaml),
            "read targets f: line 1, column 12: [0].targets: expected a list of targets, found \"a\"");
  EXPECT_EQ(groups_in("- target: [a]\n", GroupSyntax::yaml),
            "read targets f: line 1, column 3: [0].target: unknown key; did you mean targets?");
  EXPECT_NE(groups_in("- [", GroupSyntax::yaml).find("line "), std::string::npos);
}

}  // namespace
}  // namespace watchbill::config
