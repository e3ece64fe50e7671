#include "metrics/exposition/text_parser.h"

#include <algorithm>
#include <charconv>

namespace watchbill::metrics::exposition {
namespace {

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

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
    text_ = text;
    return check_utf8(text, "expected UTF-8 in the help text") ? Entry::help : Entry::malformed;
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
  if (!begin_sample()) return Entry::malformed;
  if (!pass_expected() && !read_series()) return Entry::malformed;
  skip_blanks();
  const std::size_t value_begin = at_;
  if (!read_short_value(value_)) {
    while (peek() != '\n' && !is_blank(peek()) && peek() != '{') ++at_;
    if (!set_value(value_begin, value_)) return Entry::malformed;
  }
  skip_blanks();
  if (peek() != '\n' && !read_timestamp()) return Entry::malformed;
  if (!is_at_end()) ++at_;
  return Entry::sample;
}

// Name and labels.
bool TextParser::read_series() {
  const std::size_t begin = at_;
  if (!read_name(true, metric_name_)) return fail(at_, "expected a metric name, a comment or an empty line");
  std::size_t end = at_;
  skip_blanks();
  if (peek() == '{' && !is_at_end()) {
    ++at_;
    if (!read_labels()) return false;
    end = at_;
  }
  series_text_ = page_.substr(begin, end - begin);
  return true;
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
  if (has_duplicate(raw_labels_)) return fail(at_ - 1, "expected each label name once");
  return true;
}

bool TextParser::read_label() {
  RawLabel label;
  const std::size_t begin = at_;
  if (!read_name(false, label.name)) return fail(at_, "expected a label name or }");
  if (!check_label_name(begin, label.name)) return false;
  skip_blanks();
  if (peek() != '=') return fail(at_, "expected =");
  ++at_;
  skip_blanks();
  if (!read_quoted(Newlines::allowed, label.escaped_value)) return false;
  raw_labels_.push_back(label);
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

void TextParser::skip_blanks() noexcept {
  while (at_ < page_.size() && is_blank(page_[at_])) ++at_;
}

// To the beginning of the next line.
void TextParser::skip_line() noexcept {
  const std::size_t end = page_.find('\n', at_);
  at_ = end == std::string_view::npos ? page_.size() : end + 1;
}

}  // namespace watchbill::metrics::exposition
