// depends: wb_metrics_exposition
// Any bytes as a metrics page: read to the end within bounds, and what is read survives being written and read again.
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "metrics/exposition/page.h"
#include "metrics/exposition/text_parser.h"

namespace exposition = watchbill::metrics::exposition;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  exposition::TextParser parser(text);
  std::map<watchbill::Labels, double> seen;
  exposition::Page page;
  std::size_t entries = 0;
  for (auto entry = parser.next(); entry != exposition::TextParser::Entry::end; entry = parser.next()) {
    if (entry == exposition::TextParser::Entry::malformed) return 0;
    WB_ASSERT(++entries <= size, "every entry takes at least one byte");
    if (entry == exposition::TextParser::Entry::help) (void)parser.help();
    if (entry != exposition::TextParser::Entry::sample) continue;
    watchbill::Labels labels = parser.labels();
    if (!seen.emplace(labels, parser.value()).second) continue;
    labels.remove(watchbill::metric_name_label);
    page.untyped({parser.metric_name(), ""}, labels, parser.value());
  }
  const std::string written = page.text();
  exposition::TextParser again(written);
  std::size_t count = 0;
  for (auto entry = again.next(); entry != exposition::TextParser::Entry::end; entry = again.next()) {
    WB_ASSERT(entry != exposition::TextParser::Entry::malformed, "what Page writes TextParser reads");
    if (entry != exposition::TextParser::Entry::sample) continue;
    ++count;
    const auto at = seen.find(again.labels());
    WB_ASSERT(at != seen.end(), "labels survive");
    WB_ASSERT(std::bit_cast<std::uint64_t>(at->second) == std::bit_cast<std::uint64_t>(again.value()),
              "values survive bit for bit");
  }
  WB_ASSERT(count == seen.size(), "no series is lost");
  return 0;
}
