// depends: wb_metrics_remote
// Any bytes as a request of remote read: refused or read, within bounds.
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "metrics/remote/read_request.h"

namespace remote = watchbill::metrics::remote;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = remote::decode_read_request({reinterpret_cast<const char*>(data), size}, {1U << 20, 10, 10});
  if (!read) return 0;
  WB_ASSERT(read->queries.size() <= 10, "the bound of queries holds");
  for (const remote::ReadQuery& query : read->queries) WB_ASSERT(query.matchers.size() <= 10, "the bound of matchers holds");
  return 0;
}
