// Alertmanager's file as clients see it: it says the same, and none of its secrets.
#include <gtest/gtest.h>

#include "config/alertmanager.h"
#include "config/alertmanager_text.h"

namespace watchbill::config {
namespace {

std::string shown(const std::string& source) {
  auto tree = parse_tree(source);
  EXPECT_TRUE(tree);
  return tree ? alertmanager_text(*tree) : std::string();
}

TEST(alertmanager_text, says_what_the_file_says) {
  EXPECT_EQ(shown("# a comment\nroute: {receiver: \"a b\", group_by: [x, 'y'], group_wait: 30s}\nreceivers:\n- name: 'a b'\n"
                  "  webhook_configs: []\n- &n {name: c, send_resolved: true}\n"),
            "route:\n  receiver: \"a b\"\n  group_by:\n    - x\n    - \"y\"\n  group_wait: 30s\nreceivers:\n  - name: \"a b\"\n"
            "    webhook_configs: []\n  - name: c\n    send_resolved: true\n");
}

TEST(alertmanager_text, reads_back_as_itself) {
  const std::string text = shown("route:\n  receiver: ops\n  matchers: ['a=~\"b|c\"', \"d!='\\n'\"]\n"
                                 "  text: |\n    two\n    lines\n"
                                 "  empty: \"\"\n  none:\n  list: [[1, 2], [], {}]\n");
  EXPECT_EQ(shown(text), text) << text;
}

TEST(alertmanager_text, hides_secrets) {
  const std::string text = shown(
      "global:\n  smtp_auth_password: hidden1\n  smtp_auth_password_file: /shown1\n  slack_api_url: https://hidden2\n"
      "  opsgenie_api_key: hidden3\n  opsgenie_api_url: https://shown2\n"
      "receivers:\n- name: shown3\n  webhook_configs:\n"
      "  - url: http://u:hidden4@h:1/shown4?a=hidden5&b=hidden6#f\n    http_config:\n"
      "      basic_auth: {username: shown5, password: hidden7}\n      authorization: {credentials: hidden8}\n"
      "      oauth2: {client_id: shown6, client_secret: hidden9, token_url: https://shown7}\n"
      "      proxy_connect_header: {Proxy-Authorization: [hidden10]}\n"
      "  - {url: 'http://hidden11@h'}\n"
      "  slack_configs: [{api_url: https://hidden12, channel: shown8}]\n"
      "  pagerduty_configs: [{routing_key: hidden13, url: https://shown9}]\n"
      "  telegram_configs: [{bot_token: hidden14}]\n  pushover_configs: [{user_key: hidden15, token: hidden16}]\n"
      "# hidden17\n");
  EXPECT_EQ(text.find("hidden"), std::string::npos) << text;
  for (int i = 1; i <= 9; ++i) EXPECT_NE(text.find("shown" + std::to_string(i)), std::string::npos) << i << "\n" << text;
  EXPECT_NE(text.find("http://u:xxxxx@h:1/shown4?a=xxxxx&b=xxxxx#f"), std::string::npos) << text;
  EXPECT_NE(text.find("password: <secret>"), std::string::npos) << text;
}

}  // namespace
}  // namespace watchbill::config
