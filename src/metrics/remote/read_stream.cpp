#include "metrics/remote/read_stream.h"

#include <algorithm>
#include <utility>

#include <protozero/pbf_writer.hpp>

#include "base/bytes_code.h"
#include "metrics/remote/xor_chunk.h"
#include "metrics/tsdb/checksum.h"

namespace watchbill::metrics::remote {
namespace {

// Numbers of fields.
namespace response {
constexpr std::uint32_t chunked_series = 1;
constexpr std::uint32_t query_index = 2;
}  // namespace response
namespace series_field {
constexpr std::uint32_t chunks = 2;  // its labels are those of a TimeSeries
}  // namespace series_field
namespace chunk {
constexpr std::uint32_t first_ms = 1;
constexpr std::uint32_t last_ms = 2;
constexpr std::uint32_t type = 3;
constexpr std::uint32_t data = 4;
}  // namespace chunk
constexpr std::int32_t xor_type = 1;

void append_chunk(std::string& series, std::span<const Sample> samples) {
  std::string message;
  protozero::pbf_writer writer(message);
  if (samples.front().at.ms != 0) writer.add_int64(chunk::first_ms, samples.front().at.ms);
  if (samples.back().at.ms != 0) writer.add_int64(chunk::last_ms, samples.back().at.ms);
  writer.add_enum(chunk::type, xor_type);
  writer.add_bytes(chunk::data, encode_xor_chunk(samples));
  protozero::pbf_writer(series).add_message(series_field::chunks, message);
}

}  // namespace

void ReadStreamWriter::series(std::size_t query_index, std::string_view encoded_labels, std::span<const Sample> samples) {
  std::string message(encoded_labels);
  while (!samples.empty()) {
    const std::size_t count = std::min(samples.size(), chunk_sample_count_max);
    append_chunk(message, samples.first(count));
    samples = samples.subspan(count);
    if (!samples.empty() && message.size() < frame_bytes_max_) continue;
    add_frame(query_index, message);
    message = encoded_labels;
  }
}

void ReadStreamWriter::add_frame(std::size_t query_index, std::string_view series) {
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_message(response::chunked_series, series.data(), series.size());
  if (query_index != 0) writer.add_int64(response::query_index, static_cast<std::int64_t>(query_index));
  put_varint(frames_, message.size());
  const std::uint32_t sum = tsdb::checksum(message);
  for (int shift = 24; shift >= 0; shift -= 8) frames_.push_back(static_cast<char>((sum >> shift) & 0xFF));
  frames_.append(message);
}

std::string ReadStreamWriter::take() { return std::exchange(frames_, {}); }

}  // namespace watchbill::metrics::remote
