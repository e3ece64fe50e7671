#include "serve/inbox.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/assert.h"

namespace watchbill::serve_test {
namespace {

constexpr int request_patience_ms = 5000;

std::string field_of(const std::string& request, const std::string& name) {
  const std::size_t at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

// Head and body; what came so far when the other side stops.
std::string read_request(int connection) {
  std::string request;
  std::array<char, 16384> bytes{};
  const auto is_whole = [&request] {
    const std::size_t end = request.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::string length = field_of(request, "Content-Length");
    return request.size() >= end + 4 + (length.empty() ? 0 : std::stoul(length));
  };
  pollfd poll{connection, POLLIN, 0};
  while (!is_whole() && ::poll(&poll, 1, request_patience_ms) > 0) {
    const ssize_t count = ::recv(connection, bytes.data(), bytes.size(), 0);
    if (count <= 0) break;
    request.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return request;
}

}  // namespace

Inbox::Inbox() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool listens = ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                       ::listen(listener_, 64) == 0 &&
                       ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  WB_ASSERT(listens, "a test has a port to spare");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

Inbox::~Inbox() {
  is_over_ = true;
  thread_.join();
  ::close(listener_);
}

void Inbox::answer(const std::string& path, int status) {
  const std::lock_guard lock(mutex_);
  statuses_.emplace_back(path, status);
}

std::vector<Posted> Inbox::at(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  std::vector<Posted> found;
  for (const Posted& each : posted_)
    if (each.path == path) found.push_back(each);
  return found;
}

std::size_t Inbox::accepted(const std::string& path, const std::string& text) const {
  const std::vector<Posted> all = at(path);
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&text](const Posted& each) {
    return each.status == 200 && each.body.find(text) != std::string::npos;
  }));
}

void Inbox::serve() {
  while (!is_over_) {
    pollfd poll{listener_, POLLIN, 0};
    if (::poll(&poll, 1, 20) <= 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    take(connection);
    ::close(connection);
  }
}

// One request for each connection.
void Inbox::take(int connection) {
  const std::string request = read_request(connection);
  const std::size_t begin = request.find(' ') + 1, end = request.find("\r\n\r\n");
  if (end == std::string::npos) return;
  Posted posted{request.substr(begin, request.find(' ', begin) - begin), field_of(request, "X-Watchbill-Delivery"),
                request.substr(end + 4), 200};
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, status] : statuses_)
      if (path == posted.path) posted.status = status;
    posted_.push_back(posted);
  }
  const std::string answer = "HTTP/1.1 " + std::to_string(posted.status) +
                             " Said\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
  ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
}

}  // namespace watchbill::serve_test
