// An unmodified Alertmanager file, as far as it is carried out: routes and webhook receivers. The rest is refused by name.
#pragma once

#include <optional>
#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_routing.h"

namespace watchbill::config {

// Reads a whole file. Complains as other readers do; what it gives counts only when nothing was complained about.
[[nodiscard]] RoutingConfiguration read_alertmanager_file(const Cursor& at);

// The tables of this chapter, for documentation and tests.
[[nodiscard]] std::vector<TableView> alertmanager_tables();

}  // namespace watchbill::config
