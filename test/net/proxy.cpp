#include "net/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "base/assert.h"
#include "base/bytes.h"

namespace watchbill::drivers::net {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void write_whole(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(to, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// "127.0.0.1:9100": every host is this one.
int connected(std::string_view host_and_port) {
  const std::size_t colon = host_and_port.rfind(':');
  if (colon == std::string_view::npos) return -1;
  const sockaddr_in address = loopback(static_cast<std::uint16_t>(std::stoi(std::string(host_and_port.substr(colon + 1)))));
  const int out = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(out, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return out;
  ::close(out);
  return -1;
}

}  // namespace

TestProxy::TestProxy(std::string password)
    : authorization_(password.empty() ? "" : "Proxy-Authorization: Basic " + to_base64("me:" + password) + "\r\n") {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool listens = ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(listener_, 16) == 0 &&
                       ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  WB_ASSERT(listens, "a test has a port to spare");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

TestProxy::~TestProxy() {
  is_over_ = true;
  thread_.join();
  for (std::thread& connection : connections_) connection.join();
  ::close(listener_);
}

std::vector<std::string> TestProxy::heads() const {
  const std::lock_guard lock(mutex_);
  return heads_;
}

void TestProxy::answer_connect(std::string answer) {
  const std::lock_guard lock(mutex_);
  connect_answer_ = std::move(answer);
}

void TestProxy::serve() {
  while (!is_over_) {
    pollfd poll{listener_, POLLIN, 0};
    if (::poll(&poll, 1, 20) <= 0) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    connections_.emplace_back([this, client] {
      serve_one(client);
      ::close(client);
    });
  }
}

// One request in absolute form, or one tunnel, for each connection.
void TestProxy::serve_one(int client) {
  std::string head;
  std::array<char, 16384> bytes{};
  while (head.find("\r\n\r\n") == std::string::npos) {
    pollfd poll{client, POLLIN, 0};
    if (is_over_) return;
    if (::poll(&poll, 1, 20) <= 0) continue;
    const ssize_t got = ::recv(client, bytes.data(), bytes.size(), 0);
    if (got <= 0) return;
    head.append(bytes.data(), static_cast<std::size_t>(got));
  }
  std::string refusal;
  {
    const std::lock_guard lock(mutex_);
    heads_.push_back(head);
    refusal = connect_answer_;
  }
  if (!authorization_.empty() && head.find(authorization_) == std::string::npos)
    return write_whole(client, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno");
  const bool is_tunnel = head.starts_with("CONNECT ");
  if (is_tunnel && !refusal.empty()) return write_whole(client, refusal);
  const std::size_t begin = is_tunnel ? 8 : head.find("http://") + 7;
  const std::string to = head.substr(begin, head.find_first_of("/ ", begin) - begin);
  const int server = connected(to);
  if (server < 0) return write_whole(client, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
  if (is_tunnel) write_whole(client, "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
  else write_whole(server, head.erase(begin - 7, 7 + to.size()));
  for (bool is_open = true; is_open && !is_over_;) {
    std::array<pollfd, 2> polls{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
    if (::poll(polls.data(), polls.size(), 20) <= 0) continue;
    for (std::size_t i = 0; i < polls.size(); ++i) {
      if (polls[i].revents == 0) continue;
      const ssize_t got = ::recv(polls[i].fd, bytes.data(), bytes.size(), 0);
      if (got <= 0) is_open = false;
      else write_whole(polls[1 - i].fd, {bytes.data(), static_cast<std::size_t>(got)});
    }
  }
  ::close(server);
}

}  // namespace watchbill::drivers::net
