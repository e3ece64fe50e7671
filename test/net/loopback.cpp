#include "net/loopback.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <future>
#include <utility>

#include "base/assert.h"

namespace watchbill::drivers::net {
namespace {

using Clock = std::chrono::steady_clock;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool wait_readable(int fd) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, static_cast<int>(std::chrono::milliseconds{patience}.count())) == 1;
}

std::size_t content_length(std::string_view head) {
  const std::size_t at = head.find("Content-Length: ");
  if (at == std::string_view::npos) return 0;
  std::size_t length = 0;
  std::from_chars(head.data() + at + 16, head.data() + head.size(), length);
  return length;
}

}  // namespace

bool eventually(const std::function<bool()>& condition) {
  const Clock::time_point deadline = Clock::now() + patience;
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

RawClient::RawClient(std::uint16_t port, int receive_buffer_bytes) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer_bytes != 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  const sockaddr_in address = loopback(port);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    ADD_FAILURE() << "connect: errno " << errno;
}

RawClient::RawClient(RawClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)) {}

RawClient::~RawClient() {
  if (fd_ >= 0) ::close(fd_);
}

bool RawClient::send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::end_sending() { ::shutdown(fd_, SHUT_WR); }

bool RawClient::receive_some() {
  std::array<char, 65536> bytes;
  if (!wait_readable(fd_)) return false;
  const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (count <= 0) return false;
  received_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

bool RawClient::receive_until(std::string_view text) {
  while (received_.find(text) == std::string::npos)
    if (!receive_some()) return false;
  return true;
}

std::string RawClient::receive_response(bool has_body) {
  if (!receive_until("\r\n\r\n")) return {};
  const std::size_t head = received_.find("\r\n\r\n") + 4;
  const std::size_t size = head + (has_body ? content_length(std::string_view{received_}.substr(0, head)) : 0);
  while (received_.size() < size)
    if (!receive_some()) return {};
  std::string response = received_.substr(0, size);
  received_.erase(0, size);
  return response;
}

std::string RawClient::receive_all() {
  while (receive_some()) {
  }
  return std::exchange(received_, {});
}

bool RawClient::is_closed() {
  std::array<char, 4096> bytes;
  while (wait_readable(fd_))
    if (::recv(fd_, bytes.data(), bytes.size(), 0) <= 0) return true;
  return false;
}

RawServer::RawServer(int backlog) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(fd_, backlog) != 0 ||
      ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    ADD_FAILURE() << "listen: errno " << errno;
  port_ = ntohs(address.sin_port);
}

RawServer::~RawServer() { close(); }

int RawServer::accept() { return wait_readable(fd_) ? ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC) : -1; }

void RawServer::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

bool can_connect(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return connected;
}

std::string read_until(int fd, std::string_view text) {
  std::string read;
  std::array<char, 65536> bytes;
  while (read.find(text) == std::string::npos && wait_readable(fd)) {
    const ssize_t count = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (count <= 0) break;
    read.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return read;
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void LoopThread::join() {
  loop.stop();
  if (thread_.joinable()) thread_.join();
}

void LoopThread::run(const std::function<void()>& task) {
  std::promise<void> done;
  loop.post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

ServerUnderTest::ServerUnderTest(Router router, HttpLimits limits, HttpServerSettings settings) {
  settings.limits = limits;
  if (settings.listen.empty()) settings.listen.push_back(HttpListen{.address = "127.0.0.1", .port = 0, .tls = {}});
  thread.run([&] {
    auto listening = HttpServer::listen(thread.loop, std::move(settings), std::move(router));
    WB_ASSERT(listening.has_value(), "an ephemeral loopback port is always there");
    server = std::move(*listening);
    port_ = server->ports().front();
  });
}

ServerUnderTest::~ServerUnderTest() {
  thread.run([this] { server.reset(); });
  thread.join();
}

std::string ServerUnderTest::host() const { return "Host: 127.0.0.1:" + std::to_string(port_) + "\r\n"; }

Router echo_router() {
  Router router;
  const auto text = [](std::string body) {
    return ports::HttpResponse{.status = 200, .headers = {{"Content-Type", "text/plain"}}, .body = std::move(body)};
  };
  const auto echo = [text](ports::HttpRequest request, std::unique_ptr<ports::HttpResponder> responder) {
    responder->answer(text(std::move(request.body)));
  };
  router.add({.method = "GET",
              .pattern = "/hello",
              .handler = [text](ports::HttpRequest, std::unique_ptr<ports::HttpResponder> responder) {
                responder->answer(text("hello"));
              }});
  router.add({.method = "POST", .pattern = "/echo", .handler = echo, .body_bytes_max = 64});
  router.add({.method = "POST", .pattern = "/large", .handler = echo});
  return router;
}

}  // namespace watchbill::drivers::net
