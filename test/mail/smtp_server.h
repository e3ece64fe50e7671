// An SMTP server on a loopback port that plays what a test says, as badly as it wants.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "drivers/net/tls.h"
#include "net/loopback.h"

namespace watchbill::drivers::net {

inline constexpr const char* smtp_hangs = "@hang";    // says nothing until the client goes
inline constexpr const char* smtp_closes = "@close";

struct SmtpPlay {
  // What is said to "greeting", EHLO, HELO, STARTTLS, AUTH, "login" (the lines after AUTH), MAIL, RCPT, DATA, "message" and QUIT.
  // Whole lines with their ends; of several for one the next each time, the last again and again. Absent: what goes well.
  std::map<std::string, std::vector<std::string>> answers;
  std::vector<std::string> offers;           // lines of the answer to EHLO
  std::vector<std::string> offers_with_tls;  // after STARTTLS
  bool is_tls_at_once{false};
  TlsServerFiles tls{};
  std::size_t read_bytes_max{0};  // of a message, then it closes; 0: all
};

class SmtpServer {
 public:
  explicit SmtpServer(SmtpPlay play);
  ~SmtpServer();
  SmtpServer(const SmtpServer&) = delete;
  SmtpServer& operator=(const SmtpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }
  // The lines that clients said, without the message's; "[TLS]" where a handshake was.
  [[nodiscard]] std::vector<std::string> heard() const;
  [[nodiscard]] std::vector<std::string> messages() const;
  [[nodiscard]] std::size_t connection_count() const;
  [[nodiscard]] std::size_t closed_count() const;  // connections that are over

 private:
  struct Peer;
  void serve(int fd);
  bool answer(Peer& peer, const std::string& to, const std::string& usual);
  bool converse(Peer& peer);
  bool take_message(Peer& peer);
  void hear(std::string line);

  const SmtpPlay play_;
  TlsContext tls_;
  RawServer listener_;
  mutable std::mutex mutex_;
  std::vector<std::string> heard_, messages_;
  std::map<std::string, std::size_t> answered_;
  std::size_t connection_count_{0}, closed_count_{0};
  bool is_over_{false};
  std::vector<int> open_;
  std::vector<std::thread> conversations_;
  std::thread thread_;
};

}  // namespace watchbill::drivers::net
