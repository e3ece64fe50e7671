#include "serve/target.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "base/assert.h"

namespace watchbill::serve_test {

Target::Target(std::string page) : page_(std::move(page)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool listens = ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                       ::listen(listener_, 16) == 0 &&
                       ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  WB_ASSERT(listens, "a test has a port to spare");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

Target::~Target() {
  is_over_ = true;
  thread_.join();
  ::close(listener_);
}

void Target::show(std::string page, std::string type, std::string headers) {
  const std::lock_guard lock(mutex_);
  page_ = std::move(page);
  type_ = std::move(type);
  headers_ = std::move(headers);
}

std::string Target::last_request() const {
  const std::lock_guard lock(mutex_);
  return request_;
}

void Target::serve() {
  while (!is_over_) {
    pollfd poll{listener_, POLLIN, 0};
    if (::poll(&poll, 1, 20) <= 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    answer(connection);
    ::close(connection);
  }
}

// One request for each connection.
void Target::answer(int connection) {
  std::string request;
  std::array<char, 4096> bytes{};
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = ::recv(connection, bytes.data(), bytes.size(), 0);
    if (got <= 0) return;
    request.append(bytes.data(), static_cast<std::size_t>(got));
  }
  std::string answer;
  {
    const std::lock_guard lock(mutex_);
    request_ = std::move(request);
    answer = "HTTP/1.1 200 OK\r\nContent-Type: " + type_ + "\r\n" + headers_ + "Connection: close\r\nContent-Length: " +
             std::to_string(page_.size()) + "\r\n\r\n" + page_;
  }
  static_cast<void>(::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL));
  ++answered_count_;
}

}  // namespace watchbill::serve_test
