// runbooks, bindings and environments of a bill. What links them (runs, bindings that name runbooks) is checked afterwards.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_binding.h"

namespace watchbill::config {

// Add what is under the key to `out`.
void read_runbooks(const Cursor& at, std::map<std::string, ConfiguredRunbook>& out);
void read_bindings(const Cursor& at, std::map<std::string, ConfiguredBinding>& out);
void read_environments(const Cursor& at, std::map<std::string, ConfiguredEnvironment>& out);

// Names that the command line needs for itself.
[[nodiscard]] bool is_reserved_name(std::string_view name) noexcept;
// True when a mutation of this kind puts back what was there without being told how.
[[nodiscard]] bool has_built_in_undo(ActionKind kind) noexcept;

// Checks every template of a runbook against the names that exist there (.Params, .Captured, .Host, .Hosts, .Dir, .Env), and
// every text for secrets. `at` is the runbook.
void check_runbook_texts(const Cursor& at, const ConfiguredRunbook& runbook);

// The tables of this chapter, for documentation and tests.
[[nodiscard]] std::vector<TableView> runbook_tables();

}  // namespace watchbill::config
