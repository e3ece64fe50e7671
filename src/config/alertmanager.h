// An unmodified Alertmanager file, as far as it is carried out: routes, inhibition, time intervals and webhook receivers.
// The rest is refused by name.
#pragma once

#include <optional>
#include <vector>

#include "config/cursor.h"
#include "config/load.h"
#include "config/reader.h"
#include "model/configuration_routing.h"

namespace watchbill::config {

// Reads a whole file, and of `files` the time zones that it names. Complains as other readers do; what it gives counts only when
// nothing was complained about.
[[nodiscard]] RoutingConfiguration read_alertmanager_file(const Cursor& at, const FileReader& files);

// The tables of this chapter, for documentation and tests.
[[nodiscard]] std::vector<TableView> alertmanager_tables();

}  // namespace watchbill::config
