// depends: wb_metrics_histogram
// Bytes of a chunk or a log as a native histogram: what is read is written again as a histogram that reads the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "metrics/histogram/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace watchbill::metrics::histogram;
  const auto histogram = decode(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!histogram) return 0;
  const std::string written = encode(*histogram);
  const auto again = decode(written);
  if (!again || encode(*again) != written) std::abort();
  return 0;
}
