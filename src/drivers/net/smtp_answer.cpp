#include "drivers/net/smtp_answer.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/characters.h"

namespace watchbill::drivers::net {
namespace {

constexpr std::size_t shown_bytes_max = 300;
constexpr std::size_t logins_max = 32;  // mechanisms of one server that are looked at

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Three digits, the first from 2 to 5; 0: none.
std::uint32_t code_of(std::string_view line) noexcept {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2])) return 0;
  return static_cast<std::uint32_t>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
}

std::string in_capitals(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < line.size() && words.size() <= logins_max;) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    if (end != at) words.push_back(in_capitals(line.substr(at, end - at)));
    at = end + 1;
  }
  return words;
}

// "5.7.8" at the beginning of a line; else nothing.
std::string_view enhanced_code(std::string_view line) noexcept {
  const std::string_view first = line.substr(0, line.find(' '));
  const bool is_it = first.size() >= 5 && first.size() <= 9 && std::count(first.begin(), first.end(), '.') == 2 &&
                     std::all_of(first.begin(), first.end(), [](char c) { return is_digit(c) || c == '.'; });
  return is_it ? first : std::string_view{};
}

}  // namespace

std::string SmtpAnswer::shown() const {
  std::string out = std::to_string(code);
  for (const std::string& line : lines) {
    if (line.empty()) continue;
    out.push_back(' ');
    for (const char c : line) out.push_back(c >= ' ' && c <= '~' ? c : '?');
    if (out.size() > shown_bytes_max) break;
  }
  return std::string(beginning_of(out, shown_bytes_max));
}

std::string SmtpAnswer::shown_code() const {
  const std::string_view enhanced = lines.empty() ? std::string_view{} : enhanced_code(lines.front());
  return enhanced.empty() ? std::to_string(code) : std::to_string(code) + " " + std::string(enhanced);
}

std::size_t SmtpAnswerReader::put(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && state_ == State::reading) {
    const std::string_view rest = bytes.substr(taken);
    const std::size_t end = rest.find('\n');
    const std::string_view piece = rest.substr(0, end);  // all of it where there is no end
    if (line_.size() + piece.size() > smtp_line_bytes_max) {
      complain("a line of its answer is too long");
      break;
    }
    line_.append(piece);
    taken += piece.size();
    if (end == std::string_view::npos) break;
    ++taken;
    end_line();
  }
  return taken;
}

void SmtpAnswerReader::end_line() {
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  const std::uint32_t code = code_of(line_);
  const char after = line_.size() > 3 ? line_[3] : ' ';
  if (code == 0 || (after != ' ' && after != '-')) return complain("its answer is not SMTP");
  if (!answer_.lines.empty() && code != answer_.code) return complain("its answer changes its code between lines");
  if (answer_.lines.size() == smtp_lines_max) return complain("its answer has too many lines");
  answer_.code = code;
  answer_.lines.push_back(line_.size() > 4 ? line_.substr(4) : std::string{});
  line_.clear();
  if (after == ' ') state_ = State::whole;
}

void SmtpAnswerReader::complain(std::string_view what) {
  state_ = State::malformed;
  complaint_ = what;
}

SmtpAnswer SmtpAnswerReader::take() {
  WB_ASSERT(state_ == State::whole, "an answer is taken when it is there");
  state_ = State::reading;
  return std::exchange(answer_, {});
}

SmtpOffer offer_of(const SmtpAnswer& answer) {
  SmtpOffer offer;
  for (std::size_t i = 1; i < answer.lines.size(); ++i) {  // the first greets
    std::vector<std::string> words = words_of(answer.lines[i]);
    if (words.empty()) continue;
    if (words.front() == "STARTTLS") offer.has_start_tls = true;
    else if (words.front() == "SIZE") offer.has_size = true;
    else if (words.front() == "SMTPUTF8") offer.has_utf8 = true;
    else if (words.front() == "8BITMIME") offer.has_eight_bits = true;
    else if (words.front() == "AUTH") {
      offer.has_login = true;
      offer.logins.assign(std::make_move_iterator(words.begin() + 1), std::make_move_iterator(words.end()));
    }
  }
  return offer;
}

}  // namespace watchbill::drivers::net
