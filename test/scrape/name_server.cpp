#include "scrape/name_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/assert.h"

namespace watchbill::scrape_test {
namespace {

constexpr std::size_t header_bytes = 12;

std::string number(std::size_t value) {
  return {static_cast<char>(value >> 8 & 255U), static_cast<char>(value & 255U)};
}

int bound_socket(int type, std::uint16_t& port) {
  const int made = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(made, reinterpret_cast<sockaddr*>(&address), size) != 0) {
    ::close(made);
    return -1;
  }
  ::getsockname(made, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return made;
}

// The end of the question section's only entry.
std::size_t question_end(std::string_view message) {
  std::size_t at = header_bytes;
  while (at < message.size() && message[at] != 0) at += static_cast<unsigned char>(message[at]) + 1U;
  return at + 5;
}

std::string name_in(std::string_view question) {
  std::string out;
  for (std::size_t at = header_bytes; at < question.size() && question[at] != 0;) {
    const auto length = static_cast<unsigned char>(question[at]);
    out.append(out.empty() ? "" : ".").append(question.substr(at + 1, length));
    at += length + 1U;
  }
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | ' ') : c; });
  return out;
}

}  // namespace

std::string name_bytes(const std::string& name) {
  std::string out;
  for (std::size_t begin = 0; begin < name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    out.push_back(static_cast<char>(end - begin));
    out.append(name, begin, end - begin);
    begin = end + 1;
  }
  out.push_back('\0');
  return out;
}

std::string address_bytes(const std::string& address) {
  std::array<char, 16> bytes{};
  const bool is_v6 = address.find(':') != std::string::npos;
  WB_ASSERT(::inet_pton(is_v6 ? AF_INET6 : AF_INET, address.c_str(), bytes.data()) == 1, "tests write addresses");
  return {bytes.data(), is_v6 ? 16U : 4U};
}

std::string srv_bytes(std::uint16_t port, const std::string& target) {
  return number(10) + number(20) + number(port) + name_bytes(target);
}

std::string mx_bytes(const std::string& target) { return number(10) + name_bytes(target); }

std::string answer_bytes(const std::string& question, const Records& records, bool is_udp) {
  const std::size_t end = question_end(question);
  if (end > question.size()) return {};
  const bool is_cut = is_udp && records.is_cut;
  std::string out = question.substr(0, 2);
  out.push_back(static_cast<char>(is_cut ? 0x87 : 0x85));
  out.push_back(static_cast<char>(0x80 | records.code));
  out += number(1) + number(is_cut ? 0 : records.records.size()) + number(0) + number(0);
  out += question.substr(header_bytes, end - header_bytes);
  if (is_cut) return out;
  std::string owner("\xc0\x0c", 2);
  for (const Records::Record& record : records.records) {
    out += owner + number(static_cast<std::size_t>(record.type)) + number(1) + number(0) + number(60) +
           number(record.data.size()) + record.data;
    if (record.type == type_cname) owner = record.data;
  }
  if (records.is_broken) out.pop_back();
  return out;
}

NameServer::NameServer(std::uint16_t port) {
  while (udp_ < 0) {
    port_ = port;
    tcp_ = bound_socket(SOCK_STREAM, port_);
    WB_ASSERT(tcp_ >= 0 && ::listen(tcp_, 16) == 0, "a test has a port to spare");
    udp_ = bound_socket(SOCK_DGRAM, port_);
    if (udp_ < 0) ::close(tcp_);  // somebody else has it there
  }
  thread_ = std::thread([this] { serve(); });
}

NameServer::~NameServer() {
  is_over_ = true;
  thread_.join();
  ::close(udp_);
  ::close(tcp_);
}

void NameServer::answer(const std::string& name, int type, Records records) {
  const std::lock_guard lock(mutex_);
  records_[{name, type}] = std::move(records);
}

std::vector<std::string> NameServer::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

// Empty: silence.
std::string NameServer::reply(const std::string& question, bool is_udp) {
  const std::size_t end = question_end(question);
  if (end > question.size()) return {};
  const std::string name = name_in(question);
  const int type = static_cast<unsigned char>(question[end - 4]) * 256 + static_cast<unsigned char>(question[end - 3]);
  const std::lock_guard lock(mutex_);
  asked_.push_back(name + " " + std::to_string(type) + (is_udp ? " udp" : " tcp"));
  const auto known = records_.find({name, type});
  if (known == records_.end()) return answer_bytes(question, {.code = 3}, is_udp);
  return known->second.is_silent ? std::string() : answer_bytes(question, known->second, is_udp);
}

void NameServer::serve() {
  std::array<char, 4096> bytes{};
  while (!is_over_) {
    std::array<pollfd, 2> polls{{{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}}};
    if (::poll(polls.data(), polls.size(), 20) <= 0) continue;
    if ((polls[0].revents & POLLIN) != 0) {
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got = ::recvfrom(udp_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      const std::string out = got > 0 ? reply({bytes.data(), static_cast<std::size_t>(got)}, true) : "";
      if (!out.empty()) ::sendto(udp_, out.data(), out.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
    if ((polls[1].revents & POLLIN) != 0) {
      const int connection = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
      std::string question;
      while (question.size() < 2 || question.size() < 2U + static_cast<unsigned char>(question[0]) * 256U +
                                                          static_cast<unsigned char>(question[1])) {
        const ssize_t got = ::recv(connection, bytes.data(), bytes.size(), 0);
        if (got <= 0) break;
        question.append(bytes.data(), static_cast<std::size_t>(got));
      }
      const std::string out = question.size() > 2 ? reply(question.substr(2), false) : "";
      const std::string framed = number(out.size()) + out;
      if (!out.empty()) static_cast<void>(::send(connection, framed.data(), framed.size(), MSG_NOSIGNAL));
      ::close(connection);
    }
  }
}

}  // namespace watchbill::scrape_test
