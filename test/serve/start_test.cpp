// How `serve` starts, refuses to start, and ends (design/commands.md §7).
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "serve/program.h"

namespace watchbill::serve_test {
namespace {

TEST(serve, says_where_it_is_and_ends_with_0_when_told_to) {
  const TemporaryDirectory directory;
  Controller controller(directory.path());
  ASSERT_TRUE(controller.is_serving());
  // Ready a moment after it listens: once its stored samples are loaded.
  EXPECT_TRUE(eventually([&] { return controller.ask({"GET", "/-/ready", {}, {}, {}, {}}).status == 200; }));
  const Ended ended = controller.stop();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("/metrics"), std::string::npos) << ended.out;
}

TEST(serve, makes_an_admin_token_that_only_its_owner_can_read_and_keeps_it) {
  const TemporaryDirectory directory;
  std::string first;
  {
    Controller controller(directory.path());
    ASSERT_TRUE(controller.is_serving());
    first = controller.admin_token();
    controller.stop();
  }
  EXPECT_EQ(first.size(), 64U);
  struct stat status {};
  ASSERT_EQ(::stat((directory.path() + "/admin.token").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  Controller again(directory.path());
  EXPECT_EQ(again.admin_token(), first);
}

TEST(serve, refuses_a_token_file_that_others_can_read) {
  const TemporaryDirectory directory;
  { Controller controller(directory.path()); }
  ASSERT_EQ(::chmod((directory.path() + "/admin.token").c_str(), 0644), 0);
  Controller refused(directory.path());
  EXPECT_EQ(refused.ended().exit_code, 2);
}

TEST(serve, a_second_controller_on_the_same_data_is_refused_and_changes_nothing) {
  const TemporaryDirectory directory;
  Controller first(directory.path());
  ASSERT_TRUE(first.is_serving());
  Controller second(directory.path());
  const Ended ended = second.ended();
  EXPECT_EQ(ended.exit_code, 4);
  EXPECT_NE(ended.err.find("data_in_use"), std::string::npos) << ended.err;
  EXPECT_EQ(first.get("/status").status, 200);
}

TEST(serve, a_taken_port_is_refused_before_anything_is_recorded) {
  const TemporaryDirectory directory;
  const TemporaryDirectory other;
  Controller first(directory.path());
  ASSERT_TRUE(first.is_serving());
  Controller second(other.path(), {"--listen", "127.0.0.1:" + std::to_string(first.port())});
  const Ended ended = second.ended();
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("address_in_use"), std::string::npos) << ended.err;
  Controller after(other.path());
  const HttpReply status = after.get("/status");
  EXPECT_EQ(*status.json().find("epoch")->as_integer(), 1) << "the refused start must not count: " << status.body;
}

TEST(serve, does_not_listen_beyond_loopback) {
  const TemporaryDirectory directory;
  for (const std::string address : {"0.0.0.0:0", "192.0.2.1:80", ":9911", "[::]:0"}) {
    const Ended ended = run_program({"serve", "--data", directory.path() + "/data", "--listen", address});
    EXPECT_EQ(ended.exit_code, 2) << address;
    EXPECT_NE(ended.err.find("listen_not_allowed"), std::string::npos) << ended.err;
  }
  EXPECT_EQ(run_program({"serve", "--data", directory.path() + "/data", "--listen", "nonsense"}).exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/data")) << "exit 2 has no side effect";
}

TEST(serve, data_that_cannot_be_written_is_named) {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() + "/file") << "not a directory";
  const Ended ended = run_program({"serve", "--data", directory.path() + "/file/data", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("data_not_writable"), std::string::npos) << ended.err;
}

// Changes a byte of the recorded reason wherever it is stored, as somebody would who wants it to have been another.
void falsify(const std::string& folder) {
  std::size_t changed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    file.clear();
    for (std::size_t at = bytes.find("a test"); at != std::string::npos; at = bytes.find("a test", at + 1), ++changed) {
      file.seekp(static_cast<std::streamoff>(at));
      file << "a tale";
    }
  }
  ASSERT_GT(changed, 0U);
}

TEST(serve, a_journal_that_was_changed_is_refused_with_exit_6) {
  const TemporaryDirectory directory;
  {
    Controller controller(directory.path());
    ASSERT_EQ(controller.hold("all").status, 200);
    controller.stop();
  }
  falsify(directory.path() + "/journal");
  Controller refused(directory.path());
  const Ended ended = refused.ended();
  EXPECT_EQ(ended.exit_code, 6) << ended.err;
  EXPECT_NE(ended.err.find("chain_broken"), std::string::npos) << ended.err;
}

TEST(serve, a_first_start_that_was_killed_before_its_journal_had_tables_can_be_repeated) {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory.path() + "/journal");
  std::ofstream(directory.path() + "/journal/000001.db").flush();
  Controller controller(directory.path());
  ASSERT_TRUE(controller.is_serving());
  EXPECT_EQ(controller.hold("all").status, 200);
  controller.stop();
  EXPECT_EQ(run_program({"verify", "--data", directory.path()}).exit_code, 0);
}

TEST(serve, a_hangup_does_not_end_it) {
  const TemporaryDirectory directory;
  Controller controller(directory.path());
  controller.signal(SIGHUP);
  EXPECT_EQ(controller.get("/status").status, 200);
  const Ended ended = controller.stop();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_NE(ended.err.find("reload"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace watchbill::serve_test
