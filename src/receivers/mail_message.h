// A mail as it goes to the server: headers, and a text and its HTML as alternatives. Source: Alertmanager 0.25
// notify/email/email.go; RFC 5322, 2045 to 2047.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"

namespace watchbill::receivers {

struct MailMessage {
  // In this order; what names the parts of the message (Date, MIME-Version, Content-…) is left out here. Values come from
  // templates: whatever they hold, none makes another header.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string message_id;  // "<a@b>"; not written when `headers` has one
  Instant date{};
  std::string text;  // empty: no such part
  std::string html;  // the same
};

// Lines end in CR LF and have at most 998 bytes, all ASCII unless an address is not. The same message always gives the same
// bytes.
[[nodiscard]] std::string mail_bytes(const MailMessage& message);

// "Message-Id" for any spelling of it. Source: Go's textproto.CanonicalMIMEHeaderKey.
[[nodiscard]] std::string canonical_header_name(std::string_view name);
// Whether it can be the name of a header at all.
[[nodiscard]] bool is_header_name(std::string_view name) noexcept;

// Lines of at most 76 characters, for bytes of any kind (RFC 2045 §6.7); every end of a line becomes CR LF.
[[nodiscard]] std::string quoted_printable(std::string_view text);

}  // namespace watchbill::receivers
