#include "differential/routing/harness/receiver.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/assert.h"

namespace watchbill::routing_differential {
namespace {

constexpr int patience_ms = 2'000;

// Of a head in which each line ends with \r\n; names may be written in any case.
std::size_t content_length(std::string head) {
  std::transform(head.begin(), head.end(), head.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  constexpr std::string_view name = "\r\ncontent-length: ";
  const std::size_t found = head.find(name);
  std::size_t out = 0;
  if (found != std::string::npos) std::from_chars(head.data() + found + name.size(), head.data() + head.size(), out);
  return out;
}

}  // namespace

Receiver::Receiver() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool listens = ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                       ::listen(listener_, 128) == 0 &&
                       ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  WB_ASSERT(listens, "a test has a port to spare");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

Receiver::~Receiver() {
  is_over_ = true;
  thread_.join();
  ::close(listener_);
}

std::size_t Receiver::count() const {
  const std::lock_guard lock(mutex_);
  return deliveries_.size();
}

std::vector<Delivery> Receiver::after(std::size_t count) const {
  const std::lock_guard lock(mutex_);
  return {deliveries_.begin() + static_cast<std::ptrdiff_t>(std::min(count, deliveries_.size())), deliveries_.end()};
}

void Receiver::serve() {
  while (!is_over_) {
    pollfd poll{listener_, POLLIN, 0};
    if (::poll(&poll, 1, 50) <= 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    take(connection);
    ::close(connection);
  }
}

// One message for each connection: it says so, and nobody waits behind another that is kept.
void Receiver::take(int connection) {
  std::string request;
  std::array<char, 16384> bytes{};
  const auto read_some = [&] {
    pollfd poll{connection, POLLIN, 0};
    if (::poll(&poll, 1, patience_ms) <= 0) return false;
    const ssize_t got = ::recv(connection, bytes.data(), bytes.size(), 0);
    if (got > 0) request.append(bytes.data(), static_cast<std::size_t>(got));
    return got > 0;
  };
  while (request.find("\r\n\r\n") == std::string::npos)
    if (!read_some()) return;
  const std::size_t head = request.find("\r\n\r\n") + 4;
  const std::size_t whole = head + content_length(request.substr(0, head));
  while (request.size() < whole)
    if (!read_some()) return;
  const std::size_t begin = request.find(' ') + 1;
  Delivery delivery{request.substr(begin, request.find(' ', begin) - begin), request.substr(head), Clock::now()};
  {
    const std::lock_guard lock(mutex_);
    deliveries_.push_back(std::move(delivery));
  }
  constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  static_cast<void>(::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL));
}

}  // namespace watchbill::routing_differential
