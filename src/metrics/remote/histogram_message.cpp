// The message Histogram: native histograms with whole counts, as differences, or with any counts, as they are.
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include <protozero/exception.hpp>
#include <protozero/pbf_writer.hpp>

#include "metrics/remote/fields.h"
#include "metrics/remote/message.h"

namespace watchbill::metrics::remote {
namespace {

using histogram::BucketCount;
using histogram::BucketCounts;
using histogram::Histogram;
using histogram::ResetHint;
using histogram::Span;

// Numbers of fields, as remote write and read have them.
struct Remote {
  static constexpr std::uint32_t count_int = 1;
  static constexpr std::uint32_t count_float = 2;
  static constexpr std::uint32_t sum = 3;
  static constexpr std::uint32_t schema = 4;
  static constexpr std::uint32_t zero_threshold = 5;
  static constexpr std::uint32_t zero_count_int = 6;
  static constexpr std::uint32_t zero_count_float = 7;
  static constexpr std::uint32_t negative_spans = 8;
  static constexpr std::uint32_t negative_deltas = 9;
  static constexpr std::uint32_t negative_counts = 10;
  static constexpr std::uint32_t positive_spans = 11;
  static constexpr std::uint32_t positive_deltas = 12;
  static constexpr std::uint32_t positive_counts = 13;
  static constexpr std::uint32_t reset_hint = 14;
  static constexpr std::uint32_t timestamp = 15;
  static constexpr std::uint32_t custom_values = 16;
  static constexpr std::uint32_t number_max = 16;
  static constexpr bool is_other(std::uint32_t number) noexcept { return number > number_max; }
  static constexpr bool floats_override = false;
};
// As metrics pages have them, where classic buckets (3), created timestamp (15) and exemplars (16) stand beside. A float counts
// when it is not 0.
struct Exposed {
  static constexpr std::uint32_t count_int = 1;
  static constexpr std::uint32_t sum = 2;
  static constexpr std::uint32_t count_float = 4;
  static constexpr std::uint32_t schema = 5;
  static constexpr std::uint32_t zero_threshold = 6;
  static constexpr std::uint32_t zero_count_int = 7;
  static constexpr std::uint32_t zero_count_float = 8;
  static constexpr std::uint32_t negative_spans = 9;
  static constexpr std::uint32_t negative_deltas = 10;
  static constexpr std::uint32_t negative_counts = 11;
  static constexpr std::uint32_t positive_spans = 12;
  static constexpr std::uint32_t positive_deltas = 13;
  static constexpr std::uint32_t positive_counts = 14;
  static constexpr std::uint32_t number_max = 14;
  static constexpr bool is_other(std::uint32_t number) noexcept { return number == 3 || number > number_max; }
  static constexpr bool floats_override = true;
};
constexpr std::uint32_t span_offset = 1;
constexpr std::uint32_t span_length = 2;

constexpr double whole_max = 9'007'199'254'740'992.0;  // 2^53: doubles hold all integers up to here

Error fault(std::string on, std::string detail) {
  return Error{ErrorKind::invalid, "read a native histogram", std::move(on), std::move(detail)};
}

// --- writing ---

bool is_whole(double count) noexcept { return count >= 0 && count <= whole_max && std::floor(count) == count; }

bool adds_up(const Histogram& value, double in_buckets) noexcept {
  return std::isnan(value.sum) ? in_buckets <= value.count : in_buckets == value.count;
}

// Whether a receiver that checks integers takes it as integers.
bool has_whole_counts(const Histogram& value) noexcept {
  if (!is_whole(value.count) || !is_whole(value.zero_count)) return false;
  double total = value.zero_count;
  for (const BucketCounts* side : {&value.positive, &value.negative})
    for (const BucketCount& bucket : *side) {
      if (!is_whole(bucket.count)) return false;
      total += bucket.count;
    }
  return total <= whole_max && adds_up(value, total);
}

struct SideFields {
  std::uint32_t spans;
  std::uint32_t deltas;
  std::uint32_t counts;
};
constexpr SideFields negative_fields{Remote::negative_spans, Remote::negative_deltas, Remote::negative_counts};
constexpr SideFields positive_fields{Remote::positive_spans, Remote::positive_deltas, Remote::positive_counts};

void write_side(protozero::pbf_writer& writer, const BucketCounts& buckets, const SideFields& fields, bool is_whole_kind) {
  for (const Span& span : histogram::spans_of(buckets)) {
    protozero::pbf_writer inner(writer, fields.spans);
    inner.add_sint32(span_offset, span.offset);
    inner.add_uint32(span_length, span.length);
  }
  if (is_whole_kind) {
    std::vector<std::int64_t> deltas;
    std::int64_t before = 0;
    for (const BucketCount& bucket : buckets) {
      const auto count = static_cast<std::int64_t>(bucket.count);
      deltas.push_back(count - before);
      before = count;
    }
    writer.add_packed_sint64(fields.deltas, deltas.begin(), deltas.end());
  } else {
    std::vector<double> counts;
    for (const BucketCount& bucket : buckets) counts.push_back(bucket.count);
    writer.add_packed_double(fields.counts, counts.begin(), counts.end());
  }
}

// --- reading ---

// The fields of one message as they come.
struct Fields {
  struct Side {
    std::vector<Span> spans;
    std::vector<std::int64_t> deltas;
    std::vector<double> counts;
  };
  HistogramSample sample;
  bool is_float{false};
  Side negative;
  Side positive;
  std::vector<double> bounds;
  std::size_t element_count{0};  // of all lists
  std::size_t element_count_max{0};
};

bool has_room(Fields& fields, std::size_t more = 1) noexcept {
  fields.element_count += more;
  return fields.element_count <= fields.element_count_max;
}

Span read_span(std::string_view message) {
  Span span;
  protozero::pbf_reader reader = reader_of(message);
  while (reader.next()) {
    const std::uint32_t field = field_of(reader);
    if (field == varint_field(span_offset)) span.offset = reader.get_sint32();
    else if (field == varint_field(span_length)) span.length = reader.get_uint32();
    else if (!skip_unknown(reader, span_length)) throw protozero::unknown_pbf_wire_type_exception{};
  }
  return span;
}

// Repeated numbers stand packed or one by one.
bool read_number_list(protozero::pbf_reader& reader, std::uint32_t number, std::vector<double>& out, Fields& fields) {
  if (field_of(reader) == double_field(number)) {
    out.push_back(reader.get_double());
    return has_room(fields);
  }
  if (field_of(reader) != bytes_field(number)) throw protozero::unknown_pbf_wire_type_exception{};
  for (const double value : reader.get_packed_double()) {
    if (!has_room(fields)) return false;
    out.push_back(value);
  }
  return true;
}

bool read_delta_list(protozero::pbf_reader& reader, std::uint32_t number, std::vector<std::int64_t>& out, Fields& fields) {
  if (field_of(reader) == varint_field(number)) {
    out.push_back(reader.get_sint64());
    return has_room(fields);
  }
  if (field_of(reader) != bytes_field(number)) throw protozero::unknown_pbf_wire_type_exception{};
  for (const std::int64_t value : reader.get_packed_sint64()) {
    if (!has_room(fields)) return false;
    out.push_back(value);
  }
  return true;
}

std::int8_t schema_of(std::int32_t given) noexcept {
  // One that no byte holds is as unknown as this one.
  return given < -128 || given > 127 ? std::numeric_limits<std::int8_t>::max() : static_cast<std::int8_t>(given);
}

template <class Numbers>
void set_float(double given, double& count, Fields& fields) {
  if (Numbers::floats_override && !(given > 0)) return;
  count = given;
  fields.is_float = true;
}

// The fields that remote write has and metrics pages have not.
bool read_own_scalar(protozero::pbf_reader& reader, Fields& fields) {
  if (field_of(reader) == varint_field(Remote::reset_hint)) {
    const std::int32_t hint = reader.get_enum();
    fields.sample.value.reset_hint = hint >= 1 && hint <= 3 ? static_cast<ResetHint>(hint) : ResetHint::unknown;
    return true;
  }
  if (field_of(reader) != varint_field(Remote::timestamp)) return false;
  fields.sample.at = Instant{reader.get_int64()};
  return true;
}

template <class Numbers>
bool read_scalar(protozero::pbf_reader& reader, Fields& fields) {
  Histogram& value = fields.sample.value;
  switch (field_of(reader)) {
    case varint_field(Numbers::count_int):
      value.count = static_cast<double>(reader.get_uint64());
      fields.is_float = false;
      return true;
    case double_field(Numbers::count_float): set_float<Numbers>(reader.get_double(), value.count, fields); return true;
    case double_field(Numbers::sum): value.sum = reader.get_double(); return true;
    case varint_field(Numbers::schema): value.schema = schema_of(reader.get_sint32()); return true;
    case double_field(Numbers::zero_threshold): value.zero_threshold = reader.get_double(); return true;
    case varint_field(Numbers::zero_count_int): value.zero_count = static_cast<double>(reader.get_uint64()); return true;
    case double_field(Numbers::zero_count_float):
      if (Numbers::floats_override) set_float<Numbers>(reader.get_double(), value.zero_count, fields);
      else value.zero_count = reader.get_double();
      return true;
    default:
      if constexpr (Numbers::floats_override) return false;
      else return read_own_scalar(reader, fields);
  }
}

// False beyond the limits.
template <class Numbers>
bool read_list(protozero::pbf_reader& reader, Fields& fields) {
  switch (reader.tag()) {
    case Numbers::negative_spans:
    case Numbers::positive_spans: {
      if (field_of(reader) != bytes_field(reader.tag())) throw protozero::unknown_pbf_wire_type_exception{};
      Fields::Side& side = reader.tag() == Numbers::negative_spans ? fields.negative : fields.positive;
      side.spans.push_back(read_span(view_of(reader)));
      return has_room(fields);
    }
    case Numbers::negative_deltas: return read_delta_list(reader, Numbers::negative_deltas, fields.negative.deltas, fields);
    case Numbers::negative_counts: return read_number_list(reader, Numbers::negative_counts, fields.negative.counts, fields);
    case Numbers::positive_deltas: return read_delta_list(reader, Numbers::positive_deltas, fields.positive.deltas, fields);
    case Numbers::positive_counts: return read_number_list(reader, Numbers::positive_counts, fields.positive.counts, fields);
    default: break;
  }
  if constexpr (!Numbers::floats_override)
    if (reader.tag() == Numbers::custom_values) return read_number_list(reader, Numbers::custom_values, fields.bounds, fields);
  if (!Numbers::is_other(reader.tag())) throw protozero::unknown_pbf_wire_type_exception{};
  reader.skip();
  return true;
}

// The counts of one side; `total` grows by them.
Result<BucketCounts> buckets_of(Fields::Side& side, bool is_float, const histogram::Limits& limits, double& total) {
  if (!is_float) {
    side.counts.clear();
    double count = 0;  // whole, and exact as long as it is a count that somebody could have counted
    for (const std::int64_t delta : side.deltas) {
      count += static_cast<double>(delta);
      total += count;
      side.counts.push_back(count);
    }
  }
  return histogram::from_spans(side.spans, side.counts, limits);
}

Result<HistogramSample> finish(Fields& fields, const histogram::Limits& limits) {
  Histogram& value = fields.sample.value;
  double total = value.zero_count;
  Result<BucketCounts> negative = buckets_of(fields.negative, fields.is_float, limits, total);
  if (!negative) return negative.error();
  Result<BucketCounts> positive = buckets_of(fields.positive, fields.is_float, limits, total);
  if (!positive) return positive.error();
  value.negative = std::move(*negative);
  value.positive = std::move(*positive);
  value.custom_bounds = histogram::make_bounds(std::move(fields.bounds));
  if (Status checked = histogram::check(value, limits); !checked) return checked.error();
  if (!fields.is_float && !adds_up(value, total))
    return fault("count", "expected as many observations as the buckets hold");
  return std::move(fields.sample);
}

template <class Numbers>
Result<HistogramSample> decode(std::string_view message, const histogram::Limits& limits) try {
  Fields fields;
  fields.element_count_max = 3 * limits.buckets_max;  // spans, counts and bounds of one histogram
  protozero::pbf_reader reader = reader_of(message);
  while (reader.next()) {
    if (read_scalar<Numbers>(reader, fields)) continue;
    if (!read_list<Numbers>(reader, fields))
      return fault("buckets", "expected at most " + std::to_string(limits.buckets_max) + " buckets and as many custom bounds");
  }
  return finish(fields, limits);
} catch (const protozero::exception&) {
  return malformed("Histogram");
}

}  // namespace

std::string encode_histogram(const HistogramSample& sample) {
  std::string message;
  protozero::pbf_writer writer(message);
  const Histogram& value = sample.value;
  const bool is_whole_kind = has_whole_counts(value);
  if (is_whole_kind) writer.add_uint64(Remote::count_int, static_cast<std::uint64_t>(value.count));
  else writer.add_double(Remote::count_float, value.count);
  writer.add_double(Remote::sum, value.sum);
  writer.add_sint32(Remote::schema, value.schema);
  writer.add_double(Remote::zero_threshold, value.zero_threshold);
  if (is_whole_kind) writer.add_uint64(Remote::zero_count_int, static_cast<std::uint64_t>(value.zero_count));
  else writer.add_double(Remote::zero_count_float, value.zero_count);
  write_side(writer, value.negative, negative_fields, is_whole_kind);
  write_side(writer, value.positive, positive_fields, is_whole_kind);
  if (value.reset_hint != ResetHint::unknown) writer.add_enum(Remote::reset_hint, static_cast<std::int32_t>(value.reset_hint));
  writer.add_int64(Remote::timestamp, sample.at.ms);
  const std::span<const double> bounds = value.bounds();
  writer.add_packed_double(Remote::custom_values, bounds.begin(), bounds.end());
  return message;
}

Result<HistogramSample> decode_histogram(std::string_view message, const histogram::Limits& limits) {
  return decode<Remote>(message, limits);
}

Result<HistogramSample> decode_exposed_histogram(std::string_view message, const histogram::Limits& limits) {
  return decode<Exposed>(message, limits);
}

}  // namespace watchbill::metrics::remote
