// A server on an ephemeral loopback port, and clients that speak to it byte by byte, as badly as a test wants.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "drivers/net/http_server.h"
#include "drivers/net/loop.h"

namespace watchbill::drivers::net {

inline constexpr std::chrono::seconds patience{20};  // a test that waits longer has failed; no test is expected to

// True as soon as `condition` is, false when it was not within `patience`.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

// A blocking TCP connection to 127.0.0.1. Nothing here hides an error: what is read is what came.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0);
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient();

  // False when the connection is gone.
  bool send(std::string_view text);
  // Ends our side; theirs stays open.
  void end_sending();
  // Waits for some bytes and adds them to what was received; false at the end of the connection or after `patience`.
  bool receive_some();
  // Receives until `text` has come; false when it never did.
  bool receive_until(std::string_view text);
  // One response with Content-Length or without a body; takes it out of what was received. Empty when there was none.
  std::string receive_response(bool has_body = true);
  // Everything up to the end of the connection.
  std::string receive_all();
  // True when the other side closed (or reset) the connection, within `patience`.
  bool is_closed();
  [[nodiscard]] const std::string& received() const noexcept { return received_; }
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  int fd_{-1};
  std::string received_;
};

// A listening socket that only accepts when told: a far side that does what the test says.
class RawServer {
 public:
  explicit RawServer(int backlog = 16);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  // Waits for the next connection and gives it; the descriptor is the caller's. -1 after `patience`.
  int accept();
  void close();

 private:
  int fd_{-1};
  std::uint16_t port_{0};
};

// Whether somebody listens there.
[[nodiscard]] bool can_connect(std::uint16_t port);

// Reads from `fd` until `text` has come; what was read. Ends early at the end of the connection or after `patience`.
std::string read_until(int fd, std::string_view text);
void write_all(int fd, std::string_view text);

// A loop on its own thread, and a server on it.
class LoopThread {
 public:
  LoopThread() : thread_([this] { loop.run(); }) {}
  ~LoopThread() { join(); }
  void join();
  // Runs `task` on the loop and waits for it.
  void run(const std::function<void()>& task);

  Loop loop;

 private:
  std::thread thread_;
};

class ServerUnderTest {
 public:
  ServerUnderTest(Router router, HttpLimits limits = {}, HttpServerSettings settings = {});
  ~ServerUnderTest();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] RawClient connect(int receive_buffer_bytes = 0) const { return RawClient{port_, receive_buffer_bytes}; }
  // "Host: 127.0.0.1:PORT\r\n"
  [[nodiscard]] std::string host() const;
  [[nodiscard]] HttpCounters counters() const { return server->counters(); }

  LoopThread thread;
  std::unique_ptr<HttpServer> server;

 private:
  std::uint16_t port_{0};
};

// GET /hello answers "hello"; POST /echo answers the body, at most 64 bytes; POST /large at most 1 MiB.
[[nodiscard]] Router echo_router();

}  // namespace watchbill::drivers::net
