#include "receivers/mail_address.h"

#include <cstdint>
#include <optional>

#include "base/ascii.h"
#include "base/characters.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t addresses_shown_bytes_max = 80;
constexpr std::size_t address_bytes_max = 320;  // 64 of the mailbox, 255 of the host (RFC 5321 §4.5.3.1)
constexpr std::uint32_t comment_depth_max = 20;

// Letters, digits and what else may stand in a word without quotes; everything beyond ASCII (RFC 6532).
bool is_atom_character(char c) noexcept {
  return static_cast<unsigned char>(c) >= 0x80 || (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

// Between quotes, in comments and in square brackets: a text goes on one line.
bool is_readable(char c) noexcept { return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f'); }

std::string quoted_word(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

class AddressReader {
 public:
  explicit AddressReader(std::string_view text) : text_(text) {}

  Result<std::vector<MailAddress>> read() {
    std::vector<MailAddress> found;
    if (text_.size() > mail_addresses_bytes_max) complain("at most 64 KiB of addresses");
    while (skip_separators() && at_ < text_.size()) {
      if (found.size() == mail_addresses_max) complain("at most 1000 addresses");
      std::optional<MailAddress> one = complaint_.empty() ? mailbox() : std::nullopt;
      if (!one || !skip_blanks()) break;
      found.push_back(std::move(*one));
      if (at_ < text_.size() && text_[at_] != ',') complain("a comma between addresses");
    }
    if (complaint_.empty() && found.empty()) complain("an address such as ana@example.net");
    if (complaint_.empty()) return found;
    return Error{ErrorKind::invalid, "read mail addresses", std::string(beginning_of(text_, addresses_shown_bytes_max)),
                 complaint_};
  }

 private:
  [[nodiscard]] bool is_next(char c) const noexcept { return at_ < text_.size() && text_[at_] == c; }

  // Says what was expected here; the first complaint counts. Always false.
  bool complain(std::string_view expected) {
    if (complaint_.empty())
      complaint_ =
          "at character " + std::to_string(count_characters(text_.substr(0, at_)) + 1) + ": expected " + std::string(expected);
    return false;
  }

  // Blanks and comments. False when a comment does not end.
  bool skip_blanks() {
    for (; at_ < text_.size(); ++at_) {
      const bool is_comment = text_[at_] == '(';
      if (is_comment && !skip_comment()) return false;
      if (!is_comment && std::string_view(" \t\r\n").find(text_[at_]) == std::string_view::npos) break;
    }
    return true;
  }

  // Up to its last parenthesis.
  bool skip_comment() {
    const std::size_t begin = at_;
    std::uint32_t depth = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\\') ++at_;
      else if (c == '(' && ++depth > comment_depth_max) break;
      else if (c == ')' && --depth == 0) return true;
    }
    at_ = begin;
    return complain("a comment that ends with )");
  }

  // Empty entries between commas are allowed, as in old mails.
  bool skip_separators() {
    if (!skip_blanks()) return false;
    while (is_next(',')) {
      ++at_;
      if (!skip_blanks()) return false;
    }
    return complaint_.empty();
  }

  // ana@example.net, or words and <ana@example.net>.
  std::optional<MailAddress> mailbox() {
    const std::size_t begin = at_;
    std::string name;
    bool has_words = false;
    while (at_ < text_.size() && !is_next('<') && !is_next('@') && !is_next(',')) {
      std::optional<std::string> word = is_next('"') ? quoted() : atom();
      if (!word || !skip_blanks()) return std::nullopt;
      if (has_words) name.push_back(' ');
      name += *word;
      has_words = true;
    }
    if (!is_next('<')) {
      at_ = begin;
      std::optional<std::string> plain = address();
      if (!plain) return std::nullopt;
      return MailAddress{{}, std::move(*plain)};
    }
    ++at_;
    if (!skip_blanks()) return std::nullopt;
    std::optional<std::string> in_brackets = address();
    if (!in_brackets || !skip_blanks()) return std::nullopt;
    if (!is_next('>')) {
      complain("> behind the address");
      return std::nullopt;
    }
    ++at_;
    return MailAddress{std::move(name), std::move(*in_brackets)};
  }

  std::optional<std::string> address() {
    std::optional<std::string> local = is_next('"') ? quoted() : dotted("an address such as ana@example.net");
    if (!local) return std::nullopt;
    const bool needs_quotes = !is_dotted(*local);
    if (!skip_blanks()) return std::nullopt;
    if (!is_next('@')) {
      complain(is_next(':') ? "an address: groups are not understood" : "an @ behind the name of the mailbox");
      return std::nullopt;
    }
    ++at_;
    if (!skip_blanks()) return std::nullopt;
    std::optional<std::string> host = is_next('[') ? literal() : dotted("the name of a host behind the @");
    if (!host) return std::nullopt;
    std::string found = (needs_quotes ? quoted_word(*local) : *local) + "@" + *host;
    if (found.size() <= address_bytes_max) return found;
    complain("an address of at most 320 bytes");
    return std::nullopt;
  }

  // A word of a display name: dots are let through, as people write "J. Doe".
  std::optional<std::string> atom() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_atom_character(text_[at_]) || text_[at_] == '.')) ++at_;
    if (at_ != begin) return std::string(text_.substr(begin, at_ - begin));
    complain(is_next(':') ? "an address: groups are not understood" : "a name or an address");
    return std::nullopt;
  }

  static bool is_dotted(std::string_view text) {
    bool was_dot = true;
    for (const char c : text) {
      if (c == '.' ? was_dot : !is_atom_character(c)) return false;
      was_dot = c == '.';
    }
    return !was_dot;
  }

  // Atoms with a dot between each two.
  std::optional<std::string> dotted(std::string_view expected) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_atom_character(text_[at_]) || text_[at_] == '.')) ++at_;
    const std::string_view found = text_.substr(begin, at_ - begin);
    if (is_dotted(found)) return std::string(found);
    at_ = begin;
    complain(expected);
    return std::nullopt;
  }

  // What stands between quotes, without them.
  std::optional<std::string> quoted() {
    const std::size_t begin = at_++;
    std::string out;
    for (; at_ < text_.size() && is_readable(text_[at_]); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return out;
      }
      if (text_[at_] == '\\' && ++at_ == text_.size()) break;
      if (!is_readable(text_[at_])) break;
      out.push_back(text_[at_]);
    }
    at_ = begin;
    complain("a text that ends with a quote, on one line");
    return std::nullopt;
  }

  // "[192.0.2.7]", with its brackets.
  std::optional<std::string> literal() {
    const std::size_t begin = at_, end = text_.find(']', at_);
    if (end != std::string_view::npos && end > begin + 1) {
      const std::string_view inner = text_.substr(begin + 1, end - begin - 1);
      bool is_address = true;
      for (const char c : inner) is_address = is_address && c != '.' && c != ':' ? is_atom_character(c) : is_address;
      if (is_address) {
        at_ = end + 1;
        return std::string(text_.substr(begin, end + 1 - begin));
      }
    }
    complain("an address of a host between [ and ]");
    return std::nullopt;
  }

  const std::string_view text_;
  std::size_t at_{0};
  std::string complaint_;
};

}  // namespace

Result<std::vector<MailAddress>> parse_mail_addresses(std::string_view text) { return AddressReader(text).read(); }

}  // namespace watchbill::receivers
