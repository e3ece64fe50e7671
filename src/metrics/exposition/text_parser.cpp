#include "metrics/exposition/text_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "metrics/exposition/number.h"

namespace watchbill::metrics::exposition {
namespace {

enum CharacterClass : std::uint8_t { letter = 1, digit = 2, colon = 4 };

constexpr std::array<std::uint8_t, 256> character_classes = [] {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned c = 'a'; c <= 'z'; ++c) classes[c] = letter;
  for (unsigned c = 'A'; c <= 'Z'; ++c) classes[c] = letter;
  for (unsigned c = '0'; c <= '9'; ++c) classes[c] = digit;
  classes['_'] = letter;
  classes[':'] = colon;
  return classes;
}();

bool is(char c, unsigned classes) noexcept { return (character_classes[static_cast<unsigned char>(c)] & classes) != 0; }
bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

// Resolves \\ and \n, and \" where it may stand; any other backslash stays.
std::string unescape(std::string_view text, bool has_quotes) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == '\\' || (next == '"' && has_quotes)) {
      out.push_back(next);
      ++i;
    } else if (next == 'n') {
      out.push_back('\n');
      ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace

std::string_view word(FamilyType type) noexcept {
  switch (type) {
    case FamilyType::untyped: return "untyped";
    case FamilyType::counter: return "counter";
    case FamilyType::gauge: return "gauge";
    case FamilyType::histogram: return "histogram";
    case FamilyType::summary: return "summary";
  }
  return "";
}

TextParser::Entry TextParser::next() {
  if (has_failed_) return Entry::malformed;
  if (page_.size() > limits_.body_bytes_max) {
    fail(0, "the page is larger than body_bytes_max", ErrorKind::exhausted);
    return Entry::malformed;
  }
  while (!is_at_end()) {
    skip_blanks();
    if (is_at_end()) break;
    if (peek() == '\n') {
      ++at_;
    } else if (peek() != '#') {
      return read_sample();
    } else if (const Entry entry = read_comment(); entry != Entry::end) {
      return entry;
    }
  }
  return Entry::end;
}

// Gives `end` for a comment that says nothing.
TextParser::Entry TextParser::read_comment() {
  ++at_;
  const bool has_blank = is_blank(peek());
  skip_blanks();
  const std::string_view keyword = page_.substr(at_, 4);
  const bool is_help = keyword == "HELP";
  if (!has_blank || (!is_help && keyword != "TYPE") || at_ + 4 >= page_.size() || !is_blank(page_[at_ + 4])) {
    skip_line();
    return Entry::end;
  }
  at_ += 4;
  skip_blanks();
  if (!read_name(true, metric_name_)) {
    fail(at_, is_help ? "expected a metric name after HELP" : "expected a metric name after TYPE");
    return Entry::malformed;
  }
  const std::size_t text_begin = at_;
  skip_line();
  std::string_view text = page_.substr(text_begin, at_ - text_begin);
  if (text.ends_with('\n')) text.remove_suffix(1);
  // One character stands between name and text, whatever it is; blanks alone are no text.
  text = text.find_first_not_of(" \t") == std::string_view::npos ? std::string_view() : text.substr(1);
  if (is_help) {
    help_ = text;
    if (const std::size_t wrong = find_invalid_utf8(text); wrong != std::string_view::npos) {
      fail(static_cast<std::size_t>(text.data() - page_.data()) + wrong, "expected UTF-8 in the help text");
      return Entry::malformed;
    }
    return Entry::help;
  }
  for (const FamilyType type :
       {FamilyType::counter, FamilyType::gauge, FamilyType::histogram, FamilyType::summary, FamilyType::untyped}) {
    if (text != word(type)) continue;
    type_ = type;
    return Entry::type;
  }
  fail(std::min(text_begin + 1, page_.size()), "expected counter, gauge, histogram, summary or untyped");
  return Entry::malformed;
}

TextParser::Entry TextParser::read_sample() {
  const std::size_t begin = at_;
  raw_labels_.clear();
  timestamp_ms_.reset();
  if (++sample_count_ > limits_.sample_count_max) {
    fail(at_, "the page has more samples than sample_count_max", ErrorKind::exhausted);
    return Entry::malformed;
  }
  if (!read_name(true, metric_name_)) {
    fail(at_, "expected a metric name, a comment or an empty line");
    return Entry::malformed;
  }
  std::size_t series_end = at_;
  skip_blanks();
  if (peek() == '{' && !is_at_end()) {
    ++at_;
    if (!read_labels()) return Entry::malformed;
    series_end = at_;
    skip_blanks();
  }
  series_text_ = page_.substr(begin, series_end - begin);
  if (!read_value()) return Entry::malformed;
  skip_blanks();
  if (peek() != '\n' && !read_timestamp()) return Entry::malformed;
  if (!is_at_end()) ++at_;
  return Entry::sample;
}

bool TextParser::read_labels() {
  for (skip_blanks(); is_at_end() || peek() != '}';) {
    if (raw_labels_.size() == limits_.label_count_max)
      return fail(at_, "the sample has more labels than label_count_max", ErrorKind::exhausted);
    if (!read_label()) return false;
    skip_blanks();
    // A comma may be missing between two labels and may follow the last one, as in Prometheus.
    if (peek() == ',') {
      ++at_;
      skip_blanks();
    }
  }
  ++at_;
  if (has_duplicate_label()) return fail(at_ - 1, "expected each label name once");
  return true;
}

bool TextParser::read_label() {
  RawLabel label;
  const std::size_t begin = at_;
  if (!read_name(false, label.name)) return fail(at_, "expected a label name or }");
  if (label.name.size() > limits_.label_name_bytes_max) {
    return fail(begin, "the label name is longer than label_name_bytes_max", ErrorKind::exhausted);
  }
  skip_blanks();
  if (peek() != '=') return fail(at_, "expected =");
  ++at_;
  skip_blanks();
  if (!read_quoted(label.escaped_value)) return false;
  raw_labels_.push_back(label);
  return true;
}

bool TextParser::read_quoted(std::string_view& out) {
  if (peek() != '"') return fail(at_, "expected a label value in double quotes");
  const std::size_t begin = ++at_;
  unsigned char all_bits = 0;
  for (; at_ < page_.size() && page_[at_] != '"'; ++at_) {
    all_bits |= static_cast<unsigned char>(page_[at_]);
    if (page_[at_] != '\\') continue;
    ++at_;
    if (at_ == page_.size() || page_[at_] == '\n') return fail(at_, "expected a character after the backslash");
    all_bits |= static_cast<unsigned char>(page_[at_]);
  }
  if (is_at_end()) return fail(begin - 1, "expected the quote that ends the label value");
  out = page_.substr(begin, at_ - begin);
  if (out.size() > limits_.label_value_bytes_max) {
    return fail(begin, "the label value is longer than label_value_bytes_max", ErrorKind::exhausted);
  }
  if (all_bits >= 0x80) {
    if (const std::size_t wrong = find_invalid_utf8(out); wrong != std::string_view::npos) {
      return fail(begin + wrong, "expected UTF-8 in the label value");
    }
  }
  ++at_;
  return true;
}

bool TextParser::read_value() {
  const std::size_t begin = at_;
  while (peek() != '\n' && !is_blank(peek()) && peek() != '{') ++at_;
  if (at_ == begin) return fail(at_, "expected a value");
  const std::optional<double> value = parse_number(page_.substr(begin, at_ - begin));
  if (!value.has_value()) return fail(begin, "expected a decimal number, +Inf, -Inf or NaN as value");
  value_ = *value;
  return true;
}

bool TextParser::read_timestamp() {
  const std::size_t begin = at_;
  while (is(peek(), digit)) ++at_;
  if (at_ == begin) return fail(at_, "expected a time in milliseconds or the end of the line");
  std::int64_t time = 0;
  const auto [end, failure] = std::from_chars(page_.data() + begin, page_.data() + at_, time);
  if (failure != std::errc()) return fail(begin, "expected a time in milliseconds below 2^63");
  timestamp_ms_ = time;
  skip_blanks();
  if (peek() != '\n') return fail(at_, "expected the end of the line after the time");
  return true;
}

bool TextParser::read_name(bool allow_colon, std::string_view& out) noexcept {
  const unsigned start = allow_colon ? unsigned{letter} | unsigned{colon} : unsigned{letter};
  const std::size_t begin = at_;
  if (is_at_end() || !is(page_[at_], start)) return false;
  while (at_ < page_.size() && is(page_[at_], start | unsigned{digit})) ++at_;
  out = page_.substr(begin, at_ - begin);
  return true;
}

void TextParser::skip_blanks() noexcept {
  while (at_ < page_.size() && is_blank(page_[at_])) ++at_;
}

// To the beginning of the next line.
void TextParser::skip_line() noexcept {
  const std::size_t end = page_.find('\n', at_);
  at_ = end == std::string_view::npos ? page_.size() : end + 1;
}

bool TextParser::has_duplicate_label() const noexcept {
  constexpr std::size_t pairwise_max = 16;
  const std::size_t count = raw_labels_.size();
  if (count <= pairwise_max) {
    for (std::size_t i = 0; i < count; ++i) {
      if (raw_labels_[i].name == metric_name_label) return true;  // the name stands before the braces
      for (std::size_t j = 0; j < i; ++j)
        if (raw_labels_[i].name == raw_labels_[j].name) return true;
    }
    return false;
  }
  std::vector<std::string_view> names{metric_name_label};
  for (const RawLabel& label : raw_labels_) names.push_back(label.name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

Labels TextParser::labels() const {
  std::vector<Labels::Pair> pairs;
  pairs.reserve(raw_labels_.size() + 1);
  pairs.emplace_back(metric_name_label, metric_name_);
  for (const RawLabel& label : raw_labels_) {
    const bool has_escapes = label.escaped_value.find('\\') != std::string_view::npos;
    pairs.emplace_back(label.name, has_escapes ? unescape(label.escaped_value, true) : std::string(label.escaped_value));
  }
  return Labels(std::move(pairs));
}

std::string TextParser::help() const { return unescape(help_, false); }

bool TextParser::fail(std::size_t offset, std::string_view expected, ErrorKind kind) {
  has_failed_ = true;
  const std::string_view before = page_.substr(0, std::min(offset, page_.size()));
  const std::size_t line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  const std::size_t line_begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  error_ =
      Error{kind, "read metrics page",
            "line " + std::to_string(line) + ", column " + std::to_string(before.size() - line_begin + 1), std::string(expected)};
  return false;
}

}  // namespace watchbill::metrics::exposition
