#include "metrics/exposition/page_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/json.h"
#include "metrics/exposition/number.h"

namespace watchbill::metrics::exposition {
namespace {

constexpr std::uint8_t letter_class = 1, digit_class = 2, colon_class = 4;

constexpr std::array<std::uint8_t, 256> character_classes = [] {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned c = 'a'; c <= 'z'; ++c) classes[c] = letter_class;
  for (unsigned c = 'A'; c <= 'Z'; ++c) classes[c] = letter_class;
  for (unsigned c = '0'; c <= '9'; ++c) classes[c] = digit_class;
  classes['_'] = letter_class;
  classes[':'] = colon_class;
  return classes;
}();

}  // namespace

std::string_view word(FamilyType type) noexcept {
  switch (type) {
    case FamilyType::untyped: return "untyped";
    case FamilyType::counter: return "counter";
    case FamilyType::gauge: return "gauge";
    case FamilyType::histogram: return "histogram";
    case FamilyType::summary: return "summary";
    case FamilyType::gauge_histogram: return "gaugehistogram";
    case FamilyType::info: return "info";
    case FamilyType::state_set: return "stateset";
  }
  return "";
}

bool PageReader::is(char c, unsigned classes) noexcept {
  return (character_classes[static_cast<unsigned char>(c)] & classes) != 0;
}

std::string PageReader::unescape(std::string_view text, bool has_quotes) {
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

bool PageReader::begin_sample() {
  raw_labels_.clear();
  timestamp_ms_.reset();
  if (++sample_count_ <= limits_.sample_count_max) return true;
  return fail(at_, "the page has more samples than sample_count_max", ErrorKind::exhausted);
}

// A text with labels ends with its brace, whatever follows. A name alone ends only where a blank and a value follow: labels may
// stand behind blanks.
bool PageReader::pass_expected() noexcept {
  is_expected_ = false;
  const std::size_t size = expected_.size();
  if (size == 0 || page_.size() - at_ < size + 2 || std::memcmp(page_.data() + at_, expected_.data(), size) != 0) return false;
  if (expected_.back() != '}' && (page_[at_ + size] != ' ' || page_[at_ + size + 1] == ' ' || page_[at_ + size + 1] == '\t' ||
                                  page_[at_ + size + 1] == '{'))
    return false;
  metric_name_ = {};
  series_text_ = page_.substr(at_, size);
  at_ += size;
  is_expected_ = true;
  return true;
}

bool PageReader::read_name(bool allow_colon, std::string_view& out) noexcept {
  const unsigned start = allow_colon ? unsigned{letter} | unsigned{colon} : unsigned{letter};
  const std::size_t begin = at_;
  if (is_at_end() || !is(page_[at_], start)) return false;
  while (at_ < page_.size() && is(page_[at_], start | unsigned{digit})) ++at_;
  out = page_.substr(begin, at_ - begin);
  return true;
}

bool PageReader::check_label_name(std::size_t begin, std::string_view name) {
  if (name.size() <= limits_.label_name_bytes_max) return true;
  return fail(begin, "the label name is longer than label_name_bytes_max", ErrorKind::exhausted);
}

bool PageReader::read_quoted(Newlines newlines, std::string_view& out) {
  if (peek() != '"') return fail(at_, "expected a label value in double quotes");
  const std::size_t begin = ++at_;
  unsigned char all_bits = 0;
  for (; at_ < page_.size() && page_[at_] != '"'; ++at_) {
    all_bits |= static_cast<unsigned char>(page_[at_]);
    if (page_[at_] == '\n' && newlines == Newlines::refused) break;
    if (page_[at_] != '\\') continue;
    ++at_;
    if (at_ == page_.size() || page_[at_] == '\n') return fail(at_, "expected a character after the backslash");
    all_bits |= static_cast<unsigned char>(page_[at_]);
  }
  if (is_at_end() || page_[at_] != '"') return fail(begin - 1, "expected the quote that ends the label value");
  out = page_.substr(begin, at_ - begin);
  if (out.size() > limits_.label_value_bytes_max) {
    return fail(begin, "the label value is longer than label_value_bytes_max", ErrorKind::exhausted);
  }
  if (all_bits >= 0x80 && !check_utf8(out, "expected UTF-8 in the label value")) return false;
  ++at_;
  return true;
}

// The number from `begin` to here.
bool PageReader::set_value(std::size_t begin, double& out) {
  if (at_ == begin) return fail(at_, "expected a value");
  const std::optional<double> value = parse_number(page_.substr(begin, at_ - begin));
  if (!value.has_value()) return fail(begin, "expected a decimal number, +Inf, -Inf or NaN as value");
  out = *value;
  return true;
}

bool PageReader::read_short_value(double& out) noexcept {
  const std::optional<ShortDecimal> decimal = read_short_decimal(page_.substr(at_));
  if (!decimal || at_ + decimal->size == page_.size()) return false;
  const char next = page_[at_ + decimal->size];
  if (next != '\n' && next != ' ') return false;
  out = decimal->value;
  at_ += decimal->size;
  return true;
}

bool PageReader::check_utf8(std::string_view text, std::string_view expected) {
  const std::size_t wrong = find_invalid_utf8(text);
  if (wrong == std::string_view::npos) return true;
  return fail(static_cast<std::size_t>(text.data() - page_.data()) + wrong, expected);
}

bool PageReader::has_duplicate(std::span<const RawLabel> labels) {
  constexpr std::size_t pairwise_max = 16;
  const std::size_t count = labels.size();
  if (count <= pairwise_max) {
    for (std::size_t i = 0; i < count; ++i) {
      if (labels[i].name == metric_name_label) return true;  // the name stands before the braces
      for (std::size_t j = 0; j < i; ++j)
        if (labels[i].name == labels[j].name) return true;
    }
    return false;
  }
  std::vector<std::string_view> names{metric_name_label};
  for (const RawLabel& label : labels) names.push_back(label.name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

std::vector<Labels::Pair> PageReader::pairs_of(std::span<const RawLabel> labels) {
  std::vector<Labels::Pair> pairs;
  pairs.reserve(labels.size() + 1);
  for (const RawLabel& label : labels) {
    const bool has_escapes = label.escaped_value.find('\\') != std::string_view::npos;
    pairs.emplace_back(label.name, has_escapes ? unescape(label.escaped_value, true) : std::string(label.escaped_value));
  }
  return pairs;
}

Labels PageReader::labels() const {
  std::vector<Labels::Pair> pairs = pairs_of(raw_labels_);
  pairs.emplace_back(metric_name_label, metric_name_);
  return Labels(std::move(pairs));
}

bool PageReader::fail(std::size_t offset, std::string_view expected, ErrorKind kind) {
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
