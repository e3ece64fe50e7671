#include "receivers/mail_message.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/characters.h"
#include "base/sha256.h"
#include "receivers/mail_address.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t printable_line_max = 76;    // of quoted-printable, with the sign of a break
constexpr std::size_t header_line_max = 78;       // wished for; 998 is the law
constexpr std::size_t header_word_max = 900;      // of what cannot be folded
constexpr std::size_t header_name_max = 60;       // of a display name in clear
constexpr std::size_t header_value_max = 64U << 10;
constexpr std::size_t encoded_word_max = 75;
constexpr std::size_t boundary_size = 60;
constexpr std::string_view encoded_begin = "=?utf-8?q?", encoded_end = "?=";
constexpr std::string_view hex_digits = "0123456789ABCDEF";

void append_hex(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out.push_back('=');
  out.push_back(hex_digits[byte >> 4]);
  out.push_back(hex_digits[byte & 15U]);
}

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

class PrintableWriter {
 public:
  void add(char c) {
    if (c == '\n' && was_return_) {
      was_return_ = false;
      return;
    }
    was_return_ = c == '\r';
    if (c == '\r' || c == '\n') end_line();
    else if (is_blank(c) || (c >= '!' && c <= '~' && c != '=')) add_plain(c);
    else add_encoded(c);
  }
  std::string finish() {
    protect_last_blank();
    return std::move(out_) + line_;
  }

 private:
  void add_plain(char c) {
    if (line_.size() == printable_line_max - 1) break_line();
    line_.push_back(c);
  }
  void add_encoded(char c) {
    if (line_.size() + 3 > printable_line_max - 1) break_line();
    append_hex(line_, c);
  }
  void break_line() {
    out_.append(line_).append("=\r\n");
    line_.clear();
  }
  void end_line() {
    protect_last_blank();
    out_.append(line_).append("\r\n");
    line_.clear();
  }
  // Servers may take blanks at the end of a line away.
  void protect_last_blank() {
    if (line_.empty() || !is_blank(line_.back())) return;
    const char blank = line_.back();
    line_.pop_back();
    add_encoded(blank);
  }

  std::string out_, line_;
  bool was_return_{false};
};

// --- headers ---

// One line without control characters: what ends a line here would begin another header.
std::string on_one_line(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '\r' && i + 1 < value.size() && value[i + 1] == '\n') continue;
    const bool is_control = (c >= '\0' && c < ' ' && c != '\t') || c == '\x7f';
    out.push_back(is_control ? ' ' : c);
  }
  return std::string(beginning_of(out, header_value_max));
}

bool is_plain(std::string_view value) noexcept {
  return std::all_of(value.begin(), value.end(), [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; });
}

// As encoded words of whole characters, with `between` them; `room` is what the first line has left.
std::string encoded_words(std::string_view value, std::size_t room) {
  std::string out;
  std::size_t size = 0,
              size_max = std::min(encoded_word_max, std::max<std::size_t>(room, 30)) - encoded_begin.size() - encoded_end.size();
  out.append(encoded_begin);
  for (std::size_t at = 0; at < value.size();) {
    std::size_t end = at + 1;
    while (end < value.size() && end < at + 4 && (value[end] & '\xc0') == '\x80') ++end;
    std::string character;
    for (const char c : value.substr(at, end - at)) {
      if (c == ' ') character.push_back('_');
      else if (c >= '!' && c <= '~' && c != '=' && c != '?' && c != '_') character.push_back(c);
      else append_hex(character, c);
    }
    if (size + character.size() > size_max) {
      out.append(encoded_end).append("\r\n ").append(encoded_begin);
      size = 0;
      size_max = encoded_word_max - encoded_begin.size() - encoded_end.size();
    }
    out += character;
    size += character.size();
    at = end;
  }
  return out.append(encoded_end);
}

// A line is broken before a blank that something follows.
std::string folded(std::string_view value, std::size_t used) {
  std::string out;
  std::size_t column = used;
  for (std::size_t at = 0; at < value.size();) {
    std::size_t word = at;
    while (word < value.size() && is_blank(value[word])) ++word;
    std::size_t end = word;
    while (end < value.size() && !is_blank(value[end])) ++end;
    if (at != 0 && word != at && word != end && column + (end - at) > header_line_max) {
      out.append("\r\n");
      column = 0;
    }
    out.append(value.substr(at, end - at));
    column += end - at;
    at = end;
  }
  return out;
}

// Whether folding leaves a line too long: a word with the blanks before it.
bool has_long_word(std::string_view value) noexcept {
  std::size_t size = 0;
  bool was_word = false;
  return std::any_of(value.begin(), value.end(), [&](char c) {
    size = was_word && is_blank(c) ? 1 : size + 1;
    was_word = !is_blank(c);
    return size > header_word_max;
  });
}

// A list of addresses whose names are encoded one by one: as a whole no mail program would find the addresses again.
std::string address_list(const std::vector<MailAddress>& addresses) {
  std::string out;
  for (const MailAddress& each : addresses) {
    if (!out.empty()) out += ",\r\n ";
    if (each.name.empty()) {
      out += each.address;
      continue;
    }
    const bool is_word = std::all_of(each.name.begin(), each.name.end(), [](char c) {
      return is_blank(c) || (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
    });
    const bool is_encoded = !is_plain(each.name) || each.name.size() > header_name_max;
    if (is_encoded) out += encoded_words(each.name, encoded_word_max);
    else if (is_word) out += each.name;
    else {
      out.push_back('"');
      for (const char c : each.name) {
        if (c == '"' || c == '\\') out.push_back('\\');
        out.push_back(c);
      }
      out.push_back('"');
    }
    out += (is_encoded ? "\r\n <" : " <") + each.address + ">";
  }
  return out;
}

bool names_addresses(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 6> names{"From", "To", "Cc", "Bcc", "Reply-To", "Sender"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_ours(std::string_view name) noexcept {
  return name == "Date" || name == "Mime-Version" || name.starts_with("Content-");
}

std::string header_value(std::string_view name, std::string_view raw) {
  const std::string value = on_one_line(raw);
  if (names_addresses(name) && !is_plain(value))
    if (const auto addresses = parse_mail_addresses(value)) return address_list(*addresses);
  const std::size_t used = name.size() + 2;
  if (!is_plain(value) || has_long_word(value))
    return encoded_words(value, printable_line_max - std::min(printable_line_max, used));
  return folded(value, used);
}

std::string date_text(Instant date) {
  constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds{date.ms}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day parts{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - day)};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", days[std::chrono::weekday{day}.c_encoding()],
                     static_cast<unsigned>(parts.day()), months[static_cast<unsigned>(parts.month()) - 1],
                     static_cast<int>(parts.year()), clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string part(std::string_view type, const std::string& encoded) {
  return "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: " + std::string(type) + "; charset=UTF-8\r\n\r\n" +
         encoded;
}

// Nothing that the parts hold.
std::string boundary_of(std::string_view message_id, const std::vector<std::string>& parts) {
  for (std::uint32_t attempt = 0;; ++attempt) {
    Sha256 sum;
    sum.add(message_id).add(std::to_string(attempt));
    for (const std::string& each : parts) sum.add(each);
    std::string boundary = sum.finish().hex().substr(0, boundary_size);
    const auto holds = [&](const std::string& each) { return each.find(boundary) != std::string::npos; };
    if (std::none_of(parts.begin(), parts.end(), holds)) return boundary;
  }
}

}  // namespace

std::string quoted_printable(std::string_view text) {
  PrintableWriter writer;
  for (const char c : text) writer.add(c);
  return writer.finish();
}

bool is_header_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= 100 &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~' && c != ':'; });
}

std::string canonical_header_name(std::string_view name) {
  std::string out(name);
  bool is_first = true;
  for (char& c : out) {
    if (is_first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    else if (!is_first) c = lower(c);
    is_first = c == '-';
  }
  return out;
}

std::string mail_bytes(const MailMessage& message) {
  std::vector<std::string> parts;
  if (!message.text.empty()) parts.push_back(part("text/plain", quoted_printable(message.text)));
  // Of alternatives the last is the one that is liked best (RFC 2046 §5.1.4).
  if (!message.html.empty()) parts.push_back(part("text/html", quoted_printable(message.html)));
  const std::string boundary = boundary_of(message.message_id, parts);

  std::string out;
  bool has_id = false;
  for (const auto& [given, value] : message.headers) {
    const std::string name = canonical_header_name(given);
    if (!is_header_name(name) || is_ours(name)) continue;
    has_id = has_id || name == "Message-Id";
    out.append(name).append(": ").append(header_value(name, value)).append("\r\n");
  }
  if (!has_id) out.append("Message-Id: ").append(on_one_line(message.message_id)).append("\r\n");
  out.append("Date: ").append(date_text(message.date)).append("\r\n");
  out.append("Content-Type: multipart/alternative;  boundary=").append(boundary).append("\r\n");
  out.append("MIME-Version: 1.0\r\n\r\n");
  for (const std::string& each : parts) out.append("--").append(boundary).append("\r\n").append(each).append("\r\n");
  return out.append("--").append(boundary).append("--\r\n");
}

}  // namespace watchbill::receivers
