#include "api/clock_warning.h"

#include <gtest/gtest.h>

namespace watchbill::api {
namespace {

TEST(clock_warning, says_how_far_and_how_it_ends) {
  const std::string ahead = clock_warning(Duration::hours(1) + Duration::milliseconds(70));
  EXPECT_NE(ahead.find("is 1h ahead of this host's clock"), std::string::npos) << ahead;
  EXPECT_NE(ahead.find("stop, wait for 1h, start"), std::string::npos) << ahead;
  const std::string behind = clock_warning(Duration{} - Duration::seconds(31));
  EXPECT_NE(behind.find("is 31s behind this host's clock"), std::string::npos) << behind;
  EXPECT_NE(behind.find("after the next start"), std::string::npos) << behind;
}

}  // namespace
}  // namespace watchbill::api
