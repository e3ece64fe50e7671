// Mails of channels: what Debian's Alertmanager sent (test/data/receivers, recorded by test/receivers/capture_mail.py) and what
// we send for the same payload, and what happens with settings and templates that do not work.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "base/json.h"
#include "places.h"
#include "receivers/kinds.h"
#include "receivers/templates.h"

namespace watchbill::receivers {
namespace {

using Headers = std::map<std::string, std::string>;
constexpr Instant some_time{1'767'323'045'000};

PlanValue plan_value(const JsonValue& json) {
  if (const auto* text = json.as_string()) return *text;
  PlanValue::Map out;
  for (const auto& [key, value] : *json.as_object()) out.emplace(key, plan_value(value));
  return out;
}

std::shared_ptr<Channel> channel_of(PlanValues settings) {
  static const auto library = parse_library({}).value();
  auto channel = std::make_shared<Channel>();
  channel->configuration.kind = IntegrationKind::email;
  channel->configuration.settings = std::move(settings);
  channel->templates = library;
  return channel;
}

PlanValues usual() {
  return {{"smarthost", "mail.example.net:587"}, {"from", "wb@example.net"}, {"to", "ana@example.net"}, {"require_tls", "true"},
          {"hello", "wb.example"}, {"html", R"({{ template "email.default.html" . }})"}};
}

Notification sample() {
  Notification notification;
  notification.data.status = "firing";
  notification.data.alerts.push_back({.status = "firing",
                                      .labels = Labels(std::vector<Labels::Pair>{{"alertname", "Disk"}}),
                                      .annotations = {{"summary", "a < b\r\nBcc: evil@x"}}});
  notification.data.group_labels = Labels(std::vector<Labels::Pair>{{"alertname", "Disk"}});
  notification.group_key = "{}:{alertname=\"Disk\"}";
  notification.delivery = "d1";
  return notification;
}

struct Begun {
  Step step;
  std::string remark;
  [[nodiscard]] const ports::MailCall& call() const { return std::get<ports::MailCall>(step); }
  [[nodiscard]] std::string verdict() const {
    const auto* found = std::get_if<Verdict>(&step);
    return found == nullptr ? "a mail" : std::string(word(found->answer)) + " " + found->detail;
  }
};

Begun begin(PlanValues settings, Notification notification = sample(), Instant now = some_time,
            const std::string& password = "") {
  const auto channel = channel_of(std::move(settings));
  if (!password.empty()) channel->secrets["auth_password"] = password;
  const auto conversation = begin_email(channel, std::move(notification), now);
  Step step = conversation->begin();
  return {std::move(step), conversation->remark()};
}

// Encoded words of one value as text, as mail programs read them; lines unfolded.
std::string decoded(std::string value) {
  for (std::size_t at = 0; (at = value.find("\r\n", at)) != std::string::npos;) value.erase(at, 2);
  for (std::size_t at = 0; (at = value.find("?= =?utf-8?q?", at)) != std::string::npos;) value.erase(at, 13);
  std::string out;
  bool is_encoded = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!is_encoded && value.compare(i, 10, "=?utf-8?q?") == 0) {
      is_encoded = true;
      i += 9;
    } else if (is_encoded && value.compare(i, 2, "?=") == 0) {
      is_encoded = false;
      ++i;
    } else if (is_encoded && value[i] == '=') {
      out.push_back(static_cast<char>(std::stoi(value.substr(i + 1, 2), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(is_encoded && value[i] == '_' ? ' ' : value[i]);
    }
  }
  return out;
}

struct Mail {
  Headers headers;
  std::string body;  // with BOUNDARY for what it was
};

Mail read_mail(const std::string& bytes) {
  Mail mail;
  const std::size_t end = bytes.find("\r\n\r\n");
  for (std::size_t at = 0; at < end;) {
    std::size_t line = bytes.find("\r\n", at);
    while (bytes[line + 2] == ' ' || bytes[line + 2] == '\t') line = bytes.find("\r\n", line + 2);
    const std::size_t colon = bytes.find(": ", at);
    EXPECT_TRUE(mail.headers.emplace(bytes.substr(at, colon - at), decoded(bytes.substr(colon + 2, line - colon - 2))).second);
    at = line + 2;
  }
  mail.body = bytes.substr(end + 4);
  std::string& type = mail.headers["Content-Type"];
  const std::string boundary = type.substr(type.find('=') + 1);
  type.erase(type.find('=') + 1);
  for (std::size_t at = 0; (at = mail.body.find(boundary, at)) != std::string::npos;)
    mail.body.replace(at, boundary.size(), "BOUNDARY");
  return mail;
}

// Without what is another each time.
Mail comparable(const std::string& bytes) {
  Mail mail = read_mail(bytes);
  for (const char* name : {"Date", "Message-Id"}) EXPECT_EQ(mail.headers.erase(name), 1U) << name;
  return mail;
}

std::string first_difference(const std::string& a, const std::string& b) {
  const auto [at, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at == a.end() && other == b.end()) return {};
  return std::string(at, at + std::min<std::ptrdiff_t>(a.end() - at, 200)) + "\n--- there:\n" +
         std::string(other, other + std::min<std::ptrdiff_t>(b.end() - other, 200));
}

class EmailGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(EmailGolden, is_the_mail_that_alertmanager_sent) {
  std::ostringstream text;
  text << std::ifstream(in_test_data("receivers/email-" + std::string(GetParam()) + ".json")).rdbuf();
  const Result<JsonValue> golden = parse_json(text.str());
  ASSERT_TRUE(golden) << golden.error().text();
  const PlanValues settings = *plan_value(*golden->find("settings")).as_map();
  std::size_t count = 0;
  for (const JsonValue& message : *golden->find("messages")->as_array())
    for (const JsonValue& recorded : *message.find("mails")->as_array()) {
      const Begun begun = begin(settings, read_notification(*message.find("payload")->as_string()).value());
      ASSERT_TRUE(std::holds_alternative<ports::MailCall>(begun.step)) << begun.verdict();
      EXPECT_EQ(begun.remark, "");
      EXPECT_EQ(begun.call().from, *recorded.find("from")->as_string());
      std::vector<std::string> to;
      for (const JsonValue& each : *recorded.find("to")->as_array()) to.push_back(*each.as_string());
      EXPECT_EQ(begun.call().recipients, to);
      const Mail theirs = comparable(*recorded.find("data")->as_string()), ours = comparable(begun.call().message);
      EXPECT_EQ(ours.headers, theirs.headers);
      EXPECT_EQ(first_difference(ours.body, theirs.body), "");
      ++count;
    }
  EXPECT_EQ(count, 3U);
}

INSTANTIATE_TEST_SUITE_P(email, EmailGolden, ::testing::Values("plain", "text", "full"));

TEST(email, says_where_it_goes_and_who_logs_in) {
  PlanValues settings = usual();
  settings["auth_username"] = "user";
  settings["auth_identity"] = "id";
  settings["to"] = "Ana <ana@example.net>, {{ .Status }}@example.net";
  const ports::MailCall call = begin(settings, sample(), some_time, "pass\n").call();
  EXPECT_EQ(call.host + " " + std::to_string(call.port), "mail.example.net 587");
  EXPECT_EQ(call.encryption, ports::MailEncryption::required);
  EXPECT_EQ(call.hello + " " + call.username + " " + call.identity + " " + call.password, "wb.example user id pass");
  EXPECT_EQ(call.recipients, (std::vector<std::string>{"ana@example.net", "firing@example.net"}));
  EXPECT_EQ(read_mail(call.message).headers.at("Date"), "Fri, 02 Jan 2026 03:04:05 +0000");
}

TEST(email, the_port_and_the_settings_decide_about_tls) {
  const auto encryption = [](const char* smarthost, const char* required, const char* forced = "") {
    PlanValues settings = usual();
    settings["smarthost"] = smarthost;
    settings["require_tls"] = required;
    if (*forced != '\0') settings["force_implicit_tls"] = forced;
    return begin(settings).call().encryption;
  };
  using ports::MailEncryption;
  EXPECT_EQ(encryption("a:25", "true"), MailEncryption::required);
  EXPECT_EQ(encryption("a:25", "false"), MailEncryption::none);
  EXPECT_EQ(encryption("a:465", "true"), MailEncryption::at_once);
  EXPECT_EQ(encryption("a:smtps", "false"), MailEncryption::at_once);
  EXPECT_EQ(encryption("a:465", "true", "false"), MailEncryption::required);
  EXPECT_EQ(encryption("[::1]:2525", "true", "true"), MailEncryption::at_once);
}

TEST(email, settings_that_name_nobody_are_final_and_say_why) {
  const auto verdict = [](const char* key, const char* value) {
    PlanValues settings = usual();
    settings[key] = value;
    return begin(settings).verdict();
  };
  for (const char* bad : {"", "mail", ":25", "mail:", "mail:0", "mail:70000", "mail:x", "a:b:25"})
    EXPECT_EQ(verdict("smarthost", bad), "final no_smarthost") << bad;
  EXPECT_EQ(verdict("from", "a@b, c@d"), "final invalid from: expected exactly one address");
  EXPECT_EQ(verdict("to", "ana"), "final invalid to: at character 4: expected an @ behind the name of the mailbox");
  EXPECT_EQ(verdict("to", "{{ .Nothing }}"), "final invalid to: at character 1: expected an address such as ana@example.net");
}

TEST(email, a_template_that_fails_never_drops_the_mail) {
  PlanValues settings = usual();
  settings["headers"] = PlanValue::Map{{"subject", "{{ .Nope }}"}, {"X-Bad", "{{ .Nope }}"}, {"X-Good", "{{ .Status }}"}};
  settings["text"] = "{{ .Nope }}";
  settings["html"] = "{{ .Nope }}";
  const Begun begun = begin(settings);
  const Mail mail = read_mail(begun.call().message);
  EXPECT_EQ(mail.headers.at("Subject"), "[FIRING:1] Disk");
  EXPECT_EQ(mail.headers.at("X-Bad"), "");
  EXPECT_EQ(mail.headers.at("X-Good"), "firing");
  EXPECT_NE(mail.body.find("firing: Disk"), std::string::npos) << mail.body;
  EXPECT_NE(mail.body.find("<pre>[FIRING:1] Disk\r\nfiring: Disk"), std::string::npos) << mail.body;
  EXPECT_NE(begun.remark.find("headers.subject"), std::string::npos) << begun.remark;
}

TEST(email, no_template_makes_a_header_a_recipient_or_a_part) {
  PlanValues settings = usual();
  const std::string evil = "{{ range .Alerts }}{{ .Annotations.summary }}{{ end }}";
  settings["headers"] = PlanValue::Map{{"Subject", evil}, {"To", evil}, {"X-A", evil + "\r\n\r\n--" + evil}};
  settings["text"] = evil + "\r\n.\r\nMAIL FROM:<x@y>\r\n";
  const Mail mail = read_mail(begin(settings).call().message);
  EXPECT_EQ(mail.headers.count("Bcc"), 0U);
  EXPECT_EQ(mail.headers.at("Subject"), "a < b Bcc: evil@x");
  EXPECT_EQ(mail.headers.at("To"), "a < b Bcc: evil@x");
  settings["to"] = "ana@example.net" + evil;
  EXPECT_TRUE(begin(settings).verdict().starts_with("final invalid to: at character 18: expected a comma"));
}

TEST(email, a_mail_without_parts_says_plainly_what_it_is_about) {
  PlanValues settings = usual();
  settings["html"] = "";
  const std::string body = read_mail(begin(settings).call().message).body;
  EXPECT_NE(body.find("text/plain"), std::string::npos);
  EXPECT_NE(body.find("[FIRING:1] Disk"), std::string::npos);
}

TEST(email, all_attempts_of_a_delivery_have_one_id) {
  const auto id = [](const Notification& notification, Instant now) {
    return read_mail(begin(usual(), notification, now).call().message).headers.at("Message-Id");
  };
  Notification other = sample();
  other.delivery = "d2";
  const std::string first = id(sample(), some_time);
  EXPECT_TRUE(first.starts_with("<") && first.ends_with("@example.net>")) << first;
  EXPECT_EQ(id(sample(), some_time + Duration::seconds(60)), first);
  EXPECT_NE(id(other, some_time), first);
}

TEST(email, threads_are_those_of_groups) {
  PlanValues settings = usual();
  settings["threading.enabled"] = "true";
  settings["threading.thread_by_date"] = "daily";
  const std::string root = "<alert-" + group_hash(sample()).substr(0, 16) + "-";
  EXPECT_EQ(read_mail(begin(settings).call().message).headers.at("References"), root + "2026-01-02@alertmanager>");
  settings["threading.thread_by_date"] = "none";
  EXPECT_EQ(read_mail(begin(settings).call().message).headers.at("In-Reply-To"), root + "@alertmanager>");
}

}  // namespace
}  // namespace watchbill::receivers
