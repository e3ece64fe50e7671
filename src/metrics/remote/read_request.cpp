#include "metrics/remote/read_request.h"

#include <utility>

#include <protozero/exception.hpp>
#include <protozero/pbf_writer.hpp>

#include "base/json.h"
#include "metrics/remote/fields.h"

namespace watchbill::metrics::remote {
namespace {

// Numbers of fields.
namespace request {
constexpr std::uint32_t queries = 1;
constexpr std::uint32_t accepted_response_types = 2;
}  // namespace request
namespace query {
constexpr std::uint32_t from = 1;
constexpr std::uint32_t to = 2;
constexpr std::uint32_t matchers = 3;
constexpr std::uint32_t hints = 4;
}  // namespace query
namespace matcher {
constexpr std::uint32_t type = 1;
constexpr std::uint32_t name = 2;
constexpr std::uint32_t value = 3;
}  // namespace matcher
constexpr std::uint32_t results = 1;
constexpr std::uint32_t timeseries = 1;
constexpr std::int32_t samples_type = 0;
constexpr std::int32_t chunks_type = 1;

Error fault(std::string detail, ErrorKind kind = ErrorKind::invalid) {
  return Error{kind, "read", "ReadRequest", std::move(detail)};
}

Result<ReadMatcher> read_matcher(std::string_view message) {
  ReadMatcher read;
  protozero::pbf_reader reader = reader_of(message);
  while (reader.next()) {
    const std::uint32_t field = field_of(reader);
    if (field == varint_field(matcher::type)) {
      const std::int32_t type = reader.get_enum();
      if (type < 0 || type > static_cast<std::int32_t>(ReadMatch::matches_not))
        return fault("expected a matcher of type 0 to 3, found " + std::to_string(type));
      read.match = static_cast<ReadMatch>(type);
    } else if (field == bytes_field(matcher::name)) {
      read.name = view_of(reader);
    } else if (field == bytes_field(matcher::value)) {
      read.value = view_of(reader);
    } else if (!skip_unknown(reader, matcher::value)) {
      return malformed("LabelMatcher");
    }
  }
  if (find_invalid_utf8(read.name) != std::string_view::npos || find_invalid_utf8(read.value) != std::string_view::npos)
    return fault("a matcher is not UTF-8");
  return read;
}

Result<ReadQuery> read_query(std::string_view message, const ReadLimits& limits) {
  ReadQuery read;
  protozero::pbf_reader reader = reader_of(message);
  while (reader.next()) {
    const std::uint32_t field = field_of(reader);
    if (field == varint_field(query::from)) {
      read.from = Instant{reader.get_int64()};
    } else if (field == varint_field(query::to)) {
      read.to = Instant{reader.get_int64()};
    } else if (field == bytes_field(query::matchers)) {
      if (read.matchers.size() == limits.matcher_count_max)
        return fault("expected at most " + std::to_string(limits.matcher_count_max) + " matchers in one query",
                     ErrorKind::exhausted);
      Result<ReadMatcher> one = read_matcher(view_of(reader));
      if (!one) return one.error();
      read.matchers.push_back(std::move(*one));
    } else if (field == bytes_field(query::hints)) {
      reader.skip();
    } else if (!skip_unknown(reader, query::hints)) {
      return malformed("Query");
    }
  }
  return read;
}

// Types stand packed or one by one.
std::vector<std::int32_t> read_types(protozero::pbf_reader& reader) {
  if (field_of(reader) == varint_field(request::accepted_response_types)) return {reader.get_enum()};
  if (field_of(reader) != bytes_field(request::accepted_response_types)) throw protozero::unknown_pbf_wire_type_exception{};
  const auto packed = reader.get_packed_enum();
  return {packed.begin(), packed.end()};
}

}  // namespace

Result<ReadRequest> decode_read_request(std::string_view body, const ReadLimits& limits) try {
  ReadRequest read;
  bool names_types = false;
  bool has_samples = false;
  protozero::pbf_reader reader = reader_of(body);
  while (reader.next()) {
    if (field_of(reader) == bytes_field(request::queries)) {
      if (read.queries.size() == limits.query_count_max)
        return fault("expected at most " + std::to_string(limits.query_count_max) + " queries", ErrorKind::exhausted);
      Result<ReadQuery> one = read_query(view_of(reader), limits);
      if (!one) return one.error();
      read.queries.push_back(std::move(*one));
    } else if (reader.tag() == request::accepted_response_types) {
      names_types = true;
      for (const std::int32_t type : read_types(reader)) {
        if (type == chunks_type && !has_samples) read.prefers_chunks = true;
        if (type == samples_type) has_samples = true;
      }
    } else if (!skip_unknown(reader, request::accepted_response_types)) {
      return malformed("ReadRequest");
    }
  }
  read.accepts_samples = !names_types || has_samples;
  return read;
} catch (const protozero::exception&) {
  return malformed("ReadRequest");
}

void ReadResponseWriter::begin_result() {
  end_result();
  has_result_ = true;
}

void ReadResponseWriter::series(std::string_view encoded_labels, std::span<const Sample> samples,
                                std::span<const HistogramSample> histograms) {
  append_series(result_, timeseries, encoded_labels, samples, histograms);
}

void ReadResponseWriter::end_result() {
  if (!has_result_) return;
  protozero::pbf_writer(message_).add_message(results, result_);
  result_.clear();
  has_result_ = false;
}

std::string ReadResponseWriter::take() {
  end_result();
  return std::exchange(message_, {});
}

}  // namespace watchbill::metrics::remote
