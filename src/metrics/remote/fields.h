// What the readers and writers of messages share: numbers of fields that more than one of them knows, and fields whose wire type
// is checked before they are read. Internal to the folder.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include <protozero/pbf_reader.hpp>
#include <protozero/types.hpp>

#include "base/result.h"

namespace watchbill::metrics::remote {

// Of TimeSeries, Exemplar and Sample. Source: prompb/types.proto.
namespace series {
inline constexpr std::uint32_t label = 1;
inline constexpr std::uint32_t sample = 2;
inline constexpr std::uint32_t exemplar = 3;
inline constexpr std::uint32_t histogram = 4;
}  // namespace series
namespace exemplar {
inline constexpr std::uint32_t label = 1;
inline constexpr std::uint32_t value = 2;
inline constexpr std::uint32_t timestamp = 3;
}  // namespace exemplar
namespace sample {
inline constexpr std::uint32_t value = 1;
inline constexpr std::uint32_t timestamp = 2;
}  // namespace sample

// The fields that the messages have, by number and wire type. A known number of another type is a fault, an unknown number is
// passed over.
[[nodiscard]] constexpr std::uint32_t varint_field(std::uint32_t number) noexcept {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::varint);
}
[[nodiscard]] constexpr std::uint32_t double_field(std::uint32_t number) noexcept {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::fixed64);
}
[[nodiscard]] constexpr std::uint32_t bytes_field(std::uint32_t number) noexcept {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::length_delimited);
}

[[nodiscard]] inline std::uint32_t field_of(const protozero::pbf_reader& message) noexcept {
  return protozero::tag_and_type(message.tag(), message.wire_type());
}

[[nodiscard]] inline protozero::pbf_reader reader_of(std::string_view bytes) noexcept {
  return protozero::pbf_reader(bytes.data(), bytes.size());
}

[[nodiscard]] inline std::string_view view_of(protozero::pbf_reader& message) {
  const protozero::data_view view = message.get_view();
  return {view.data(), view.size()};
}

// Passes a field over that is none of the message's first `known_max`; false when it is one, of the wrong type.
[[nodiscard]] inline bool skip_unknown(protozero::pbf_reader& message, std::uint32_t known_max) {
  if (message.tag() <= known_max) return false;
  message.skip();
  return true;
}

// What a message is answered with whose bytes are none of its kind; `what` names the kind.
[[nodiscard]] inline Error malformed(const char* what) {
  return Error{ErrorKind::invalid, "read", what, "it is no such message of protobuf"};
}

}  // namespace watchbill::metrics::remote
