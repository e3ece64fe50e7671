// Calls through a proxy: in absolute form, and through tunnels.
#include "net/proxy.h"

#include <gtest/gtest.h>

#include <future>

#include "drivers/net/http_client.h"
#include "drivers/net/url.h"
#include "net/certificates.h"
#include "net/loopback.h"

namespace watchbill::drivers::net {
namespace {

using ports::HttpCall;
using ports::HttpFailureKind;
using Outcome = Result<ports::HttpAnswer, ports::HttpFailure>;

TEST(parse_proxy, takes_a_host_and_whom_it_is_told) {
  const auto read = [](std::string_view text) {
    const std::optional<Proxy> proxy = parse_proxy(text);
    return proxy ? proxy->name() + " " + proxy->authorization : "nothing";
  };
  EXPECT_EQ(read("http://Proxy.example:3128"), "proxy.example:3128 ");
  EXPECT_EQ(read("http://[::1]/x?y#z"), "[::1]:80 ");
  EXPECT_EQ(read("http://me:open%20sesame@h:1/"), "h:1 Basic bWU6b3BlbiBzZXNhbWU=");
  EXPECT_EQ(read("http://me@h:1"), "h:1 Basic bWU6");
  EXPECT_EQ(read("http://me:a@b@h:1"), "h:1 Basic bWU6YUBi") << "the last @ ends the user";
  EXPECT_EQ(read("http://me:a:b@h:1"), "h:1 Basic bWU6YTpi");
  for (const char* text : {"", "h:1", "me:x@h:1", "https://h:1", "socks5://h:1", "http://", "http://me:x@", "http://me:%zz@h:1",
                           "http://h:0", "http://h:1 ", "http://me:x @h:1", "http://a b"})
    EXPECT_EQ(read(text), "nothing") << text;
}

class Proxied : public ::testing::Test {
 protected:
  Proxied() {
    thread_.run([this] { caller_ = std::make_unique<HttpCaller>(thread_.loop); });
  }
  ~Proxied() override {
    thread_.run([this] { caller_.reset(); });
    thread_.join();
  }
  Outcome call(const HttpCall& wanted) {
    std::promise<Outcome> promise;
    std::future<Outcome> future = promise.get_future();
    caller_->start(wanted, [&](Outcome outcome) { promise.set_value(std::move(outcome)); });
    return future.get();
  }
  static HttpCall get(const std::string& scheme, std::uint16_t port, const std::string& proxy) {
    HttpCall wanted;
    wanted.url = scheme + "://127.0.0.1:" + std::to_string(port) + "/hello";
    wanted.timeout = Duration::seconds(15);
    wanted.proxy = proxy;
    return wanted;
  }
  // "KIND: DETAIL"
  static std::string failure(const Outcome& outcome) {
    if (outcome) return "answered " + std::to_string(outcome->status);
    return std::string(word(outcome.error().kind)) + ": " + outcome.error().detail;
  }
  [[nodiscard]] HttpServerSettings with_tls() {
    certificates_.issue("server", "IP:127.0.0.1");
    HttpServerSettings settings;
    settings.listen.push_back(
        HttpListen{.address = "127.0.0.1",
                   .port = 0,
                   .tls = TlsServerFiles{certificates_.file("server.pem"), certificates_.file("server.key"), ""}});
    return settings;
  }

  Certificates certificates_;
  LoopThread thread_;
  std::unique_ptr<HttpCaller> caller_;
};

TEST_F(Proxied, a_plain_server_is_asked_for_in_absolute_form) {
  ServerUnderTest server{echo_router()};
  const TestProxy proxy;
  const Outcome outcome = call(get("http", server.port(), proxy.url()));
  ASSERT_TRUE(outcome.has_value()) << outcome.error().detail;
  EXPECT_EQ(outcome->body, "hello");
  const std::string authority = "127.0.0.1:" + std::to_string(server.port());
  ASSERT_EQ(proxy.heads().size(), 1U);
  EXPECT_EQ(proxy.heads()[0], "GET http://" + authority + "/hello HTTP/1.1\r\nHost: " + authority +
                                  "\r\nUser-Agent: watchbill\r\n\r\n");
}

TEST_F(Proxied, a_server_that_speaks_tls_is_called_through_a_tunnel) {
  ServerUnderTest server{echo_router(), {}, with_tls()};
  const TestProxy proxy;
  HttpCall wanted = get("https", server.port(), proxy.url());
  wanted.headers = {{"Authorization", "Bearer geheim"}};
  EXPECT_EQ(call(wanted).error().kind, HttpFailureKind::tls_failed) << "a proxy vouches for nobody";
  wanted.tls.ca_file = certificates_.file("ca.pem");
  wanted.may_be_sent_twice = true;
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = call(wanted);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().detail;
    EXPECT_EQ(outcome->body, "hello");
  }
  const std::string to = "127.0.0.1:" + std::to_string(server.port());
  const std::string head = "CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\nUser-Agent: watchbill\r\n\r\n";
  EXPECT_EQ(proxy.heads(), (std::vector<std::string>{head, head})) << "the second tunnel is kept";
  // Whoever asks for no proxy, or another, gets no kept tunnel.
  const TestProxy other;
  wanted.proxy = other.url();
  EXPECT_TRUE(call(wanted).has_value());
  EXPECT_EQ(other.heads().size(), 1U);
  wanted.proxy.clear();
  EXPECT_TRUE(call(wanted).has_value());
  EXPECT_EQ(proxy.heads().size() + other.heads().size(), 3U);
}

TEST_F(Proxied, a_password_goes_to_the_proxy_and_into_no_error) {
  ServerUnderTest plain{echo_router()};
  ServerUnderTest server{echo_router(), {}, with_tls()};
  const TestProxy proxy("sesame");
  const std::string at = "@127.0.0.1:" + std::to_string(proxy.port());
  for (const std::uint16_t port : {plain.port(), server.port()}) {
    HttpCall wanted = get(port == plain.port() ? "http" : "https", port, "http://me:sesame" + at);
    wanted.tls.ca_file = certificates_.file("ca.pem");
    const Outcome outcome = call(wanted);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().detail;
    EXPECT_EQ(outcome->body, "hello");
  }
  EXPECT_EQ(call(get("http", plain.port(), "http://me:wrong" + at))->status, 407U);
  const std::string name = "127.0.0.1:" + std::to_string(proxy.port());
  EXPECT_EQ(failure(call(get("https", server.port(), "http://me:geheim" + at))),
            "connection_failed: proxy " + name + ": CONNECT 127.0.0.1:" + std::to_string(server.port()) +
                " was answered with status 407");
  EXPECT_EQ(failure(call(get("https", server.port(), "https://me:geheim" + at))),
            "call_invalid: the proxy is not given as http://[USER:PASSWORD@]HOST:PORT");
  RawServer gone;
  const std::string closed = "127.0.0.1:" + std::to_string(gone.port());
  gone.close();
  EXPECT_EQ(failure(call(get("https", server.port(), "http://me:geheim@" + closed))),
            "connection_refused: proxy " + closed + ": connect to " + closed + ": Connection refused");
  EXPECT_EQ(failure(call(get("http", plain.port(), "http://me:geheim@" + closed))),
            "connection_refused: proxy " + closed + ": connect to " + closed + ": Connection refused");
}

TEST_F(Proxied, a_proxy_that_opens_no_tunnel_has_sent_nothing) {
  ServerUnderTest server{echo_router(), {}, with_tls()};
  TestProxy proxy;
  HttpCall wanted = get("https", server.port(), proxy.url());
  wanted.tls.ca_file = certificates_.file("ca.pem");
  const std::string about = "connection_failed: proxy 127.0.0.1:" + std::to_string(proxy.port()) + ": ";
  const auto answered = [&](const std::string& answer) {
    proxy.answer_connect(answer);
    const Outcome outcome = call(wanted);
    EXPECT_TRUE(!outcome && was_nothing_sent(outcome.error().kind)) << answer;
    return failure(outcome);
  };
  EXPECT_EQ(answered("HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nforbidden"),
            about + "CONNECT 127.0.0.1:" + std::to_string(server.port()) + " was answered with status 403");
  EXPECT_TRUE(answered("SSH-2.0-OpenSSH\r\n\r\n").starts_with(about + "its answer is not HTTP: "));
  EXPECT_TRUE(answered("HTTP/1.1 200 OK\r\n").starts_with(about + "no answer to CONNECT: "));
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\n\r\nmore"), about + "it sent more than its answer");
  EXPECT_TRUE(answered("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x')).starts_with(about));
  std::string interim;
  for (int i = 0; i < 100; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_TRUE(answered(interim).starts_with(about + "CONNECT "));
  EXPECT_EQ(server.counters().requests, 0U);
  proxy.answer_connect("");
  EXPECT_TRUE(call(wanted).has_value());
}

TEST_F(Proxied, a_silent_proxy_costs_the_time_to_connect) {
  RawServer silent;
  HttpCall wanted = get("https", 1, "http://127.0.0.1:" + std::to_string(silent.port()));
  wanted.connect_timeout = Duration::milliseconds(100);
  EXPECT_EQ(failure(call(wanted)), "timed_out_before_sending: proxy 127.0.0.1:" + std::to_string(silent.port()) +
                                       ": no answer to CONNECT in time");
}

}  // namespace
}  // namespace watchbill::drivers::net
