// What users of other routers reported, played with the real program: domain/peer-failures.md, "Route and notify".
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "mail/smtp_server.h"
#include "serve/folder.h"
#include "serve/inbox.h"

namespace watchbill::serve_test {
namespace {

constexpr const char* firing = "\"status\":\"firing\"";
constexpr const char* resolved = "\"status\":\"resolved\"";

class router : public ServedFolder {
 protected:
  // An Alertmanager file with quick groups.
  void write_file(const std::string& receivers, const std::string& more = {}, const std::string& wait = "0s") const {
    write("am.yml", "route: {receiver: ops, group_by: [alertname], group_wait: " + wait + ", group_interval: 1s}\n" + more +
                        "receivers:\n- name: ops\n" + receivers);
  }
  void start() {
    controller_.reset();
    controller_.emplace(path("data"), std::vector<std::string>{"--alertmanager.config", path("am.yml")});
  }
  void post(const std::string& alerts) const {
    EXPECT_EQ(controller_->ask({"POST", "/api/v2/alerts", {}, {}, alerts, {"Content-Type: application/json"}}).status, 200);
  }
  void fire(const std::string& labels) const { post("[{\"labels\":{" + labels + "}}]"); }
  void end(const std::string& labels) const {
    post("[{\"labels\":{" + labels + R"(},"startsAt":"2026-01-01T00:00:00Z","endsAt":"2026-01-01T00:00:01Z"}])");
  }
  [[nodiscard]] std::string why(const std::string& name) const {
    return run_program({"why", name, "--data", path("data")}).out;
  }
  [[nodiscard]] std::string webhook(const std::string& path) const { return "  - {url: \"" + inbox_.url(path) + "\"}\n"; }

  Inbox inbox_;
  std::optional<Controller> controller_;
};

TEST_F(router, a_retry_is_still_one_message) {
  write_file("  webhook_configs:\n" + webhook("/a"));
  inbox_.answer("/a", 500);
  start();
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().err;
  fire(R"("alertname":"Down")");
  ASSERT_TRUE(eventually([&] { return inbox_.at("/a").size() >= 2; }));
  inbox_.answer("/a", 200);
  ASSERT_TRUE(eventually([&] { return inbox_.accepted("/a", firing) == 1; }));
  const std::vector<Posted> all = inbox_.at("/a");
  for (const Posted& each : all) EXPECT_EQ(each.delivery, all.front().delivery);
  const std::string story = why("Down");
  std::size_t failures = 0;
  for (std::size_t at = story.find("NotificationFailed"); at != std::string::npos; at = story.find("NotificationFailed", at + 1))
    ++failures;
  EXPECT_EQ(failures, all.size() - 1) << "one row for each attempt\n" << story;
}

TEST_F(router, a_failing_receiver_does_not_repeat_the_good_one) {
  drivers::net::SmtpServer post_office(drivers::net::SmtpPlay{});
  write_file("  email_configs:\n  - {to: ops@example.net, from: wb@example.net, smarthost: \"127.0.0.1:" +
             std::to_string(post_office.port()) + "\", require_tls: false, send_resolved: true}\n  webhook_configs:\n" +
             webhook("/down"));
  inbox_.answer("/down", 503);
  start();
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().err;
  fire(R"("alertname":"Down")");
  // Beside what is told of the webhook itself.
  const auto mails = [&post_office](const std::string& subject) {
    const std::vector<std::string> all = post_office.messages();
    return std::count_if(all.begin(), all.end(), [&subject](const std::string& each) {
      return each.find("Subject: " + subject) != std::string::npos;
    });
  };
  ASSERT_TRUE(eventually([&] { return mails("[FIRING:1] Down") == 1 && inbox_.at("/down").size() >= 2; }));
  end(R"("alertname":"Down")");
  ASSERT_TRUE(eventually([&] { return mails("[RESOLVED] Down") == 1; })) << "the webhook delays no mail";
  ASSERT_TRUE(eventually([&] { return inbox_.at("/down").size() >= 3; }));
  EXPECT_EQ(mails("[FIRING:1] Down"), 1);
  EXPECT_EQ(mails("[RESOLVED] Down"), 1);
}

TEST_F(router, a_resolve_during_downtime_is_still_told) {
  write_file("  webhook_configs:\n" + webhook("/a") + webhook("/b"));
  start();
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().err;
  fire(R"("alertname":"Down")");
  ASSERT_TRUE(eventually([&] { return inbox_.accepted("/a", firing) == 1 && inbox_.accepted("/b", firing) == 1; }));
  // Until the outcomes are on disk a message may come once more, under its id.
  ASSERT_TRUE(eventually([&] { return why("Down").find("NotificationSent") != why("Down").rfind("NotificationSent"); }));
  controller_->kill_at_once();
  start();
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().err;
  end(R"("alertname":"Down")");
  ASSERT_TRUE(eventually([&] { return inbox_.accepted("/a", resolved) > 0 && inbox_.accepted("/b", resolved) > 0; }));
  for (const char* path : {"/a", "/b"}) {
    EXPECT_EQ(inbox_.accepted(path, firing), 1U);
    EXPECT_EQ(inbox_.accepted(path, resolved), 1U);
  }
}

TEST_F(router, an_inhibited_alert_stays_quiet_over_restart) {
  write_file("  webhook_configs:\n" + webhook("/a"),
             "inhibit_rules: [{source_matchers: [alertname=HostDown], target_matchers: [alertname=Slow], equal: [instance]}]\n");
  start();
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().err;
  fire(R"("alertname":"HostDown","instance":"a")");
  ASSERT_TRUE(eventually([&] { return inbox_.accepted("/a", "HostDown") > 0; }));
  const std::string source = [&] {
    const JsonValue alerts = controller_->ask({"GET", "/api/v2/alerts", {}, {}, {}, {}}).json();
    return *alerts.as_array()->front().find("fingerprint")->as_string();
  }();
  for (int life = 0; life < 5; ++life) {
    if (life % 2 == 0) controller_->kill_at_once();
    else controller_->signal(SIGHUP);
    if (life % 2 == 0) start();
    ASSERT_TRUE(controller_->is_serving()) << controller_->ended().err;
    fire(R"("alertname":"Slow","instance":"a")");
    const std::string shown = controller_->ask({"GET", "/api/v2/alerts?filter=alertname%3DSlow", {}, {}, {}, {}}).body;
    EXPECT_NE(shown.find("\"inhibitedBy\":[\"" + source + "\"]"), std::string::npos) << shown;
    fire(R"("alertname":"HostDown","instance":"a")");
  }
  // Something that is told after them: what was to come has come.
  fire(R"("alertname":"Last")");
  ASSERT_TRUE(eventually([&] { return inbox_.accepted("/a", "Last") == 1; }));
  EXPECT_EQ(inbox_.accepted("/a", "\"alertname\":\"Slow\""), 0U);
  EXPECT_EQ(inbox_.accepted("/a", "\"alertname\":\"HostDown\""), 1U) << "and what explains it is told once";
}

TEST_F(router, why_answers_for_the_page_that_was_not_sent) {
  write_file("  webhook_configs:\n" + webhook("/a"), "", "2s");
  start();
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().err;
  fire(R"("alertname":"Blink")");
  end(R"("alertname":"Blink")");
  ASSERT_TRUE(eventually([&] { return why("Blink").find("resolved_before_group_wait") != std::string::npos; })) << why("Blink");
  const Ended told = run_program({"why", "Blink", "--data", path("data")});
  EXPECT_EQ(told.exit_code, 0);
  EXPECT_NE(told.out.find("AlertFired"), std::string::npos) << told.out;
  EXPECT_NE(told.out.find("AlertResolved"), std::string::npos) << told.out;
  EXPECT_TRUE(inbox_.at("/a").empty()) << "no lone end either";
}

TEST_F(router, a_template_error_still_wakes_someone) {
  const auto slack = [this](const std::string& text) {
    write_file("  slack_configs:\n  - {api_url: \"" + inbox_.url("/chat") + "\", channel: ops, text: '" + text + "'}\n");
  };
  slack(R"({{ template "nobody.defined.it" . }})");
  const Ended checked = run_program({"check", "alertmanager", path("am.yml")});
  EXPECT_EQ(checked.exit_code, 2);
  EXPECT_NE(checked.out.find("am.yml:"), std::string::npos) << checked.out;
  EXPECT_NE(checked.out.find("there is no template \"nobody.defined.it\""), std::string::npos) << checked.out;
  slack(R"({{ (index .Alerts 7).Labels.alertname }})");
  EXPECT_EQ(run_program({"check", "alertmanager", path("am.yml")}).exit_code, 0) << "only a message can tell";
  start();
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().err;
  fire(R"("alertname":"Down","instance":"db1")");
  ASSERT_TRUE(eventually([&] { return inbox_.accepted("/chat", "instance=db1") == 1; })) << "told plainly";
  ASSERT_TRUE(eventually([&] { return why("Down").find("out of range") != std::string::npos; })) << why("Down");
  const auto counts = [&] { return controller_->ask({"GET", "/metrics", {}, {}, {}, {}}).body; };
  EXPECT_TRUE(eventually([&] {
    return counts().find("watchbill_notification_template_failures_total{channel=\"slack\"} 1\n") != std::string::npos;
  })) << counts();
  EXPECT_EQ(inbox_.at("/chat").size(), 1U) << "it is no failure of the channel";
}

}  // namespace
}  // namespace watchbill::serve_test
