#include "metrics/exposition/protobuf_parser.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

#include "base/json.h"
#include "metrics/exposition/number.h"
#include "metrics/histogram/codec.h"
#include "metrics/remote/message.h"

namespace watchbill::metrics::exposition {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

constexpr std::uint32_t text_field(std::uint32_t number) noexcept {
  return protozero::tag_and_type(number, pbf_wire_type::length_delimited);
}
constexpr std::uint32_t double_field(std::uint32_t number) noexcept {
  return protozero::tag_and_type(number, pbf_wire_type::fixed64);
}
constexpr std::uint32_t varint_field(std::uint32_t number) noexcept {
  return protozero::tag_and_type(number, pbf_wire_type::varint);
}
std::uint32_t field_of(const pbf_reader& reader) noexcept { return protozero::tag_and_type(reader.tag(), reader.wire_type()); }

std::string_view view_of(pbf_reader& reader) {
  const protozero::data_view view = reader.get_view();
  return {view.data(), view.size()};
}
pbf_reader reader_of(std::string_view bytes) noexcept { return pbf_reader(bytes.data(), bytes.size()); }

// Numbers of the message's types.
constexpr std::int32_t gauge_histogram_number = 5;
FamilyType family_type(std::int32_t number) noexcept {
  constexpr std::array<FamilyType, 6> types{FamilyType::counter, FamilyType::gauge,     FamilyType::summary,
                                            FamilyType::untyped, FamilyType::histogram, FamilyType::gauge_histogram};
  return types[static_cast<std::size_t>(number)];
}

// As OpenMetrics writes bounds: whole numbers with ".0".
void append_bound(std::string& out, double bound) {
  const std::size_t begin = out.size();
  append_number(out, bound);
  if (std::isfinite(bound) && out.find_first_of("e.", begin) == std::string::npos) out.append(".0");
}

struct SingleValue {
  double value{0};
  std::string_view exemplar;
};

// Counter, Gauge and Untyped have their value first; of these a counter may have an exemplar.
SingleValue read_single(std::string_view message, bool is_counter) {
  SingleValue single;
  for (pbf_reader reader = reader_of(message); reader.next();) {
    if (field_of(reader) == double_field(1)) single.value = reader.get_double();
    else if (is_counter && field_of(reader) == text_field(2)) single.exemplar = view_of(reader);
    else reader.skip();
  }
  return single;
}

struct ClassicBucket {
  double upper_bound{0};
  double count{0};
  std::string_view exemplar;
};

ClassicBucket read_bucket(std::string_view message) {
  ClassicBucket bucket;
  for (pbf_reader reader = reader_of(message); reader.next();) {
    switch (field_of(reader)) {
      case varint_field(1): bucket.count = static_cast<double>(reader.get_uint64()); break;
      case double_field(2): bucket.upper_bound = reader.get_double(); break;
      case text_field(3): bucket.exemplar = view_of(reader); break;
      case double_field(4):
        if (const double count = reader.get_double(); count > 0) bucket.count = count;
        break;
      default: reader.skip();
    }
  }
  return bucket;
}

// google.protobuf.Timestamp; none beyond what milliseconds hold.
std::optional<std::int64_t> read_timestamp_ms(std::string_view message) {
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  for (pbf_reader reader = reader_of(message); reader.next();) {
    if (field_of(reader) == varint_field(1)) seconds = reader.get_int64();
    else if (field_of(reader) == varint_field(2)) nanoseconds = reader.get_int32();
    else reader.skip();
  }
  constexpr std::int64_t seconds_max = std::numeric_limits<std::int64_t>::max() / 2000;
  if (seconds < -seconds_max || seconds > seconds_max) return std::nullopt;
  return seconds * 1000 + nanoseconds / 1'000'000;
}

std::optional<Exemplar> read_exemplar(std::string_view message) try {
  Exemplar exemplar;
  std::vector<Labels::Pair> pairs;
  for (pbf_reader reader = reader_of(message); reader.next();) {
    if (field_of(reader) == text_field(1)) {
      Labels::Pair& pair = pairs.emplace_back();
      for (pbf_reader label = reader_of(view_of(reader)); label.next();) {
        if (field_of(label) == text_field(1)) pair.first = view_of(label);
        else if (field_of(label) == text_field(2)) pair.second = view_of(label);
        else label.skip();
      }
      if (!is_label_name(pair.first) || find_invalid_utf8(pair.second) != std::string_view::npos) return std::nullopt;
    } else if (field_of(reader) == double_field(2)) {
      exemplar.value = reader.get_double();
    } else if (field_of(reader) == text_field(3)) {
      exemplar.timestamp_ms = read_timestamp_ms(view_of(reader));
    } else {
      reader.skip();
    }
  }
  exemplar.labels = Labels(std::move(pairs));
  return exemplar;
} catch (const protozero::exception&) {
  return std::nullopt;
}

}  // namespace

ProtobufParser::Entry ProtobufParser::next() try {
  if (stage_ == Stage::failed) return Entry::malformed;
  const Entry entry = read_next();
  if (entry == Entry::malformed) stage_ = Stage::failed;
  return entry;
} catch (const protozero::exception&) {
  fail("expected a MetricFamily of protobuf behind its length");
  stage_ = Stage::failed;
  return Entry::malformed;
}

ProtobufParser::Entry ProtobufParser::read_next() {
  if (stage_ == Stage::ended) return Entry::end;
  if (page_.size() > limits_.body_bytes_max) {
    fail("the page is larger than body_bytes_max", ErrorKind::exhausted);
    return Entry::malformed;
  }
  if (stage_ == Stage::type) {
    stage_ = Stage::samples;
    return Entry::type;
  }
  while (stage_ == Stage::samples) {
    if (next_sample_ < samples_.size()) return set_sample(samples_[next_sample_++]) ? Entry::sample : Entry::malformed;
    if (next_metric_ == metrics_.size()) stage_ = Stage::family;
    else if (!begin_metric(metrics_[next_metric_++])) return Entry::malformed;
  }
  do {
    if (rest_.empty()) {
      stage_ = Stage::ended;
      return Entry::end;
    }
    if (!begin_family()) return Entry::malformed;
  } while (metrics_.empty());
  stage_ = Stage::type;
  return Entry::help;
}

bool ProtobufParser::begin_family() {
  family_at_ = page_.size() - rest_.size();
  const char* at = rest_.data();
  const std::uint64_t length = protozero::decode_varint(&at, rest_.data() + rest_.size());
  const std::size_t left = rest_.size() - static_cast<std::size_t>(at - rest_.data());
  if (length > left)
    return fail("expected " + std::to_string(length) + " bytes of a MetricFamily, found " + std::to_string(left));
  const std::string_view message(at, static_cast<std::size_t>(length));
  rest_ = {at + length, left - static_cast<std::size_t>(length)};
  return read_family(message);
}

bool ProtobufParser::read_family(std::string_view message) {
  std::string_view name;
  std::string_view help;
  std::int32_t type = 0;
  metrics_.clear();
  next_metric_ = 0;
  samples_.clear();
  next_sample_ = 0;
  for (pbf_reader reader = reader_of(message); reader.next();) {
    switch (field_of(reader)) {
      case text_field(1): name = view_of(reader); break;
      case text_field(2): help = view_of(reader); break;
      case varint_field(3): type = reader.get_enum(); break;
      case text_field(4):
        if (metrics_.size() == limits_.sample_count_max)
          return fail("the page has more samples than sample_count_max", ErrorKind::exhausted);
        metrics_.push_back(view_of(reader));
        break;
      default: reader.skip();
    }
  }
  if (metrics_.empty()) return true;
  if (!is_metric_name(name)) return fail("expected a metric name as the family's name");
  if (find_invalid_utf8(help) != std::string_view::npos) return fail("expected UTF-8 in the help text of " + std::string(name));
  if (type < 0 || type > gauge_histogram_number)
    return fail("expected the type of " + std::string(name) + " to be 0 to 5, found " + std::to_string(type));
  family_ = name;
  help_ = help;
  type_ = family_type(type);
  metric_name_ = family_;
  return true;
}

bool ProtobufParser::begin_metric(std::string_view message) {
  samples_.clear();
  next_sample_ = 0;
  native_.clear();
  native_exemplars_.clear();
  raw_labels_.clear();
  timestamp_ms_.reset();
  std::string_view value;
  bool has_value = false;
  // Which member of a metric holds the value, by the type of its family.
  const std::uint32_t number = type_ == FamilyType::gauge     ? 2
                               : type_ == FamilyType::counter ? 3
                               : type_ == FamilyType::summary ? 4
                               : type_ == FamilyType::untyped ? 5
                                                              : 7;
  for (pbf_reader reader = reader_of(message); reader.next();) {
    if (field_of(reader) == text_field(1)) {
      if (!read_label(view_of(reader))) return false;
    } else if (field_of(reader) == varint_field(6)) {
      // 0 is how protobuf says that there is none.
      if (const std::int64_t ms = reader.get_int64(); ms != 0) timestamp_ms_ = ms;
    } else if (field_of(reader) == text_field(number)) {
      value = view_of(reader);
      has_value = true;
    } else {
      reader.skip();
    }
  }
  metric_label_count_ = raw_labels_.size();
  if (!has_value) return fail("expected the value of " + family_ + " in the member that belongs to its type");
  return read_value(value);
}

bool ProtobufParser::read_label(std::string_view message) {
  RawLabel label;
  for (pbf_reader reader = reader_of(message); reader.next();) {
    if (field_of(reader) == text_field(1)) label.name = view_of(reader);
    else if (field_of(reader) == text_field(2)) label.escaped_value = view_of(reader);
    else reader.skip();
  }
  if (raw_labels_.size() == limits_.label_count_max)
    return fail("a sample of " + family_ + " has more labels than label_count_max", ErrorKind::exhausted);
  if (label.name.size() > limits_.label_name_bytes_max || label.escaped_value.size() > limits_.label_value_bytes_max)
    return fail("a label of " + family_ + " is longer than label_name_bytes_max or label_value_bytes_max", ErrorKind::exhausted);
  if (!is_label_name(label.name)) return fail("expected label names of letters, digits and _ in " + family_);
  if (find_invalid_utf8(label.escaped_value) != std::string_view::npos)
    return fail("expected UTF-8 in the value of label " + std::string(label.name) + " of " + family_);
  const auto is_same = [&label](const RawLabel& other) { return other.name == label.name; };
  if (label.name == metric_name_label || std::any_of(raw_labels_.begin(), raw_labels_.end(), is_same))
    return fail("expected each label name once in " + family_ + ", found " + std::string(label.name) + " again");
  raw_labels_.push_back(label);
  return true;
}

bool ProtobufParser::read_value(std::string_view message) {
  if (type_ == FamilyType::histogram || type_ == FamilyType::gauge_histogram) return read_histogram(message);
  if (type_ == FamilyType::summary) {
    read_summary(message);
  } else {
    const SingleValue single = read_single(message, type_ == FamilyType::counter);
    samples_.push_back({{}, {}, 0, single.value, single.exemplar});
  }
  return true;
}

void ProtobufParser::read_summary(std::string_view message) {
  double count = 0;
  double sum = 0;
  samples_.resize(2);
  for (pbf_reader reader = reader_of(message); reader.next();) {
    if (field_of(reader) == varint_field(1)) {
      count = static_cast<double>(reader.get_uint64());
    } else if (field_of(reader) == double_field(2)) {
      sum = reader.get_double();
    } else if (field_of(reader) == text_field(3)) {
      Part part{{}, "quantile", 0, 0};
      for (pbf_reader quantile = reader_of(view_of(reader)); quantile.next();) {
        if (field_of(quantile) == double_field(1)) part.label_value = quantile.get_double();
        else if (field_of(quantile) == double_field(2)) part.value = quantile.get_double();
        else quantile.skip();
      }
      samples_.push_back(part);
    } else {
      reader.skip();
    }
  }
  samples_[0] = {"_count", {}, 0, count};
  samples_[1] = {"_sum", {}, 0, sum};
}

bool ProtobufParser::read_histogram(std::string_view message) {
  double count = 0;
  double sum = 0;
  bool is_native = false;
  std::vector<Part> buckets;
  for (pbf_reader reader = reader_of(message); reader.next();) {
    switch (field_of(reader)) {
      case varint_field(1): count = static_cast<double>(reader.get_uint64()); break;
      case double_field(4):
        if (const double given = reader.get_double(); given > 0) count = given;
        break;
      case double_field(2): sum = reader.get_double(); break;
      case text_field(3): {
        const ClassicBucket bucket = read_bucket(view_of(reader));
        buckets.push_back({"_bucket", "le", bucket.upper_bound, bucket.count, bucket.exemplar});
        break;
      }
      case text_field(16): native_exemplars_.push_back(view_of(reader)); break;
      case double_field(6):
      case double_field(8): is_native = reader.get_double() > 0 || is_native; break;
      case varint_field(7): is_native = reader.get_uint64() > 0 || is_native; break;
      default:
        // Spans, differences and counts of both signs.
        is_native = is_native || (reader.tag() >= 9 && reader.tag() <= 14);
        reader.skip();
    }
  }
  if (is_native && parts_.native) {
    Result<remote::HistogramSample> read = remote::decode_exposed_histogram(message);
    if (!read) return fail("the native histogram of " + family_ + ": " + read.error().on + ": " + read.error().detail);
    if (type_ == FamilyType::gauge_histogram) read->value.reset_hint = histogram::ResetHint::gauge;
    compact(read->value);
    native_ = histogram::encode(read->value);
    samples_.push_back({});
    if (native_exemplars_.empty())
      for (const Part& bucket : buckets)
        if (!bucket.exemplar.empty()) native_exemplars_.push_back(bucket.exemplar);
    if (!parts_.classic || buckets.empty()) return true;
  }
  samples_.push_back({"_count", {}, 0, count});
  samples_.push_back({"_sum", {}, 0, sum});
  const bool has_infinity = !buckets.empty() && buckets.back().label_value == std::numeric_limits<double>::infinity();
  samples_.insert(samples_.end(), buckets.begin(), buckets.end());
  if (!has_infinity) samples_.push_back({"_bucket", "le", std::numeric_limits<double>::infinity(), count});
  return true;
}

bool ProtobufParser::set_sample(const Part& part) {
  if (++sample_count_ > limits_.sample_count_max)
    return fail("the page has more samples than sample_count_max", ErrorKind::exhausted);
  raw_labels_.resize(metric_label_count_);
  metric_name_ = family_;
  metric_name_.append(part.suffix);
  value_ = part.value;
  encoded_histogram_.clear();
  // The native part is the first of its metric, and has no suffix.
  const bool is_native = !native_.empty() && part.suffix.empty();
  if (is_native) encoded_histogram_ = native_;
  exemplars_.clear();
  if (is_native) exemplars_ = native_exemplars_;
  else if (!part.exemplar.empty()) exemplars_.push_back(part.exemplar);
  extra_value_.clear();
  if (!part.label.empty()) {
    append_bound(extra_value_, part.label_value);
    const auto is_same = [&part](const RawLabel& other) { return other.name == part.label; };
    if (std::any_of(raw_labels_.begin(), raw_labels_.end(), is_same))
      return fail("expected each label name once in " + family_ + ", found " + std::string(part.label) + " again");
    raw_labels_.push_back({part.label, extra_value_});
  }
  // 0xFF is in no UTF-8, so keys of different series differ.
  series_text_ = metric_name_;
  for (const RawLabel& label : raw_labels_) {
    series_text_.push_back('\xFF');
    series_text_.append(label.name).push_back('\xFF');
    series_text_.append(label.escaped_value);
  }
  return true;
}

std::vector<Exemplar> ProtobufParser::exemplars() const {
  std::vector<Exemplar> out;
  for (const std::string_view message : exemplars_) {
    std::optional<Exemplar> exemplar = read_exemplar(message);
    if (exemplar && (encoded_histogram_.empty() || exemplar->timestamp_ms)) out.push_back(std::move(*exemplar));
  }
  return out;
}

Labels ProtobufParser::labels() const {
  std::vector<Labels::Pair> pairs{{std::string(metric_name_label), metric_name_}};
  for (const RawLabel& label : raw_labels_) pairs.emplace_back(label.name, label.escaped_value);
  return Labels(std::move(pairs));
}

bool ProtobufParser::fail(std::string detail, ErrorKind kind) {
  error_ = Error{kind, "read the metrics page", "byte " + std::to_string(family_at_), std::move(detail)};
  return false;
}

}  // namespace watchbill::metrics::exposition
