// What is said to an SMTP server: addresses that cannot be taken for anything else, and the message on the wire. No I/O.
#pragma once

#include <string>
#include <string_view>

namespace watchbill::drivers::net {

// Whether an address can stand between < and > of a command: it has an @, and neither control characters nor, outside quotes,
// blanks or angle brackets. Whether there is such a mailbox is the server's to say.
[[nodiscard]] bool is_mail_address(std::string_view address) noexcept;
// Whether it can be what EHLO says that we are called.
[[nodiscard]] bool is_hello_name(std::string_view name) noexcept;
[[nodiscard]] constexpr bool is_control(char c) noexcept { return (c >= '\0' && c < ' ') || c == '\x7f'; }
[[nodiscard]] bool is_ascii(std::string_view text) noexcept;

// The message as DATA takes it, with its end: every line ends in CR LF, also those that ended in one of both (servers do not
// agree on where such lines end), and a dot that begins one is doubled.
[[nodiscard]] std::string as_smtp_data(std::string_view message);

}  // namespace watchbill::drivers::net
