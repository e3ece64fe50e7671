// depends: wb_drivers_net Threads::Threads
// Requests per second and latency of the server over loopback, with N connections that each have one request in flight; then one
// round of the client over many kept connections, as scraping does. Client and server share the machine: the figures compare
// builds, no more.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "drivers/net/http_client.h"
#include "drivers/net/http_server.h"
#include "drivers/net/loop.h"

namespace watchbill::drivers::net {
namespace {

using Clock = std::chrono::steady_clock;

Router router() {
  Router made;
  const auto answer = [](std::string body) {
    return [body = std::move(body)](ports::HttpRequest, std::unique_ptr<ports::HttpResponder> responder) {
      responder->answer({.status = 200, .headers = {{"Content-Type", "text/plain"}}, .body = body});
    };
  };
  made.add({.method = "GET", .pattern = "/small", .handler = answer("ok\n")});
  made.add({.method = "GET", .pattern = "/8k", .handler = answer(std::string(8192, 'x'))});
  return made;
}

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::exit(1);
  return fd;
}

double cpu_seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// One thread, one epoll, `connection_count` connections: sends again as soon as a whole answer is there.
void load(std::uint16_t port, std::size_t connection_count, Clock::duration length, clockid_t server_clock) {
  const std::string request = "GET /small HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n\r\n";
  struct Connection {
    int fd;
    Clock::time_point sent;
  };
  std::vector<Connection> connections;
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  for (std::size_t i = 0; i < connection_count; ++i) {
    connections.push_back(Connection{connect_to(port), Clock::now()});
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, connections.back().fd, &event);
    if (::send(connections.back().fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) std::exit(1);
  }
  std::vector<std::uint32_t> latencies_us;
  const double cpu_begin = cpu_seconds(server_clock);
  const Clock::time_point begin = Clock::now();
  while (Clock::now() - begin < length) {
    std::vector<epoll_event> events(256);
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 1000);
    for (int i = 0; i < count; ++i) {
      Connection& one = connections[events[static_cast<std::size_t>(i)].data.u64];
      char bytes[4096];  // the answer is smaller and comes in one piece
      if (::recv(one.fd, bytes, sizeof bytes, 0) <= 0) std::exit(1);
      const Clock::time_point now = Clock::now();
      latencies_us.push_back(
          static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(now - one.sent).count()));
      one.sent = now;
      if (::send(one.fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) std::exit(1);
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const double cpu = cpu_seconds(server_clock) - cpu_begin;
  std::sort(latencies_us.begin(), latencies_us.end());
  const auto quantile = [&](double q) {
    return latencies_us[static_cast<std::size_t>(q * static_cast<double>(latencies_us.size() - 1))];
  };
  std::printf("{\"bench\":\"http_server\",\"connections\":%zu,\"requests_per_second\":%.0f,\"p50_us\":%u,\"p99_us\":%u,"
              "\"server_cpu_us_per_request\":%.2f}\n",
              connection_count, static_cast<double>(latencies_us.size()) / seconds, quantile(0.5), quantile(0.99),
              cpu * 1e6 / static_cast<double>(latencies_us.size()));
  for (const Connection& one : connections) ::close(one.fd);
  ::close(epoll);
}

// `count` calls at once over as many kept connections; the first round opens them.
void scrape(HttpCaller& caller, std::uint16_t port, std::size_t count) {
  for (const char* round : {"new connections", "kept connections"}) {
    std::promise<void> all;
    std::atomic<std::size_t> left{count}, failed{0};
    const Clock::time_point begin = Clock::now();
    for (std::size_t i = 0; i < count; ++i) {
      ports::HttpCall call;
      call.url = "http://127.0.0.1:" + std::to_string(port) + "/8k";
      call.may_be_sent_twice = true;
      caller.start(std::move(call), [&](Result<ports::HttpAnswer, ports::HttpFailure> outcome) {
        if (!outcome) ++failed;
        if (--left == 0) all.set_value();
      });
    }
    all.get_future().wait();
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    std::printf("{\"bench\":\"http_client\",\"round\":\"%s\",\"calls\":%zu,\"body_bytes\":8192,\"failed\":%zu,\"ms\":%.1f}\n",
                round, count, failed.load(), ms);
  }
}

}  // namespace
}  // namespace watchbill::drivers::net

int main(int argc, char** argv) {
  using namespace watchbill::drivers::net;
  const auto length = std::chrono::milliseconds{argc > 1 ? std::atoi(argv[1]) : 2000};
  Loop loop;
  HttpServerSettings settings;
  settings.listen.push_back(HttpListen{.address = "127.0.0.1", .port = 0, .tls = {}});
  settings.limits.connection_count_max = 2048;
  auto server = HttpServer::listen(loop, settings, router());
  if (!server) return 1;
  HttpClientLimits limits;
  limits.calls_per_host_max = 1000;
  limits.idle_per_host_max = 1000;
  auto caller = std::make_unique<HttpCaller>(loop, limits);
  std::thread thread{[&] { loop.run(); }};
  clockid_t server_clock{};  // of the loop's thread: what a request costs, however busy the machine is
  ::pthread_getcpuclockid(thread.native_handle(), &server_clock);
  for (const std::size_t connections : {std::size_t{1}, std::size_t{8}, std::size_t{50}, std::size_t{200}, std::size_t{1000}})
    load((*server)->ports().front(), connections, length, server_clock);
  scrape(*caller, (*server)->ports().front(), 1000);
  loop.stop();
  thread.join();
  caller.reset();
  server->reset();
  return 0;
}
