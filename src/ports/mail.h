// Mail to one SMTP server. What matters to the callers is whether another try may help.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/configuration_client.h"

namespace watchbill::ports {

// Whether the connection must become encrypted before anything is said on it.
enum class MailEncryption : std::uint8_t {
  at_once,   // port 465
  required,  // STARTTLS, or nothing is sent
  none       // in the clear, whatever the server offers: a certificate that nobody ever looked at ends no mail
};

struct MailCall {
  std::string host;
  std::uint16_t port{25};
  MailEncryption encryption{MailEncryption::required};
  TlsClientConfiguration tls;
  std::string hello{"localhost"};        // what we call ourselves
  std::string username, password;        // of PLAIN and LOGIN; both empty: nobody logs in
  std::string identity;                  // of PLAIN
  std::string secret;                    // of CRAM-MD5
  std::string from;                      // envelope: an address alone
  std::vector<std::string> recipients;   // the same, at least one
  std::string message;                   // RFC 5322, lines end in CR LF; dots are doubled by the client
  Duration timeout{Duration::seconds(30)};  // of everything
};

enum class MailFailureKind : std::uint8_t {
  call_invalid,          // an address, the name of the server or a TLS file cannot be used
  not_connected,         // not resolved, refused, unreachable, timed out while connecting
  tls_failed,            // the handshake, the certificate, or STARTTLS is required and not offered
  login_refused,         // or none of the mechanisms that we can use is offered
  refused_for_now,       // 4xx to a command
  refused,               // 5xx to a command
  interrupted,           // closed or timed out: whether the message was taken is unknown after its last byte was sent
};

struct MailFailure {
  MailFailureKind kind{MailFailureKind::not_connected};
  std::uint32_t code{0};  // of the server's answer; 0: none
  std::string detail;     // for people, without credentials: "RCPT TO: 550 5.1.1 no such user"
};

// The server's answer to the message: "250 2.0.0 Ok: queued as 4F2".
using MailDone = std::function<void(Result<std::string, MailFailure>)>;

class MailClient {
 public:
  virtual ~MailClient() = default;
  // Starts and returns at once; `done` comes exactly once, on the client's loop, never from within this call. Any thread.
  virtual void send(MailCall call, MailDone done) = 0;
};

}  // namespace watchbill::ports
