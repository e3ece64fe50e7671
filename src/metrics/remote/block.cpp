#include "metrics/remote/block.h"

#include <snappy.h>

namespace watchbill::metrics::remote {
namespace {

// The densest element is a copy of 64 bytes in 3: who claims more lies about the length.
constexpr std::size_t expansion_max = 22;

Error fault(ErrorKind kind, std::string detail) { return Error{kind, "decompress", "the body", std::move(detail)}; }

}  // namespace

std::string compress(std::string_view bytes) {
  std::string block;
  snappy::Compress(bytes.data(), bytes.size(), &block);
  return block;
}

Result<std::string> decompress(std::string_view block, std::size_t bytes_max) {
  std::size_t length = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &length) || length > block.size() * expansion_max)
    return fault(ErrorKind::invalid, "expected one block of snappy");
  if (length > bytes_max)
    return fault(ErrorKind::exhausted,
                 std::to_string(length) + " bytes when decompressed, expected at most " + std::to_string(bytes_max));
  std::string bytes(length, '\0');
  if (!snappy::RawUncompress(block.data(), block.size(), bytes.data()))
    return fault(ErrorKind::invalid, "expected one block of snappy");
  return bytes;
}

}  // namespace watchbill::metrics::remote
