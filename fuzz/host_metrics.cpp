// depends: wb_drivers_scrape
// Any bytes as each of the texts of /proc: read to the end, and what comes out makes a page that reads back.
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/assert.h"
#include "drivers/scrape/host_metrics.h"
#include "metrics/exposition/text_parser.h"

namespace scrape = watchbill::drivers::scrape;
namespace exposition = watchbill::metrics::exposition;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  scrape::HostMetrics metrics;
  switch (data[0] % 7) {
    case 0: scrape::read_stat(text, metrics); break;
    case 1: scrape::read_meminfo(text, metrics); break;
    case 2: scrape::read_loadavg(text, metrics); break;
    case 3: scrape::read_net_dev(text, metrics); break;
    case 4: scrape::read_diskstats(text, metrics); break;
    case 5: scrape::read_file_nr(text, metrics); break;
    default:
      for (const scrape::Mount& mount : scrape::read_mountinfo(text, metrics))
        scrape::add_filesystem(mount, std::nullopt, metrics);
  }
  exposition::Page page;
  scrape::write(metrics, page);
  const std::string written = page.text();
  exposition::TextParser parser(written);
  auto entry = parser.next();
  while (entry != exposition::TextParser::Entry::end && entry != exposition::TextParser::Entry::malformed) entry = parser.next();
  WB_ASSERT(entry == exposition::TextParser::Entry::end, "the page of any host is well formed");
  return 0;
}
