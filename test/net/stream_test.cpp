// Streams, the graceful end, and what listening refuses.
#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <atomic>
#include <mutex>
#include <thread>

#include "drivers/net/stream_queue.h"
#include "net/loopback.h"

namespace watchbill::drivers::net {
namespace {

using ports::HttpRequest;
using ports::HttpResponder;
using ports::HttpResponse;
using ports::HttpStreamRules;
using ports::HttpStreamState;
using Responder = std::unique_ptr<HttpResponder>;

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// A route GET /events that begins a stream and hands its responder to the test.
struct Events {
  explicit Events(HttpStreamRules rules_given = {}) : rules(std::move(rules_given)) {}
  Router router() {
    Router made;
    made.add(
        {.method = "GET", .pattern = "/events", .handler = [this](HttpRequest, Responder responder) {
           responder->begin_stream({.status = 200, .headers = {{"Content-Type", "text/event-stream"}}, .body = "first\n"}, rules);
           const std::lock_guard lock{mutex};
           stream = std::move(responder);
         }});
    return made;
  }
  bool has_begun() {
    return eventually([&] {
      const std::lock_guard lock{mutex};
      return stream != nullptr;
    });
  }
  HttpStreamRules rules;
  std::mutex mutex;
  Responder stream;
};

TEST(http_stream, chunks_arrive_as_they_are_written_and_the_end_is_marked) {
  Events events;
  ServerUnderTest server{events.router()};
  RawClient client = server.connect();
  client.send("GET /events HTTP/1.1\r\n" + server.host() + "\r\n");
  ASSERT_TRUE(events.has_begun());
  ASSERT_TRUE(client.receive_until("6\r\nfirst\n\r\n"));
  EXPECT_TRUE(has(client.received(), "Transfer-Encoding: chunked\r\n"));
  EXPECT_FALSE(has(client.received(), "Content-Length"));
  EXPECT_EQ(events.stream->write("second\n"), HttpStreamState::open);
  ASSERT_TRUE(client.receive_until("7\r\nsecond\n\r\n"));
  events.stream->end();
  EXPECT_TRUE(client.receive_all().ends_with("\r\n0\r\n\r\n"));
  EXPECT_TRUE(eventually([&] { return events.stream->write("x") == HttpStreamState::closed; }));
}

TEST(http_stream, a_dropped_responder_ends_the_stream) {
  Events events;
  ServerUnderTest server{events.router()};
  RawClient client = server.connect();
  client.send("GET /events HTTP/1.1\r\n" + server.host() + "\r\n");
  ASSERT_TRUE(events.has_begun());
  events.stream.reset();
  EXPECT_TRUE(client.receive_all().ends_with("0\r\n\r\n"));
}

TEST(http_stream, http_1_0_gets_the_bytes_until_the_close) {
  Events events;
  ServerUnderTest server{events.router()};
  RawClient client = server.connect();
  client.send("GET /events HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(events.has_begun());
  (void)events.stream->write("second\n");
  events.stream->end();
  const std::string all = client.receive_all();
  EXPECT_TRUE(all.ends_with("\r\n\r\nfirst\nsecond\n")) << all;
  EXPECT_FALSE(has(all, "chunked")) << all;
}

TEST(http_stream, head_gets_the_head_of_a_stream_only) {
  Events events;
  ServerUnderTest server{events.router()};
  RawClient client = server.connect();
  client.send("HEAD /events HTTP/1.1\r\n" + server.host() + "\r\n");
  EXPECT_TRUE(client.receive_all().ends_with("\r\n\r\n"));
  ASSERT_TRUE(events.has_begun());
  EXPECT_EQ(events.stream->write("x"), HttpStreamState::closed);
}

TEST(http_stream, a_client_that_leaves_is_noticed_without_a_write) {
  Events events;
  ServerUnderTest server{events.router()};
  {
    RawClient client = server.connect();
    client.send("GET /events HTTP/1.1\r\n" + server.host() + "\r\n");
    ASSERT_TRUE(events.has_begun());
  }
  EXPECT_TRUE(eventually([&] { return server.counters().open == 0; }));
  EXPECT_EQ(events.stream->write("x"), HttpStreamState::closed);
}

TEST(http_stream, a_quiet_stream_says_that_it_lives) {
  Events events{
      HttpStreamRules{.lagged_chunk = "", .idle_chunk = ": still here\n\n", .idle_interval = Duration::milliseconds(10)}};
  HttpLimits limits;
  limits.write_timeout = Duration::milliseconds(30);  // concerns writes only: a stream may be quiet for longer
  ServerUnderTest server{events.router(), limits};
  RawClient client = server.connect();
  client.send("GET /events HTTP/1.1\r\n" + server.host() + "\r\n");
  const std::string chunk = "e\r\n: still here\n\n\r\n";
  EXPECT_TRUE(client.receive_until(chunk + chunk + chunk + chunk + chunk));
}

TEST(http_stream, a_reader_too_far_behind_gets_what_was_accepted_then_lagged) {
  Events events{HttpStreamRules{.lagged_chunk = "event: lagged\n\n", .idle_chunk = "", .idle_interval = {}}};
  HttpLimits limits;
  limits.stream_queue_bytes_max = 256U << 10;
  ServerUnderTest server{events.router(), limits};
  RawClient client = server.connect(4096);
  client.send("GET /events HTTP/1.1\r\n" + server.host() + "\r\n");
  ASSERT_TRUE(events.has_begun());
  std::size_t accepted = 0;
  while (events.stream->write(std::string(999, '#') + "\n") == HttpStreamState::open) ++accepted;
  EXPECT_EQ(events.stream->write("more"), HttpStreamState::lagged);
  EXPECT_GE(accepted, 256U);
  const std::string all = client.receive_all();
  EXPECT_EQ(static_cast<std::size_t>(std::count(all.begin(), all.end(), '#')), accepted * 999) << "nothing accepted is dropped";
  EXPECT_TRUE(all.ends_with("event: lagged\n\n\r\n0\r\n\r\n"));
  EXPECT_EQ(server.counters().lagged, 1U);
}

TEST(http_stream, a_reader_that_stalls_is_closed) {
  Events events;
  HttpLimits limits;
  limits.stream_queue_bytes_max = 32U << 20;
  limits.write_timeout = Duration::milliseconds(100);
  ServerUnderTest server{events.router(), limits};
  RawClient client = server.connect(4096);
  client.send("GET /events HTTP/1.1\r\n" + server.host() + "\r\n");
  ASSERT_TRUE(events.has_begun());
  (void)events.stream->write(std::string(16U << 20, 'x'));
  EXPECT_TRUE(eventually([&] { return server.counters().slow_reader == 1; }));
  EXPECT_TRUE(eventually([&] { return events.stream->write("x") == HttpStreamState::closed; }));
}

TEST(http_stream, a_client_that_talks_into_a_stream_is_bounded) {
  Events events;
  ServerUnderTest server{events.router()};
  RawClient client = server.connect();
  client.send("GET /events HTTP/1.1\r\n" + server.host() + "\r\n");
  ASSERT_TRUE(events.has_begun());
  const std::string noise(1U << 16, 'x');
  std::size_t sent = 0;
  while (sent < (64U << 20) && client.send(noise)) sent += noise.size();
  EXPECT_LT(sent, 64U << 20);
}

TEST(stream_queue, counts_chunks_and_bytes_and_wakes_a_sleeper_once) {
  StreamQueue queue{{.bytes_max = 10, .chunks_max = 2}};
  EXPECT_FALSE(queue.push("a").wake) << "nobody sleeps yet";
  EXPECT_EQ(queue.push("b").state, HttpStreamState::open);
  EXPECT_EQ(queue.take().bytes, "ab");
  EXPECT_TRUE(queue.take().bytes.empty());
  EXPECT_TRUE(queue.push("c").wake);
  EXPECT_FALSE(queue.push("d").wake);
  EXPECT_EQ(queue.push("e").state, HttpStreamState::lagged) << "a third chunk";
  EXPECT_EQ(queue.take().bytes, "cd");
  const StreamQueue::Taken last = queue.take();
  EXPECT_TRUE(last.is_finished);
  EXPECT_TRUE(last.has_lagged);
  StreamQueue bytes{{.bytes_max = 10, .chunks_max = 100}};
  EXPECT_EQ(bytes.push("0123456789").state, HttpStreamState::open);
  EXPECT_EQ(bytes.push("x").state, HttpStreamState::lagged);
  EXPECT_EQ(bytes.push("y").state, HttpStreamState::lagged);
}

// --- answers compressed ---

std::string gunzip(std::string_view packed) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return {};
  std::string out(4U << 20, '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  out.resize(result == Z_STREAM_END ? stream.total_out : 0);
  inflateEnd(&stream);
  return out;
}

TEST(http_server, compresses_what_is_large_when_asked) {
  std::string body;
  for (int i = 0; i < 5000; ++i) body += "{\"metric\":" + std::to_string(i) + "},";
  Router router;
  const auto answer = [](std::string text) {
    return [text](HttpRequest, Responder responder) { responder->answer({.status = 200, .headers = {}, .body = text}); };
  };
  router.add({.method = "GET", .pattern = "/large", .handler = answer(body)});
  router.add({.method = "GET", .pattern = "/small", .handler = answer(std::string(1024, 'x'))});
  router.add({.method = "GET", .pattern = "/packed", .handler = [&](HttpRequest, Responder responder) {
                responder->answer({.status = 200, .headers = {{"Content-Encoding", "br"}}, .body = body});
              }});
  ServerUnderTest server{std::move(router)};
  RawClient client = server.connect();
  const auto get = [&](const std::string& path, const std::string& accept) {
    client.send("GET " + path + " HTTP/1.1\r\n" + server.host() + "Accept-Encoding: " + accept + "\r\n\r\n");
    return client.receive_response();
  };
  const std::string packed = get("/large", "deflate, gzip;q=0.5");
  EXPECT_TRUE(has(packed, "Content-Encoding: gzip\r\n"));
  EXPECT_TRUE(has(packed, "Vary: Accept-Encoding\r\n"));
  EXPECT_LT(packed.size(), body.size() / 2);
  EXPECT_EQ(gunzip(std::string_view{packed}.substr(packed.find("\r\n\r\n") + 4)), body);
  const std::string plain = get("/large", "gzip;q=0");
  EXPECT_TRUE(plain.ends_with(body));
  EXPECT_TRUE(has(plain, "Vary: Accept-Encoding\r\n")) << "a cache must know that it could differ";
  EXPECT_FALSE(has(get("/small", "gzip"), "gzip"));
  EXPECT_TRUE(get("/packed", "gzip").ends_with(body));
}

// --- the end ---

TEST(http_server, a_graceful_stop_finishes_what_is_in_flight_and_nothing_else) {
  std::mutex mutex;
  Responder waiting;
  Events events;
  Router router = events.router();
  router.add({.method = "GET", .pattern = "/slow", .handler = [&](HttpRequest, Responder responder) {
                const std::lock_guard lock{mutex};
                waiting = std::move(responder);
              }});
  ServerUnderTest server{std::move(router)};
  RawClient idle = server.connect();
  RawClient streaming = server.connect();
  streaming.send("GET /events HTTP/1.1\r\n" + server.host() + "\r\n");
  ASSERT_TRUE(streaming.receive_until("first"));
  RawClient working = server.connect();
  working.send("GET /slow HTTP/1.1\r\n" + server.host() + "\r\n");
  ASSERT_TRUE(eventually([&] { const std::lock_guard lock{mutex}; return waiting != nullptr; }));
  ASSERT_TRUE(eventually([&] { return server.counters().open == 3; }));
  std::atomic<bool> stopped{false};
  server.server->stop([&] { stopped = true; });
  EXPECT_TRUE(idle.is_closed());
  EXPECT_TRUE(streaming.receive_all().ends_with("0\r\n\r\n")) << "a stream is ended, not cut";
  EXPECT_FALSE(stopped);
  EXPECT_FALSE(can_connect(server.port()));
  {
    const std::lock_guard lock{mutex};
    waiting->answer({.status = 200, .headers = {}, .body = "done"});
    waiting.reset();
  }
  const std::string answer = working.receive_all();
  EXPECT_TRUE(answer.ends_with("\r\n\r\ndone")) << answer;
  EXPECT_TRUE(has(answer, "Connection: close\r\n")) << answer;
  EXPECT_TRUE(eventually([&] { return stopped.load(); }));
  EXPECT_EQ(server.counters().open, 0U);
}

TEST(http_server, a_graceful_stop_waits_no_longer_than_its_limit) {
  Responder waiting;
  std::atomic<bool> arrived{false}, stopped{false};
  Router router;
  router.add({.method = "GET", .pattern = "/slow", .handler = [&](HttpRequest, Responder responder) {
                waiting = std::move(responder);
                arrived = true;
              }});
  HttpLimits limits;
  limits.stop_timeout = Duration::milliseconds(50);
  ServerUnderTest server{std::move(router), limits};
  RawClient client = server.connect();
  client.send("GET /slow HTTP/1.1\r\n" + server.host() + "\r\n");
  ASSERT_TRUE(eventually([&] { return arrived.load(); }));
  server.server->stop([&] { stopped = true; });
  EXPECT_TRUE(eventually([&] { return stopped.load(); }));
  EXPECT_TRUE(client.is_closed());
}

// --- listening ---

ListenFailure failure_of(HttpServerSettings settings) {
  Loop loop;
  auto listening = HttpServer::listen(loop, std::move(settings), echo_router());
  if (listening.has_value()) {
    ADD_FAILURE() << "it listens";
    return {};
  }
  return listening.error();
}

TEST(http_server, listening_is_refused_with_a_reason) {
  RawServer taken;
  EXPECT_EQ(failure_of({.listen = {{"127.0.0.1", 0, {}}, {"127.0.0.1", taken.port(), {}}}}).reason,
            ListenRefusal::address_in_use);
  EXPECT_EQ(failure_of({.listen = {{"127.0.0.1", taken.port(), {}}}}).on, "127.0.0.1:" + std::to_string(taken.port()));
  EXPECT_EQ(failure_of({.listen = {{"192.0.2.1", 0, {}}}}).reason, ListenRefusal::address_not_available);
  EXPECT_EQ(failure_of({.listen = {{"localhost", 0, {}}}}).reason, ListenRefusal::address_invalid);
  EXPECT_EQ(failure_of({.listen = {{"127.0.0.1", 0, {}}}, .external_urls = {"ops.example"}}).reason,
            ListenRefusal::external_url_invalid);
  EXPECT_EQ(word(ListenRefusal::address_in_use), "address_in_use");
}

TEST(http_server, listens_on_several_addresses_and_a_wildcard_knows_its_own) {
  HttpServerSettings settings;
  settings.listen = {{"0.0.0.0", 0, {}}, {"127.0.0.2", 0, {}}};
  ServerUnderTest server{echo_router(), {}, settings};
  ASSERT_EQ(server.server->ports().size(), 2U);
  RawClient client = server.connect();
  for (const auto& [host, status] :
       {std::pair{"127.0.0.1", "200"}, {"localhost", "200"}, {"127.0.0.2", "403"}, {"evil.example", "403"}}) {
    client.send("GET /hello HTTP/1.1\r\nHost: " + std::string{host} + ":" + std::to_string(server.port()) + "\r\n\r\n");
    EXPECT_TRUE(client.receive_response().starts_with("HTTP/1.1 " + std::string{status})) << host;
  }
}

}  // namespace
}  // namespace watchbill::drivers::net
