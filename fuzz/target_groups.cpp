// depends: wb_config wb_base wb_model
// Any bytes as a discovery file or answer: groups or one error that says where, and what is read has addresses and label names.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "config/discovery.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using watchbill::config::GroupSyntax;
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const GroupSyntax syntax : {GroupSyntax::json, GroupSyntax::yaml}) {
    const auto groups = watchbill::config::parse_target_groups(text, "f", syntax);
    if (!groups) {
      WB_ASSERT(groups.error().on == "f" && !groups.error().detail.empty(), "an error says where and what");
      continue;
    }
    for (const watchbill::StaticTargets& group : *groups) {
      for (const std::string& address : group.targets) WB_ASSERT(!address.empty(), "an address is something");
      for (const auto& [name, value] : group.labels) WB_ASSERT(watchbill::is_label_name(name), "a label has a name");
    }
  }
  return 0;
}
