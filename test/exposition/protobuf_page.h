// Metrics pages in protobuf, made by the test's own hand: what targets with client libraries of Go and Java answer.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <protozero/pbf_writer.hpp>

namespace watchbill::metrics::exposition {

using ProtobufLabels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// A family's message behind its length.
inline std::string delimited(const std::string& message) {
  std::string out;
  protozero::write_varint(std::back_inserter(out), message.size());
  return out + message;
}

// A metric: labels, then the member that holds its value.
inline std::string protobuf_metric(ProtobufLabels labels, std::uint32_t member, const std::string& value,
                                   std::int64_t timestamp_ms = 0) {
  std::string out;
  protozero::pbf_writer writer(out);
  for (const auto& [name, text] : labels) {
    protozero::pbf_writer label(writer, 1);
    label.add_string(1, name.data(), name.size());
    label.add_string(2, text.data(), text.size());
  }
  writer.add_message(member, value);
  if (timestamp_ms != 0) writer.add_int64(6, timestamp_ms);
  return out;
}

// Types: 0 counter, 1 gauge, 2 summary, 3 untyped, 4 histogram, 5 gauge histogram.
inline std::string protobuf_family(std::string_view name, std::string_view help, std::int32_t type,
                                   const std::vector<std::string>& metrics) {
  std::string out;
  protozero::pbf_writer writer(out);
  writer.add_string(1, name.data(), name.size());
  writer.add_string(2, help.data(), help.size());
  writer.add_enum(3, type);
  for (const std::string& metric : metrics) writer.add_message(4, metric);
  return delimited(out);
}

// A counter, gauge or untyped value.
inline std::string protobuf_single(double value) {
  std::string out;
  protozero::pbf_writer(out).add_double(1, value);
  return out;
}

// An exemplar with one label; without a time when `at_ms` is 0.
inline std::string protobuf_exemplar(std::string_view name, std::string_view label_value, double value, std::int64_t at_ms) {
  std::string out;
  protozero::pbf_writer writer(out);
  {
    protozero::pbf_writer pair(writer, 1);
    pair.add_string(1, name.data(), name.size());
    pair.add_string(2, label_value.data(), label_value.size());
  }
  writer.add_double(2, value);
  if (at_ms != 0) {
    protozero::pbf_writer time(writer, 3);
    time.add_int64(1, at_ms / 1000);
    time.add_int32(2, static_cast<std::int32_t>(at_ms % 1000 * 1'000'000));
  }
  return out;
}

struct ProtobufBucket {
  double upper{0};
  std::uint64_t count{0};
  std::string exemplar{};
};

// A histogram: 7 observations with sum 18.4, classic buckets as given, and with `is_native` schema
// 3, one in the zero bucket, 2 and 4 in the buckets 1 and 2.
inline std::string protobuf_histogram(const std::vector<ProtobufBucket>& classic, bool is_native) {
  std::string out;
  protozero::pbf_writer writer(out);
  writer.add_uint64(1, 7);
  writer.add_double(2, 18.4);
  for (const ProtobufBucket& bucket : classic) {
    protozero::pbf_writer inner(writer, 3);
    inner.add_uint64(1, bucket.count);
    inner.add_double(2, bucket.upper);
    if (!bucket.exemplar.empty()) inner.add_message(3, bucket.exemplar);
  }
  if (!is_native) return out;
  writer.add_sint32(5, 3);
  writer.add_double(6, 0.001);
  writer.add_uint64(7, 1);
  {
    protozero::pbf_writer span(writer, 12);
    span.add_sint32(1, 1);
    span.add_uint32(2, 2);
  }
  const std::vector<std::int64_t> deltas{2, 2};
  writer.add_packed_sint64(13, deltas.begin(), deltas.end());
  writer.add_message(15, std::string());  // created
  return out;
}

}  // namespace watchbill::metrics::exposition
