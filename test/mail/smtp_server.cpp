#include "mail/smtp_server.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/assert.h"

namespace watchbill::drivers::net {

// One connection, in the clear or not.
struct SmtpServer::Peer {
  int fd;
  SSL* session{nullptr};
  bool is_encrypted{false};
  std::string buffer{};

  explicit Peer(int given) : fd(given) {}
  Peer(const Peer&) = delete;
  ~Peer() { SSL_free(session); }

  bool encrypt(SSL_CTX* context) {
    buffer.clear();
    if (context == nullptr) return false;
    session = SSL_new(context);
    SSL_set_fd(session, fd);
    is_encrypted = true;
    return SSL_accept(session) == 1;
  }
  bool receive() {
    std::array<char, 65536> bytes;
    const long count = session != nullptr ? SSL_read(session, bytes.data(), static_cast<int>(bytes.size()))
                                          : static_cast<long>(::recv(fd, bytes.data(), bytes.size(), 0));
    if (count > 0) buffer.append(bytes.data(), static_cast<std::size_t>(count));
    return count > 0;
  }
  bool send(const std::string& text) const {
    if (text.empty()) return true;
    if (session != nullptr) return SSL_write(session, text.data(), static_cast<int>(text.size())) > 0;
    write_all(fd, text);
    return true;
  }
  // Without its end; "" at the end of the connection.
  std::string line() {
    while (buffer.find("\r\n") == std::string::npos)
      if (!receive()) return {};
    const std::size_t end = buffer.find("\r\n");
    std::string out = buffer.substr(0, end);
    buffer.erase(0, end + 2);
    return out;
  }
};

SmtpServer::SmtpServer(SmtpPlay play) : play_(std::move(play)), listener_(64) {
  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to clients that are gone
  if (!play_.tls.certificate_file.empty()) {
    Result<TlsContext> made = make_tls_server(play_.tls);
    WB_ASSERT(made.has_value(), "the test made the certificate");
    tls_ = std::move(*made);
  }
  thread_ = std::thread([this] {
    for (int fd = listener_.accept(); fd >= 0; fd = listener_.accept()) {
      const std::lock_guard lock(mutex_);
      if (is_over_) {
        ::close(fd);
        return;
      }
      ++connection_count_;
      open_.push_back(fd);
      conversations_.emplace_back([this, fd] { serve(fd); });
    }
  });
}

SmtpServer::~SmtpServer() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  EXPECT_TRUE(can_connect(port())) << "wakes the one who accepts";
  thread_.join();
  for (std::thread& each : conversations_) each.join();
}

std::vector<std::string> SmtpServer::heard() const {
  const std::lock_guard lock(mutex_);
  return heard_;
}

std::vector<std::string> SmtpServer::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

std::size_t SmtpServer::connection_count() const {
  const std::lock_guard lock(mutex_);
  return connection_count_;
}

std::size_t SmtpServer::closed_count() const {
  const std::lock_guard lock(mutex_);
  return closed_count_;
}

void SmtpServer::hear(std::string line) {
  const std::lock_guard lock(mutex_);
  heard_.push_back(std::move(line));
}

void SmtpServer::serve(int fd) {
  {
    Peer peer(fd);
    if (!play_.is_tls_at_once || peer.encrypt(tls_.get()))
      if (answer(peer, "greeting", "220 test.example ESMTP\r\n"))
        while (converse(peer)) {
        }
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
  ++closed_count_;
}

// False when the connection is to end.
bool SmtpServer::answer(Peer& peer, const std::string& to, const std::string& usual) {
  std::string text = usual;
  if (const auto given = play_.answers.find(to); given != play_.answers.end()) {
    const std::lock_guard lock(mutex_);
    text = given->second[std::min(answered_[to]++, given->second.size() - 1)];
  }
  if (text == smtp_closes) return false;
  if (text == smtp_hangs) {
    while (peer.receive()) {
    }
    return false;
  }
  return peer.send(text) && (text.front() == '3' || text.substr(0, 3) != "421");
}

bool SmtpServer::take_message(Peer& peer) {
  while (peer.buffer.find("\r\n.\r\n") == std::string::npos) {
    if (play_.read_bytes_max != 0 && peer.buffer.size() >= play_.read_bytes_max) return false;
    if (!peer.receive()) return false;
  }
  const std::size_t end = peer.buffer.find("\r\n.\r\n");
  {
    const std::lock_guard lock(mutex_);
    messages_.push_back(peer.buffer.substr(0, end + 2));
  }
  peer.buffer.erase(0, end + 5);
  return answer(peer, "message", "250 2.0.0 taken as 4F2\r\n");
}

bool SmtpServer::converse(Peer& peer) {
  const std::string line = peer.line();
  if (line.empty()) return false;
  hear(line);
  const std::string verb = line.substr(0, line.find(' '));
  if (verb == "EHLO") {
    const std::vector<std::string>& offers = peer.is_encrypted ? play_.offers_with_tls : play_.offers;
    std::string text = offers.empty() ? "250 test.example\r\n" : "250-test.example\r\n";
    for (std::size_t i = 0; i < offers.size(); ++i) text += (i + 1 < offers.size() ? "250-" : "250 ") + offers[i] + "\r\n";
    return answer(peer, verb, text);
  }
  if (verb == "STARTTLS") {
    if (!answer(peer, verb, "220 go ahead\r\n")) return false;
    if (play_.answers.contains("STARTTLS") && play_.answers.at("STARTTLS").front().substr(0, 3) != "220") return true;
    const bool is_done = peer.encrypt(tls_.get());
    hear(is_done ? "[TLS]" : "[no TLS]");
    return is_done;
  }
  if (verb == "DATA") {
    if (!answer(peer, verb, "354 go on\r\n")) return false;
    const bool is_taken = !play_.answers.contains("DATA") || play_.answers.at("DATA").front().front() == '3';
    return is_taken ? take_message(peer) : true;
  }
  if (verb == "QUIT") {
    answer(peer, verb, "221 bye\r\n");
    return false;
  }
  if (verb == "AUTH") return answer(peer, verb, "235 2.7.0 welcome\r\n");
  if (verb == "MAIL" || verb == "RCPT" || verb == "HELO") return answer(peer, verb, "250 ok\r\n");
  return answer(peer, "login", "235 2.7.0 welcome\r\n");
}

}  // namespace watchbill::drivers::net
