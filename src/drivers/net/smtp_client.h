// The mail client: ports::MailClient on a loop. Speaks SMTP as one who submits (RFC 5321, 3207, 4954, 6531), one mail for each
// connection. Not spoken: pipelining, chunks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/time.h"
#include "drivers/net/loop.h"
#include "ports/mail.h"

namespace watchbill::drivers::net {

struct SmtpLimits {
  std::size_t connections_max{20};  // to one server; more mails wait, and their time begins with their connection
  std::size_t waiting_max{1000};    // one more is `not_connected`
  Duration connect_timeout{Duration::seconds(10)};  // of resolving, connecting and a TLS handshake that comes first
  Duration quit_timeout{Duration::seconds(2)};      // for the answer to a farewell; the mail is taken by then
};

struct SmtpClientCore;

class SmtpClient final : public ports::MailClient {
 public:
  explicit SmtpClient(Loop& loop, SmtpLimits limits = {});
  // Ends what is in flight: each `done` comes from within. On the loop, or when it no longer runs.
  ~SmtpClient() override;
  SmtpClient(const SmtpClient&) = delete;
  SmtpClient& operator=(const SmtpClient&) = delete;

  void send(ports::MailCall call, ports::MailDone done) override;

 private:
  std::shared_ptr<LoopDoor> door_;
  std::shared_ptr<SmtpClientCore> core_;
};

}  // namespace watchbill::drivers::net
