// Names of systemd units, as a bill, a verb and a driver take them.
#include "base/unit_name.h"

#include <gtest/gtest.h>

#include <string>

namespace watchbill {
namespace {

TEST(unit_names, have_a_suffix_and_are_no_option_and_no_path) {
  for (const char* name : {"nginx.service", "getty@tty1.service", "a\\x2db.service", "user@0.service", "nginx.socket"})
    EXPECT_TRUE(is_unit_name(name)) << name;
  for (const char* name : {"", ".service", "nginx", "nginx.", "-x.service", "a b.service", "a/b.service", "a\n.service"})
    EXPECT_FALSE(is_unit_name(name)) << name;
  EXPECT_TRUE(is_unit_name(std::string(247, 'a') + ".service"));
  EXPECT_FALSE(is_unit_name(std::string(248, 'a') + ".service"));
}

TEST(unit_names, of_services_end_so) {
  EXPECT_TRUE(is_service_name("nginx.service"));
  EXPECT_FALSE(is_service_name("nginx.socket"));
  EXPECT_FALSE(is_service_name(".service"));
  EXPECT_FALSE(is_service_name("-x.service"));
}

}  // namespace
}  // namespace watchbill
