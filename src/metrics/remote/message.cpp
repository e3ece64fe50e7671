#include "metrics/remote/message.h"

#include <algorithm>
#include <vector>

#include <protozero/exception.hpp>
#include <protozero/pbf_writer.hpp>

#include "base/json.h"
#include "metrics/remote/fields.h"

namespace watchbill::metrics::remote {
namespace {

// Numbers of fields.
namespace label {
constexpr std::uint32_t name = 1;
constexpr std::uint32_t value = 2;
}  // namespace label

Error fault(std::string on, std::string detail) {
  return Error{ErrorKind::invalid, "read", std::move(on), std::move(detail)};
}

Result<Labels::Pair> read_label(std::string_view message) {
  Labels::Pair pair;
  protozero::pbf_reader reader = reader_of(message);
  while (reader.next()) {
    const std::uint32_t field = field_of(reader);
    if (field == bytes_field(label::name)) pair.first = view_of(reader);
    else if (field == bytes_field(label::value)) pair.second = view_of(reader);
    else if (!skip_unknown(reader, label::value)) return malformed("Label");
  }
  if (pair.first.empty()) return fault("a label", "its name is empty");
  if (find_invalid_utf8(pair.first) != std::string_view::npos) return fault("a label", "its name is not UTF-8");
  if (find_invalid_utf8(pair.second) != std::string_view::npos) return fault("label " + pair.first, "its value is not UTF-8");
  return pair;
}

}  // namespace

std::string encode_labels(const Labels& labels) {
  std::string encoded;
  protozero::pbf_writer writer(encoded);
  for (const auto& [name, value] : labels) {
    protozero::pbf_writer pair(writer, series::label);
    pair.add_string(label::name, name);
    pair.add_string(label::value, value);
  }
  return encoded;
}

Result<Labels> decode_labels(std::string_view encoded, const LabelLimits& limits) try {
  if (encoded.size() > limits.bytes_max)
    return fault("a label set", std::to_string(encoded.size()) + " bytes, expected at most " + std::to_string(limits.bytes_max));
  std::vector<Labels::Pair> pairs;
  protozero::pbf_reader reader = reader_of(encoded);
  while (reader.next()) {
    if (field_of(reader) != bytes_field(series::label)) return malformed("Label");
    if (pairs.size() == limits.label_count_max)
      return fault("a label set", "expected at most " + std::to_string(limits.label_count_max) + " labels");
    Result<Labels::Pair> pair = read_label(view_of(reader));
    if (!pair) return pair.error();
    pairs.push_back(std::move(*pair));
  }
  std::sort(pairs.begin(), pairs.end());
  const auto is_same_name = [](const Labels::Pair& left, const Labels::Pair& right) { return left.first == right.first; };
  const auto twice = std::adjacent_find(pairs.begin(), pairs.end(), is_same_name);
  if (twice != pairs.end()) return fault("label " + twice->first, "it is there twice, expected each name once");
  return Labels(std::move(pairs));
} catch (const protozero::exception&) {
  return malformed("Label");
}

void append_series(std::string& message, std::uint32_t number, std::string_view encoded_labels, std::span<const Sample> samples,
                   std::span<const HistogramSample> histograms, std::span<const ExemplarSample> exemplars) {
  protozero::pbf_writer parent(message);
  protozero::pbf_writer writer(parent, number);
  message.append(encoded_labels);
  for (const Sample& one : samples) {
    protozero::pbf_writer inner(writer, series::sample);
    inner.add_double(sample::value, one.value);
    inner.add_int64(sample::timestamp, one.at.ms);
  }
  for (const HistogramSample& one : histograms) writer.add_message(series::histogram, encode_histogram(one));
  for (const ExemplarSample& one : exemplars) {
    protozero::pbf_writer inner(writer, series::exemplar);
    for (const auto& [name, value] : one.labels) {
      protozero::pbf_writer pair(inner, exemplar::label);
      pair.add_string(label::name, name);
      pair.add_string(label::value, value);
    }
    inner.add_double(exemplar::value, one.value);
    inner.add_int64(exemplar::timestamp, one.at.ms);
  }
}

bool is_exemplar(std::string_view message) try {
  protozero::pbf_reader reader = reader_of(message);
  while (reader.next()) {
    switch (field_of(reader)) {
      case bytes_field(exemplar::label):
      case double_field(exemplar::value):
      case varint_field(exemplar::timestamp): reader.skip(); break;
      default:
        if (!skip_unknown(reader, exemplar::timestamp)) return false;
    }
  }
  return true;
} catch (const protozero::exception&) {
  return false;
}

Result<ExemplarSample> decode_exemplar(std::string_view message, const LabelLimits& limits) try {
  static_assert(exemplar::label == series::label, "labels of both are read alike");
  ExemplarSample read;
  std::string labels;
  protozero::pbf_reader reader = reader_of(message);
  while (true) {
    const char* const begin = reader.data().data();
    if (!reader.next()) break;
    switch (field_of(reader)) {
      case bytes_field(exemplar::label):
        reader.skip();
        labels.append(begin, reader.data().data());
        break;
      case double_field(exemplar::value): read.value = reader.get_double(); break;
      case varint_field(exemplar::timestamp): read.at = Instant{reader.get_int64()}; break;
      default:
        if (!skip_unknown(reader, exemplar::timestamp)) return malformed("Exemplar");
    }
  }
  Result<Labels> decoded = decode_labels(labels, limits);
  if (!decoded) return decoded.error();
  read.labels = std::move(*decoded);
  return read;
} catch (const protozero::exception&) {
  return malformed("Exemplar");
}

}  // namespace watchbill::metrics::remote
