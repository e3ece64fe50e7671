#include "metrics/histogram/codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "base/bytes_code.h"

namespace watchbill::metrics::histogram {
namespace {

constexpr std::uint8_t hint_mask = 3;
constexpr std::uint8_t has_zero_bucket = 4;
constexpr std::uint8_t has_positive = 8;
constexpr std::uint8_t has_negative = 16;
constexpr std::uint8_t has_bounds = 32;
constexpr std::uint8_t flags_end = 64;

enum class NumberKind : std::uint8_t { whole, millionths, raw };
constexpr double million = 1e6;
constexpr double whole_end = 4503599627370496.0;  // 2^52: below it whole numbers and their differences are exact

void put_signed(std::string& out, std::int64_t value) {
  put_varint(out, zigzag(static_cast<std::uint64_t>(value)));
}

// Neither NaN, infinities, negative numbers nor -0.
bool is_whole(double value) noexcept {
  return value >= 0 && !std::signbit(value) && value < whole_end && std::floor(value) == value;
}

void put_number(std::string& out, double value) {
  const auto put = [&out](std::uint64_t number, NumberKind kind) {
    put_varint(out, number << 2 | static_cast<std::uint64_t>(kind));
  };
  if (is_whole(value)) return put(static_cast<std::uint64_t>(value), NumberKind::whole);
  const double scaled = std::round(value * million);
  if (is_whole(scaled) && std::bit_cast<std::uint64_t>(scaled / million) == std::bit_cast<std::uint64_t>(value))
    return put(static_cast<std::uint64_t>(scaled), NumberKind::millionths);
  put(0, NumberKind::raw);
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(bits >> shift));
}

void put_buckets(std::string& out, const BucketCounts& buckets) {
  const std::vector<Span> spans = spans_of(buckets);
  put_varint(out, spans.size());
  for (const Span& span : spans) {
    put_signed(out, span.offset);
    put_varint(out, span.length);
  }
  const bool are_whole =
      std::all_of(buckets.begin(), buckets.end(), [](const BucketCount& each) { return is_whole(each.count); });
  out.push_back(are_whole ? 1 : 0);
  std::int64_t before = 0;
  for (const BucketCount& each : buckets) {
    if (!are_whole) {
      put_number(out, each.count);
      continue;
    }
    const auto count = static_cast<std::int64_t>(each.count);
    put_signed(out, count - std::exchange(before, count));
  }
}

class Reader {
 public:
  Reader(std::string_view bytes, const Limits& limits) noexcept : rest_(bytes), limits_(limits) {}

  [[nodiscard]] bool is_at_end() const noexcept { return rest_.empty(); }

  bool byte(std::uint8_t& out) noexcept {
    if (rest_.empty()) return false;
    out = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return true;
  }
  bool varint(std::uint64_t& out) noexcept { return take_varint(rest_, out); }
  bool signed_varint(std::int64_t& out) noexcept {
    std::uint64_t raw = 0;
    if (!varint(raw)) return false;
    out = static_cast<std::int64_t>(unzigzag(raw));
    return true;
  }
  bool number(double& out) noexcept {
    std::uint64_t raw = 0;
    if (!varint(raw)) return false;
    const auto value = static_cast<double>(raw >> 2);
    switch (static_cast<NumberKind>(raw & 3)) {
      case NumberKind::whole: out = value; return true;
      case NumberKind::millionths: out = value / million; return true;
      case NumberKind::raw: break;
      default: return false;
    }
    std::uint64_t bits = 0;
    std::uint8_t next = 0;
    for (int i = 0; i < 8; ++i) {
      if (!byte(next)) return false;
      bits = bits << 8 | next;
    }
    out = std::bit_cast<double>(bits);
    return true;
  }
  bool buckets(BucketCounts& out) {
    std::vector<Span> spans;
    std::uint64_t count = 0;
    if (!varint(count) || count > rest_.size() / 2) return false;
    std::uint64_t bucket_count = 0;
    for (; count > 0; --count) {
      std::int64_t offset = 0;
      std::uint64_t length = 0;
      if (!signed_varint(offset) || !varint(length)) return false;
      if (offset != static_cast<std::int32_t>(offset) || length > limits_.buckets_max) return false;
      bucket_count += length;
      spans.push_back({static_cast<std::int32_t>(offset), static_cast<std::uint32_t>(length)});
    }
    std::uint8_t are_whole = 0;
    if (!byte(are_whole) || are_whole > 1 || bucket_count > rest_.size()) return false;
    std::vector<double> counts(bucket_count);
    std::int64_t whole = 0;
    for (double& each : counts) {
      std::int64_t difference = 0;
      if (are_whole == 0 ? !number(each) : !signed_varint(difference)) return false;
      if (are_whole == 0) continue;
      whole = static_cast<std::int64_t>(static_cast<std::uint64_t>(whole) + static_cast<std::uint64_t>(difference));
      each = static_cast<double>(whole);
    }
    Result<BucketCounts> read = from_spans(spans, counts, limits_);
    if (!read) return false;
    out = std::move(*read);
    return true;
  }
  bool bounds(Bounds& out) {
    std::uint64_t count = 0;
    if (!varint(count) || count > rest_.size() || count > limits_.buckets_max) return false;
    std::vector<double> bounds(count);
    for (double& each : bounds)
      if (!number(each)) return false;
    out = make_bounds(std::move(bounds));
    return true;
  }

 private:
  std::string_view rest_;
  const Limits& limits_;
};

}  // namespace

std::string encode(const Histogram& histogram) {
  // -0 and NaN have bits to keep too.
  const auto has_bits = [](double value) { return std::bit_cast<std::uint64_t>(value) != 0; };
  auto flags = static_cast<std::uint8_t>(histogram.reset_hint);
  if (has_bits(histogram.zero_threshold) || has_bits(histogram.zero_count)) flags |= has_zero_bucket;
  if (!histogram.positive.empty()) flags |= has_positive;
  if (!histogram.negative.empty()) flags |= has_negative;
  if (!histogram.bounds().empty()) flags |= has_bounds;
  std::string out;
  out.push_back(static_cast<char>(flags));
  out.push_back(static_cast<char>(histogram.schema));
  put_number(out, histogram.count);
  put_number(out, histogram.sum);
  if ((flags & has_zero_bucket) != 0) {
    put_number(out, histogram.zero_threshold);
    put_number(out, histogram.zero_count);
  }
  if ((flags & has_positive) != 0) put_buckets(out, histogram.positive);
  if ((flags & has_negative) != 0) put_buckets(out, histogram.negative);
  if ((flags & has_bounds) != 0) {
    put_varint(out, histogram.bounds().size());
    for (const double bound : histogram.bounds()) put_number(out, bound);
  }
  return out;
}

ResetHint reset_hint_of(std::string_view encoded) noexcept {
  return static_cast<ResetHint>(static_cast<std::uint8_t>(encoded.front()) & hint_mask);
}

void set_reset_hint(std::string& encoded, ResetHint hint) noexcept {
  const auto flags = static_cast<std::uint8_t>(encoded.front());
  encoded.front() = static_cast<char>((flags & ~hint_mask) | static_cast<std::uint8_t>(hint));
}

std::optional<Histogram> decode(std::string_view bytes, const Limits& limits) {
  Reader in(bytes, limits);
  Histogram out;
  std::uint8_t flags = 0;
  std::uint8_t schema = 0;
  if (!in.byte(flags) || flags >= flags_end || !in.byte(schema) || !in.number(out.count) || !in.number(out.sum))
    return std::nullopt;
  out.schema = static_cast<std::int8_t>(schema);
  out.reset_hint = static_cast<ResetHint>(flags & hint_mask);
  if (out.schema != custom_schema && (out.schema < schema_min || out.schema > schema_max)) return std::nullopt;
  if ((flags & has_zero_bucket) != 0 && (!in.number(out.zero_threshold) || !in.number(out.zero_count))) return std::nullopt;
  if ((flags & has_positive) != 0 && !in.buckets(out.positive)) return std::nullopt;
  if ((flags & has_negative) != 0 && !in.buckets(out.negative)) return std::nullopt;
  if ((flags & has_bounds) != 0 && !in.bounds(out.custom_bounds)) return std::nullopt;
  if (!in.is_at_end()) return std::nullopt;
  return out;
}

}  // namespace watchbill::metrics::histogram
