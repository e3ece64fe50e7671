#include "base/spelling.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace watchbill {
namespace {

constexpr std::array<std::string_view, 4> names{"alertname", "instance", "job", "severity"};

TEST(Spelling, the_nearest_name_is_found_by_its_edits) {
  EXPECT_EQ(nearest_spelling("instanse", names), "instance");
  EXPECT_EQ(nearest_spelling("isntance", names), "instance");
  EXPECT_EQ(nearest_spelling("Severity", names), "severity");
  EXPECT_EQ(nearest_spelling("jb", names), "job");
}

TEST(Spelling, a_name_that_is_too_far_has_no_neighbour) {
  EXPECT_EQ(nearest_spelling("cluster", names), "");
  EXPECT_EQ(nearest_spelling("", names), "");
  EXPECT_EQ(nearest_spelling("job", {}), "");
}

TEST(Spelling, a_long_name_is_answered_without_work) {
  EXPECT_EQ(nearest_spelling(std::string(65, 'a'), names), "");
  const std::string longest(64, 'a');
  const std::array<std::string_view, 1> same{longest};
  EXPECT_EQ(nearest_spelling(longest, same), longest);
}

}  // namespace
}  // namespace watchbill
