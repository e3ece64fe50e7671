// What an SMTP server says: answers of one or more lines (RFC 5321 §4.2), and what it offers (§4.1.1.1). No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace watchbill::drivers::net {

inline constexpr std::size_t smtp_line_bytes_max = 4U << 10;  // the standard allows 512
inline constexpr std::size_t smtp_lines_max = 100;            // of one answer

struct SmtpAnswer {
  std::uint32_t code{0};
  std::vector<std::string> lines;  // at least one; without the code

  [[nodiscard]] std::uint32_t kind() const noexcept { return code / 100; }
  // On one line, for people: "550 5.1.1 no such user". At most 300 bytes, printable.
  [[nodiscard]] std::string shown() const;
  // Code and enhanced code (RFC 3463) alone: what follows may repeat what was said to the server.
  [[nodiscard]] std::string shown_code() const;
};

// Reads one answer from whatever pieces it comes in.
class SmtpAnswerReader {
 public:
  enum class State : std::uint8_t { reading, whole, malformed };

  // Takes bytes up to the end of an answer or the first that cannot be in one; how many it took.
  std::size_t put(std::string_view bytes);
  [[nodiscard]] State state() const noexcept { return state_; }
  // Of malformed: "a line of its answer is too long".
  [[nodiscard]] std::string_view complaint() const noexcept { return complaint_; }
  // Of whole; the reader then begins anew.
  [[nodiscard]] SmtpAnswer take();

 private:
  void end_line();
  void complain(std::string_view what);

  State state_{State::reading};
  std::string line_;
  SmtpAnswer answer_;
  std::string_view complaint_;
};

// What an answer to EHLO says that the server can do.
struct SmtpOffer {
  bool has_start_tls{false};
  bool has_login{false};  // AUTH, with whichever mechanisms
  bool has_size{false};
  bool has_utf8{false};
  bool has_eight_bits{false};
  std::vector<std::string> logins;  // in the server's order, in capitals
};
[[nodiscard]] SmtpOffer offer_of(const SmtpAnswer& answer);

}  // namespace watchbill::drivers::net
