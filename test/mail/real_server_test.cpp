// A mail to a server that others wrote (Debian's python3-aiosmtpd), and what Python's email module finds in it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <future>

#include "base/json.h"
#include "drivers/net/smtp_client.h"
#include "net/certificates.h"
#include "net/loopback.h"
#include "places.h"
#include "receivers/mail_message.h"

namespace watchbill::drivers::net {
namespace {

// The server's process; its standard input and output.
class RealServer {
 public:
  RealServer(const Certificates& certificates, const char* way) {
    std::array<int, 2> in{}, out{};
    EXPECT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
    const std::string script = in_source("test/mail/real_server.py"), pem = certificates.file("server.pem"),
                      key = certificates.file("server.key");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      ::execl("/usr/bin/python3", "python3", script.c_str(), pem.c_str(), key.c_str(), way, static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = out[0];
  }
  ~RealServer() {
    ::close(in_);
    ::close(out_);
    ::waitpid(pid_, nullptr, 0);
  }
  RealServer(const RealServer&) = delete;
  RealServer& operator=(const RealServer&) = delete;

  // The next line that it prints, as JSON.
  JsonValue line() {
    std::string text;
    for (char c = 0; ::read(out_, &c, 1) == 1 && c != '\n';) text.push_back(c);
    Result<JsonValue> value = parse_json(text);
    EXPECT_TRUE(value) << text;
    return value ? std::move(*value) : JsonValue{};
  }

 private:
  pid_t pid_{-1};
  int in_{-1}, out_{-1};
};

bool has_aiosmtpd() { return ::system("/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null") == 0; }

std::string text_at(const JsonValue& value, std::string_view key) {
  const JsonValue* found = value.find(key);
  return found != nullptr && found->as_string() != nullptr ? *found->as_string() : "(none)";
}

std::string json_at(const JsonValue& value, std::string_view key) {
  std::string out;
  if (const JsonValue* found = value.find(key)) append_json(out, *found);
  return out;
}

receivers::MailMessage sample() {
  receivers::MailMessage mail;
  mail.headers = {{"From", "Bill <wb@example.net>"},
                  {"To", "Jürgen <juergen@example.net>, \"Ops, Night\" <ops@example.net>"},
                  {"Subject", "[FIRING:2] Störung of everything that has a name, " + std::string(60, 'x') + " 夜"}};
  mail.message_id = "<1@example.net>";
  mail.date = *parse_rfc3339("2026-03-01T12:00:05Z");
  mail.text = "Größe 90 % \n.\n..two\n" + std::string(200, 'y') + "\n";
  mail.html = "<p class=\"a\">Größe</p>\n" + std::string(3000, 'z') + "\n";
  return mail;
}

class RealServerTest : public ::testing::TestWithParam<const char*> {};

TEST_P(RealServerTest, stores_what_was_sent) {
  if (!has_aiosmtpd()) GTEST_SKIP() << "python3-aiosmtpd is not installed";
  Certificates certificates;
  certificates.issue("server", "DNS:localhost,IP:127.0.0.1");
  RealServer server(certificates, GetParam());
  const bool is_at_once = std::string(GetParam()) == "tls";
  ports::MailCall call;
  call.host = "127.0.0.1";
  call.port = static_cast<std::uint16_t>(*server.line().as_integer());
  call.encryption = is_at_once ? ports::MailEncryption::at_once : ports::MailEncryption::required;
  call.tls.ca_file = certificates.file("ca.pem");
  call.username = "user";
  call.password = "päss";
  call.from = "wb@example.net";
  call.recipients = {"juergen@example.net", "ops@example.net"};
  const receivers::MailMessage mail = sample();
  call.message = mail_bytes(mail);

  using Outcome = Result<std::string, ports::MailFailure>;
  const auto send = [](const ports::MailCall& wanted) {
    LoopThread thread;
    std::unique_ptr<SmtpClient> client;
    std::promise<Outcome> promise;
    thread.run([&] { client = std::make_unique<SmtpClient>(thread.loop); });
    client->send(wanted, [&](Outcome outcome) { promise.set_value(std::move(outcome)); });
    Outcome outcome = promise.get_future().get();
    thread.run([&] { client.reset(); });
    thread.join();
    return outcome;
  };
  const Outcome outcome = send(call);
  ASSERT_TRUE(outcome) << outcome.error().detail;
  EXPECT_EQ(*outcome, "250 2.0.0 taken");
  const JsonValue seen = server.line();
  EXPECT_EQ(text_at(seen, "from"), "wb@example.net");
  EXPECT_EQ(json_at(seen, "to"), R"(["juergen@example.net","ops@example.net"])");
  EXPECT_EQ(json_at(seen, "header_to"), json_at(seen, "to"));
  EXPECT_EQ(json_at(seen, "names_to"), R"(["Jürgen","Ops, Night"])");
  EXPECT_EQ(text_at(seen, "header_from"), "wb@example.net");
  EXPECT_TRUE(text_at(seen, "login").ends_with(" user")) << text_at(seen, "login");
  EXPECT_EQ(text_at(seen, "subject"), mail.headers[2].second);
  EXPECT_EQ(text_at(seen, "date"), "2026-03-01T12:00:05+00:00");
  EXPECT_EQ(text_at(seen, "id"), "<1@example.net>");
  EXPECT_EQ(json_at(seen, "defects"), "[]");
  EXPECT_EQ(text_at(*seen.find("parts"), "text/plain"), mail.text);
  EXPECT_EQ(text_at(*seen.find("parts"), "text/html"), mail.html);

  call.password = "wrong";
  const Outcome refused = send(call);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ports::MailFailureKind::login_refused);
  EXPECT_EQ(refused.error().code, 535U);
}

INSTANTIATE_TEST_SUITE_P(mail, RealServerTest, ::testing::Values("starttls", "tls"));

}  // namespace
}  // namespace watchbill::drivers::net
