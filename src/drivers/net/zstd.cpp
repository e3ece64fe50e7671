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
  std::size_t wanted = 1;             // of the frame that is read: 0 when it has ended
  bool is_block_full = false;         // then there may be more, though all of `bytes` was taken
  while (in.pos < in.size || is_block_full) {
    ZSTD_outBuffer piece{block.data(), block.size(), 0};
    wanted = ZSTD_decompressStream(stream.get(), &piece, &in);
    if (ZSTD_isError(wanted)) return why(wanted);
    out.append(block.data(), piece.pos);
    if (out.size() > bytes_max)
      return Error{ErrorKind::exhausted, "decompress", "the body", "it has more than " + std::to_string(bytes_max) + " bytes"};
    is_block_full = piece.pos == piece.size && wanted != 0;
  }
  if (wanted != 0) return Error{ErrorKind::invalid, "decompress", "the body", "this is no zstd, or not all of it"};
  return out;
}

}  // namespace watchbill::drivers::net
