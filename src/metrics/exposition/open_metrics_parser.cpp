#include "metrics/exposition/open_metrics_parser.h"

#include <cmath>
#include <utility>

#include "base/characters.h"
#include "metrics/exposition/number.h"

namespace watchbill::metrics::exposition {
namespace {

constexpr std::string_view end_mark = "# EOF";
constexpr std::string_view exemplar_mark = " # {";
constexpr std::size_t exemplar_characters_max = 128;

}  // namespace

OpenMetricsParser::Entry OpenMetricsParser::next() {
  if (has_failed_) return Entry::malformed;
  if (has_ended_) return Entry::end;
  if (page_.size() > limits_.body_bytes_max) {
    fail(0, "the page is larger than body_bytes_max", ErrorKind::exhausted);
    return Entry::malformed;
  }
  if (!is_at_end()) return peek() == '#' ? read_comment() : read_sample();
  fail(at_, "expected # EOF where the page ends");
  return Entry::malformed;
}

OpenMetricsParser::Entry OpenMetricsParser::read_comment() {
  const std::string_view rest = page_.substr(at_);
  if (rest.starts_with(end_mark)) return read_end();
  const bool is_help = rest.starts_with("# HELP ");
  const bool is_type = rest.starts_with("# TYPE ");
  if (!is_help && !is_type && !rest.starts_with("# UNIT ")) {
    fail(at_, "expected # HELP, # TYPE, # UNIT or # EOF");
    return Entry::malformed;
  }
  at_ += std::string_view("# HELP ").size();
  if (!read_name(true, metric_name_)) {
    fail(at_, "expected a metric name after # HELP, # TYPE or # UNIT");
    return Entry::malformed;
  }
  if (!read_text()) return Entry::malformed;
  if (is_help) return check_utf8(text_, "expected UTF-8 in the help text") ? Entry::help : Entry::malformed;
  if (is_type) return read_type() ? Entry::type : Entry::malformed;
  return check_unit() ? Entry::unit : Entry::malformed;
}

OpenMetricsParser::Entry OpenMetricsParser::read_end() {
  at_ += end_mark.size();
  if (peek() == '\n' && !is_at_end()) ++at_;
  if (!is_at_end()) {
    fail(at_, "expected nothing behind # EOF");
    return Entry::malformed;
  }
  has_ended_ = true;
  return Entry::end;
}

// What stands behind a name, one blank between them; to the beginning of the next line.
bool OpenMetricsParser::read_text() {
  if (is_at_end() || peek() != ' ') return fail(at_, "expected one blank after the metric name");
  const std::size_t begin = ++at_;
  const std::size_t end = page_.find('\n', begin);
  if (end == std::string_view::npos) return fail(page_.size(), "expected the end of the line");
  text_ = page_.substr(begin, end - begin);
  at_ = end + 1;
  return true;
}

bool OpenMetricsParser::read_type() {
  for (const FamilyType type : {FamilyType::counter, FamilyType::gauge, FamilyType::histogram, FamilyType::gauge_histogram,
                                FamilyType::summary, FamilyType::info, FamilyType::state_set}) {
    if (text_ != word(type)) continue;
    type_ = type;
    return true;
  }
  type_ = FamilyType::untyped;
  if (text_ == "unknown") return true;
  return fail(static_cast<std::size_t>(text_.data() - page_.data()),
              "expected counter, gauge, histogram, gaugehistogram, summary, info, stateset or unknown");
}

bool OpenMetricsParser::check_unit() {
  if (text_.empty()) return true;
  const std::size_t name_bytes = metric_name_.size();
  const bool is_last_word =
      metric_name_.ends_with(text_) && name_bytes > text_.size() && metric_name_[name_bytes - text_.size() - 1] == '_';
  if (is_last_word) return true;
  return fail(static_cast<std::size_t>(text_.data() - page_.data()), "expected the unit that the metric's name ends with");
}

OpenMetricsParser::Entry OpenMetricsParser::read_sample() {
  has_exemplar_ = false;
  if (!begin_sample()) return Entry::malformed;
  if (!pass_expected() && !read_series()) return Entry::malformed;
  if (!read_number(value_)) return Entry::malformed;
  if (!has_exemplar_next() && peek() != '\n' && !read_seconds(timestamp_ms_)) return Entry::malformed;
  if (has_exemplar_next() && !read_exemplar()) return Entry::malformed;
  if (is_at_end() || peek() != '\n') {
    fail(at_, "expected the end of the line");
    return Entry::malformed;
  }
  ++at_;
  return Entry::sample;
}

// Name and labels.
bool OpenMetricsParser::read_series() {
  const std::size_t begin = at_;
  if (!read_name(true, metric_name_)) return fail(at_, "expected a metric name, # HELP, # TYPE, # UNIT or # EOF");
  if (peek() == '{') {
    ++at_;
    if (!read_labels(raw_labels_)) return false;
  }
  series_text_ = page_.substr(begin, at_ - begin);
  return true;
}

bool OpenMetricsParser::read_labels(std::vector<RawLabel>& out) {
  while (is_at_end() || peek() != '}') {
    if (out.size() == limits_.label_count_max)
      return fail(at_, "the sample has more labels than label_count_max", ErrorKind::exhausted);
    if (!out.empty()) {
      if (peek() != ',') return fail(at_, "expected , or }");
      ++at_;
    }
    RawLabel label;
    const std::size_t begin = at_;
    if (!read_name(false, label.name)) return fail(at_, out.empty() ? "expected a label name or }" : "expected a label name");
    if (!check_label_name(begin, label.name)) return false;
    if (peek() != '=') return fail(at_, "expected =");
    ++at_;
    if (!read_quoted(Newlines::refused, label.escaped_value)) return false;
    out.push_back(label);
  }
  ++at_;
  if (has_duplicate(out)) return fail(at_ - 1, "expected each label name once");
  return true;
}

bool OpenMetricsParser::has_exemplar_next() const noexcept { return page_.substr(at_).starts_with(exemplar_mark); }

bool OpenMetricsParser::read_exemplar() {
  const std::string_view name = series_text_.substr(0, series_text_.find('{'));
  if (!name.ends_with("_total") && !name.ends_with("_bucket"))
    return fail(at_, "expected an exemplar only where the metric's name ends with _total or _bucket");
  at_ += exemplar_mark.size();
  exemplar_labels_.clear();
  exemplar_timestamp_ms_.reset();
  if (!read_labels(exemplar_labels_) || !read_number(exemplar_value_)) return false;
  if (peek() != '\n' && !read_seconds(exemplar_timestamp_ms_)) return false;
  has_exemplar_ = true;
  return true;
}

// What stands between one blank and the next blank or the end of the line.
bool OpenMetricsParser::read_token(std::string_view expected, std::size_t& begin) {
  if (is_at_end() || peek() != ' ') return fail(at_, expected);
  begin = ++at_;
  while (peek() != '\n' && peek() != ' ') ++at_;
  return at_ > begin || fail(at_, expected);
}

bool OpenMetricsParser::read_number(double& out) {
  const std::size_t blank = at_;
  if (peek() == ' ') {
    ++at_;
    if (read_short_value(out)) return true;
    at_ = blank;
  }
  std::size_t begin = 0;
  return read_token("expected one blank and a value", begin) && set_value(begin, out);
}

bool OpenMetricsParser::read_seconds(std::optional<std::int64_t>& out_ms) {
  constexpr double ms_max = 9.2e18;  // below 2^63
  constexpr std::string_view expected = "expected a time in seconds since 1970, or the end of the line";
  std::size_t begin = 0;
  if (!read_token(expected, begin)) return false;
  const std::optional<double> seconds = parse_number(page_.substr(begin, at_ - begin));
  const double ms = seconds.value_or(0) * 1000;
  if (!seconds || std::isnan(ms) || std::abs(ms) > ms_max) return fail(begin, expected);
  out_ms = static_cast<std::int64_t>(ms);
  return true;
}

std::optional<Exemplar> OpenMetricsParser::exemplar() const {
  if (!has_exemplar_) return std::nullopt;
  std::vector<Labels::Pair> pairs = pairs_of(exemplar_labels_);
  std::size_t count = 0;
  for (const auto& [name, value] : pairs) count += count_characters(name) + count_characters(value);
  if (count > exemplar_characters_max) return std::nullopt;
  return Exemplar{Labels(std::move(pairs)), exemplar_value_, exemplar_timestamp_ms_};
}

}  // namespace watchbill::metrics::exposition
