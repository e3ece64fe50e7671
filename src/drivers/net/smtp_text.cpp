#include "drivers/net/smtp_text.h"

#include <algorithm>

namespace watchbill::drivers::net {
namespace {

constexpr std::size_t address_bytes_max = 320;     // 64 of the mailbox, 255 of the host (RFC 5321 §4.5.3.1)
constexpr std::size_t hello_name_bytes_max = 255;

}  // namespace

bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_mail_address(std::string_view address) noexcept {
  if (address.size() > address_bytes_max || std::any_of(address.begin(), address.end(), is_control)) return false;
  bool is_quoted = false;
  std::size_t at_sign = std::string_view::npos;
  for (std::size_t i = 0; i < address.size(); ++i) {
    const char c = address[i];
    if (is_quoted && c == '\\') {
      ++i;
      continue;
    }
    if (c == '"') is_quoted = !is_quoted;
    if (is_quoted) continue;
    if (c == ' ' || c == '<' || c == '>' || c == '\\') return false;
    if (c == '@') {
      if (at_sign != std::string_view::npos) return false;
      at_sign = i;
    }
  }
  // What is quoted ends before the @, so the name of the host has no quotes.
  return !is_quoted && at_sign != std::string_view::npos && at_sign != 0 && at_sign + 1 < address.size() &&
         address.find('"', at_sign) == std::string_view::npos;
}

bool is_hello_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= hello_name_bytes_max &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string as_smtp_data(std::string_view message) {
  std::string out;
  out.reserve(message.size() + message.size() / 32 + 16);
  bool is_at_begin = true;
  for (std::size_t i = 0; i < message.size(); ++i) {
    const char c = message[i];
    if (c == '\r' || c == '\n') {
      if (c == '\r' && i + 1 < message.size() && message[i + 1] == '\n') ++i;
      out.append("\r\n");
      is_at_begin = true;
      continue;
    }
    if (is_at_begin && c == '.') out.push_back('.');
    out.push_back(c);
    is_at_begin = false;
  }
  if (!is_at_begin) out.append("\r\n");
  return out.append(".\r\n");
}

}  // namespace watchbill::drivers::net
