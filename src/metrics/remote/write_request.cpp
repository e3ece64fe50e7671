#include "metrics/remote/write_request.h"

#include <algorithm>
#include <array>

#include <protozero/exception.hpp>
#include <protozero/pbf_writer.hpp>

#include "metrics/remote/fields.h"

namespace watchbill::metrics::remote {
namespace {

// Numbers of fields.
namespace request {
constexpr std::uint32_t series = 1;
constexpr std::uint32_t metadata = 3;
}  // namespace request
namespace family {
constexpr std::uint32_t type = 1;
constexpr std::uint32_t name = 2;
constexpr std::uint32_t help = 4;
constexpr std::uint32_t unit = 5;
}  // namespace family

constexpr std::array<std::string_view, 8> type_words{"unknown",        "counter", "gauge", "histogram",
                                                     "gaugehistogram", "summary", "info",  "stateset"};

Sample read_sample(std::string_view message) {
  Sample read;
  protozero::pbf_reader reader = reader_of(message);
  while (reader.next()) {
    const std::uint32_t field = field_of(reader);
    if (field == double_field(sample::value)) read.value = reader.get_double();
    else if (field == varint_field(sample::timestamp)) read.at = Instant{reader.get_int64()};
    else if (!skip_unknown(reader, sample::timestamp)) throw protozero::unknown_pbf_wire_type_exception{};
  }
  return read;
}

Error exceeded(std::string_view what, std::size_t max) {
  return Error{ErrorKind::exhausted, "read", "WriteRequest",
               "expected at most " + std::to_string(max) + " " + std::string(what) + " in one request"};
}

}  // namespace

std::string_view word(MetricType type) noexcept { return type_words[static_cast<std::size_t>(type)]; }

MetricType metric_type(std::string_view word) noexcept {
  const auto at = std::find(type_words.begin(), type_words.end(), word);
  return at == type_words.end() ? MetricType::unknown : static_cast<MetricType>(at - type_words.begin());
}

WriteRequestReader::WriteRequestReader(std::string_view body, const WriteLimits& limits) noexcept
    : rest_(body), limits_(limits) {}

WriteRequestReader::Entry WriteRequestReader::next() try {
  if (is_malformed_) return Entry::malformed;
  if (is_ended_) return Entry::end;
  return read_next();
} catch (const protozero::exception&) {
  return fail(malformed("WriteRequest"));
}

WriteRequestReader::Entry WriteRequestReader::read_next() {
  protozero::pbf_reader reader = reader_of(rest_);
  while (reader.next()) {
    const std::uint32_t field = field_of(reader);
    if (field != bytes_field(request::series) && field != bytes_field(request::metadata)) {
      // Field 2 is reserved, and Cortex uses it.
      const bool is_known = reader.tag() == request::series || reader.tag() == request::metadata;
      if (is_known) return fail(malformed("WriteRequest"));
      reader.skip();
      continue;
    }
    const std::string_view message = view_of(reader);
    rest_ = {reader.data().data(), reader.data().size()};
    return field == bytes_field(request::series) ? read_series(message) : read_metadata(message);
  }
  is_ended_ = true;
  return Entry::end;
}

WriteRequestReader::Entry WriteRequestReader::read_series(std::string_view message) {
  if (++series_count_ > limits_.series_count_max) return fail(exceeded("series", limits_.series_count_max));
  encoded_labels_ = {};
  gathered_.clear();
  samples_.clear();
  histograms_.clear();
  exemplars_.clear();
  protozero::pbf_reader reader = reader_of(message);
  while (true) {
    const char* const begin = reader.data().data();
    if (!reader.next()) break;
    switch (field_of(reader)) {
      case bytes_field(series::label):
        reader.skip();
        add_label(message, begin, reader.data().data());
        break;
      case bytes_field(series::sample):
        if (++sample_count_ > limits_.sample_count_max) return fail(exceeded("samples", limits_.sample_count_max));
        samples_.push_back(read_sample(view_of(reader)));
        break;
      case bytes_field(series::exemplar):
        if (++sample_count_ > limits_.sample_count_max) return fail(exceeded("samples", limits_.sample_count_max));
        exemplars_.push_back(view_of(reader));
        if (!is_exemplar(exemplars_.back())) return fail(malformed("Exemplar"));
        break;
      case bytes_field(series::histogram):
        if (++sample_count_ > limits_.sample_count_max) return fail(exceeded("samples", limits_.sample_count_max));
        histograms_.push_back(view_of(reader));
        break;
      default:
        if (!skip_unknown(reader, series::histogram)) return fail(malformed("TimeSeries"));
    }
  }
  return Entry::series;
}

// Labels stand together in what every sender writes; where others put something between them they are copied together.
void WriteRequestReader::add_label(std::string_view message, const char* begin, const char* end) {
  const std::string_view field =
      message.substr(static_cast<std::size_t>(begin - message.data()), static_cast<std::size_t>(end - begin));
  if (encoded_labels_.empty()) {
    encoded_labels_ = field;
  } else if (gathered_.empty() && encoded_labels_.data() + encoded_labels_.size() == begin) {
    encoded_labels_ = {encoded_labels_.data(), encoded_labels_.size() + field.size()};
  } else {
    if (gathered_.empty()) gathered_ = encoded_labels_;
    gathered_ += field;
    encoded_labels_ = gathered_;
  }
}

WriteRequestReader::Entry WriteRequestReader::read_metadata(std::string_view message) {
  metadata_ = {};
  protozero::pbf_reader reader = reader_of(message);
  while (reader.next()) {
    switch (field_of(reader)) {
      case varint_field(family::type): {
        const std::int32_t type = reader.get_enum();
        const bool is_known = type >= 0 && type < static_cast<std::int32_t>(type_words.size());
        metadata_.type = is_known ? static_cast<MetricType>(type) : MetricType::unknown;
        break;
      }
      case bytes_field(family::name): metadata_.family = view_of(reader); break;
      case bytes_field(family::help): metadata_.help = view_of(reader); break;
      case bytes_field(family::unit): metadata_.unit = view_of(reader); break;
      default:
        // Field 3 is none.
        if (reader.tag() == 3) reader.skip();
        else if (!skip_unknown(reader, family::unit)) return fail(malformed("MetricMetadata"));
    }
  }
  return Entry::metadata;
}

WriteRequestReader::Entry WriteRequestReader::fail(Error error) {
  is_malformed_ = true;
  error_ = std::move(error);
  return Entry::malformed;
}

void WriteRequestWriter::series(std::string_view encoded_labels, std::span<const Sample> samples,
                                std::span<const HistogramSample> histograms, std::span<const ExemplarSample> exemplars) {
  append_series(body_, request::series, encoded_labels, samples, histograms, exemplars);
}

void WriteRequestWriter::metadata(const FamilyMetadata& described) {
  protozero::pbf_writer parent(body_);
  protozero::pbf_writer writer(parent, request::metadata);
  if (described.type != MetricType::unknown) writer.add_enum(family::type, static_cast<std::int32_t>(described.type));
  writer.add_string(family::name, described.family.data(), described.family.size());
  if (!described.help.empty()) writer.add_string(family::help, described.help.data(), described.help.size());
  if (!described.unit.empty()) writer.add_string(family::unit, described.unit.data(), described.unit.size());
}

}  // namespace watchbill::metrics::remote
