// What is said to one integration of a receiver in one attempt: calls to make, one after the other, until there is a verdict.
// Kinds implement it (receivers/), a driver makes the calls.
#pragma once

#include <string>
#include <variant>

#include "base/time.h"
#include "model/command_route.h"
#include "ports/http_client.h"
#include "ports/mail.h"

namespace watchbill::ports {

// How an attempt ended.
struct Verdict {
  DeliveryAnswer answer{DeliveryAnswer::final};
  std::string detail;    // short and stable: "http 503", "invalid_settings"; without secrets
  Duration retry_after;  // what the far side asked for
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// The driver fills in what all calls share: timeouts, TLS, proxy, the headers of `http_config`, X-Watchbill-Delivery.
using Step = std::variant<HttpCall, MailCall, Verdict>;

// One attempt. Most kinds make one call; some need a token first, or look whether their ticket is there.
class Conversation {
 public:
  virtual ~Conversation() = default;
  virtual Step begin() = 0;
  // The answer to the call before, any status. A call or a mail that failed on its way is the driver's to judge.
  virtual Step go_on(const HttpAnswer& answer) = 0;
  // Which templates failed and what was told instead; empty: none. For the journal: at most 500 bytes, without secrets.
  [[nodiscard]] virtual std::string remark() const = 0;
};

}  // namespace watchbill::ports
