// depends: wb_metrics_exposition
// Any bytes as a metrics page in protobuf: read to the end within bounds, with histograms that the store can read.
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "metrics/exposition/protobuf_parser.h"
#include "metrics/histogram/codec.h"

namespace exposition = watchbill::metrics::exposition;
using Entry = exposition::ProtobufParser::Entry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view page(reinterpret_cast<const char*>(data), size);
  for (const bool has_both : {false, true}) {
    exposition::TextLimits limits;
    limits.sample_count_max = 10'000;
    exposition::ProtobufParser parser(page, limits, {true, has_both});
    std::size_t count = 0;
    for (Entry entry = parser.next(); entry != Entry::end && entry != Entry::malformed; entry = parser.next()) {
      WB_ASSERT(++count <= 4 * size + 4, "a metric of four samples takes at least two bytes");
      if (entry != Entry::sample) continue;
      WB_ASSERT(watchbill::is_metric_name(parser.labels().get("__name__")), "every sample has a name");
      WB_ASSERT(!parser.series_text().empty(), "every sample has a key");
      if (parser.encoded_histogram().empty()) continue;
      const auto value = watchbill::metrics::histogram::decode(parser.encoded_histogram());
      WB_ASSERT(value && watchbill::metrics::histogram::check(*value), "what is given is a histogram");
    }
  }
  return 0;
}
