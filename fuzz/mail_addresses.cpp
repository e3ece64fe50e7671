// depends: wb_receivers
// Lists of addresses as settings and templates give them: what is read is written and read again as the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "receivers/mail_address.h"

namespace {

std::string written(const watchbill::receivers::MailAddress& address) {
  std::string out = "\"";
  for (const char c : address.name) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\" <" + address.address + ">";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace watchbill::receivers;
  const auto found = parse_mail_addresses(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!found) return 0;
  WB_ASSERT(!found->empty() && found->size() <= mail_addresses_max, "lists are bounded");
  for (const MailAddress& each : *found) {
    WB_ASSERT(each.address.find_first_of("\r\n") == std::string::npos, "an address is on one line");
    WB_ASSERT(each.address.find('@') != std::string::npos, "an address has a host");
    const auto again = parse_mail_addresses(written(each));
    WB_ASSERT(again && again->size() == 1 && again->front() == each, "what is written is read as the same");
  }
  return 0;
}
