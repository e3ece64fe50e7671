#include "drivers/net/smtp_login.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <span>

#include "base/bytes.h"

namespace watchbill::drivers::net {
namespace {

std::optional<SmtpMechanism> mechanism_of(std::string_view name) noexcept {
  if (name == "PLAIN") return SmtpMechanism::plain;
  if (name == "LOGIN") return SmtpMechanism::login;
  if (name == "CRAM-MD5") return SmtpMechanism::cram_md5;
  return std::nullopt;
}

bool is_this_host(std::string_view host) noexcept { return host == "localhost" || host == "127.0.0.1" || host == "::1"; }

// Nothing when this OpenSSL has no MD5 (FIPS).
std::optional<std::string> hmac_md5(const std::string& key, std::string_view text) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  // Bytes are unsigned there.
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (HMAC(EVP_md5(), key.data(), static_cast<int>(key.size()), bytes, text.size(), digest.data(), &size) == nullptr)
    return std::nullopt;
  return to_hex(std::span{digest.data(), size});
}

}  // namespace

std::string_view word(SmtpMechanism mechanism) noexcept {
  switch (mechanism) {
    case SmtpMechanism::plain: return "PLAIN";
    case SmtpMechanism::login: return "LOGIN";
    case SmtpMechanism::cram_md5: return "CRAM-MD5";
  }
  return "";
}

Result<std::optional<SmtpMechanism>, std::string> choose_login(const SmtpOffer& offer, const ports::MailCall& call,
                                                               bool is_encrypted) {
  if (call.username.empty() || !offer.has_login) return std::optional<SmtpMechanism>{};
  std::string reason = "the server offers no mechanism that we know: expected PLAIN, LOGIN or CRAM-MD5";
  for (const std::string& name : offer.logins) {
    const std::optional<SmtpMechanism> mechanism = mechanism_of(name);
    if (!mechanism) continue;
    const bool is_secret = *mechanism == SmtpMechanism::cram_md5;
    if (is_secret ? call.secret.empty() : call.password.empty())
      reason = name + " needs a " + (is_secret ? "secret" : "password");
    else if (!is_secret && !is_encrypted && !is_this_host(call.host)) reason = name + " is not said without TLS";
    else return mechanism;
  }
  return reason;
}

std::string SmtpLogin::begin() const {
  std::string line = "AUTH " + std::string(word(mechanism_));
  if (mechanism_ == SmtpMechanism::plain)
    line += " " + to_base64(call_.identity + std::string(1, '\0') + call_.username + std::string(1, '\0') + call_.password);
  return line;
}

std::optional<std::string> SmtpLogin::answer(std::string_view challenge) {
  const std::uint32_t number = answer_count_++;
  if (mechanism_ == SmtpMechanism::login && number < 2) return to_base64(number == 0 ? call_.username : call_.password);
  if (mechanism_ != SmtpMechanism::cram_md5 || number > 0) return std::nullopt;
  const Result<std::string> asked = from_base64(challenge);
  if (!asked) return std::nullopt;
  const std::optional<std::string> digest = hmac_md5(call_.secret, *asked);
  if (!digest) return std::nullopt;
  return to_base64(call_.username + " " + *digest);
}

}  // namespace watchbill::drivers::net
