#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zstd.h>

#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "drivers/net/gzip.h"
#include "drivers/net/http_client.h"
#include "net/loopback.h"

namespace watchbill::drivers::net {
namespace {

using ports::HttpAnswer;
using ports::HttpCall;
using ports::HttpFailure;
using ports::HttpFailureKind;
using Outcome = Result<HttpAnswer, HttpFailure>;

class ClientUnderTest {
 public:
  explicit ClientUnderTest(HttpClientLimits limits = {}) {
    thread.run([&] { caller = std::make_unique<HttpCaller>(thread.loop, limits); });
  }
  ~ClientUnderTest() {
    thread.run([this] { caller.reset(); });
    thread.join();
  }

  std::future<Outcome> start(HttpCall call) {
    auto promise = std::make_shared<std::promise<Outcome>>();
    std::future<Outcome> future = promise->get_future();
    last_id = caller->start(std::move(call), [promise](Outcome outcome) { promise->set_value(std::move(outcome)); });
    return future;
  }
  Outcome call(HttpCall call) { return wait(start(std::move(call))); }
  static Outcome wait(std::future<Outcome> future) {
    if (future.wait_for(patience) != std::future_status::ready) {
      ADD_FAILURE() << "the call never ended";
      return HttpFailure{};
    }
    return future.get();
  }

  LoopThread thread;
  std::unique_ptr<HttpCaller> caller;
  ports::HttpCallId last_id{};
};

HttpCall get(std::uint16_t port, std::string path = "/") {
  HttpCall call;
  call.url = "http://127.0.0.1:" + std::to_string(port) + std::move(path);
  call.timeout = Duration::seconds(15);
  return call;
}

HttpCall post(std::uint16_t port) {
  HttpCall call = get(port);
  call.method = "POST";
  call.body = "body";
  return call;
}

// Answers each connection of `server` with `response` as soon as a head has come, then closes it.
std::thread answer_once(RawServer& server, std::string response) {
  return std::thread{[&server, response = std::move(response)] {
    const int fd = server.accept();
    read_until(fd, "\r\n\r\n");
    write_all(fd, response);
    ::close(fd);
  }};
}

Outcome call_answered_by(const std::string& response, const std::function<void(HttpCall&)>& change = nullptr) {
  RawServer server;
  ClientUnderTest client;
  std::thread answering = answer_once(server, response);
  HttpCall call = get(server.port());
  if (change) change(call);
  Outcome outcome = client.call(std::move(call));
  answering.join();
  return outcome;
}

std::uint16_t closed_port() {
  RawServer server;
  return server.port();
}

TEST(http_client, speaks_with_our_own_server) {
  ServerUnderTest server{echo_router()};
  ClientUnderTest client;
  HttpCall call = get(server.port(), "/large");
  call.method = "POST";
  call.body = std::string(1U << 20, 'x');
  const Outcome outcome = client.call(call);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().detail;
  EXPECT_EQ(outcome->status, 200U);
  EXPECT_EQ(outcome->body, call.body);
  EXPECT_NE(ports::find_field(outcome->headers, "content-type"), nullptr);
}

TEST(http_client, sends_exactly_what_was_asked) {
  RawServer server;
  ClientUnderTest client;
  HttpCall call = post(server.port());
  call.url += "a/b?c=d#fragment";
  call.headers = {{"Authorization", "Bearer x"}, {"Idempotency-Key", "9f2c"}};
  std::future<Outcome> outcome = client.start(call);
  const int fd = server.accept();
  EXPECT_EQ(read_until(fd, "body"), "POST /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                                        "\r\nUser-Agent: watchbill\r\nAuthorization: Bearer x\r\nIdempotency-Key: 9f2c\r\n"
                                        "Content-Length: 4\r\n\r\nbody");
  write_all(fd, "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(ClientUnderTest::wait(std::move(outcome))->status, 204U);
  ::close(fd);
}

TEST(http_client, a_refused_connection_has_sent_nothing) {
  ClientUnderTest client;
  const Outcome outcome = client.call(post(closed_port()));
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind, HttpFailureKind::connection_refused) << outcome.error().detail;
  EXPECT_TRUE(was_nothing_sent(outcome.error().kind));
}

TEST(http_client, a_name_that_does_not_resolve_has_sent_nothing) {
  ClientUnderTest client;
  HttpCall call = get(80);
  call.url = "http://no-such-host.invalid/";
  call.connect_timeout = Duration::milliseconds(500);
  const Outcome outcome = client.call(call);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind, HttpFailureKind::name_not_resolved) << outcome.error().detail;
  EXPECT_TRUE(was_nothing_sent(outcome.error().kind));
}

TEST(http_client, a_far_side_that_does_not_accept_times_out_before_sending) {
  RawServer server{0};
  std::vector<RawClient> fillers;  // the queue of a listener with backlog 0 holds one or two
  for (int i = 0; i < 1; ++i) fillers.emplace_back(server.port());
  ClientUnderTest client;
  std::vector<std::future<Outcome>> calls;
  for (int i = 0; i < 4; ++i) {
    HttpCall call = post(server.port());
    call.connect_timeout = Duration::milliseconds(200);
    call.timeout = Duration::milliseconds(600);
    calls.push_back(client.start(call));
  }
  int before = 0;
  for (std::future<Outcome>& one : calls) {
    const Outcome outcome = ClientUnderTest::wait(std::move(one));
    ASSERT_FALSE(outcome.has_value());
    if (outcome.error().kind == HttpFailureKind::timed_out_before_sending) ++before;
    else EXPECT_EQ(outcome.error().kind, HttpFailureKind::timed_out_after_sending);  // accepted by the kernel
  }
  EXPECT_GT(before, 0);
}

TEST(http_client, silence_after_sending_is_unknown) {
  RawServer server;
  ClientUnderTest client;
  HttpCall call = post(server.port());
  call.timeout = Duration::milliseconds(400);
  const Outcome outcome = client.call(call);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind, HttpFailureKind::timed_out_after_sending);
  EXPECT_FALSE(was_nothing_sent(outcome.error().kind));
}

TEST(http_client, half_an_answer_in_time_is_still_a_time_out) {
  RawServer server;
  ClientUnderTest client;
  HttpCall call = get(server.port());
  call.timeout = Duration::milliseconds(400);
  std::future<Outcome> outcome = client.start(call);
  const int fd = server.accept();
  read_until(fd, "\r\n\r\n");
  write_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(ClientUnderTest::wait(std::move(outcome)).error().kind, HttpFailureKind::timed_out_after_sending);
  ::close(fd);
}

TEST(http_client, a_close_after_sending_is_unknown) {
  for (const char* part : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
    const Outcome outcome = call_answered_by(part, [](HttpCall& call) {
      call.method = "POST";
      call.may_be_sent_twice = true;  // which only helps on a kept connection
    });
    ASSERT_FALSE(outcome.has_value()) << part;
    EXPECT_EQ(outcome.error().kind, HttpFailureKind::closed_after_sending) << part << outcome.error().detail;
  }
}

TEST(http_client, reads_every_kind_of_body) {
  const std::pair<const char*, const char*> cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "abc"},
      {"HTTP/1.1 200 OK\r\n\r\nabc", "abc"},
      {"HTTP/1.0 200 OK\r\n\r\nabc", "abc"},
      {"HTTP/1.1 200 OK\r\n\r\n", ""},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
       "abc"},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", ""},
  };
  for (const auto& [response, body] : cases) {
    const Outcome outcome = call_answered_by(response);
    ASSERT_TRUE(outcome.has_value()) << response << outcome.error().detail;
    EXPECT_EQ(outcome->body, body) << response;
  }
  EXPECT_EQ(
      call_answered_by("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", [](HttpCall& call) { call.method = "HEAD"; })->status,
      200U);
}

TEST(http_client, refuses_answers_beyond_the_limits) {
  const auto small = [](HttpCall& call) {
    call.body_bytes_max = 4;
    call.header_bytes_max = 256;
  };
  for (const std::string& response :
       {std::string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"}, std::string{"HTTP/1.1 200 OK\r\n\r\nabcde"},
        std::string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"},
        "HTTP/1.1 200 OK\r\nA: " + std::string(300, 'a') + "\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;" + std::string(40000, 'x')}) {
    const Outcome outcome = call_answered_by(response, small);
    ASSERT_FALSE(outcome.has_value()) << response;
    EXPECT_EQ(outcome.error().kind, HttpFailureKind::response_too_large) << response.substr(0, 80) << outcome.error().detail;
  }
}

TEST(http_client, cuts_a_body_that_is_too_long_for_whoever_needs_the_status) {
  const auto cutting = [](HttpCall& call) {
    call.body_bytes_max = 4;
    call.cuts_body = true;
    call.may_be_sent_twice = true;
  };
  const std::pair<const char*, const char*> cases[] = {
      {"HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\n\r\nabcde", "abcd"},
      {"HTTP/1.1 400 Bad Request\r\nContent-Length: 1000000000000000000\r\n\r\n", ""},
      {"HTTP/1.1 400 Bad Request\r\n\r\nabcde", "abcd"},
      {"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abc"},
      {"HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\nabcd", "abcd"},
  };
  for (const auto& [response, body] : cases) {
    const Outcome outcome = call_answered_by(response, cutting);
    ASSERT_TRUE(outcome.has_value()) << response << outcome.error().detail;
    EXPECT_EQ(outcome->status, 400U) << response;
    EXPECT_EQ(outcome->body, body) << response;
  }
}

// What a server answers with a body of that coding.
std::string packed_answer(const std::string& coding, const std::string& bytes) {
  return "HTTP/1.1 200 OK\r\nContent-Encoding: " + coding + "\r\nContent-Length: " + std::to_string(bytes.size()) + "\r\n\r\n" +
         bytes;
}

struct ZstdFrame {
  int window_log{0};  // 0: as small as the bytes need
  bool tells_size{true};
  bool has_checksum{true};
};
std::string zstd(const std::string& bytes, const ZstdFrame& frame = {}) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, frame.has_checksum ? 1 : 0);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, frame.tells_size ? 1 : 0);
  if (frame.window_log != 0) ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, frame.window_log);
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress2(context, out.data(), out.size(), bytes.data(), bytes.size()));
  ZSTD_freeCCtx(context);
  return out;
}

TEST(http_client, a_compressed_body_is_given_as_it_was_before) {
  const std::string body(100'000, 'x');
  const auto accepting = [](HttpCall& call) { call.accepts_compression = true; };
  for (const auto& [coding, packed] : {std::pair<std::string, std::string>{"gzip", *gzip(body)}, {"zstd", zstd(body)}}) {
    EXPECT_EQ(call_answered_by(packed_answer(coding, packed), accepting)->body, body) << coding;
    EXPECT_EQ(call_answered_by(packed_answer(coding, packed + packed), accepting)->body, body + body) << "two are one body";
    EXPECT_EQ(call_answered_by(packed_answer(coding, packed))->body, packed) << "nobody asked for it";
    std::string flipped = packed;
    flipped[packed.size() - 2] = static_cast<char>(flipped[packed.size() - 2] ^ 1);  // its checksum, or its length
    for (const std::string& wrong :
         {packed.substr(0, packed.size() - 1), std::string("x 1\n"), std::string(), packed + "x", flipped}) {
      const Outcome outcome = call_answered_by(packed_answer(coding, wrong), accepting);
      ASSERT_FALSE(outcome.has_value()) << coding;
      EXPECT_EQ(outcome.error().kind, HttpFailureKind::response_malformed) << outcome.error().detail;
    }
    for (const std::size_t bytes_max : {body.size() - 1, body.size()}) {
      const Outcome outcome = call_answered_by(packed_answer(coding, packed), [&](HttpCall& call) {
        call.accepts_compression = true;
        call.body_bytes_max = bytes_max;
      });
      ASSERT_EQ(outcome.has_value(), bytes_max == body.size()) << coding;
      if (!outcome) {
        EXPECT_EQ(outcome.error().kind, HttpFailureKind::response_too_large) << outcome.error().detail;
      }
    }
  }
}

TEST(http_client, a_zstd_body_needs_no_more_than_eight_mib_of_window) {
  std::string body;
  for (int line = 0; body.size() < (9U << 20); ++line) body += "line_" + std::to_string(line) + " 1\n";
  const auto unpacked = [](const std::string& packed) {
    return call_answered_by(packed_answer("ZSTD", packed), [](HttpCall& call) { call.accepts_compression = true; });
  };
  const Outcome fits = unpacked(zstd(body, {23, false}));
  ASSERT_TRUE(fits.has_value()) << fits.error().detail;
  EXPECT_TRUE(fits->body == body);
  for (const std::string& large : {zstd(body, {24, false}), zstd(body, {24})}) {  // by its window; by the size of its one segment
    const Outcome refused = unpacked(large);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, HttpFailureKind::response_too_large);
    EXPECT_NE(refused.error().detail.find("a window of more than 8 MiB"), std::string::npos) << refused.error().detail;
  }
}

// Then all of it is taken before the last of what it stands for is given.
TEST(http_client, a_zstd_body_may_end_without_a_checksum) {
  for (const std::size_t bytes : {65'535U, 65'536U, 131'072U, 200'000U}) {
    const std::string body(bytes, 'x');
    const Outcome outcome = call_answered_by(packed_answer("zstd", zstd(body, {.has_checksum = false})),
                                             [](HttpCall& call) { call.accepts_compression = true; });
    ASSERT_TRUE(outcome.has_value()) << bytes << ": " << outcome.error().detail;
    EXPECT_TRUE(outcome->body == body) << bytes;
  }
}

TEST(http_client, a_zstd_body_may_have_skippable_frames_but_none_of_older_formats) {
  const auto unpacked = [](const std::string& packed) {
    return call_answered_by(packed_answer("zstd", packed), [](HttpCall& call) { call.accepts_compression = true; });
  };
  const std::string x = zstd("x 1\n"), y = zstd("y 2\n");
  const std::string skipped{"\x50\x2a\x4d\x18\x03\0\0\0abc", 11}, last_skipped{"\x5f\x2a\x4d\x18\0\0\0\0", 8};
  const Outcome whole = unpacked(skipped + x + last_skipped + y + skipped);
  ASSERT_TRUE(whole.has_value()) << whole.error().detail;
  EXPECT_EQ(whole->body, "x 1\ny 2\n");
  const std::string old{"\x27\xb5\x2f\xfd\0\x88", 6};  // 0.7: its decoder would take 128 MiB at once
  for (const std::string& wrong : {x + skipped.substr(0, 10), x + skipped.substr(0, 2), old + std::string(64, '\0'),
                                   x + old + std::string(64, '\0')}) {
    const Outcome refused = unpacked(wrong);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, HttpFailureKind::response_malformed);
    EXPECT_NE(refused.error().detail.find("this is no zstd, or not all of it"), std::string::npos) << refused.error().detail;
  }
}

TEST(http_client, compression_that_nobody_asked_for_is_left_as_it_is) {
  const auto accepting = [](HttpCall& call) { call.accepts_compression = true; };
  EXPECT_EQ(call_answered_by(packed_answer("br", "abc"), accepting)->body, "abc");
  EXPECT_EQ(call_answered_by(packed_answer("identity", "abc"), accepting)->body, "abc");
}

TEST(http_client, refuses_answers_that_are_not_http) {
  std::string interims;
  for (int i = 0; i < 9; ++i) interims += "HTTP/1.1 102 Processing\r\n\r\n";
  for (const std::string& response : {std::string{"220 smtp.example ESMTP\r\n"}, std::string{"HTTP/1.1 abc\r\n\r\n"}, interims,
                                      std::string{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"},
                                      std::string{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"}}) {
    const Outcome outcome = call_answered_by(response);
    ASSERT_FALSE(outcome.has_value()) << response;
    EXPECT_EQ(outcome.error().kind, HttpFailureKind::response_malformed) << response << outcome.error().detail;
  }
}

TEST(http_client, an_early_refusal_of_a_large_body_is_read) {
  RawServer server;
  ClientUnderTest client;
  HttpCall call = post(server.port());
  call.body = std::string(32U << 20, 'x');
  std::future<Outcome> outcome = client.start(call);
  const int fd = server.accept();
  read_until(fd, "\r\n\r\n");
  write_all(fd, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");  // and takes no more
  const Outcome answer = ClientUnderTest::wait(std::move(outcome));
  ASSERT_TRUE(answer.has_value()) << answer.error().detail;
  EXPECT_EQ(answer->status, 413U);
  ::close(fd);
}

TEST(http_client, what_cannot_be_sent_is_call_invalid) {
  ClientUnderTest client;
  std::vector<HttpCall> calls(8, get(1));
  calls[0].url = "ftp://127.0.0.1/";
  calls[1].url = "http://user:secret@127.0.0.1/";
  calls[2].url = "http://127.0.0.1/a b";
  calls[3].method = "GET /x HTTP/1.1\r\nA:";
  calls[4].headers = {{"A", "b\r\nC: d"}};
  calls[5].headers = {{"A:", "b"}};
  calls[6].headers = {{"Content-Length", "3"}};
  calls[7].headers = {{"", "b"}};
  for (const HttpCall& call : calls) {
    const Outcome outcome = client.call(call);
    ASSERT_FALSE(outcome.has_value()) << call.url;
    EXPECT_EQ(outcome.error().kind, HttpFailureKind::call_invalid) << call.url;
    EXPECT_EQ(outcome.error().detail.find("secret"), std::string::npos);
  }
}

TEST(http_client, keeps_connections_for_calls_that_may_be_sent_twice) {
  ServerUnderTest server{echo_router()};
  ClientUnderTest client;
  HttpCall call = get(server.port(), "/hello");
  call.may_be_sent_twice = true;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.call(call)->body, "hello");
  EXPECT_EQ(server.counters().accepted, 1U);
  call.may_be_sent_twice = false;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.call(call)->body, "hello");
  EXPECT_EQ(server.counters().accepted, 3U);
}

TEST(http_client, closes_kept_connections_after_a_while) {
  HttpClientLimits limits;
  limits.idle_timeout = Duration::milliseconds(40);
  ServerUnderTest server{echo_router()};
  ClientUnderTest client{limits};
  EXPECT_EQ(client.call(get(server.port(), "/hello"))->body, "hello");
  EXPECT_TRUE(eventually([&] { return server.counters().open == 0; }));
}

// Answers the first request on a connection and closes it, unanswered, at the second.
TEST(http_client, a_kept_connection_that_dies_is_replaced_once) {
  RawServer server;
  ClientUnderTest client;
  HttpCall call = get(server.port());
  call.may_be_sent_twice = true;
  std::future<Outcome> first = client.start(call);
  int fd = server.accept();
  read_until(fd, "\r\n\r\n");
  write_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
  EXPECT_EQ(ClientUnderTest::wait(std::move(first))->body, "a");
  std::future<Outcome> second = client.start(call);
  EXPECT_FALSE(read_until(fd, "\r\n\r\n").empty()) << "the kept connection is used";
  ::close(fd);
  fd = server.accept();
  read_until(fd, "\r\n\r\n");
  write_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb");
  EXPECT_EQ(ClientUnderTest::wait(std::move(second))->body, "b");
  ::close(fd);
  // The same again, but what must not be sent twice never met the kept connection.
  std::future<Outcome> third = client.start(post(server.port()));
  fd = server.accept();
  read_until(fd, "body");
  ::close(fd);
  EXPECT_EQ(ClientUnderTest::wait(std::move(third)).error().kind, HttpFailureKind::closed_after_sending);
}

TEST(http_client, an_answer_that_nobody_asked_for_is_not_taken_for_ours) {
  RawServer server;
  ClientUnderTest client;
  HttpCall call = get(server.port());
  call.may_be_sent_twice = true;
  std::future<Outcome> first = client.start(call);
  int fd = server.accept();
  read_until(fd, "\r\n\r\n");
  write_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
  EXPECT_EQ(ClientUnderTest::wait(std::move(first))->body, "a");
  write_all(fd, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
  std::future<Outcome> second = client.start(call);
  const int fresh = server.accept();
  read_until(fresh, "\r\n\r\n");
  write_all(fresh, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb");
  EXPECT_EQ(ClientUnderTest::wait(std::move(second))->body, "b");
  ::close(fd);
  ::close(fresh);
}

TEST(http_client, follows_redirections_only_when_asked) {
  Router router;
  std::mutex mutex;
  std::vector<std::string> authorizations;
  router.add(
      {.method = "GET", .pattern = "/from", .handler = [](ports::HttpRequest, std::unique_ptr<ports::HttpResponder> responder) {
         responder->answer({.status = 302, .headers = {{"Location", "/to"}}, .body = {}});
       }});
  router.add(
      {.method = "GET", .pattern = "/loop", .handler = [](ports::HttpRequest, std::unique_ptr<ports::HttpResponder> responder) {
         responder->answer({.status = 307, .headers = {{"Location", "/loop"}}, .body = {}});
       }});
  router.add({.method = "GET",
              .pattern = "/to",
              .handler = [&](ports::HttpRequest request, std::unique_ptr<ports::HttpResponder> responder) {
                const std::string* authorization = ports::find_field(request.headers, "authorization");
                const std::lock_guard lock{mutex};
                authorizations.push_back(authorization != nullptr ? *authorization : "");
                responder->answer({.status = 200, .headers = {}, .body = "there"});
              }});
  ServerUnderTest server{std::move(router)};
  ClientUnderTest client;
  HttpCall call = get(server.port(), "/from");
  call.headers = {{"Authorization", "Bearer x"}};
  EXPECT_EQ(client.call(call)->status, 302U);
  call.redirect_count_max = 3;
  EXPECT_EQ(client.call(call)->body, "there");
  call.url = "http://localhost:" + std::to_string(server.port()) + "/from";
  EXPECT_EQ(client.call(call)->body, "there") << "by name";
  call.url = "http://127.0.0.1:" + std::to_string(server.port()) + "/loop";
  const Outcome circle = client.call(call);
  EXPECT_EQ(circle->status, 307U) << "at most three";
  EXPECT_EQ(circle->not_followed, "3 redirects were followed already: they lead in a circle, or too far");
  const auto why = [](const std::string& fields) {
    return call_answered_by("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n" + fields + "\r\n",
                            [](HttpCall& other) { other.redirect_count_max = 1; })->not_followed;
  };
  EXPECT_EQ(why(""), "it has no Location");
  EXPECT_EQ(why("Location: ftp://h/\r\n"), "its Location is no http or https URL: \"ftp://h/\"");
  const Outcome elsewhere = call_answered_by("HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:" +
                                                 std::to_string(server.port()) + "/to\r\n\r\n",
                                             [](HttpCall& other) {
                                               other.headers = {{"Authorization", "Bearer x"}};
                                               other.redirect_count_max = 1;
                                             });
  EXPECT_EQ(elsewhere->body, "there");
  const std::lock_guard lock{mutex};
  EXPECT_EQ(authorizations, (std::vector<std::string>{"Bearer x", "Bearer x", ""}));
}

TEST(http_client, a_cancelled_call_says_whether_it_was_sent) {
  RawServer server;
  ClientUnderTest client;
  std::future<Outcome> sent = client.start(post(server.port()));
  const int fd = server.accept();
  read_until(fd, "body");
  client.caller->cancel(client.last_id);
  EXPECT_EQ(ClientUnderTest::wait(std::move(sent)).error().kind, HttpFailureKind::cancelled_after_sending);
  // Start and cancel in one turn of the loop: the connection cannot be there yet.
  std::future<Outcome> unsent;
  client.thread.run([&] {
    unsent = client.start(post(server.port()));
    client.caller->cancel(client.last_id);
  });
  EXPECT_EQ(ClientUnderTest::wait(std::move(unsent)).error().kind, HttpFailureKind::cancelled_before_sending);
  client.caller->cancel(client.last_id);  // over already: nothing happens
  ::close(fd);
}

TEST(http_client, a_client_that_ends_cancels_its_calls) {
  RawServer server;
  std::future<Outcome> left;
  int accepted = -1;
  {
    ClientUnderTest client;
    left = client.start(post(server.port()));
    accepted = server.accept();
    read_until(accepted, "body");
  }
  ::close(accepted);
  EXPECT_EQ(ClientUnderTest::wait(std::move(left)).error().kind, HttpFailureKind::cancelled_after_sending);
}

TEST(http_client, calls_in_flight_have_a_bound) {
  HttpClientLimits limits;
  limits.calls_max = 3;
  limits.calls_per_host_max = 2;
  RawServer server;
  RawServer other;
  ClientUnderTest client{limits};
  std::future<Outcome> first = client.start(get(server.port()));
  std::future<Outcome> second = client.start(get(server.port()));
  EXPECT_EQ(client.call(get(server.port())).error().kind, HttpFailureKind::too_many_calls);
  std::future<Outcome> third = client.start(get(other.port()));
  EXPECT_EQ(client.call(get(closed_port())).error().kind, HttpFailureKind::too_many_calls);
  for (int i = 0; i < 2; ++i) {
    const int fd = server.accept();
    read_until(fd, "\r\n\r\n");
    write_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ::close(fd);
  }
  EXPECT_EQ(ClientUnderTest::wait(std::move(first))->status, 200U);
  EXPECT_EQ(ClientUnderTest::wait(std::move(second))->status, 200U);
  EXPECT_EQ(client.call(get(closed_port())).error().kind, HttpFailureKind::connection_refused) << "seats are given back";
  client.caller->cancel(client.last_id);
}

}  // namespace
}  // namespace watchbill::drivers::net
