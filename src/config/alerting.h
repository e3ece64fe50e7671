// The key `alerting` of a Prometheus file or a bill: Alertmanagers that are told of alerts. One that is this very program needs
// no telling: its routing is --alertmanager.config, or alertmanager_config.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_alerting.h"

namespace watchbill::config {

// Reads the key's value. Complains as all readers of the bill do.
void read_alerting(const Cursor& at, AlertingConfiguration& out);

// Takes out those at `own_addresses` ("localhost" is 127.0.0.1) without a path: they are this program.
void drop_own_alertmanagers(AlertingConfiguration& alerting, std::span<const std::string> own_addresses);

// The tables of this chapter.
[[nodiscard]] std::vector<TableView> alerting_tables();

}  // namespace watchbill::config
