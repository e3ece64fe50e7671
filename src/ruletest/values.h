// Values of a test file that a bill does not have. Internal to the folder.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "config/cursor.h"
#include "model/labels.h"

namespace watchbill::ruletest {

// A number as YAML 1.1 has it and Prometheus' loader takes it: 1, -2.5, 1e3, 0x1f, 010 (octal), 1_000, .inf, .nan; no quotes.
// Complains otherwise.
void read_number(const config::Cursor& at, double& out);

// Seconds since 1970, or RFC 3339.
void read_start(const config::Cursor& at, Instant& out);

// `name{label="value"}`, `{label="value"}` or nothing: labels without points. Complains otherwise.
void read_metric(const config::Cursor& at, Labels& out);

// The number of such a text; false when it is none.
[[nodiscard]] bool parse_yaml_number(std::string_view text, double& out) noexcept;

}  // namespace watchbill::ruletest
