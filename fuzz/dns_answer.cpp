// depends: wb_drivers_scrape
// Answers of name servers. The first byte chooses the type of the records; each record becomes a target with its labels.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/assert.h"
#include "drivers/scrape/dns_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace watchbill;
  if (size == 0) return 0;
  DnsDiscoveryConfiguration written;
  written.type = static_cast<DnsRecordType>(data[0] % Words<DnsRecordType>::table.size());
  written.port = 9100;
  const auto records = drivers::scrape::records_in({data + 1, size - 1}, written.type);
  if (!records) return 0;
  const auto groups = drivers::scrape::targets_in(*records, "web.example", written);
  WB_ASSERT(groups.size() == records->size(), "each record is a target");
  for (const StaticTargets& group : groups) WB_ASSERT(group.targets.size() == 1, "one address each");
  return 0;
}
