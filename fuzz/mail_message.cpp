// depends: wb_receivers
// Mails of texts from templates, a 0 byte between subject, recipients, text and HTML: whatever they hold, there are the headers
// that were asked for and no others, and lines that a server takes.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "receivers/mail_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace watchbill;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::array<std::string, 4> texts;
  for (std::string& text : texts) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  receivers::MailMessage mail;
  mail.headers = {{"Subject", texts[0]}, {"To", texts[1]}};
  mail.message_id = "<1@x>";
  mail.text = texts[2];
  mail.html = texts[3];
  const std::string bytes = receivers::mail_bytes(mail);
  std::size_t headers = 0;
  bool is_body = false;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = bytes.find("\r\n", at);
    WB_ASSERT(end != std::string::npos && end - at <= 998, "lines end, and are not too long");
    const std::string_view line(bytes.data() + at, end - at);
    WB_ASSERT(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos, "a line has no other ends");
    is_body = is_body || line.empty();
    const bool is_folded = line.starts_with(' ') || line.starts_with('\t');
    if (!is_body && !is_folded) ++headers;
    if (is_folded && !is_body) WB_ASSERT(line.find_first_not_of(" \t") != std::string_view::npos, "no line is all blanks");
    at = end + 2;
  }
  WB_ASSERT(headers == 6, "Subject, To, Message-Id, Date, Content-Type and MIME-Version");
  return 0;
}
