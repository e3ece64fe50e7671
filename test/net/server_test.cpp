#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "net/loopback.h"

namespace watchbill::drivers::net {
namespace {

using ports::HttpRequest;
using ports::HttpResponder;
using ports::HttpResponse;
using Responder = std::unique_ptr<HttpResponder>;

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

TEST(http_server, answers_and_keeps_the_connection) {
  ServerUnderTest server{echo_router()};
  RawClient client = server.connect();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\n" + server.host() + "\r\n"));
    const std::string response = client.receive_response();
    EXPECT_TRUE(response.starts_with("HTTP/1.1 200 OK\r\n")) << response;
    EXPECT_TRUE(response.ends_with("\r\n\r\nhello")) << response;
    for (const char* header : {"X-Content-Type-Options: nosniff\r\n", "X-Frame-Options: DENY\r\n",
                               "Content-Security-Policy: default-src 'none'", "Date: ", "Cache-Control: no-store"})
      EXPECT_TRUE(has(response, header)) << header;
    EXPECT_FALSE(has(response, "Access-Control")) << response;
  }
  EXPECT_EQ(server.counters().accepted, 1U);
  EXPECT_EQ(server.counters().requests, 3U);
}

TEST(http_server, head_says_the_length_and_sends_no_body) {
  ServerUnderTest server{echo_router()};
  RawClient client = server.connect();
  client.send("HEAD /hello HTTP/1.1\r\n" + server.host() + "\r\nGET /hello HTTP/1.1\r\n" + server.host() +
              "Connection: close\r\n\r\n");
  const std::string head = client.receive_response(false);
  EXPECT_TRUE(has(head, "Content-Length: 5\r\n")) << head;
  EXPECT_TRUE(client.receive_all().starts_with("HTTP/1.1 200 OK"));
}

TEST(http_server, pipelined_requests_are_answered_in_order) {
  ServerUnderTest server{echo_router()};
  RawClient client = server.connect();
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    const std::string body = std::to_string(1000 + i);
    requests += "POST /echo HTTP/1.1\r\n" + server.host() + "Content-Length: 4\r\n\r\n" + body;
  }
  ASSERT_TRUE(client.send(requests));
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(client.receive_response().ends_with("\r\n\r\n" + std::to_string(1000 + i)));
}

TEST(http_server, a_pipelining_client_is_not_read_while_its_request_is_handled) {
  std::mutex mutex;
  Responder waiting;
  Router router;
  router.add({.method = "GET", .pattern = "/slow", .handler = [&](HttpRequest, Responder responder) {
                const std::lock_guard lock{mutex};
                waiting = std::move(responder);
              }});
  ServerUnderTest server{std::move(router)};
  RawClient client = server.connect();
  client.send("GET /slow HTTP/1.1\r\n" + server.host() + "\r\n");
  ASSERT_TRUE(eventually([&] { const std::lock_guard lock{mutex}; return waiting != nullptr; }));
  // More than both socket buffers hold: it stays unsent, so the server took only its bounded share.
  const std::string flood(64U << 20, 'x');
  std::size_t sent = 0;
  while (true) {
    const ssize_t count = ::send(client.fd(), flood.data() + sent, flood.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count <= 0) break;
    sent += static_cast<std::size_t>(count);
  }
  EXPECT_LT(sent, flood.size());
  const std::lock_guard lock{mutex};
  waiting->answer(HttpResponse{});
  waiting.reset();
}

TEST(http_server, a_handler_sees_that_its_client_has_left) {
  std::mutex mutex;
  std::vector<Responder> waiting;
  Router router;
  router.add({.method = "GET", .pattern = "/slow", .handler = [&](HttpRequest, Responder responder) {
                const std::lock_guard lock{mutex};
                waiting.push_back(std::move(responder));
              }});
  ServerUnderTest server{std::move(router)};
  const auto count = [&] {
    const std::lock_guard lock{mutex};
    return waiting.size();
  };
  const std::string request = "GET /slow HTTP/1.1\r\n" + server.host() + "\r\n";
  RawClient stays = server.connect();
  ASSERT_TRUE(stays.send(request));
  ASSERT_TRUE(eventually([&] { return count() == 1; }));
  std::optional<RawClient> leaves(server.connect());
  ASSERT_TRUE(leaves->send(request + request));  // what it sent ahead does not hide that it left
  ASSERT_TRUE(eventually([&] { return count() == 2; }));
  EXPECT_FALSE(waiting[1]->has_left());
  leaves.reset();
  EXPECT_TRUE(eventually([&] { return waiting[1]->has_left(); }));
  EXPECT_FALSE(waiting[0]->has_left());
  waiting[0]->answer(HttpResponse{});
  EXPECT_TRUE(stays.receive_response().starts_with("HTTP/1.1 200 "));
  RawClient listens = server.connect();
  ASSERT_TRUE(listens.send(request));
  listens.end_sending();
  ASSERT_TRUE(eventually([&] { return count() == 3; }));
  EXPECT_TRUE(eventually([&] { return waiting[2]->has_left(); }));
  waiting[2]->answer(HttpResponse{});
  EXPECT_TRUE(listens.receive_response().starts_with("HTTP/1.1 200 ")) << "who listens on is answered";
  waiting.clear();
}

TEST(http_server, a_handler_sees_that_its_client_has_left_at_any_time_of_any_request) {
  std::mutex mutex;
  std::vector<Responder> waiting;
  Router router;
  router.add({.method = "GET", .pattern = "/slow", .handler = [&](HttpRequest, Responder responder) {
                const std::lock_guard lock{mutex};
                waiting.push_back(std::move(responder));
              }});
  std::optional<ServerUnderTest> server(std::in_place, std::move(router));
  const auto count = [&] {
    const std::lock_guard lock{mutex};
    return waiting.size();
  };
  const std::string request = "GET /slow HTTP/1.1\r\n" + server->host() + "\r\n";
  std::vector<RawClient> clients;
  const auto ask = [&] {
    clients.push_back(server->connect());
    EXPECT_TRUE(clients.back().send(request));
    return eventually([&] { return count() == clients.size(); });
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(ask());
  waiting[1]->answer(HttpResponse{});
  EXPECT_TRUE(clients[1].receive_response().starts_with("HTTP/1.1 200 "));
  ASSERT_TRUE(ask());
  clients[3].end_sending();
  ASSERT_TRUE(eventually([&] { return waiting[3]->has_left(); })) << "by now, in the order of time, the others were looked at";
  ASSERT_TRUE(clients[1].send(request));
  ASSERT_TRUE(eventually([&] { return count() == 5; }));
  for (const std::size_t i : {0U, 1U}) clients[i].end_sending();
  EXPECT_TRUE(eventually([&] { return waiting[0]->has_left(); })) << "after some looks";
  EXPECT_TRUE(eventually([&] { return waiting[4]->has_left(); })) << "in its second request";
  EXPECT_FALSE(waiting[2]->has_left());
  server.reset();
  EXPECT_TRUE(waiting[2]->has_left()) << "the server closed the connection";
  waiting.clear();
}

TEST(http_server, expects_100_continue) {
  ServerUnderTest server{echo_router()};
  RawClient client = server.connect();
  client.send("POST /echo HTTP/1.1\r\n" + server.host() + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive_response(false), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_TRUE(client.receive_response().ends_with("abc"));
  // A body that would be refused is refused before it is sent.
  client.send("POST /echo HTTP/1.1\r\n" + server.host() + "Content-Length: 65\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(has(client.receive_all(), "HTTP/1.1 413 "));
}

TEST(http_server, reads_chunked_bodies_and_ignores_trailers) {
  ServerUnderTest server{echo_router()};
  RawClient client = server.connect();
  client.send("POST /echo HTTP/1.1\r\n" + server.host() +
              "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nAuthorization: Bearer x\r\n\r\n");
  EXPECT_TRUE(client.receive_response().ends_with("abcdefg"));
  client.send("POST /echo HTTP/1.1\r\n" + server.host() + "Transfer-Encoding: chunked\r\n\r\n41\r\n" + std::string(65, 'x') +
              "\r\n0\r\n\r\n");
  const std::string response = client.receive_all();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 413 ")) << response;
  EXPECT_TRUE(has(response, R"("reason":"body_too_large")")) << response;
}

TEST(http_server, each_route_has_its_own_body_limit) {
  ServerUnderTest server{echo_router()};
  RawClient client = server.connect();
  const std::string megabyte(1U << 20, 'x');
  client.send("POST /large HTTP/1.1\r\n" + server.host() + "Content-Length: 1048576\r\n\r\n" + megabyte);
  EXPECT_TRUE(client.receive_response().ends_with("\r\n\r\n" + megabyte));
  client.send("POST /large HTTP/1.1\r\n" + server.host() + "Content-Length: 1048577\r\n\r\n" + megabyte + "x");
  EXPECT_TRUE(has(client.receive_all(), "HTTP/1.1 413 Content Too Large"));
  EXPECT_EQ(server.counters().too_large, 1U);
}

TEST(http_server, a_large_head_is_431) {
  HttpLimits limits;
  limits.header_bytes_max = 1024;
  ServerUnderTest server{echo_router(), limits};
  for (const std::string& request : {"GET /" + std::string(2000, 'a') + " HTTP/1.1\r\n\r\n",
                                     "GET /hello HTTP/1.1\r\n" + server.host() + "A: " + std::string(2000, 'a') + "\r\n\r\n"}) {
    RawClient client = server.connect();
    client.send(request);
    const std::string response = client.receive_all();
    EXPECT_TRUE(response.starts_with("HTTP/1.1 431 ")) << response;
    EXPECT_TRUE(has(response, "header_too_large")) << response;
  }
}

TEST(http_server, refuses_what_is_not_http_and_what_could_smuggle) {
  ServerUnderTest server{echo_router()};
  const std::string host = server.host();
  const std::pair<std::string, const char*> cases[] = {
      {"hello\r\n\r\n", "400 "},
      {"GET  /hello HTTP/1.1\r\n\r\n", "400 "},
      {"GET /hello HTTP/2.0\r\n" + host + "\r\n", "400 "},
      {"GET /hello HTTP/1.1\r\n\r\n", "400 "},                        // no Host
      {"GET /hello HTTP/1.1\r\n" + host + host + "\r\n", "400 "},     // two
      {"GET /hello HTTP/1.1\r\n" + host + "A b: c\r\n\r\n", "400 "},  // a blank in a name
      {"GET /hello%zz HTTP/1.1\r\n" + host + "\r\n", "400 "},
      {"GET /hello?a=%4 HTTP/1.1\r\n" + host + "\r\n", "400 "},
      {"GET hello HTTP/1.1\r\n" + host + "\r\n", "400 "},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 "},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "400 "},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: -3\r\n\r\n", "400 "},
      {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", "501 "},
      {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501 "},
      {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n", "400 "},
      {"POST /echo HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 "},
      {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400 "},
      {"POST /echo HTTP/1.1\r\n" + host + "Expect: a-miracle\r\nContent-Length: 1\r\n\r\nx", "417 "},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=%",
       "400 "},
  };
  for (const auto& [request, status] : cases) {
    RawClient client = server.connect();
    client.send(request);
    const std::string response = client.receive_response();
    EXPECT_TRUE(response.starts_with(std::string{"HTTP/1.1 "} + status)) << request << "\n" << response;
    EXPECT_TRUE(has(response, R"({"refused":true,"reason":")")) << response;
  }
}

TEST(http_server, a_refused_body_ends_the_connection_instead_of_being_read_as_a_request) {
  ServerUnderTest server{echo_router()};
  RawClient client = server.connect();
  client.send("POST /nowhere HTTP/1.1\r\n" + server.host() + "Content-Length: 30\r\n\r\nGET /hello HTTP/1.1\r\n" + server.host() +
              "\r\n");
  const std::string all = client.receive_all();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 404 ")) << all;
  EXPECT_TRUE(has(all, "Connection: close")) << all;
  EXPECT_FALSE(has(all, "200 OK")) << all;
}

TEST(http_server, a_body_in_an_unknown_coding_is_not_read_as_a_request) {
  ServerUnderTest server{echo_router()};
  for (const char* coding : {"gzip", "identity", "xchunked", "chunked, gzip"}) {
    RawClient client = server.connect();
    client.send("POST /echo HTTP/1.1\r\n" + server.host() + "Transfer-Encoding: " + coding + "\r\n\r\nGET /hello HTTP/1.1\r\n" +
                server.host() + "\r\n");
    const std::string all = client.receive_all();
    EXPECT_TRUE(has(all, "Connection: close")) << coding << "\n" << all;
    EXPECT_FALSE(has(all, "200 OK")) << coding << "\n" << all;
  }
}

TEST(http_server, unknown_paths_and_methods_are_refused_by_name) {
  ServerUnderTest server{echo_router()};
  RawClient client = server.connect();
  client.send("GET /helo HTTP/1.1\r\n" + server.host() + "\r\n");
  std::string response = client.receive_response();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 404 ")) << response;
  EXPECT_TRUE(has(response, R"("reason":"unknown_path","exit_code":2)")) << response;
  EXPECT_TRUE(has(response, "did you mean /hello?")) << response;
  client.send("DELETE /hello HTTP/1.1\r\n" + server.host() + "\r\n");
  response = client.receive_response();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 405 ")) << response;
  EXPECT_TRUE(has(response, "Allow: GET, HEAD\r\n")) << response;
  EXPECT_TRUE(has(response, R"("reason":"method_not_allowed")")) << response;
}

TEST(http_server, foreign_hosts_and_origins_are_refused) {
  HttpServerSettings settings;
  settings.external_urls = {"https://ops.example.org/watchbill"};
  ServerUnderTest server{echo_router(), {}, settings};
  const std::string port = std::to_string(server.port());
  const std::tuple<std::string, std::string, const char*> cases[] = {
      {"GET /hello", "Host: evil.example:" + port + "\r\n", "403 "},
      {"GET /hello", "Host: 127.0.0.1:1\r\n", "403 "},
      {"GET /hello", "Host: 127.0.0.1\r\n", "403 "},
      {"GET /hello", "Host: localhost:" + port + "\r\n", "200 "},
      {"GET /hello", "Host: ops.example.org\r\n", "200 "},
      {"GET /hello", "Host: OPS.example.org:443\r\n", "200 "},
      {"GET /hello", server.host() + "Origin: https://evil.example\r\n", "200 "},
      {"POST /echo", server.host() + "Origin: https://evil.example\r\nContent-Length: 0\r\n", "403 "},
      {"POST /echo", server.host() + "Origin: null\r\nContent-Length: 0\r\n", "403 "},
      {"POST /echo", server.host() + "Origin: http://ops.example.org\r\nContent-Length: 0\r\n", "403 "},
      {"POST /echo", server.host() + "Origin: https://ops.example.org\r\nContent-Length: 0\r\n", "200 "},
      {"POST /echo", server.host() + "Origin: http://127.0.0.1:" + port + "\r\nContent-Length: 0\r\n", "200 "},
      {"GET http://evil.example/hello", server.host(), "403 "},
      {"GET http://127.0.0.1:" + port + "/hello", "Host: evil.example\r\n", "200 "},
  };
  for (const auto& [request, headers, status] : cases) {
    RawClient client = server.connect();
    client.send(request + " HTTP/1.1\r\n" + headers + "\r\n");
    const std::string response = client.receive_response();
    EXPECT_TRUE(response.starts_with(std::string{"HTTP/1.1 "} + status)) << request << " " << headers << response;
    EXPECT_FALSE(has(response, "Access-Control")) << response;
  }
}

TEST(http_server, http_1_0_is_closed_unless_it_asks_to_be_kept) {
  ServerUnderTest server{echo_router()};
  RawClient client = server.connect();
  client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(has(client.receive_response(), "Connection: keep-alive\r\n"));
  client.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(client.receive_all().ends_with("\r\n\r\nhello"));
}

TEST(http_server, a_slow_header_is_closed_however_steadily_it_drips) {
  HttpLimits limits;
  limits.header_timeout = Duration::milliseconds(80);
  ServerUnderTest server{echo_router(), limits};
  RawClient client = server.connect();
  client.send("GET /hello HTTP/1.1\r\n");
  std::atomic<bool> closed{false};
  std::thread dripping{[&] {
    while (!closed && client.send("a")) std::this_thread::yield();
  }};
  EXPECT_TRUE(eventually([&] { return server.counters().slow_header == 1; }));
  EXPECT_TRUE(eventually([&] { return server.counters().open == 0; }));
  closed = true;
  dripping.join();
}

TEST(http_server, a_connection_that_says_nothing_is_closed) {
  HttpLimits limits;
  limits.header_timeout = Duration::milliseconds(50);
  ServerUnderTest server{echo_router(), limits};
  RawClient client = server.connect();
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(server.counters().idle_closed, 1U);
}

TEST(http_server, an_answer_may_take_longer_than_any_deadline_of_its_connection) {
  HttpLimits limits;
  limits.header_timeout = limits.idle_timeout = Duration::milliseconds(20);
  LoopThread* loop = nullptr;
  Router router;
  router.add({.method = "GET", .pattern = "/", .handler = [&loop](HttpRequest, Responder responder) {
                const std::shared_ptr<HttpResponder> kept = std::move(responder);
                // The loop's timers ring in order: by then that of the connection has, too.
                loop->loop.after(Duration::milliseconds(60), [kept] { kept->answer(HttpResponse{}); });
              }});
  ServerUnderTest server{std::move(router), limits};
  loop = &server.thread;
  RawClient client = server.connect();
  for (int i = 0; i < 3; ++i) {
    client.send("GET / HTTP/1.1\r\n" + server.host() + "\r\n");
    EXPECT_TRUE(client.receive_response(false).starts_with("HTTP/1.1 200 OK")) << i;
  }
  EXPECT_TRUE(client.is_closed()) << "idle";
}

TEST(http_server, a_body_that_comes_too_slowly_is_told_and_closed) {
  HttpLimits whole;
  whole.body_timeout = Duration::milliseconds(50);
  HttpLimits step;
  step.body_step_timeout = Duration::milliseconds(50);
  for (const HttpLimits& limits : {whole, step}) {
    ServerUnderTest server{echo_router(), limits};
    RawClient client = server.connect();
    client.send("POST /echo HTTP/1.1\r\n" + server.host() + "Content-Length: 10\r\n\r\nabc");
    const std::string response = client.receive_response();
    EXPECT_TRUE(response.starts_with("HTTP/1.1 503 ")) << "a sender of samples comes again: " << response;
    EXPECT_TRUE(has(response, "the body came too slowly: 3 bytes and no end")) << response;
    client.send("GET /hello HTTP/1.1\r\n" + server.host() + "\r\n");
    EXPECT_TRUE(client.is_closed());
    EXPECT_EQ(server.counters().slow_body, 1U);
    EXPECT_EQ(server.counters().requests, 0U) << "what came afterwards is no request";
  }
}

TEST(http_server, a_body_may_take_many_steps_while_enough_comes_in_each) {
  HttpLimits limits;
  limits.body_step_timeout = Duration::milliseconds(500);
  limits.body_step_bytes_min = 2;
  ServerUnderTest server{echo_router(), limits};
  RawClient client = server.connect();
  client.send("POST /large HTTP/1.1\r\n" + server.host() + "Transfer-Encoding: chunked\r\n\r\n");
  // A byte now and then, for so long that several steps have passed.
  const auto begin = std::chrono::steady_clock::now();
  auto sent_at = begin;
  while (sent_at - begin < std::chrono::milliseconds{1200}) {
    ASSERT_TRUE(client.send("1\r\nx\r\n"));
    const auto before = sent_at;
    while (sent_at - before < std::chrono::milliseconds{10}) {
      std::this_thread::yield();
      sent_at = std::chrono::steady_clock::now();
    }
  }
  client.send("0\r\n\r\n");
  EXPECT_TRUE(client.receive_response().starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(server.counters().slow_body, 0U);
}

TEST(http_server, a_strangers_body_is_not_waited_for) {
  Router router;
  std::atomic<std::size_t> body_bytes{0};
  router.add({.method = "POST",
              .pattern = "/",
              .handler =
                  [&body_bytes](HttpRequest request, Responder responder) {
                    body_bytes += request.body.size();
                    responder->answer(HttpResponse{.status = request.body.empty() ? 401U : 200U, .headers = {}, .body = ""});
                  },
              .admits =
                  [](const HttpRequest& head) {
                    EXPECT_EQ(head.peer_address, "127.0.0.1");
                    EXPECT_TRUE(head.is_peer_loopback);
                    return ports::find_field(head.headers, "authorization") != nullptr;
                  }});
  ServerUnderTest server{std::move(router)};
  RawClient client = server.connect();
  client.send("POST / HTTP/1.1\r\n" + server.host() + "Authorization: x\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_TRUE(client.receive_response().starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(body_bytes, 3U);
  client.send("POST / HTTP/1.1\r\n" + server.host() + "Content-Length: 100000\r\nExpect: 100-continue\r\n\r\nabc");
  const std::string response = client.receive_response();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 401 ")) << response;
  EXPECT_TRUE(has(response, "Connection: close")) << response;
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(body_bytes, 3U);
  RawClient without = server.connect();
  without.send("POST / HTTP/1.1\r\n" + server.host() + "Content-Length: 0\r\n\r\n");
  EXPECT_FALSE(has(without.receive_response(), "Connection: close")) << "nobody is asked for who sends no body";
}

TEST(http_server, an_idle_connection_is_closed) {
  HttpLimits limits;
  limits.idle_timeout = Duration::milliseconds(50);
  ServerUnderTest server{echo_router(), limits};
  RawClient client = server.connect();
  client.send("GET /hello HTTP/1.1\r\n" + server.host() + "\r\n");
  EXPECT_TRUE(has(client.receive_response(), "hello"));
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(server.counters().idle_closed, 1U);
}

TEST(http_server, a_reader_that_takes_nothing_is_closed) {
  HttpLimits limits;
  limits.write_timeout = Duration::milliseconds(80);
  Router router;
  router.add({.method = "GET", .pattern = "/", .handler = [](HttpRequest, Responder responder) {
                responder->answer(HttpResponse{.status = 200, .headers = {}, .body = std::string(32U << 20, 'x')});
              }});
  ServerUnderTest server{std::move(router), limits};
  RawClient client = server.connect(4096);
  client.send("GET / HTTP/1.1\r\n" + server.host() + "\r\n");
  EXPECT_TRUE(eventually([&] { return server.counters().slow_reader == 1 && server.counters().open == 0; }));
}

TEST(http_server, when_full_the_longest_idle_connection_gives_way) {
  HttpLimits limits;
  limits.connection_count_max = 2;
  ServerUnderTest server{echo_router(), limits};
  RawClient first = server.connect();
  first.send("GET /hello HTTP/1.1\r\n" + server.host() + "\r\n");
  EXPECT_TRUE(has(first.receive_response(), "hello"));
  RawClient second = server.connect();
  second.send("GET /hello HTTP/1.1\r\n" + server.host() + "\r\n");
  EXPECT_TRUE(has(second.receive_response(), "hello"));
  RawClient third = server.connect();
  third.send("GET /hello HTTP/1.1\r\n" + server.host() + "\r\n");
  EXPECT_TRUE(has(third.receive_response(), "hello"));
  EXPECT_TRUE(first.is_closed());
  second.send("GET /hello HTTP/1.1\r\n" + server.host() + "\r\n");
  EXPECT_TRUE(has(second.receive_response(), "hello"));
  EXPECT_EQ(server.counters().evicted, 1U);
}

TEST(http_server, when_full_of_work_a_new_connection_is_told_busy) {
  HttpLimits limits;
  limits.connection_count_max = 1;
  std::mutex mutex;
  Responder waiting;
  Router router;
  router.add({.method = "GET", .pattern = "/slow", .handler = [&](HttpRequest, Responder responder) {
                const std::lock_guard lock{mutex};
                waiting = std::move(responder);
              }});
  ServerUnderTest server{std::move(router), limits};
  RawClient first = server.connect();
  first.send("GET /slow HTTP/1.1\r\n" + server.host() + "\r\n");
  ASSERT_TRUE(eventually([&] { const std::lock_guard lock{mutex}; return waiting != nullptr; }));
  RawClient second = server.connect();
  const std::string response = second.receive_all();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 503 ")) << response;
  EXPECT_TRUE(has(response, R"("reason":"busy","exit_code":75)")) << response;
  EXPECT_TRUE(has(response, "Retry-After: ")) << response;
  const std::lock_guard lock{mutex};
  waiting->answer(HttpResponse{});
  waiting.reset();
  EXPECT_TRUE(first.receive_response().starts_with("HTTP/1.1 200"));
}

TEST(http_server, bodies_together_have_a_bound) {
  HttpLimits limits;
  limits.body_bytes_total_max = 100;
  ServerUnderTest server{echo_router(), limits};
  RawClient first = server.connect();
  first.send("POST /echo HTTP/1.1\r\n" + server.host() + "Content-Length: 60\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(has(first.receive_response(false), "100 Continue"));
  // What was only announced takes no room from others.
  RawClient second = server.connect();
  second.send("POST /echo HTTP/1.1\r\n" + server.host() + "Content-Length: 60\r\n\r\n" + std::string(60, 'y'));
  EXPECT_TRUE(has(second.receive_response(), "200 OK"));
  first.send(std::string(59, 'x'));
  // Until they have come, the others' may: then one of them is told so, as soon as it is known.
  for (const std::string& rest : {"Content-Length: 50\r\n\r\n" + std::string(50, 'y'),
                                  "Transfer-Encoding: chunked\r\n\r\n32\r\n" + std::string(50, 'y')})
    EXPECT_TRUE(eventually([&] {
      RawClient third = server.connect();
      third.send("POST /echo HTTP/1.1\r\n" + server.host() + rest);
      return has(third.receive_some() ? third.received() : "", "503 Service Unavailable");
    })) << rest;
  first.send("x");
  EXPECT_TRUE(has(first.receive_response(), "200 OK"));
  first.send("POST /echo HTTP/1.1\r\n" + server.host() + "Content-Length: 60\r\n\r\n" + std::string(60, 'y'));  // given back
  EXPECT_TRUE(has(first.receive_response(), "200 OK"));
}

TEST(http_server, an_answer_may_come_later_from_another_thread) {
  std::mutex mutex;
  std::vector<std::thread> threads;
  Router router;
  router.add({.method = "GET", .pattern = "/later/{n}", .handler = [&](HttpRequest request, Responder responder) {
                const std::lock_guard lock{mutex};
                threads.emplace_back([body = request.path_parameters.front().second, responder = std::move(responder)] {
                  responder->answer(HttpResponse{.status = 202, .headers = {}, .body = body});
                });
              }});
  {
    ServerUnderTest server{std::move(router)};
    std::vector<RawClient> clients;
    for (int i = 0; i < 16; ++i) {
      clients.push_back(server.connect());
      clients.back().send("GET /later/" + std::to_string(i) + " HTTP/1.1\r\n" + server.host() + "\r\n");
    }
    for (int i = 0; i < 16; ++i)
      EXPECT_TRUE(clients[static_cast<std::size_t>(i)].receive_response().ends_with("\r\n\r\n" + std::to_string(i)));
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(http_server, a_dropped_request_is_500_internal) {
  Router router;
  router.add({.method = "GET", .pattern = "/", .handler = [](HttpRequest, Responder) {}});
  ServerUnderTest server{std::move(router)};
  RawClient client = server.connect();
  client.send("GET / HTTP/1.1\r\n" + server.host() + "\r\n");
  const std::string response = client.receive_response();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 500 ")) << response;
  EXPECT_TRUE(has(response, R"("reason":"internal","exit_code":7)")) << response;
}

TEST(http_server, a_responder_may_outlive_client_server_and_loop) {
  Responder kept;
  {
    std::atomic<bool> arrived{false};
    Router router;
    router.add({.method = "GET", .pattern = "/", .handler = [&](HttpRequest, Responder responder) {
                  kept = std::move(responder);
                  arrived = true;
                }});
    ServerUnderTest server{std::move(router)};
    RawClient client = server.connect();
    client.send("GET / HTTP/1.1\r\n" + server.host() + "\r\n");
    ASSERT_TRUE(eventually([&] { return arrived.load(); }));
  }
  kept->answer(HttpResponse{});
}

TEST(http_server, forms_and_queries_are_decoded) {
  std::mutex mutex;
  HttpRequest seen;
  Router router;
  router.add({.method = "POST", .pattern = "/api/{name}/values", .handler = [&](HttpRequest request, Responder responder) {
                const std::lock_guard lock{mutex};
                seen = std::move(request);
                responder->answer(HttpResponse{.status = 204, .headers = {}, .body = {}});
              }});
  ServerUnderTest server{std::move(router)};
  RawClient client = server.connect();
  client.send("POST /api/a%2Fb/values?match[]=x&match%5B%5D=y%20z HTTP/1.1\r\n" + server.host() +
              "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: 15\r\n\r\nquery=up+%3D+1&");
  const std::string response = client.receive_response();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 204 No Content")) << response;
  EXPECT_FALSE(has(response, "Content-Length")) << response;
  const std::lock_guard lock{mutex};
  EXPECT_EQ(seen.path, "/api/a%2Fb/values");
  EXPECT_EQ(seen.path_parameters, (ports::HttpParameters{{"name", "a/b"}}));
  EXPECT_EQ(seen.query, (ports::HttpParameters{{"match[]", "x"}, {"match[]", "y z"}}));
  EXPECT_EQ(seen.form, (ports::HttpParameters{{"query", "up = 1"}}));
  EXPECT_EQ(seen.peer_address, "127.0.0.1");
  EXPECT_TRUE(seen.is_peer_loopback);
}

}  // namespace
}  // namespace watchbill::drivers::net
