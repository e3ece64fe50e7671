// Logging in to an SMTP server (RFC 4954) by PLAIN (RFC 4616), LOGIN or CRAM-MD5 (RFC 2195). No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "drivers/net/smtp_answer.h"
#include "ports/mail.h"

namespace watchbill::drivers::net {

enum class SmtpMechanism : std::uint8_t { plain, login, cram_md5 };
[[nodiscard]] std::string_view word(SmtpMechanism mechanism) noexcept;

// The first that the server offers and we have a credential for; none when nobody logs in: no username, or no AUTH at all.
// Passwords go over TLS or to this host only. Fails with why none can be used, for people.
// Source: Alertmanager 0.25 notify/email/email.go auth(); what may be said in the clear: Go's smtp.PlainAuth.
[[nodiscard]] Result<std::optional<SmtpMechanism>, std::string> choose_login(const SmtpOffer& offer, const ports::MailCall& call,
                                                                             bool is_encrypted);

// What a mechanism says: "AUTH …" first, then what the server's 334 asks for.
class SmtpLogin {
 public:
  SmtpLogin(SmtpMechanism mechanism, const ports::MailCall& call) : mechanism_(mechanism), call_(call) {}
  [[nodiscard]] std::string begin() const;
  // Nothing when the server asks for what the mechanism does not have.
  [[nodiscard]] std::optional<std::string> answer(std::string_view challenge);
  [[nodiscard]] SmtpMechanism mechanism() const noexcept { return mechanism_; }

 private:
  SmtpMechanism mechanism_;
  const ports::MailCall& call_;
  std::uint32_t answer_count_{0};
};

}  // namespace watchbill::drivers::net
