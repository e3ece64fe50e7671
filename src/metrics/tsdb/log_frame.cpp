#include "metrics/tsdb/log_frame.h"

#include <array>
#include <cstring>

#include "base/sha256.h"
#include "metrics/tsdb/numbered_names.h"

namespace watchbill::metrics::tsdb {
namespace {

constexpr std::string_view mark = "WBs1";
constexpr std::size_t length_bytes = 4;
constexpr std::size_t checksum_bytes = 8;
static_assert(log_header_bytes == mark.size() + length_bytes + checksum_bytes);
constexpr std::string_view suffix = ".log";

using Checksum = std::array<char, checksum_bytes>;

Checksum checksum_of(std::string_view length, std::string_view payload) noexcept {
  const Digest digest = Sha256().add(length).add(payload).finish();
  Checksum checksum;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled in the next line
  std::memcpy(checksum.data(), digest.bytes.data(), checksum.size());
  return checksum;
}

std::size_t length_at(std::string_view bytes) noexcept {
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i)
    length |= std::size_t{static_cast<std::uint8_t>(bytes[mark.size() + i])} << (8 * i);
  return length;
}

}  // namespace

std::string file_name(LogSegment segment) { return numbered_name({segment.run, segment.segment}, suffix); }

std::optional<LogSegment> segment_of(std::string_view name) {
  const std::optional<NamePair> numbers = numbers_of(name, suffix);
  if (!numbers) return std::nullopt;
  return LogSegment{numbers->first, numbers->second};
}

void append_framed(std::string& out, std::string_view payload) {
  std::string length;
  for (std::size_t i = 0; i < length_bytes; ++i) length.push_back(static_cast<char>(payload.size() >> (8 * i)));
  const Checksum checksum = checksum_of(length, payload);
  out.reserve(out.size() + log_header_bytes + payload.size());
  out.append(mark).append(length).append(checksum.data(), checksum.size()).append(payload);
}

std::optional<std::string_view> payload_at(std::string_view bytes) noexcept {
  if (bytes.size() < log_header_bytes || !bytes.starts_with(mark)) return std::nullopt;
  const std::size_t length = length_at(bytes);
  if (length > bytes.size() - log_header_bytes) return std::nullopt;
  const std::string_view payload = bytes.substr(log_header_bytes, length);
  const Checksum checksum = checksum_of(bytes.substr(mark.size(), length_bytes), payload);
  if (std::string_view(checksum.data(), checksum.size()) != bytes.substr(mark.size() + length_bytes, checksum_bytes))
    return std::nullopt;
  return payload;
}

std::uint64_t claimed_bytes(std::string_view bytes) noexcept {
  if (bytes.size() < log_header_bytes || !bytes.starts_with(mark)) return 0;
  return std::uint64_t{log_header_bytes} + length_at(bytes);
}

std::size_t next_record(std::string_view bytes, std::size_t from) noexcept {
  for (std::size_t at = bytes.find(mark, from); at != std::string_view::npos; at = bytes.find(mark, at + 1))
    if (payload_at(bytes.substr(at)).has_value()) return at;
  return bytes.size();
}

bool is_torn(std::string_view bytes) noexcept {
  if (bytes.size() < log_header_bytes) return bytes.starts_with(mark) || mark.starts_with(bytes.substr(0, mark.size()));
  return bytes.starts_with(mark) && length_at(bytes) > bytes.size() - log_header_bytes;
}

}  // namespace watchbill::metrics::tsdb
