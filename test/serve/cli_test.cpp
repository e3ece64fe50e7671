// The verbs that ask a running controller, and what survives when that is killed under load.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <thread>

#include "serve/program.h"
#include "serve/target.h"

namespace watchbill::serve_test {
namespace {

TEST(verbs, set_show_and_release_a_hold_with_the_token_of_this_host) {
  const TemporaryDirectory directory;
  Controller controller(directory.path());
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--server", controller.url(), "--data", directory.path()});
    return run_program(std::move(words));
  };
  const Ended set = run({"hold", "--reason", "looking at the disks", "--request-id", "cli-1"});
  EXPECT_EQ(set.exit_code, 0) << set.err;
  EXPECT_EQ(run({"hold", "--reason", "looking at the disks", "--request-id", "cli-1"}).out, set.out) << "the recorded answer";
  EXPECT_EQ(run({"hold", "--reason", "again"}).exit_code, 3);
  EXPECT_NE(run({"hold", "show"}).out.find("looking at the disks"), std::string::npos);
  const Ended status = run({"status"});
  EXPECT_NE(status.out.find("holds       1"), std::string::npos) << status.out;
  EXPECT_EQ(run({"hold", "release"}).exit_code, 0);
  EXPECT_EQ(run({"hold", "release"}).exit_code, 3);
  EXPECT_EQ(run({"hold"}).exit_code, 2) << "a hold needs a reason";
}

TEST(verbs, follow_shows_an_event_at_once_though_its_reader_is_a_pipe) {
  const TemporaryDirectory directory;
  Controller controller(directory.path());
  const std::string line = first_line_of({"journal", "follow", "--since", "1", "--data", directory.path(), "-o", "json"});
  EXPECT_NE(line.find("LineageStarted"), std::string::npos) << line;
}

TEST(verbs, without_a_token_a_hold_is_refused_with_exit_3) {
  const TemporaryDirectory directory;
  Controller controller(directory.path());
  const Ended ended =
      run_program({"hold", "--reason", "x", "--server", controller.url(), "--data", directory.path() + "/nowhere"});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_NE(ended.err.find("not_authenticated"), std::string::npos) << ended.err;
}

TEST(verbs, a_server_that_is_named_wins_over_the_environments) {
  const TemporaryDirectory directory;
  const Controller controller(directory.path());
  const std::string nobody = "http://127.0.0.1:1";
  const auto status = [&](const std::string& named, const std::string& environment) {
    std::vector<std::string> words{"status"};
    if (!named.empty()) words.insert(words.end(), {"--server", named});
    return run_program(words, {{"WATCHBILL_URL", environment}}).exit_code;
  };
  EXPECT_EQ(status(controller.url(), nobody), 0);
  EXPECT_EQ(status(nobody, controller.url()), 75);
  EXPECT_EQ(status("", controller.url()), 0);
}

TEST(verbs, who_is_turned_away_learns_which_token_was_sent) {
  const TemporaryDirectory directory, elsewhere;
  const Controller controller(directory.path());
  const std::vector<std::string> words{"hold", "--reason", "x", "--server", controller.url(), "--data", elsewhere.path()};
  EXPECT_NE(run_program(words).err.find("no token was sent: " + elsewhere.path() + "/admin.token"), std::string::npos);
}

// The admin's token is for the controller that made it: another listener on this host is a stranger, whatever it is called.
TEST(verbs, the_admin_token_goes_to_its_own_controller_only) {
  const TemporaryDirectory directory;
  Target stranger("");
  std::string token;
  {
    Controller controller(directory.path());
    ASSERT_TRUE(controller.is_serving());
    token = controller.admin_token();
    const auto status = [&](const std::string& server) {
      return run_program({"status", "--server", server, "--data", directory.path()});
    };
    for (const std::string& host :
         {std::string("127.0.0.1"), std::string("localhost"), "127.0.0.1:" + std::to_string(controller.port()) + "@127.0.0.1"})
      static_cast<void>(status("http://" + host + ":" + std::to_string(stranger.port())));
    EXPECT_GE(stranger.answered_count(), 2U);
    EXPECT_EQ(stranger.last_request().find(token), std::string::npos) << stranger.last_request();
    EXPECT_EQ(stranger.last_request().find("Authorization"), std::string::npos) << stranger.last_request();
    EXPECT_EQ(status("http://localhost:" + std::to_string(controller.port())).exit_code, 0);
    const std::string named = directory.path() + "/admin.token";
    static_cast<void>(run_program({"status", "--server", "http://" + stranger.address(), "--token-file", named}));
    EXPECT_NE(stranger.last_request().find(token), std::string::npos) << "who names the token means it";
    controller.kill_at_once();
  }
  // What a killed controller wrote down is worth nothing: somebody else may have its port by now.
  std::ofstream(directory.path() + "/urls") << "http://" << stranger.address() << "\n";
  static_cast<void>(run_program({"status", "--server", "http://" + stranger.address(), "--data", directory.path()}));
  EXPECT_EQ(stranger.last_request().find(token), std::string::npos) << stranger.last_request();
}

TEST(verbs, a_controller_that_is_not_there_is_exit_75) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"status"}, {"hold", "show"}, {"hold", "--reason", "x"}, {"hold", "release"}}) {
    // Port 1 is nobody's.
    const Ended ended = run_program(words, {{"WATCHBILL_URL", "http://127.0.0.1:1"}});
    EXPECT_EQ(ended.exit_code, 75) << words.front();
    EXPECT_NE(ended.err.find("watchbill serve"), std::string::npos) << ended.err;
  }
}

// What a writer was told before its controller was killed.
struct Told {
  std::mutex mutex;
  std::map<std::string, std::string> answers;  // by request id
};

void write_until_killed(const Controller& controller, int round, int writer, Told& told) {
  for (int n = 0;; ++n) {
    const std::string name = std::to_string(round) + "-" + std::to_string(writer) + "-" + std::to_string(n / 2);
    const std::string id = (n % 2 == 0 ? "set-" : "release-") + name;
    const HttpReply reply =
        n % 2 == 0 ? controller.hold("binding/" + name, id) : controller.release("binding/" + name, id);
    if (reply.status != 200) return;  // the controller is gone, in the middle of this request or before
    const std::lock_guard lock(told.mutex);
    told.answers[id] = reply.body;
  }
}

TEST(verbs, nothing_acknowledged_is_missing_after_thirty_kills_under_load) {
  const TemporaryDirectory directory;
  Told told;
  constexpr int rounds = 30;
  for (int round = 0; round < rounds; ++round) {
    Controller controller(directory.path());
    ASSERT_TRUE(controller.is_serving()) << round << ": " << controller.ended().err;
    std::vector<std::thread> writers;
    const std::size_t before = told.answers.size();
    for (int writer = 0; writer < 3; ++writer)
      writers.emplace_back([&, writer] { write_until_killed(controller, round, writer, told); });
    // The moment of the kill moves through the work: after some acknowledged answers, in the middle of others.
    const bool has_worked = eventually([&] {
      const std::lock_guard lock(told.mutex);
      return told.answers.size() >= before + 1 + static_cast<std::size_t>(round % 7);
    });
    controller.signal(9);
    for (std::thread& writer : writers) writer.join();
    ASSERT_TRUE(has_worked) << round;
  }
  Controller controller(directory.path());
  ASSERT_TRUE(controller.is_serving());
  for (const auto& [id, body] : told.answers) {
    const std::string scope = "binding/" + id.substr(id.find('-') + 1);
    HttpReply again = id.starts_with("set-") ? controller.hold(scope, id) : controller.release(scope, id);
    EXPECT_EQ(again.body, body) << id;
    EXPECT_EQ(again.headers["idempotency-replayed"], "true") << id;
  }
  controller.stop();
  const Ended verified = run_program({"verify", "--data", directory.path()});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  const Ended replayed = run_program({"replay", "--data", directory.path()});
  EXPECT_EQ(replayed.exit_code, 0) << replayed.err;
}

}  // namespace
}  // namespace watchbill::serve_test
