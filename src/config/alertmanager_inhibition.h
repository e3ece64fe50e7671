// The inhibition rules of an Alertmanager file.
#pragma once

#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_routing.h"

namespace watchbill::config {

// Of one file: every alert that begins or ends is held against all of them. The largest public files have some tens.
inline constexpr std::size_t inhibit_rules_max = 1'000;

// Reads the list. Warns (inhibits_everything) of a rule one side of which has no matcher: every alert is on that side. Where both
// have none, the rule inhibits nothing (inhibits_nothing).
void read_inhibit_rules(const Cursor& at, std::vector<InhibitRuleConfiguration>& out);

// The tables of this part, for documentation and tests.
[[nodiscard]] std::vector<TableView> inhibition_tables();

}  // namespace watchbill::config
