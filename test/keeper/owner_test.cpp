// A keeper that runs as root, for a data directory of another account: as the units of systemd have it.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/harness.h"

namespace watchbill::keeper::testing {
namespace {

constexpr uid_t other_account = 65'534;

// Connects as another account: the keeper asks the kernel who that is.
class AsOther {
 public:
  AsOther() { EXPECT_EQ(seteuid(other_account), 0); }
  ~AsOther() { EXPECT_EQ(seteuid(0), 0); }
  AsOther(const AsOther&) = delete;
  AsOther& operator=(const AsOther&) = delete;
};

uid_t owner_of(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_uid : static_cast<uid_t>(-1);
}

TEST(keeper_owner, of_the_data_directory_may_ask_it_and_read_the_logs) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can run a keeper for another account";
  KeeperProcess keeper;
  keeper.kill_it();
  ASSERT_EQ(chown(keeper.data().c_str(), other_account, static_cast<gid_t>(-1)), 0);
  keeper.start();
  std::optional<Controller> controller;
  {
    const AsOther other;
    controller.emplace(keeper.data());
  }
  ASSERT_TRUE(controller->welcome().has_value());
  Order order("web", shell("echo hello; exec sleep 1000"));
  ASSERT_TRUE(controller->run(order).has_value());
  ASSERT_TRUE(until([&] { return keeper.log("web").find("hello") != std::string::npos; }));
  EXPECT_EQ(owner_of(keeper.data() + "/logs"), other_account);
  EXPECT_EQ(owner_of(keeper.data() + "/logs/web.log"), other_account);
  EXPECT_EQ(owner_of(keeper.data() + "/keeper"), 0U) << "its memory is its own";
}

}  // namespace
}  // namespace watchbill::keeper::testing
