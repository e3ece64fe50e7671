// Runs from outside: a bill with runbooks, the verbs and paths that start, show, approve and cancel them (domain/plans.md §10).
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "serve/folder.h"

namespace watchbill::serve_test {
namespace {

// `vector(1) == 1` is a condition that rests on no series: always true. The second runbook never comes to its verify.
constexpr const char* runbooks = R"(watchbill: 1
listen: 127.0.0.1:0
access: {tokens: {bo: {file: bo.token, roles: [approver]}}}
runbooks:
  mark:
    summary: Write the marker
    parameters: {text: {default: renewed}}
    steps:
      - name: write
        do: {file: {path: marker, content: "{{ .Params.text }}"}}
        verify: {query: "vector(1) == 1", within: 5s}
  mark-badly:
    summary: Write the marker, and find that it did not help
    steps:
      - name: write
        do: {file: {path: marker, content: bad}}
        verify: {query: "vector(0) == 1", within: 2s}
  burn:
    summary: Remove what cannot be put back
    steps:
      - name: remove
        do: {file: {path: marker, state: absent}}
        verify: {query: "vector(1) == 1", within: 5s}
        irreversible: nobody keeps it
  ask:
    summary: Ask twice, and then write
    steps:
      - name: look
        read: {query: "vector(1) == 1"}
      - name: check
        probe: {query: "vector(0) == 1"}
      - name: write
        do: {file: {path: marker, content: asked}}
        verify: {query: "vector(1) == 1", within: 5s}
  wait:
    summary: Wait for what never comes
    steps:
      - name: wait
        wait_for: {query: "vector(0) == 1", within: 10m}
)";

class run : public ServedFolder {
 protected:
  run() {
    write("bo.token", "bos-own-token\n");
    write("watchbill.yaml", runbooks);
  }
  // The id of the run that a verb has begun.
  static std::string id_in(const std::string& text) {
    const std::size_t at = text.find("run-");
    return at == std::string::npos ? "" : text.substr(at, 30);
  }
  // A yes of somebody else: nobody approves what they asked for.
  [[nodiscard]] HttpReply approve(const Controller& controller, const std::string& id, const std::string& body) const {
    return controller.ask({"POST", "/api/watchbill/v1/approvals/" + id, "bos-own-token", {}, body, {}});
  }
};

TEST_F(run, of_a_runbook_changes_a_file_and_is_done) {
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  const Ended ended = verb(controller, {"run", "mark", "--set", "text=hello", "--wait", "--timeout", "20s"});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_EQ(read("marker"), "hello");
  const std::string id = id_in(ended.out);
  const HttpReply shown = controller.get("/runs/" + id);
  EXPECT_EQ(shown.member("state"), "done") << shown.body;
  EXPECT_NE(verb(controller, {"run", "list"}).out.find(id), std::string::npos);
  const Ended plan = verb(controller, {"plan", "show", id});
  EXPECT_NE(plan.out.find("write"), std::string::npos) << plan.out << plan.err;
  EXPECT_EQ(controller.get("/plans/" + shown.member("plan")).member("digest"), shown.member("plan"));
}

TEST_F(run, has_a_plan_that_is_listed_and_compared_with_another) {
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  EXPECT_NE(verb(controller, {"plan", "list"}).out.find("there are no plans"), std::string::npos);
  const std::string one = id_in(verb(controller, {"run", "mark", "--wait", "--timeout", "20s"}).out);
  const std::string same = id_in(verb(controller, {"run", "mark", "--wait", "--timeout", "20s"}).out);
  const std::string other = id_in(verb(controller, {"run", "mark", "--set", "text=hello", "--wait", "--timeout", "20s"}).out);
  const Ended listed = verb(controller, {"plan", "list"});
  EXPECT_NE(listed.out.find(controller.get("/runs/" + one).member("plan") + "  mark     2"), std::string::npos) << listed.out;
  EXPECT_NE(verb(controller, {"plan", "list", "-o", "json"}).out.find(R"("runbook":"mark","runs":2})"), std::string::npos);
  EXPECT_EQ(verb(controller, {"plan", "diff", one, same}).exit_code, 0);
  const Ended diff = verb(controller, {"plan", "diff", one, other});
  EXPECT_EQ(diff.exit_code, 1);
  EXPECT_EQ(diff.out,
            "- parameters.text: renewed\n+ parameters.text: hello\n"
            "- steps[1].actions[0].args.content: renewed\n+ steps[1].actions[0].args.content: hello\n");
  EXPECT_EQ(verb(controller, {"plan", "diff", one, std::string(64, '0')}).exit_code, 2);
}

TEST_F(run, that_does_not_help_is_taken_back) {
  write("marker", "before");
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  const Ended ended = verb(controller, {"run", "mark-badly", "--wait", "--timeout", "20s"});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("compensated"), std::string::npos) << ended.out;
  EXPECT_EQ(read("marker"), "before");
}

TEST_F(run, dry_starts_nothing_and_says_what_would_refuse_it) {
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  const Ended ended = verb(controller, {"run", "mark", "--dry-run"});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_FALSE(std::filesystem::exists(path("marker")));
  EXPECT_NE(ended.out.find("file content=renewed path=marker → host/"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("query query=vector(1) == 1 within 5s"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("file path=marker state=former → host/"), std::string::npos) << ended.out;
  const std::size_t digest = ended.out.find("sha256:");
  ASSERT_NE(digest, std::string::npos) << ended.out;
  EXPECT_EQ(verb(controller, {"plan", "show", ended.out.substr(digest, 71)}).exit_code, 0);
  EXPECT_EQ(controller.hold("all").status, 200);
  const Ended held = verb(controller, {"run", "mark", "--dry-run"});
  EXPECT_EQ(held.exit_code, 3) << held.out;
  EXPECT_NE(held.out.find("hold_active"), std::string::npos) << held.out;
  EXPECT_NE(verb(controller, {"run", "list"}).out.find("there are no runs"), std::string::npos);
}

TEST_F(run, dry_asks_its_reads_its_probes_and_each_verify_once) {
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  const Ended ended = verb(controller, {"run", "ask", "--dry-run"});
  EXPECT_EQ(ended.exit_code, 3) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("now: step 1 is true\n"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("now: step 2 is false"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("now: step 3 verify is true\n"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("would be refused: probe_failed: step 2 check"), std::string::npos) << ended.out;
  EXPECT_FALSE(std::filesystem::exists(path("marker")));
  // Who may not start it may not have it asked either.
  const HttpReply stranger = controller.ask({"POST", "/api/watchbill/v1/runs", "bos-own-token", {},
                                             R"({"runbook":"ask","dry_run":true})", {}});
  EXPECT_EQ(stranger.member("reason"), "role_missing") << stranger.body;
}

TEST_F(run, that_cannot_be_taken_back_waits_for_the_yes_of_another) {
  write("marker", "x");
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  const Ended asked = verb(controller, {"run", "burn"});
  const std::string id = id_in(asked.out);
  const std::string digest = controller.get("/runs/" + id).member("plan");
  EXPECT_EQ(controller.get("/runs/" + id).member("state"), "awaiting_approval");
  EXPECT_NE(controller.get("/approvals").body.find(id), std::string::npos);
  EXPECT_EQ(verb(controller, {"approve", id}).exit_code, 2);
  EXPECT_EQ(verb(controller, {"approve", id, "--digest", digest, "--accept-irreversible"}).exit_code, 3) << "one's own run";
  const std::string other(64, '0');
  EXPECT_EQ(approve(controller, id, R"({"digest":"sha256:)" + other + "\"}").member("reason"), "approval_digest_mismatch");
  EXPECT_EQ(approve(controller, id, R"({"digest":")" + digest + "\"}").member("reason"), "irreversible_needs_approval");
  const HttpReply yes = approve(controller, id, R"({"digest":")" + digest + R"(","accept_irreversible":true})");
  EXPECT_EQ(yes.status, 200) << yes.body;
  EXPECT_TRUE(eventually([&] { return controller.get("/runs/" + id).member("state") == "done"; }));
  EXPECT_FALSE(std::filesystem::exists(path("marker")));
}

TEST_F(run, that_waits_is_cancelled_and_refuses_to_end_twice) {
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  const std::string id = id_in(verb(controller, {"run", "wait"}).out);
  ASSERT_FALSE(id.empty());
  EXPECT_EQ(verb(controller, {"run", "show", id}).exit_code, 0);
  EXPECT_EQ(verb(controller, {"cancel", id, "--reason", "not needed"}).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return controller.get("/runs/" + id).member("state") == "aborted"; }));
  EXPECT_EQ(verb(controller, {"cancel", id}).exit_code, 3);
}

TEST_F(run, goes_on_after_its_controller_was_killed) {
  std::string id;
  {
    Controller controller(path("data"), arguments());
    ASSERT_TRUE(controller.is_serving());
    id = id_in(verb(controller, {"run", "wait"}).out);
    ASSERT_TRUE(eventually([&] { return controller.get("/runs/" + id).member("state") == "running"; }));
    controller.kill_at_once();
    static_cast<void>(controller.ended());
  }
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  EXPECT_TRUE(eventually([&] { return controller.get("/runs/" + id).member("state") == "running"; }));
  EXPECT_EQ(verb(controller, {"cancel", id}).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return controller.get("/runs/" + id).member("state") == "aborted"; }));
}

TEST_F(run, is_refused_by_name) {
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  EXPECT_EQ(verb(controller, {"run", "no-such-runbook"}).exit_code, 2);
  EXPECT_EQ(verb(controller, {"run", "mark", "--set", "colour=red"}).exit_code, 2);
  EXPECT_EQ(verb(controller, {"run", "mark", "--set", "text"}).exit_code, 2);
  EXPECT_EQ(verb(controller, {"run", "show", "run-01JD0000000000000000000099"}).exit_code, 2);
  EXPECT_EQ(controller.get("/plans/sha256:1").status, 400);
  const HttpReply absent = controller.get("/plans/" + std::string(64, '0'));
  EXPECT_EQ(absent.status, 404);
  EXPECT_EQ(absent.member("reason"), "unknown_plan") << absent.body;
  EXPECT_EQ(controller.get("/runs?state=sleeping").status, 400);
}

}  // namespace
}  // namespace watchbill::serve_test
