// The keys of the bill that belong to Prometheus: global and scrape_configs.
#pragma once

#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_metrics.h"

namespace watchbill::config {

// The defaults of scrapes and rules.
void read(const Cursor& at, GlobalConfiguration& out);

// Appends the jobs of a list; interval and timeout that a job leaves out are those of `global`. Complains (duplicate_name) about
// a job that `out` has.
void read_scrape_configs(const Cursor& at, const GlobalConfiguration& global, std::vector<ScrapeConfiguration>& out);

// The tables of this chapter, for documentation and tests.
[[nodiscard]] std::vector<TableView> prometheus_tables();

}  // namespace watchbill::config
