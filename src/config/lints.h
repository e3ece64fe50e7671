// The lints of rules: what is no error in a rule, and will surprise its author. Source: domain/runners.md §5 (metric lint),
// docs/lints.md, which says of each what it looks for, how to mend it and how to turn it off.
#pragma once

#include <span>
#include <string_view>

#include "config/known_metrics.h"
#include "config/rules.h"

namespace watchbill::config {

// All codes, in the order of docs/lints.md.
[[nodiscard]] std::span<const std::string_view> lint_codes() noexcept;
[[nodiscard]] bool is_lint(std::string_view code) noexcept;

// Lints the rules of all files together, so that what one records is known to the others. `written`: where each rule is written,
// in their order; rules whose expression does not parse are passed over. Warnings, and mistakes where domain/runners.md says so.
void lint_rules(std::span<const WrittenRule> written, const std::vector<RuleGroupConfiguration>& groups,
                const std::map<std::string, HysteresisConfiguration>& hysteresis, const KnownMetrics& known, Report& report);

}  // namespace watchbill::config
