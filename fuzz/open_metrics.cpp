// depends: wb_metrics_exposition
// Any bytes as an OpenMetrics page: read to the end within bounds; a page that has no end is never taken, and what is read can be
// written and read again.
#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "metrics/exposition/open_metrics_parser.h"
#include "metrics/exposition/page.h"
#include "metrics/exposition/page_format.h"

namespace exposition = watchbill::metrics::exposition;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Entry = exposition::OpenMetricsParser::Entry;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)exposition::page_format(text);
  exposition::OpenMetricsParser parser(text);
  std::map<watchbill::Labels, double> seen;
  exposition::Page page;
  std::size_t entries = 0;
  for (Entry entry = parser.next(); entry != Entry::end; entry = parser.next()) {
    if (entry == Entry::malformed) {
      WB_ASSERT(!parser.error().detail.empty(), "an error says what was expected");
      return 0;
    }
    WB_ASSERT(++entries <= size, "every entry takes at least one byte");
    if (entry == Entry::help) (void)parser.help();
    if (entry != Entry::sample) continue;
    if (const auto exemplar = parser.exemplar()) WB_ASSERT(exemplar->labels.size() <= 64, "128 characters are not more names");
    watchbill::Labels labels = parser.labels();
    if (!seen.emplace(labels, parser.value()).second) continue;
    labels.remove(watchbill::metric_name_label);
    page.untyped({parser.metric_name(), ""}, labels, parser.value());
  }
  WB_ASSERT(text.find("# EOF") != std::string_view::npos, "only a page with an end ends");
  // Samples are written alike in both formats, and metadata without a type of the text format alone is left out.
  std::string written;
  const std::string page_text = page.text();
  for (std::string_view rest = page_text; !rest.empty();) {
    const std::string line(rest.substr(0, rest.find('\n') + 1));
    rest.remove_prefix(line.size());
    if (!line.starts_with('#')) written += line;
  }
  written += "# EOF\n";
  exposition::OpenMetricsParser again(written);
  std::size_t count = 0;
  for (Entry entry = again.next(); entry != Entry::end; entry = again.next()) {
    WB_ASSERT(entry == Entry::sample, "what was written is read");
    ++count;
    const auto at = seen.find(again.labels());
    WB_ASSERT(at != seen.end(), "labels survive");
    WB_ASSERT(std::bit_cast<std::uint64_t>(at->second) == std::bit_cast<std::uint64_t>(again.value()),
              "values survive bit for bit");
  }
  WB_ASSERT(count == seen.size(), "no series is lost");
  return 0;
}
