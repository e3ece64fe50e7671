// Addresses as people write them in the settings of mails: "Ana <ana@example.net>, ops@example.net". Source: RFC 5322 §3.4, as
// Go's mail.ParseAddressList takes it; groups are not understood.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace watchbill::receivers {

struct MailAddress {
  std::string name;     // what people read; may be empty
  std::string address;  // "ana@example.net", quoted where it must be: "\"a b\"@example.net"
  friend bool operator==(const MailAddress&, const MailAddress&) = default;
};

inline constexpr std::size_t mail_addresses_max = 1000;         // of one list
inline constexpr std::size_t mail_addresses_bytes_max = 64U << 10;

// Gives at least one. Fails with where in the text it is wrong; `detail` does not repeat the text.
[[nodiscard]] Result<std::vector<MailAddress>> parse_mail_addresses(std::string_view text);

}  // namespace watchbill::receivers
