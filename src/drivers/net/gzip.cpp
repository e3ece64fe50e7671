#include "drivers/net/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "ports/http.h"

namespace watchbill::drivers::net {
namespace {

constexpr int gzip_window_bits = 15 + 16;  // zlib: +16 for the gzip header and trailer

std::string_view trim(std::string_view text) noexcept {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// "q=0", "q=0.0", "q=0.000": refused; every other quality is a yes.
bool is_quality_zero(std::string_view parameter) noexcept {
  parameter = trim(parameter);
  if (parameter.size() < 3 || (parameter[0] != 'q' && parameter[0] != 'Q') || parameter[1] != '=' || parameter[2] != '0')
    return false;
  return parameter.find_first_not_of("0.", 2) == std::string_view::npos;
}

}  // namespace

std::optional<std::string> gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) return std::nullopt;
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  // zlib's interface predates const; it does not write to its input.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  WB_ASSERT(result == Z_STREAM_END, "deflateBound() is the room that one deflate() needs");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max) {
  const auto fault = [](ErrorKind kind, std::string detail) { return Error{kind, "decompress", "the body", std::move(detail)}; };
  z_stream stream{};
  if (inflateInit2(&stream, gzip_window_bits) != Z_OK) return fault(ErrorKind::exhausted, "no memory");
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, 64U << 10> block;  // NOLINT(cppcoreguidelines-pro-type-member-init): inflate() writes what is read
  int result = Z_OK;
  while (result == Z_OK && out.size() <= bytes_max) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    result = inflate(&stream, Z_NO_FLUSH);
    out.append(block.data(), block.size() - stream.avail_out);
    if (result == Z_STREAM_END && stream.avail_in > 0) result = inflateReset(&stream);
  }
  inflateEnd(&stream);
  if (out.size() > bytes_max) return fault(ErrorKind::exhausted, "it has more than " + std::to_string(bytes_max) + " bytes");
  if (result != Z_STREAM_END) return fault(ErrorKind::invalid, "this is no gzip, or not all of it");
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) noexcept {
  bool covered_by_star = false;
  while (!accept_encoding.empty()) {
    const std::size_t end = std::min(accept_encoding.find(','), accept_encoding.size());
    const std::string_view part = accept_encoding.substr(0, end);
    accept_encoding.remove_prefix(std::min(end + 1, accept_encoding.size()));
    const std::size_t semicolon = std::min(part.find(';'), part.size());
    const std::string_view coding = trim(part.substr(0, semicolon));
    const bool allowed = semicolon == part.size() || !is_quality_zero(part.substr(semicolon + 1));
    if (ports::is_equal_ignoring_case(coding, "gzip") || ports::is_equal_ignoring_case(coding, "x-gzip")) return allowed;
    if (coding == "*") covered_by_star = allowed;
  }
  return covered_by_star;
}

}  // namespace watchbill::drivers::net
