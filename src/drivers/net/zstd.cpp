#include "drivers/net/zstd.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <array>
#include <memory>
#include <utility>

namespace watchbill::drivers::net {
namespace {

constexpr int window_log_max = 23;  // 8 MiB

struct Freed {
  void operator()(ZSTD_DStream* stream) const noexcept { ZSTD_freeDStream(stream); }
};

// Whether a frame of RFC 8878 begins here, a skippable one too. The library reads those of its formats before the RFC as well,
// and for them has no bound of the window: a few bytes take 128 MiB.
bool is_frame(std::string_view bytes) noexcept {
  const std::string_view magic = bytes.substr(0, 4);
  if (magic == "\x28\xb5\x2f\xfd") return true;
  return magic.size() == 4 && magic.front() >= '\x50' && magic.front() <= '\x5f' && magic.substr(1) == "\x2a\x4d\x18";
}

Error why(std::size_t code) {
  const auto fault = [](ErrorKind kind, std::string detail) { return Error{kind, "decompress", "the body", std::move(detail)}; };
  switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_frameParameter_windowTooLarge:
      return fault(ErrorKind::exhausted, "its zstd asks for a window of more than 8 MiB");
    case ZSTD_error_memory_allocation: return fault(ErrorKind::exhausted, "no memory");
    default: return fault(ErrorKind::invalid, std::string("this is no zstd: ") + ZSTD_getErrorName(code));
  }
}

}  // namespace

Result<std::string> unzstd(std::string_view bytes, std::size_t bytes_max) {
  const std::unique_ptr<ZSTD_DStream, Freed> stream{ZSTD_createDStream()};
  if (!stream) return Error{ErrorKind::exhausted, "decompress", "the body", "no memory"};
  if (const std::size_t set = ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, window_log_max); ZSTD_isError(set))
    return why(set);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::string out;
  std::array<char, 64U << 10> block;  // NOLINT(cppcoreguidelines-pro-type-member-init): what is read was written before
  std::size_t wanted = 0;             // of the frame that is read: 0 when it has ended
  bool is_block_full = false;         // then there may be more, though all of `bytes` was taken
  const auto no_zstd = [] { return Error{ErrorKind::invalid, "decompress", "the body", "this is no zstd, or not all of it"}; };
  if (bytes.empty()) return no_zstd();
  while (in.pos < in.size || is_block_full) {
    if (wanted == 0 && !is_frame(bytes.substr(in.pos))) return no_zstd();
    ZSTD_outBuffer piece{block.data(), block.size(), 0};
    wanted = ZSTD_decompressStream(stream.get(), &piece, &in);
    if (ZSTD_isError(wanted)) return why(wanted);
    out.append(block.data(), piece.pos);
    if (out.size() > bytes_max)
      return Error{ErrorKind::exhausted, "decompress", "the body", "it has more than " + std::to_string(bytes_max) + " bytes"};
    is_block_full = piece.pos == piece.size && wanted != 0;
  }
  if (wanted != 0) return no_zstd();
  return out;
}

}  // namespace watchbill::drivers::net
