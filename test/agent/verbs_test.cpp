// What operators do with workloads: lists, starts, stops, logs (design/commands.md, http.md §3).
#include <gtest/gtest.h>

#include <filesystem>

#include "agent/house.h"
#include "drivers/agent/log_files.h"

namespace watchbill::agent_test {
namespace {

using serve_test::Controller;
using serve_test::Ended;
using serve_test::eventually;

class verbs : public ::testing::Test {
 protected:
  verbs() {
    house_.write_bill("workloads:\n  web:\n    command: [\"/bin/sh\", \"-c\", \"echo hello $COLOUR; exec sleep 1000\"]\n" +
                      user_line() +
                      "    environment: {COLOUR: blue}\n    group: shop\n    stop: {grace: 2s}\n  batch:\n    command: "
                      "[\"/bin/sh\", \"-c\", \"exit 3\"]\n" +
                      user_line() + "    restart: {policy: never}\n  old:\n    command: [\"/bin/true\"]\n" + user_line() +
                      "    enabled: false\n    skip_reason: \"replaced by web\"\n");
    controller_.emplace(house_.data(), house_.arguments());
  }
  Ended run(std::vector<std::string> words) {
    words.insert(words.end(), {"--server", controller_->url(), "--data", house_.data()});
    return serve_test::run_program(words);
  }
  House house_;
  std::optional<Controller> controller_;
};

TEST_F(verbs, list_what_runs_and_what_is_skipped) {
  ASSERT_TRUE(house_.becomes("web", "running"));
  ASSERT_TRUE(house_.becomes("batch", "failed"));
  const JsonValue snapshot = controller_->get("/workloads").json();
  const JsonValue::Array& workloads = *snapshot.find("workloads")->as_array();
  ASSERT_EQ(workloads.size(), 2U);
  EXPECT_EQ(*workloads[0].find("name")->as_string(), "batch");
  EXPECT_EQ(*workloads[0].find("status")->as_string(), "fail");
  EXPECT_EQ(*workloads[0].find("last_exit")->find("code")->as_integer(), 3);
  EXPECT_EQ(*workloads[1].find("state")->as_string(), "running");
  EXPECT_EQ((*workloads[1].find("tasks")->as_array())[0].find("pid")->as_integer()[0], house_.pid_of("web"));
  EXPECT_EQ(*(*snapshot.find("skipped")->as_array())[0].find("reason")->as_string(), "replaced by web");
  EXPECT_EQ(controller_->get("/workloads/nowhere").status, 404);
  const Ended listed = run({"status", "workloads"});
  EXPECT_NE(listed.out.find("web    running  ok"), std::string::npos) << listed.out;
  EXPECT_NE(listed.out.find("skipped: old: replaced by web"), std::string::npos) << listed.out;
  EXPECT_NE(run({"status"}).out.find("workloads   ok 1, fail 1"), std::string::npos);
  EXPECT_NE(run({"workloads", "show", "web"}).out.find("incarnation"), std::string::npos);
}

TEST_F(verbs, start_stop_and_restart_and_wait_for_it) {
  ASSERT_TRUE(house_.becomes("web", "running"));
  EXPECT_EQ(run({"workloads", "start", "web"}).exit_code, 3) << "it runs already";
  const pid_t first = house_.pid_of("web");
  EXPECT_EQ(run({"workloads", "restart", "web", "--wait", "--reason", "new certificate"}).exit_code, 0);
  EXPECT_FALSE(is_alive(first));
  EXPECT_TRUE(is_alive(house_.pid_of("web")));
  EXPECT_EQ(house_.facts("WorkloadCommanded")[0].text("reason"), "new certificate");
  EXPECT_EQ(run({"workloads", "stop", "group:shop", "--wait"}).exit_code, 0);
  EXPECT_EQ(house_.state_of("web"), "stopped");
  EXPECT_EQ(run({"workloads", "start", "web", "--wait"}).exit_code, 0);
  EXPECT_EQ(house_.state_of("web"), "running");
  // By hand: no budget was spent.
  EXPECT_EQ(house_.facts("RestartDecided").size(), 0U);
  EXPECT_EQ(run({"workloads", "stop", "nowhere"}).exit_code, 2);
  EXPECT_EQ(run({"workloads", "start", "old"}).exit_code, 3);
}

TEST_F(verbs, show_the_log_beside_a_controller_and_without_one) {
  const auto logged = [this] { return serve_test::run_program({"logs", "web", "-n", "1", "--data", house_.data()}); };
  ASSERT_TRUE(eventually([&] { return logged().out.find("Z hello blue\n") != std::string::npos; }));
  EXPECT_NE(controller_->get("/workloads/web/logs?n=5").body.find("hello blue"), std::string::npos);
  EXPECT_EQ(controller_->get("/workloads/nowhere/logs").status, 404);
  controller_->stop();
  EXPECT_NE(logged().out.find("hello blue"), std::string::npos);
  EXPECT_EQ(serve_test::run_program({"logs", "../web", "--data", house_.data()}).exit_code, 2);
}

TEST_F(verbs, show_what_a_workload_uses_in_metrics_too) {
  ASSERT_TRUE(house_.becomes("web", "running"));
  const auto page = [this] { return controller_->ask({"GET", "/metrics", {}, {}, {}, {}}).body; };
  ASSERT_TRUE(eventually([&] { return page().find("watchbill_workload_memory_bytes{workload=\"web\"} ") != std::string::npos; }));
  EXPECT_NE(page().find("watchbill_workload_state{state=\"running\",workload=\"web\"} 1\n"), std::string::npos);
  EXPECT_NE(page().find("watchbill_workload_ready{workload=\"web\"} 1\n"), std::string::npos);
}

class log_files : public ::testing::Test {
 protected:
  log_files() { std::filesystem::create_directories(directory_.path() + "/logs"); }
  void append(const std::string& text) const {
    std::FILE* const file = std::fopen(path("web.log").c_str(), "ae");
    std::fputs(text.c_str(), file);
    std::fclose(file);
  }
  // As a keeper does it that keeps one old file.
  void rotate() const { std::filesystem::rename(path("web.log"), path("web.log.1")); }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path() + "/logs/" + name; }

  serve_test::TemporaryDirectory directory_;
  drivers::agent::LogFiles logs_{directory_.path()};
};

TEST_F(log_files, give_the_last_lines_across_a_rotation) {
  append("one\ntwo\nthree\n");
  rotate();
  append("four\nfive\n");
  EXPECT_EQ(logs_.last("web", 3)->bytes, "three\nfour\nfive\n");
  EXPECT_EQ(logs_.last("web", 1)->bytes, "five\n");
  EXPECT_EQ(logs_.last("web", 100)->bytes, "one\ntwo\nthree\nfour\nfive\n");
  append("si");
  EXPECT_EQ(logs_.last("web", 2)->bytes, "five\nsi");
  EXPECT_EQ(logs_.last("none", 1).error().kind, ErrorKind::not_found);
  EXPECT_EQ(logs_.last("../web", 1).error().kind, ErrorKind::invalid);
}

TEST_F(log_files, are_followed_through_a_rotation_without_loss) {
  append("one\n");
  auto part = logs_.last("web", 10);
  append("two\n");
  rotate();
  append("three\n");
  std::string seen;
  for (int i = 0; i < 3; ++i) {
    part = logs_.behind("web", part->next);
    ASSERT_TRUE(part.has_value());
    EXPECT_FALSE(part->has_gap);
    seen += part->bytes;
  }
  EXPECT_EQ(seen, "two\nthree\n");
}

TEST_F(log_files, say_that_something_was_rotated_away) {
  append("one\n");
  auto part = logs_.last("web", 10);
  rotate();
  append("two\n");
  rotate();
  append("three\n");
  part = logs_.behind("web", part->next);
  EXPECT_TRUE(part->has_gap);
  EXPECT_EQ(part->bytes, "two\n");
  EXPECT_EQ(logs_.behind("web", part->next)->bytes, "three\n");
}

}  // namespace
}  // namespace watchbill::agent_test
