// depends: wb_metrics_exposition
// Any bytes as a metrics page: read to the end within bounds, and what is read survives being written and read again.
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "metrics/exposition/page.h"
#include "metrics/exposition/text_parser.h"

namespace exposition = watchbill::metrics::exposition;

namespace {

// Read again, each time expecting the series `ahead` of the one that comes: nothing else may be found.
void check_expected(std::string_view text, const std::vector<std::pair<std::string_view, double>>& samples, std::size_t ahead) {
  exposition::TextParser parser(text);
  for (std::size_t i = 0;;) {
    parser.expect(i + ahead < samples.size() ? samples[i + ahead].first : std::string_view());
    const auto entry = parser.next();
    WB_ASSERT(entry != exposition::TextParser::Entry::malformed, "the page was read before");
    if (entry == exposition::TextParser::Entry::end) {
      WB_ASSERT(i == samples.size(), "no sample is lost");
      return;
    }
    if (entry != exposition::TextParser::Entry::sample) continue;
    WB_ASSERT(i < samples.size() && parser.series_text() == samples[i].first, "the same series");
    WB_ASSERT(std::bit_cast<std::uint64_t>(parser.value()) == std::bit_cast<std::uint64_t>(samples[i].second), "the same value");
    ++i;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  exposition::TextParser parser(text);
  std::map<watchbill::Labels, double> seen;
  std::vector<std::pair<std::string_view, double>> samples;
  exposition::Page page;
  std::size_t entries = 0;
  for (auto entry = parser.next(); entry != exposition::TextParser::Entry::end; entry = parser.next()) {
    if (entry == exposition::TextParser::Entry::malformed) return 0;
    WB_ASSERT(++entries <= size, "every entry takes at least one byte");
    if (entry == exposition::TextParser::Entry::help) (void)parser.help();
    if (entry != exposition::TextParser::Entry::sample) continue;
    samples.emplace_back(parser.series_text(), parser.value());
    watchbill::Labels labels = parser.labels();
    if (!seen.emplace(labels, parser.value()).second) continue;
    labels.remove(watchbill::metric_name_label);
    page.untyped({parser.metric_name(), ""}, labels, parser.value());
  }
  check_expected(text, samples, 0);
  check_expected(text, samples, 1);
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
