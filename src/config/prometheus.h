// The key `global` of the bill, as Prometheus has it; its scrape_configs are in scrape_jobs.h.
#pragma once

#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_metrics.h"

namespace watchbill::config {

// The defaults of scrapes and rules.
void read(const Cursor& at, GlobalConfiguration& out);

// The tables of the chapter about scraping, for documentation and tests.
[[nodiscard]] std::vector<TableView> prometheus_tables();

}  // namespace watchbill::config
