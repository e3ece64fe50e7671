// The key remote_write of the bill: who else gets the samples, as Prometheus has it.
#pragma once

#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_remote.h"

namespace watchbill::config {

// Appends the remotes of a list. Complains (duplicate_name) about one whose name `out` has, and about one that is wholly alike.
void read_remote_write(const Cursor& at, std::vector<RemoteWriteConfiguration>& out);

// The tables of a remote, of queue_config and of metadata_config.
[[nodiscard]] std::vector<TableView> remote_write_tables();

}  // namespace watchbill::config
