// Actions of steps: what is read, probed, changed and asked. Source: design/bill.md §2.1, domain/plans.md §3.3.
#pragma once

#include <optional>
#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_runbook.h"

namespace watchbill::config {

// One action of `read` or `probe`: query, http, tcp, exec, shell.
void read_observation(const Cursor& at, std::vector<ConfiguredAction>& out);
// One action of `do` or `undo`, or a list of them.
void read_changes(const Cursor& at, std::vector<ConfiguredAction>& out);
// The question of `verify` and `verify_undo`, with its cadence.
void read_check(const Cursor& at, std::optional<ConfiguredCheck>& out);
// The condition of `wait_for`.
void read_wait(const Cursor& at, std::optional<ConfiguredCheck>& out);

// The tables of this chapter, for documentation and tests.
[[nodiscard]] std::vector<TableView> action_tables();

}  // namespace watchbill::config
