// `serve --config FILE`: the bill is taken at the start and by a reload, all of it or nothing (design/bill.md §1, http.md §2,
// §3).
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "serve/program.h"

namespace watchbill::serve_test {
namespace {

const std::string base = "/api/watchbill/v1";
const std::string reload_path = base + "/reload";

class bill : public ::testing::Test {
 protected:
  bill() {
    write("ana.token", "anas-own-token\n");
    write("watchbill.yaml", text());
  }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  [[nodiscard]] std::string data() const { return path("data"); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  // A bill with one token, and what `more` adds.
  [[nodiscard]] static std::string text(const std::string& more = {}) {
    return "watchbill: 1\naccess: {tokens: {ana: {file: ana.token, roles: [operator]}}}\n" + more;
  }
  [[nodiscard]] std::vector<std::string> arguments() const { return {"--config", path("watchbill.yaml")}; }
  [[nodiscard]] Ended run(const std::vector<std::string>& words) const { return run_program(words); }
  // The events of this type, one line of JSON each.
  [[nodiscard]] std::string recorded(const std::string& type) const {
    return run({"journal", "list", "--data", data(), "--type", type, "-o", "json"}).out;
  }
  [[nodiscard]] std::size_t count_of(const std::string& type) const {
    const std::string listed = recorded(type);
    return static_cast<std::size_t>(std::count(listed.begin(), listed.end(), '\n'));
  }
  [[nodiscard]] std::size_t accepted_count() const { return count_of("ConfigAccepted"); }

  TemporaryDirectory directory_;
};

HttpReply reload(const Controller& controller) {
  return controller.ask({"POST", reload_path, controller.admin_token(), {}, {}, {}});
}

HttpReply hold_as(const Controller& controller, const std::string& token, const std::string& scope) {
  return controller.ask({"PUT", base + "/hold", token, {}, R"({"reason":"x","scope":")" + scope + "\"}", {}});
}

TEST_F(bill, is_recorded_at_the_start_and_only_when_it_is_another) {
  for (int start = 0; start < 2; ++start) {
    Controller controller(data(), arguments());
    ASSERT_TRUE(controller.is_serving()) << controller.ended().out;
    EXPECT_EQ(controller.get("/status").member("configuration").size(), 64U);
    controller.stop();
  }
  EXPECT_EQ(accepted_count(), 1U);
}

TEST_F(bill, with_an_error_starts_nothing_and_says_what_check_says) {
  write("watchbill.yaml", text("listn: 127.0.0.1:1\n"));
  Controller controller(data(), arguments());
  const Ended ended = controller.ended();
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_EQ(ended.out, run({"check", "--config", path("watchbill.yaml")}).out);
  EXPECT_NE(ended.out.find("did you mean listen?"), std::string::npos) << ended.out;
  EXPECT_FALSE(std::filesystem::exists(data()));
}

TEST_F(bill, that_names_a_token_file_that_is_not_there_starts_nothing) {
  std::filesystem::remove(path("ana.token"));
  Controller controller(data(), arguments());
  const Ended ended = controller.ended();
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.out.find("access.tokens.ana.file"), std::string::npos) << ended.out;
}

TEST_F(bill, says_where_data_is_and_where_to_listen) {
  write("watchbill.yaml", text("data: elsewhere\nlisten: 127.0.0.1:0\n"));
  const Ended refused = run({"serve", "--config", path("watchbill.yaml"), "--listen", "192.0.2.1:1"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.out.find("listen_not_allowed"), std::string::npos) << refused.out << refused.err;
  Controller controller({}, arguments());
  EXPECT_TRUE(controller.is_serving());
  controller.stop();
  EXPECT_TRUE(std::filesystem::exists(path("elsewhere/journal")));
}

TEST_F(bill, is_asked_for_where_the_journal_follows_one) {
  { Controller controller(data(), arguments()); }
  Controller without(data());
  const Ended ended = without.ended();
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("--config"), std::string::npos) << ended.err;
}

TEST_F(bill, gives_tokens_their_roles_and_keeps_their_secrets_out_of_every_record) {
  Controller controller(data(), arguments());
  ASSERT_TRUE(controller.is_serving());
  EXPECT_EQ(hold_as(controller, "anas-own-token", "all").status, 200);
  EXPECT_EQ(controller.ask({"POST", reload_path, "anas-own-token", {}, {}, {}}).status, 403);
  EXPECT_EQ(controller.ask({"POST", reload_path, {}, {}, {}, {}}).status, 401);
  controller.stop();
  const Ended exported = run({"journal", "export", "--data", data()});
  EXPECT_EQ(exported.out.find("anas-own-token"), std::string::npos);
  EXPECT_EQ(run({"why", "1", "--data", data()}).out.find("anas-own-token"), std::string::npos);
}

TEST_F(bill, is_taken_anew_by_a_reload_with_tokens_that_are_new) {
  Controller controller(data(), arguments());
  ASSERT_TRUE(controller.is_serving());
  write("bo.token", "bos-own-token");
  write("watchbill.yaml",
        "watchbill: 1\nlisten: 127.0.0.1:9\naccess: {anonymous: none, tokens: {bo: {file: bo.token, roles: [operator]}}}\n");
  const HttpReply taken = reload(controller);
  ASSERT_EQ(taken.status, 200) << taken.body;
  EXPECT_NE(taken.body.find(R"("keys_for_restart":["listen"])"), std::string::npos) << taken.body;
  EXPECT_EQ(hold_as(controller, "bos-own-token", "all").status, 200);
  EXPECT_EQ(hold_as(controller, "anas-own-token", "binding/X").status, 401) << "her token left the bill";
  EXPECT_EQ(controller.get("/status").status, 401) << "strangers may no longer read";
  EXPECT_EQ(accepted_count(), 2U);
}

TEST_F(bill, with_an_error_changes_nothing_and_is_answered_with_its_findings) {
  Controller controller(data(), arguments());
  ASSERT_TRUE(controller.is_serving());
  write("watchbill.yaml", "watchbill: 1\naccess: {tokens: {}}\nworkload: {}\n");
  const HttpReply refused = reload(controller);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.member("reason"), "config_invalid");
  EXPECT_NE(refused.body.find(R"("code":"unknown_key")"), std::string::npos) << refused.body;
  EXPECT_EQ(hold_as(controller, "anas-own-token", "all").status, 200) << "the old bill holds";
  const HttpReply neighbours = controller.ask({"POST", "/-/reload", controller.admin_token(), {}, {}, {}});
  EXPECT_EQ(neighbours.status, 500);
  EXPECT_TRUE(neighbours.body.starts_with("failed to reload config: ")) << neighbours.body;
  EXPECT_EQ(accepted_count(), 1U);
}

TEST_F(bill, that_is_refused_is_recorded_where_it_is_wrong_and_without_what_was_written_there) {
  Controller controller(data(), arguments());
  ASSERT_TRUE(controller.is_serving());
  write("watchbill.yaml", text("listen: my-secret-by-mistake\n"));
  EXPECT_EQ(reload(controller).status, 400);
  EXPECT_EQ(reload(controller).status, 400);
  EXPECT_EQ(count_of("ConfigRejected"), 1U) << "the same files again are no news";
  const std::string rejected = recorded("ConfigRejected");
  EXPECT_NE(rejected.find(R"("by":"admin","errors":1)"), std::string::npos) << rejected;
  EXPECT_NE(rejected.find(R"("line":3,"path":"listen")"), std::string::npos) << rejected;
  EXPECT_EQ(run({"journal", "export", "--data", data()}).out.find("my-secret"), std::string::npos);
  const auto status = [&] { return run({"status", "--server", controller.url(), "--data", data()}).out; };
  EXPECT_NE(status().find("bill        refused at"), std::string::npos) << status();
  EXPECT_NE(status().find("watchbill.yaml:3:"), std::string::npos) << status();
  write("watchbill.yaml", text());
  EXPECT_EQ(reload(controller).status, 200);
  EXPECT_EQ(status().find("refused at"), std::string::npos) << "it is the one that holds again: " << status();
}

TEST_F(bill, is_read_again_at_sighup_all_or_none) {
  Controller controller(data(), arguments());
  ASSERT_TRUE(controller.is_serving());
  const std::string before = controller.get("/status").member("configuration");
  write("watchbill.yaml", text("external_url: http://watch.example/\n"));
  controller.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return controller.get("/status").member("configuration") != before; }));
  const std::string taken = controller.get("/status").member("configuration");
  write("watchbill.yaml", text("nonsense\n"));
  controller.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] {
    const std::string page = controller.ask({"GET", "/metrics", {}, {}, {}, {}}).body;
    return page.find(R"(watchbill_refusals_total{area="engine",reason="config_invalid"} 1)") != std::string::npos;
  }));
  EXPECT_EQ(controller.get("/status").member("configuration"), taken);
  const Ended ended = controller.stop();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_NE(ended.err.find("reload: config_invalid"), std::string::npos) << ended.err;
}

TEST_F(bill, that_opens_the_neighbours_paths_lets_a_stranger_on_loopback_reload) {
  write("watchbill.yaml", "watchbill: 1\naccess: {compatible: open}\n");
  Controller controller(data(), arguments());
  ASSERT_TRUE(controller.is_serving());
  EXPECT_EQ(controller.ask({"POST", "/-/reload", {}, {}, {}, {}}).status, 200);
  EXPECT_EQ(controller.ask({"POST", reload_path, {}, {}, {}, {}}).status, 401) << "a path of our own";
}

TEST(no_bill, cannot_be_read_again) {
  const TemporaryDirectory directory;
  Controller controller(directory.path());
  EXPECT_EQ(reload(controller).member("reason"), "not_yet_supported");
}

}  // namespace
}  // namespace watchbill::serve_test
