#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <optional>

#include "base/bytes.h"
#include "drivers/net/smtp_client.h"
#include "net/certificates.h"
#include "mail/smtp_server.h"

namespace watchbill::drivers::net {
namespace {

using ports::MailCall;
using ports::MailEncryption;
using ports::MailFailure;
using ports::MailFailureKind;
using Outcome = Result<std::string, MailFailure>;
using Lines = std::vector<std::string>;

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

MailCall call_to(std::uint16_t port) {
  MailCall call;
  call.host = "127.0.0.1";
  call.port = port;
  call.encryption = MailEncryption::none;
  call.hello = "wb.example";
  call.from = "wb@example.net";
  call.recipients = {"ana@example.net"};
  call.message = "Subject: x\r\n\r\nbody\r\n";
  call.timeout = Duration::seconds(15);
  return call;
}

struct Client {
  explicit Client(SmtpLimits limits = {}) {
    thread.run([&] { client = std::make_unique<SmtpClient>(thread.loop, limits); });
  }
  ~Client() {
    thread.run([&] { client.reset(); });
    thread.join();
  }
  Outcome send(MailCall call) {
    std::promise<Outcome> promise;
    std::future<Outcome> future = promise.get_future();
    client->send(std::move(call), [&](Outcome outcome) { promise.set_value(std::move(outcome)); });
    return future.get();
  }
  LoopThread thread;
  std::unique_ptr<SmtpClient> client;
};

Outcome send(MailCall call) { return Client().send(std::move(call)); }

std::string text_of(const Outcome& outcome) {
  constexpr std::array<std::string_view, 7> kinds{"call_invalid",    "not_connected", "tls_failed", "login_refused",
                                                  "refused_for_now", "refused",       "interrupted"};
  if (outcome) return "taken: " + *outcome;
  const MailFailure& failure = outcome.error();
  return std::string(kinds.at(static_cast<std::size_t>(failure.kind))) + " " + std::to_string(failure.code) + " " +
         failure.detail;
}

// The last of it may come after the outcome.
void expect_heard(const SmtpServer& server, const Lines& expected) {
  EXPECT_TRUE(eventually([&] { return server.heard().size() >= expected.size(); }));
  EXPECT_EQ(server.heard(), expected);
}

// A server with a certificate for 127.0.0.1, and calls that trust its authority.
struct Encrypted {
  Encrypted() {
    certificates.issue("server", "DNS:localhost,IP:127.0.0.1");
    play.tls = {certificates.file("server.pem"), certificates.file("server.key"), ""};
    play.offers = {"STARTTLS"};
  }
  MailCall call(std::uint16_t port, MailEncryption encryption = MailEncryption::required) const {
    MailCall made = call_to(port);
    made.encryption = encryption;
    made.tls.ca_file = certificates.file("ca.pem");
    return made;
  }
  Certificates certificates;
  SmtpPlay play;
};

TEST(smtp_client, sends_a_mail) {
  Client client;
  SmtpServer server({.answers = {}, .offers = {"PIPELINING", "SIZE 1000000", "8BITMIME"}, .offers_with_tls = {}});
  MailCall call = call_to(server.port());
  call.recipients = {"ana@example.net", "\"b c\"@example.net"};
  EXPECT_EQ(text_of(client.send(call)), "taken: 250 2.0.0 taken as 4F2");
  expect_heard(server, (Lines{"EHLO wb.example", "MAIL FROM:<wb@example.net> SIZE=20", "RCPT TO:<ana@example.net>",
                                   "RCPT TO:<\"b c\"@example.net>", "DATA", "QUIT"}));
  EXPECT_EQ(server.messages(), Lines{call.message});
}

TEST(smtp_client, falls_back_to_helo_and_reads_answers_of_many_lines) {
  Client client;
  SmtpServer server({.answers = {{"greeting", {"220-one\r\n220-\r\n220\r\n"}}, {"EHLO", {"502 5.5.1 what?\r\n"}}},
                     .offers = {},
                     .offers_with_tls = {}});
  EXPECT_TRUE(client.send(call_to(server.port())));
  expect_heard(server, (Lines{"EHLO wb.example", "HELO wb.example", "MAIL FROM:<wb@example.net>",
                                   "RCPT TO:<ana@example.net>", "DATA", "QUIT"}));
}

TEST(smtp_client, lines_of_dots_and_ends_of_lines_of_all_kinds_arrive_as_one_message) {
  SmtpServer server({});
  MailCall call = call_to(server.port());
  call.message = "a: b\r\n\r\n.\r\n..\r\n.x\n.\ny\r.\r\nlast";
  EXPECT_TRUE(send(call));
  EXPECT_EQ(server.messages(), Lines{"a: b\r\n\r\n..\r\n...\r\n..x\r\n..\r\ny\r\n..\r\nlast\r\n"});
}

TEST(smtp_client, large_messages_pass_in_the_clear_and_through_tls) {
  Encrypted encrypted;
  SmtpServer server(encrypted.play);
  for (const MailEncryption encryption : {MailEncryption::none, MailEncryption::required}) {
    MailCall call = encrypted.call(server.port(), encryption);
    for (int i = 0; i < 16'000; ++i) call.message += std::string(70, static_cast<char>('a' + i % 26)) + "\r\n";
    ASSERT_TRUE(send(call));
    EXPECT_TRUE(server.messages().back() == call.message);
  }
}

TEST(smtp_client, starts_tls_and_forgets_what_was_said_before) {
  Client client;
  Encrypted encrypted;
  encrypted.play.offers = {"STARTTLS", "AUTH PLAIN", "SIZE"};
  encrypted.play.offers_with_tls = {"AUTH LOGIN"};
  encrypted.play.answers["AUTH"] = {"334 VXNlcm5hbWU6\r\n"};
  encrypted.play.answers["login"] = {"334 UGFzc3dvcmQ6\r\n", "235 ok\r\n"};
  SmtpServer server(encrypted.play);
  MailCall call = encrypted.call(server.port());
  call.username = "user";
  call.password = "pass";
  EXPECT_EQ(text_of(client.send(call)), "taken: 250 2.0.0 taken as 4F2");
  expect_heard(server, (Lines{"EHLO wb.example", "STARTTLS", "[TLS]", "EHLO wb.example", "AUTH LOGIN", to_base64("user"),
                              to_base64("pass"), "MAIL FROM:<wb@example.net>", "RCPT TO:<ana@example.net>", "DATA", "QUIT"}));
}

TEST(smtp_client, speaks_tls_at_once) {
  Encrypted encrypted;
  encrypted.play.is_tls_at_once = true;
  SmtpServer server(encrypted.play);
  EXPECT_TRUE(send(encrypted.call(server.port(), MailEncryption::at_once)));
  EXPECT_EQ(server.heard().front(), "EHLO wb.example");
}

TEST(smtp_client, nothing_is_sent_where_tls_is_required_and_not_had) {
  Encrypted encrypted;
  {
    SmtpServer server({});
    EXPECT_TRUE(text_of(send(encrypted.call(server.port()))).starts_with("tls_failed 0 127.0.0.1:")) << "not offered";
    EXPECT_EQ(server.heard(), Lines{"EHLO wb.example"});
  }
  {
    SmtpPlay refuses = encrypted.play;
    refuses.answers["STARTTLS"] = {"454 4.7.0 not now\r\n"};
    SmtpServer server(refuses);
    EXPECT_EQ(text_of(send(encrypted.call(server.port()))), "refused_for_now 454 STARTTLS: 454 4.7.0 not now");
  }
  Certificates others;
  SmtpServer server(encrypted.play);
  MailCall call = encrypted.call(server.port());
  call.tls.ca_file = others.file("ca.pem");
  EXPECT_TRUE(has(text_of(send(call)), "certificate verify failed")) << "another authority";
  call = encrypted.call(server.port());
  call.tls.server_name = "other.example";
  EXPECT_TRUE(has(text_of(send(call)), "tls_failed 0 ")) << "another name";
  call.tls.ca_file = "/nowhere/ca.pem";
  EXPECT_TRUE(has(text_of(send(call)), "call_invalid 0 read CA /nowhere/ca.pem"));
  call = encrypted.call(server.port());
  call.tls = {};
  call.tls.skip_verification = true;
  EXPECT_TRUE(send(call));
  EXPECT_EQ(server.messages().size(), 1U);
}

TEST(smtp_client, words_put_before_the_handshake_do_not_count) {
  Encrypted encrypted;
  encrypted.play.answers["STARTTLS"] = {"220 go ahead\r\n250-injected\r\n250 AUTH PLAIN\r\n"};
  SmtpServer server(encrypted.play);
  EXPECT_TRUE(has(text_of(send(encrypted.call(server.port()))), "the server said more than its answer before TLS began"));
  EXPECT_EQ(server.messages().size(), 0U);
}

TEST(smtp_client, says_nothing_on_top_of_an_answer_that_was_not_asked_for) {
  SmtpServer server({.answers = {{"MAIL", {"250 ok\r\n250 ok\r\n"}}}, .offers = {}, .offers_with_tls = {}});
  EXPECT_TRUE(has(text_of(send(call_to(server.port()))), "MAIL FROM: the server said more than its answer"));
}

TEST(smtp_client, logs_in_as_the_server_and_the_credentials_allow) {
  struct Case {
    const char* offer;
    const char* password;
    const char* secret;
    const char* expected;  // the first line about logging in, or the end of the failure
  };
  const Case cases[] = {
      {"AUTH PLAIN LOGIN", "pw", "", "AUTH PLAIN aWQAdXNlcgBwdw=="},
      {"AUTH LOGIN PLAIN", "pw", "", "AUTH LOGIN"},
      {"auth XOAUTH2 CRAM-MD5 PLAIN", "pw", "sec", "AUTH CRAM-MD5"},
      {"AUTH CRAM-MD5 PLAIN", "pw", "", "AUTH PLAIN aWQAdXNlcgBwdw=="},
      {"AUTH PLAIN", "", "sec", "AUTH: PLAIN needs a password"},
      {"AUTH XOAUTH2", "pw", "sec", "AUTH: the server offers no mechanism that we know: expected PLAIN, LOGIN or CRAM-MD5"},
      {"SIZE", "pw", "", "MAIL FROM:<wb@example.net> SIZE=20"},
  };
  for (const Case& each : cases) {
    SmtpPlay play;
    play.offers = {each.offer};
    play.answers["AUTH"] = {std::string(each.expected) == "AUTH LOGIN" ? "334 dXNlcm5hbWU6\r\n"
                            : std::string(each.expected) == "AUTH CRAM-MD5"
                                ? "334 PDE3ODkzLjEzMjA2NzkxMjNAdGVzc2VyYWN0LnN1c2FtLmluPg==\r\n"
                                : "235 ok\r\n"};
    play.answers["login"] = {std::string(each.expected) == "AUTH LOGIN" ? "334 cGFzc3dvcmQ6\r\n" : "235 ok\r\n", "235 ok\r\n"};
    SmtpServer server(play);
    MailCall call = call_to(server.port());
    call.username = "user";
    call.identity = "id";
    call.password = each.password;
    call.secret = each.secret;
    const Outcome outcome = send(call);
    const Lines heard = server.heard();
    const bool is_refused = std::string(each.expected).starts_with("AUTH:");
    EXPECT_EQ(outcome.has_value(), !is_refused) << text_of(outcome);
    EXPECT_TRUE(is_refused ? text_of(outcome).ends_with(each.expected) : heard.at(1) == each.expected) << text_of(outcome);
    EXPECT_EQ(text_of(outcome).starts_with("login_refused 0 "), is_refused);
  }
}

// The example of RFC 2195.
TEST(smtp_client, answers_a_challenge_with_its_digest) {
  SmtpServer server({.answers = {{"AUTH", {"334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n"}}},
                     .offers = {"AUTH CRAM-MD5"},
                     .offers_with_tls = {}});
  MailCall call = call_to(server.port());
  call.username = "tim";
  call.secret = "tanstaaftanstaaf";
  EXPECT_TRUE(send(call));
  EXPECT_EQ(server.heard().at(2), "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw");
}

TEST(smtp_client, a_refused_login_says_its_code_and_never_a_credential) {
  for (const char* answer : {"535 5.7.8 no: dXNlcg== pw\r\n", "454 4.7.0 pw later\r\n", "334 pw?\r\n"}) {
    SmtpServer server({.answers = {{"AUTH", {answer}}}, .offers = {"AUTH PLAIN"}, .offers_with_tls = {}});
    MailCall call = call_to(server.port());
    call.username = "user";
    call.password = "pw";
    const std::string text = text_of(send(call));
    EXPECT_TRUE(text.starts_with("login_refused ")) << text;
    EXPECT_FALSE(has(text, "pw") || has(text, "dXNl")) << text;
    EXPECT_EQ(has(text, std::string(answer).substr(0, 9)), answer[0] != '3') << text;
  }
}

TEST(smtp_client, refusals_are_told_by_step_and_end_the_connection) {
  const std::map<std::string, std::string> steps{{"greeting", "greeting"}, {"EHLO", "EHLO"}, {"MAIL", "MAIL FROM"},
                                                 {"RCPT", "RCPT TO"},      {"DATA", "DATA"}, {"message", "message"}};
  for (const auto& [step, shown] : steps)
    for (const std::string code : {"451", "550", "421"}) {
      SmtpPlay play;
      play.answers[step] = {code + "-4.2.0 no\r\n" + code + " never\x01\r\n"};
      if (step == "EHLO") play.answers["HELO"] = play.answers[step];
      SmtpServer server(play);
      const std::string kind = code == "550" ? "refused " : "refused_for_now ";
      const std::string said = step == "EHLO" && code == "550" ? "HELO" : shown;
      EXPECT_EQ(text_of(send(call_to(server.port()))), kind + code + " " + said + ": " + code + " 4.2.0 no never?");
      EXPECT_TRUE(eventually([&] { return server.closed_count() == 1; }));
      const Lines heard = server.heard();
      EXPECT_EQ(std::count(heard.begin(), heard.end(), "QUIT"), 0);
    }
}

TEST(smtp_client, one_refused_recipient_fails_the_mail) {
  SmtpServer server(
      {.answers = {{"RCPT", {"250 ok\r\n", "550 5.1.1 no such user\r\n", "250 ok\r\n"}}}, .offers = {}, .offers_with_tls = {}});
  MailCall call = call_to(server.port());
  call.recipients = {"a@x", "b@x", "c@x"};
  EXPECT_EQ(text_of(send(call)), "refused 550 RCPT TO: 550 5.1.1 no such user");
  EXPECT_EQ(server.heard().back(), "RCPT TO:<b@x>");
  EXPECT_EQ(server.messages().size(), 0U);
}

TEST(smtp_client, a_server_that_closes_or_hangs_anywhere_ends_the_mail) {
  const std::map<std::string, std::string> steps{{"greeting", "greeting"}, {"EHLO", "EHLO"}, {"STARTTLS", "STARTTLS"},
                                                 {"AUTH", "AUTH LOGIN"},   {"login", "AUTH LOGIN"}, {"MAIL", "MAIL FROM"},
                                                 {"RCPT", "RCPT TO"},      {"DATA", "DATA"},        {"message", "message"}};
  for (const char* way : {smtp_closes, smtp_hangs}) {
    Client client;
    std::map<std::string, std::unique_ptr<SmtpServer>> servers;
    std::map<std::string, std::promise<Outcome>> outcomes;
    for (const auto& [step, shown] : steps) {
      SmtpPlay play;
      play.offers = {"STARTTLS", "AUTH LOGIN"};
      play.answers["AUTH"] = {"334 VXNlcm5hbWU6\r\n"};
      play.answers[step] = {way};
      servers[step] = std::make_unique<SmtpServer>(play);
      MailCall call = call_to(servers[step]->port());
      if (step == "STARTTLS") call.encryption = MailEncryption::required;
      if (step == "AUTH" || step == "login") call.username = call.password = "x";
      if (way == smtp_hangs) call.timeout = Duration::seconds(2);
      client.client->send(call, [&promise = outcomes[step]](Outcome outcome) { promise.set_value(std::move(outcome)); });
    }
    for (const auto& [step, shown] : steps) {
      const std::string text = text_of(outcomes[step].get_future().get());
      EXPECT_TRUE(text.starts_with("interrupted 0 127.0.0.1:")) << text;
      EXPECT_TRUE(text.ends_with(": " + shown + (way == smtp_hangs ? ": no answer in time" : ": the server closed"))) << text;
      EXPECT_TRUE(eventually([&, &step = step] { return servers[step]->closed_count() == 1; }));
    }
  }
}

TEST(smtp_client, the_time_counts_for_handshakes_too) {
  Encrypted encrypted;
  RawServer silent;  // its backlog takes the connection
  MailCall call = encrypted.call(silent.port(), MailEncryption::at_once);
  call.timeout = Duration::milliseconds(300);
  EXPECT_TRUE(has(text_of(send(call)), "tls_failed 0 "));
  EXPECT_TRUE(has(text_of(Client({.connect_timeout = Duration::milliseconds(200)})
                              .send(encrypted.call(silent.port(), MailEncryption::at_once))),
                  "no TLS handshake in time"));
  SmtpPlay closes;  // it says that it is ready for a handshake
  closes.offers = {"STARTTLS"};
  SmtpServer left(closes);
  EXPECT_TRUE(has(text_of(send(encrypted.call(left.port()))), "tls_failed 0 "));
  SmtpServer plain({.answers = {{"greeting", {"220 plain\r\n"}}}, .offers = {}, .offers_with_tls = {}});
  EXPECT_TRUE(has(text_of(send(encrypted.call(plain.port(), MailEncryption::at_once))), "tls_failed 0 "));
}

TEST(smtp_client, a_server_that_cannot_be_reached_has_got_nothing) {
  std::uint16_t port = 0;
  {
    RawServer gone;
    port = gone.port();
  }
  EXPECT_TRUE(text_of(send(call_to(port))).starts_with("not_connected 0 connect to 127.0.0.1:"));
  MailCall call = call_to(port);
  call.host = "no-such-host.invalid";
  EXPECT_TRUE(text_of(send(call)).starts_with("not_connected 0 resolve no-such-host.invalid"));
}

TEST(smtp_client, answers_are_bounded) {
  const auto ends_with = [](const std::string& greeting, const std::string& expected) {
    SmtpServer server({.answers = {{"greeting", {greeting}}}, .offers = {}, .offers_with_tls = {}});
    const std::string text = text_of(send(call_to(server.port())));
    EXPECT_TRUE(text.starts_with("interrupted 0 ") && text.ends_with(expected)) << text;
  };
  std::string many;
  for (int i = 0; i < 101; ++i) many += "220-x\r\n";
  ends_with(many, "its answer has too many lines");
  ends_with("220 " + std::string(5000, 'x'), "a line of its answer is too long");
  ends_with("HTTP/1.1 400 Bad Request\r\n", "its answer is not SMTP");
  ends_with("220-a\r\n250 b\r\n", "its answer changes its code between lines");
}

TEST(smtp_client, a_message_that_is_refused_while_it_is_sent_has_the_servers_reason) {
  SmtpPlay play;
  play.answers["DATA"] = {"354 go on\r\n552 5.3.4 too large\r\n"};
  SmtpServer server(play);
  MailCall call = call_to(server.port());
  call.message = std::string(10 << 20, 'x');
  EXPECT_EQ(text_of(send(call)).substr(0, 12), "interrupted ") << "what follows 354 at once belongs to nothing";
  SmtpServer early({.answers = {}, .offers = {}, .offers_with_tls = {}, .read_bytes_max = 100'000});
  call.port = early.port();
  EXPECT_TRUE(has(text_of(send(call)), "interrupted 0 ")) << "it closed in the middle";
}

TEST(smtp_client, a_farewell_that_fails_takes_nothing_back) {
  for (const char* way : {smtp_closes, smtp_hangs, "421 no\r\n", "junk"}) {
    SmtpServer server({.answers = {{"QUIT", {way}}}, .offers = {}, .offers_with_tls = {}});
    Client client({.quit_timeout = Duration::milliseconds(100)});
    EXPECT_TRUE(client.send(call_to(server.port())));
    EXPECT_TRUE(eventually([&] { return server.closed_count() == 1; }));
  }
}

TEST(smtp_client, calls_that_could_say_something_else_are_refused) {
  const auto refused = [](const std::function<void(MailCall&)>& change) {
    MailCall call = call_to(9);
    change(call);
    const std::string text = text_of(send(call));
    EXPECT_FALSE(has(text, "\r") || has(text, "\n")) << text;
    return text.starts_with("call_invalid 0 ");
  };
  for (const std::string& bad :
       {std::string("a@b>\r\nDATA"), std::string("a@b\nRCPT"), std::string("a b@c"), std::string("<a@b>"),
        std::string("a@b> SIZE=1"), std::string("a\0@b", 4), std::string("a"), std::string("@b"), std::string("a@"),
        std::string("\"a@b"), std::string("a@\"b\""), std::string("a@b@c"), std::string("\"a\\"), std::string("\"a\r\n\"@b"),
        std::string(400, 'a') + "@b", std::string()}) {
    EXPECT_TRUE(refused([&](MailCall& call) { call.from = bad; })) << bad;
    EXPECT_TRUE(refused([&](MailCall& call) { call.recipients.push_back(bad); })) << bad;
  }
  EXPECT_TRUE(refused([](MailCall& call) { call.recipients.clear(); }));
  EXPECT_TRUE(refused([](MailCall& call) { call.recipients.resize(1001, "a@b"); }));
  for (const char* hello : {"", "a b", "a\r\nMAIL"}) EXPECT_TRUE(refused([&](MailCall& call) { call.hello = hello; }));
  EXPECT_TRUE(refused([](MailCall& call) { call.host.clear(); }));
}

TEST(smtp_client, addresses_beyond_ascii_need_a_server_that_takes_them) {
  const auto sent = [](Lines offers) {
    SmtpServer server({.answers = {}, .offers = std::move(offers), .offers_with_tls = {}});
    MailCall call = call_to(server.port());
    call.recipients = {"jürgen@example.net"};
    const Outcome outcome = send(call);
    return outcome ? server.heard().at(1) : text_of(outcome);
  };
  EXPECT_EQ(sent({"8BITMIME", "SMTPUTF8"}), "MAIL FROM:<wb@example.net> BODY=8BITMIME SMTPUTF8");
  EXPECT_TRUE(sent({"8BITMIME"}).starts_with("call_invalid 0 "));
}

TEST(smtp_client, mails_wait_for_a_seat_and_not_too_many) {
  SmtpServer server({.answers = {{"message", {smtp_hangs}}}, .offers = {}, .offers_with_tls = {}});
  Client client({.connections_max = 2, .waiting_max = 3});
  std::mutex mutex;
  Lines ends;
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return ends.size();
  };
  MailCall call = call_to(server.port());
  const auto begin = [&] {
    client.client->send(call, [&](const Outcome& outcome) {
      const std::lock_guard lock(mutex);
      ends.push_back(text_of(outcome));
    });
  };
  for (int i = 0; i < 5; ++i) begin();
  ASSERT_TRUE(eventually([&] { return server.connection_count() == 2; }));
  begin();
  ASSERT_TRUE(eventually([&] { return count() == 1; }));
  EXPECT_EQ(ends.front(), "not_connected 0 too many mails wait");
  EXPECT_EQ(server.connection_count(), 2U);
  client.thread.run([&] { client.client.reset(); });
  EXPECT_EQ(count(), 6U);
  const auto waited = std::count_if(ends.begin(), ends.end(), [](const std::string& each) {
    return has(each, "not_connected 0 127.0.0.1") && has(each, "the client is closed");
  });
  EXPECT_EQ(waited, 3);
}

TEST(smtp_client, a_server_that_hangs_keeps_no_mail_of_another_waiting) {
  SmtpServer hung({.answers = {{"greeting", {smtp_hangs}}}, .offers = {}, .offers_with_tls = {}});
  SmtpServer good({});
  Client client({.connections_max = 1});
  std::atomic<int> failed{0}, taken{0};
  MailCall call = call_to(hung.port());
  call.timeout = Duration::seconds(1);
  for (int i = 0; i < 3; ++i) client.client->send(call, [&](const Outcome& outcome) { failed += outcome ? 0 : 1; });
  client.client->send(call_to(good.port()), [&](const Outcome& outcome) { taken += outcome ? 1 : 0; });
  EXPECT_TRUE(eventually([&] { return taken == 1; }));
  EXPECT_LT(failed, 3) << "it did not wait for them";
  EXPECT_TRUE(eventually([&] { return failed == 3; }));
  EXPECT_EQ(hung.connection_count(), 3U) << "the time of one that waits has not begun";
}

TEST(smtp_client, many_mails_go_through_few_seats) {
  SmtpServer server({});
  Client client({.connections_max = 3, .quit_timeout = Duration::seconds(20)});
  std::atomic<int> taken{0};
  for (int i = 0; i < 40; ++i)
    client.client->send(call_to(server.port()), [&](const Outcome& outcome) { taken += outcome ? 1 : 0; });
  EXPECT_TRUE(eventually([&] { return taken == 40; }));
  EXPECT_EQ(server.messages().size(), 40U);
}

}  // namespace
}  // namespace watchbill::drivers::net
