// What waits for a person, from outside: `status` names it with the command to type next, and that command does it. Plans that
// are only suggested, refused bindings, names in place of ids, holds on names that do not exist.
#include <gtest/gtest.h>

#include <fstream>

#include "serve/folder.h"
#include "serve/target.h"

namespace watchbill::serve_test {
namespace {

// An alert of each kind: one asks for a yes, one only suggests, and the third's runbook needs what its alert does not have.
constexpr const char* bill = R"(watchbill: 1
listen: 127.0.0.1:0
access: {tokens: {bo: {file: bo.token, roles: [approver]}}}
rule_files: [rules.yml]
runbooks:
  mark:
    summary: Write the marker
    parameters: {text: {default: renewed}}
    steps:
      - name: write
        do: {file: {path: marker, content: "{{ .Params.text }}"}}
        verify: {query: "vector(1) == 1", within: 5s}
  name:
    summary: Write what the alert says
    parameters: {room: {required: true}}
    steps:
      - name: write
        do: {file: {path: named, content: "{{ .Params.room }}"}}
        verify: {query: "vector(1) == 1", within: 5s}
  vain:
    summary: A change that does not help
    steps:
      - name: mark
        do: {file: {path: vain, content: changed}}
        verify: {query: "vector(0) == 1", within: 1s}
        on_failure: hold
bindings:
  Asks: {mitigation: mark, rollback: vain, mode: approve}
  Hints: {mitigation: name, rollback: mark}
  Lame: {mitigation: name, rollback: mark, mode: auto}
)";

std::string scrape_of(const std::string& address) {
  return "global: {scrape_interval: 100ms, scrape_timeout: 100ms, evaluation_interval: 200ms}\n"
         "scrape_configs: [{job_name: house, static_configs: [{targets: [\"" + address + "\"]}]}]\n";
}

class attention : public ServedFolder {
 protected:
  attention() {
    write("bo.token", "bos-own-token\n");
    write("watchbill.yaml", bill + scrape_of(target_.address()));
    write("rules.yml",
          "groups:\n  - name: rooms\n    rules:\n"
          "      - {alert: Asks, expr: 'asks > 0'}\n"
          "      - {alert: Hints, expr: 'hints > 0', labels: {room: \"it's the attic\"}}\n"
          "      - {alert: Lame, expr: 'lame > 0'}\n");
  }
  [[nodiscard]] Ended why(const std::string& name) const { return run_program({"why", name, "--data", path("data")}); }
  [[nodiscard]] bool shows(const Controller& controller, const std::string& text) const {
    return eventually([&] { return verb(controller, {"status"}).out.find(text) != std::string::npos; });
  }
  // What stands behind `before` on its line.
  static std::string behind(const std::string& text, const std::string& before) {
    const std::size_t at = text.find(before);
    return at == std::string::npos ? "" : text.substr(at + before.size(), text.find('\n', at) - at - before.size());
  }
  // Types a command that was shown, as bo or as admin, into a shell.
  [[nodiscard]] Ended type(const Controller& controller, const std::string& command, const std::string& more = {}) const {
    EXPECT_TRUE(command.starts_with("watchbill ")) << command;
    write("typed", "set -- " + command.substr(command.find(' ')) + more + "\nprintf '%s\\n' \"$@\"\n");
    const std::string words_file = path("words");
    EXPECT_EQ(std::system(("bash " + path("typed") + " > " + words_file).c_str()), 0);
    std::vector<std::string> words;
    std::ifstream in(words_file);
    for (std::string line; std::getline(in, line);) words.push_back(line);
    return verb(controller, std::move(words));
  }
  Target target_{"asks 0\nhints 0\nlame 0\n"};
};

TEST_F(attention, of_a_quiet_controller_takes_no_line) {
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  const Ended status = verb(controller, {"status"});
  for (const char* heading : {"holds", "waiting ", "under way", "ended", "suggested", "refused", "undelivered"})
    EXPECT_EQ(status.out.find(std::string("\n") + heading), std::string::npos) << status.out;
  ASSERT_TRUE(shows(controller, "targets     up 1"));
  EXPECT_EQ(verb(controller, {"status", "--warn-as-fail"}).exit_code, 0) << verb(controller, {"status"}).out;
}

TEST_F(attention, names_a_run_that_waits_for_a_yes_and_the_command_that_gives_it) {
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  target_.show("asks 1\n");
  ASSERT_TRUE(shows(controller, "waiting     1\n"));
  const Ended status = verb(controller, {"status", "--warn-as-fail"});
  EXPECT_EQ(status.exit_code, 1) << "something waits for a person";
  EXPECT_NE(status.out.find("  mark  awaiting_approval, for Asks, since "), std::string::npos) << status.out;
  const Ended alert = verb(controller, {"alerts", "show", "Asks"});
  EXPECT_NE(alert.out.find(": awaiting_approval, 0 of 1 given\n"), std::string::npos) << alert.out;
  const std::string command = behind(status.out, "start it: ");
  EXPECT_EQ(behind(alert.out, "start it: "), command);
  EXPECT_EQ(behind(verb(controller, {"plan", "list"}).out, "start it: "), command);
  const Ended approved = type(controller, command, " --token-file " + path("bo.token"));
  EXPECT_EQ(approved.exit_code, 0) << approved.out << approved.err;
  ASSERT_TRUE(shows(controller, "ended       1\n"));
  EXPECT_EQ(read("marker"), "renewed");
  EXPECT_NE(verb(controller, {"status"}).out.find("  mark  done, for Asks, "), std::string::npos);
  EXPECT_NE(verb(controller, {"status", "-o", "json"}).out.find(R"("runs":{"ended":{"count":1,)"), std::string::npos);
}

TEST_F(attention, names_a_run_that_is_held_first_and_how_it_goes_on) {
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  target_.show("asks 1\n");
  ASSERT_TRUE(shows(controller, "awaiting_approval"));
  ASSERT_EQ(verb(controller, {"run", "vain"}).exit_code, 0);
  ASSERT_TRUE(shows(controller, "held (step_failed)"));
  const std::string out = verb(controller, {"status"}).out;
  EXPECT_NE(out.find("waiting     2\n"), std::string::npos) << out;
  EXPECT_LT(out.find("held (step_failed)"), out.find("awaiting_approval")) << out;
  const std::string command = behind(out, "take it back: ");
  const Ended cancelled = type(controller, command.substr(0, command.find(" --reason")), " --reason test");
  EXPECT_EQ(cancelled.exit_code, 0) << cancelled.err;
  EXPECT_TRUE(shows(controller, "vain  compensated")) << verb(controller, {"status"}).out;
}

TEST_F(attention, lists_a_suggested_plan_until_its_command_is_typed) {
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  target_.show("hints 1\n");
  ASSERT_TRUE(shows(controller, "suggested   1\n"));
  const std::string listed = verb(controller, {"plan", "list"}).out;
  EXPECT_NE(listed.find("suggested"), std::string::npos) << listed;
  const std::string command = behind(listed, "start it: ");
  EXPECT_EQ(command, R"(watchbill run name --set 'room=it'\''s the attic')") << listed;
  const std::string shown = behind(verb(controller, {"alerts", "show", "Hints"}).out, "suggested, not started: plan ");
  EXPECT_NE(listed.find(shown), std::string::npos) << "the digest of " << shown;
  EXPECT_EQ(verb(controller, {"plan", "show", shown}).exit_code, 0);
  EXPECT_EQ(verb(controller, {"run", "list"}).out, "there are no runs\n");
  const Ended ran = type(controller, command, " --wait --timeout 20s");
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_EQ(read("named"), "it's the attic");
  EXPECT_EQ(verb(controller, {"status"}).out.find("\nsuggested"), std::string::npos);
}

TEST_F(attention, forgets_a_suggested_plan_when_its_alert_has_ended) {
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  target_.show("hints 1\n");
  ASSERT_TRUE(shows(controller, "suggested   1\n"));
  target_.show("hints 0\n");
  EXPECT_TRUE(eventually([&] { return verb(controller, {"plan", "list"}).out.starts_with("there are no plans"); }));
}

TEST_F(attention, names_a_refused_binding_with_its_reason_and_what_would_mend_it) {
  Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  target_.show("lame 1\n");
  ASSERT_TRUE(shows(controller, "refused     1\n"));
  const std::string out = verb(controller, {"status"}).out;
  EXPECT_NE(out.find("  Lame  parameter_missing: "), std::string::npos) << out;
  EXPECT_NE(out.find("for {alertname=\"Lame\", "), std::string::npos) << out;
  EXPECT_NE(out.find("mend the bill: watchbill check\n"), std::string::npos) << out;
  EXPECT_NE(out.find("do it by hand: watchbill run name --set room=<room>\n"), std::string::npos) << out;
  EXPECT_NE(verb(controller, {"alerts", "show", "Lame"}).out.find("do it by hand: watchbill run name --set room=<room>\n"),
            std::string::npos);
  controller.kill_at_once();
  const Controller next(path("data"), arguments());
  ASSERT_TRUE(next.is_serving());
  EXPECT_NE(verb(next, {"status"}).out.find("  Lame  parameter_missing: "), std::string::npos) << "it is state";
}

TEST_F(attention, knows_alerts_bindings_and_runbooks_by_their_names) {
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  target_.show("hints 1\n");
  ASSERT_TRUE(shows(controller, "suggested   1\n"));
  EXPECT_NE(why("Hints").out.find("AlertFired"), std::string::npos) << why("Hints").out << why("Hints").err;
  const std::string hints = controller.get("/alerts/Hints").member("id");
  EXPECT_EQ(why("Hints").out, why(hints).out);
  const auto told = [&](const std::string& name) {
    const std::string body = controller.get("/why/" + name).body;
    return body.substr(0, body.rfind("\"next\""));
  };
  EXPECT_NE(told("Hints").find("PlanProposed"), std::string::npos) << told("Hints");
  EXPECT_EQ(told("Hints"), told(hints));
  ASSERT_EQ(verb(controller, {"run", "mark", "--wait", "--timeout", "20s"}).exit_code, 0);
  EXPECT_EQ(why("mark").exit_code, 0) << "one run: " << why("mark").err;
  ASSERT_EQ(verb(controller, {"run", "mark", "--wait", "--timeout", "20s"}).exit_code, 0);
  const Ended several = why("mark");
  EXPECT_EQ(several.exit_code, 2);
  EXPECT_NE(several.err.find("mark means 2 things"), std::string::npos) << several.err;
  EXPECT_NE(several.out.find("run-"), std::string::npos) << several.out;
  EXPECT_NE(controller.get("/why/mark").member("message").find("mark means 2 things"), std::string::npos);
  EXPECT_NE(why("Hnts").err.find("did you mean Hints?"), std::string::npos) << why("Hnts").err;
  EXPECT_NE(why("vain").err.find("nothing ever happened to it"), std::string::npos) << why("vain").err;
}

TEST_F(attention, is_drawn_to_a_hold_on_a_name_that_is_not_there) {
  const Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  const Ended refused = verb(controller, {"hold", "--scope", "binding/Ask", "--reason", "test"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("did you mean binding/Asks?"), std::string::npos) << refused.err;
  EXPECT_EQ(verb(controller, {"hold", "--scope", "binding/Asks", "--reason", "test"}).exit_code, 0);
  target_.show("asks 1\n");
  ASSERT_TRUE(shows(controller, "refused     1\n"));
  const std::string out = verb(controller, {"status"}).out;
  EXPECT_NE(out.find("holds       1\n  binding/Asks  by "), std::string::npos) << out;
  EXPECT_NE(out.find("  Asks  hold_active: "), std::string::npos) << out;
  EXPECT_NE(out.find("let it act when it fires next: watchbill hold release --scope binding/Asks --reason <why>\n"),
            std::string::npos)
      << out;
}

}  // namespace
}  // namespace watchbill::serve_test
