#include "metrics/histogram/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/number.h"
#include "metrics/histogram/buckets.h"

namespace watchbill::metrics::histogram {
namespace {

constexpr std::array<std::pair<std::string_view, ResetHint>, 4> hint_words{{{"unknown", ResetHint::unknown},
                                                                            {"reset", ResetHint::reset},
                                                                            {"not_reset", ResetHint::not_reset},
                                                                            {"gauge", ResetHint::gauge}}};

void append_bucket(std::string& out, const Bucket& bucket) {
  out.append(bucket.is_lower_inclusive ? ", [" : ", (");
  append_number(out, bucket.lower);
  out.push_back(',');
  append_number(out, bucket.upper);
  out.append(bucket.is_upper_inclusive ? "]:" : "):");
  append_number(out, bucket.count);
}

void append_property(std::string& out, std::string_view name) {
  if (out.size() > 2) out.push_back(' ');
  out.append(name).push_back(':');
}

void append_figure(std::string& out, std::string_view name, double value) {
  if (value == 0 && !std::signbit(value)) return;
  append_property(out, name);
  append_number(out, value);
}

// One list from the first populated bucket to the last, gaps as zeros; its offset before it.
void append_side(std::string& out, const BucketCounts& counts, std::string_view name, std::string_view offset_name) {
  if (counts.empty()) return;
  if (counts.front().index != 0) {
    append_property(out, offset_name);
    out.append(std::to_string(counts.front().index));
  }
  append_property(out, name);
  std::int32_t next = counts.front().index;
  char separator = '[';
  for (const BucketCount& bucket : counts) {
    for (; next < bucket.index; ++next) out.append(" 0");
    out.push_back(std::exchange(separator, ' '));
    append_number(out, bucket.count);
    ++next;
  }
  out.push_back(']');
}

std::size_t width_of(const BucketCounts& counts) noexcept {
  return counts.empty() ? 0 : static_cast<std::size_t>(std::int64_t{counts.back().index} - counts.front().index) + 1;
}

// Reads `{{name:value …}}` property by property.
class Reader {
 public:
  Reader(std::string_view input, const Limits& limits) : input_(input), limits_(limits) {}

  Result<Notation> read();

 private:
  enum Property : std::uint8_t { schema, sum, count, z_bucket, z_bucket_w, custom_values, reset_hint, buckets, offset, n_buckets,
                                 n_offset };
  static constexpr std::array<std::string_view, 11> names{"schema",  "sum",    "count",     "z_bucket",
                                                          "z_bucket_w", "custom_values", "counter_reset_hint", "buckets",
                                                          "offset",  "n_buckets", "n_offset"};

  [[nodiscard]] Error wrong(std::string detail) const;
  [[nodiscard]] std::string_view take_word() noexcept;
  void skip_blanks() noexcept;
  [[nodiscard]] Status read_property(Notation& out);
  [[nodiscard]] Status read_figure(double& figure);
  [[nodiscard]] Status read_integer(std::int64_t& value, std::int64_t value_min, std::int64_t value_max);
  [[nodiscard]] Status read_schema(std::int8_t& schema_out);
  [[nodiscard]] Status read_width(double& threshold);
  [[nodiscard]] Status read_hint(Notation& out);
  [[nodiscard]] Status read_list(std::vector<double>& list);
  [[nodiscard]] Status read_bounds(Bounds& bounds);
  [[nodiscard]] Result<BucketCounts> placed(const std::vector<double>& list, std::int64_t first) const;

  std::string_view input_;
  Limits limits_;
  std::size_t at_{0};
  std::array<bool, names.size()> is_given_{};
  std::vector<double> positive_;
  std::vector<double> negative_;
  std::int64_t offset_{0};
  std::int64_t n_offset_{0};
};

Error Reader::wrong(std::string detail) const {
  constexpr std::size_t shown_bytes_max = 80;
  return Error{ErrorKind::invalid, "read a histogram from", "\"" + std::string(input_.substr(0, shown_bytes_max)) + "\"",
               "at byte " + std::to_string(at_ + 1) + ": " + std::move(detail)};
}

void Reader::skip_blanks() noexcept {
  while (at_ < input_.size() && (input_[at_] == ' ' || input_[at_] == '\t')) ++at_;
}

// Up to what ends a name or a value.
std::string_view Reader::take_word() noexcept {
  const std::size_t end = std::min(input_.find_first_of(" \t:[]{}", at_), input_.size());
  const std::string_view word = input_.substr(at_, end - at_);
  at_ = end;
  return word;
}

Result<Notation> Reader::read() {
  Notation out;
  if (!input_.starts_with("{{")) return wrong("expected {{");
  at_ = 2;
  for (;;) {
    const std::size_t before = at_;
    skip_blanks();
    if (input_.substr(at_).starts_with("}}")) break;
    if (at_ == input_.size()) return wrong("expected }} at its end");
    if (at_ == before && before > 2) return wrong("expected a blank or }}");
    if (Status status = read_property(out); !status) return std::move(status).error();
  }
  at_ += 2;
  out.bytes = at_;
  if (positive_.size() + negative_.size() > limits_.buckets_max)
    return wrong("expected at most " + std::to_string(limits_.buckets_max) + " buckets");
  auto positive = placed(positive_, offset_);
  if (!positive) return std::move(positive).error();
  auto negative = placed(negative_, n_offset_);
  if (!negative) return std::move(negative).error();
  out.histogram.positive = *std::move(positive);
  out.histogram.negative = *std::move(negative);
  return out;
}

Status Reader::read_property(Notation& out) {
  const std::size_t begin = at_;
  const std::string_view word = take_word();
  const auto name = std::find(names.begin(), names.end(), word);
  if (name == names.end() || at_ == input_.size() || input_[at_] != ':') {
    at_ = begin;
    return wrong("expected schema:, count:, sum:, z_bucket:, z_bucket_w:, buckets:, offset:, n_buckets:, n_offset:, "
                 "custom_values: or counter_reset_hint:");
  }
  const auto place = static_cast<std::size_t>(name - names.begin());
  if (std::exchange(is_given_[place], true)) {
    at_ = begin;
    return wrong(std::string(word) + " is given twice, expected each property once");
  }
  ++at_;
  Histogram& histogram = out.histogram;
  const std::int64_t index_max = limits_.index_max;
  switch (static_cast<Property>(place)) {
    case schema: return read_schema(histogram.schema);
    case sum: return read_figure(histogram.sum);
    case count: return read_figure(histogram.count);
    case z_bucket: return read_figure(histogram.zero_count);
    case z_bucket_w: return read_width(histogram.zero_threshold);
    case reset_hint: return read_hint(out);
    case buckets: return read_list(positive_);
    case offset: return read_integer(offset_, -index_max, index_max);
    case n_buckets: return read_list(negative_);
    case n_offset: return read_integer(n_offset_, -index_max, index_max);
    case custom_values: break;
  }
  return read_bounds(histogram.custom_bounds);
}

Status Reader::read_figure(double& figure) {
  const std::size_t begin = at_;
  const std::optional<double> value = parse_number(take_word());
  if (!value) {
    at_ = begin;
    return wrong("expected a decimal number, Inf or NaN");
  }
  figure = *value;
  return {};
}

Status Reader::read_integer(std::int64_t& value, std::int64_t value_min, std::int64_t value_max) {
  const std::size_t begin = at_;
  const std::string_view word = take_word();
  const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (failure == std::errc{} && end == word.data() + word.size() && value >= value_min && value <= value_max) return {};
  at_ = begin;
  return wrong("expected an integer from " + std::to_string(value_min) + " to " + std::to_string(value_max));
}

Status Reader::read_schema(std::int8_t& schema_out) {
  const std::size_t begin = at_;
  std::int64_t value = 0;
  const Status status = read_integer(value, custom_schema, schema_max);
  if (!status || (value != custom_schema && value < schema_min)) {
    at_ = begin;
    return wrong("expected a schema from -4 to 8, or -53 for custom buckets");
  }
  schema_out = static_cast<std::int8_t>(value);
  return {};
}

Status Reader::read_width(double& threshold) {
  const std::size_t begin = at_;
  const Status status = read_figure(threshold);
  if (status && threshold >= 0 && !std::isinf(threshold)) return {};
  at_ = begin;
  return wrong("expected a finite width of 0 or more");
}

Status Reader::read_hint(Notation& out) {
  const std::size_t begin = at_;
  const std::string_view word = take_word();
  for (const auto& [name, hint] : hint_words)
    if (name == word) {
      out.histogram.reset_hint = hint;
      out.names_hint = true;
      return {};
    }
  at_ = begin;
  return wrong("expected unknown, reset, not_reset or gauge");
}

Status Reader::read_list(std::vector<double>& list) {
  if (at_ == input_.size() || input_[at_] != '[') return wrong("expected a list as [5 10 7]");
  ++at_;
  for (skip_blanks(); at_ < input_.size() && input_[at_] != ']'; skip_blanks()) {
    if (list.size() == limits_.buckets_max) return wrong("expected at most " + std::to_string(limits_.buckets_max) + " numbers");
    if (Status status = read_figure(list.emplace_back()); !status) return status;
  }
  if (at_ == input_.size()) return wrong("expected ] at the end of the list");
  ++at_;
  return {};
}

Status Reader::read_bounds(Bounds& bounds) {
  const std::size_t begin = at_;
  std::vector<double> list;
  if (Status status = read_list(list); !status) return status;
  for (std::size_t i = 0; i < list.size(); ++i)
    if (!(list[i] < std::numeric_limits<double>::infinity()) || (i > 0 && list[i] <= list[i - 1])) {
      at_ = begin;
      return wrong("expected bounds that rise and end below +Inf, as [1 5 10]");
    }
  bounds = make_bounds(std::move(list));
  return {};
}

Result<BucketCounts> Reader::placed(const std::vector<double>& list, std::int64_t first) const {
  if (first + static_cast<std::int64_t>(list.size()) > limits_.index_max)
    return wrong("expected buckets up to index " + std::to_string(limits_.index_max));
  BucketCounts counts;
  counts.reserve(list.size());
  for (const double value : list) counts.push_back({static_cast<std::int32_t>(first++), value});
  return counts;
}

}  // namespace

std::string text(const Histogram& histogram) {
  std::string out = "{count:";
  append_number(out, histogram.count);
  out.append(", sum:");
  append_number(out, histogram.sum);
  for (auto at = histogram.negative.rbegin(); at != histogram.negative.rend(); ++at)
    if (at->count != 0) append_bucket(out, negative_bucket(histogram, *at));
  if (histogram.zero_count != 0) append_bucket(out, zero_bucket(histogram));
  for (const BucketCount& at : histogram.positive)
    if (at.count != 0) append_bucket(out, positive_bucket(histogram, at));
  out.push_back('}');
  return out;
}

std::string notation(const Histogram& histogram) {
  Histogram shown = histogram;
  compact(shown);
  if (width_of(shown.positive) + width_of(shown.negative) > Limits{}.buckets_max) return text(histogram);
  std::string out = "{{";
  if (shown.schema != 0) {
    append_property(out, "schema");
    out.append(std::to_string(shown.schema));
  }
  append_figure(out, "count", shown.count);
  append_figure(out, "sum", shown.sum);
  append_figure(out, "z_bucket", shown.zero_count);
  append_figure(out, "z_bucket_w", shown.zero_threshold);
  if (shown.has_custom_bounds()) {
    append_property(out, "custom_values");
    char separator = '[';
    if (shown.bounds().empty()) out.push_back(separator);
    for (const double bound : shown.bounds()) {
      out.push_back(std::exchange(separator, ' '));
      append_number(out, bound);
    }
    out.push_back(']');
  }
  if (shown.reset_hint != ResetHint::unknown) {
    append_property(out, "counter_reset_hint");
    out.append(hint_words[static_cast<std::size_t>(shown.reset_hint)].first);
  }
  append_side(out, shown.positive, "buckets", "offset");
  append_side(out, shown.negative, "n_buckets", "n_offset");
  return out.append("}}");
}

Result<Notation> read_notation(std::string_view input, const Limits& limits) { return Reader(input, limits).read(); }

}  // namespace watchbill::metrics::histogram
