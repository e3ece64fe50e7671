// What waits for a person, as `status` shows it: each with the command to type next. Quiet sections take no lines.
#pragma once

#include "base/json.h"
#include "cli/terminal.h"

namespace watchbill::cli {

// The holds, runs, suggested plans, refused bindings and dead letters of an answer of /status.
void print_attention(Terminal& terminal, const JsonValue& status);

// Something of an answer of /status is wrong or waits for a person: an alert fires; a run, suggestion or dead letter waits; a
// target is down, a rule or workload fails, a bill was refused, the journal cannot be written, or there is a warning. A hold is
// somebody's decision, and of a refusal the alert tells.
[[nodiscard]] bool has_warning(const JsonValue& status);

// The commands of `next`, one a line, behind what each is for.
void print_next(Terminal& terminal, const JsonValue& item, std::string_view indent);

}  // namespace watchbill::cli
