// The lists of relabelling rules: relabel_configs, metric_relabel_configs, write_relabel_configs and alert_relabel_configs.
#pragma once

#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_scrape.h"

namespace watchbill::config {

// Complains about rules that metrics/relabel would not take.
void read_relabel_rules(const Cursor& at, std::vector<RelabelConfiguration>& out);

// The table of a rule.
[[nodiscard]] std::vector<TableView> relabel_tables();

}  // namespace watchbill::config
