// What `query` prints of an answer of Prometheus' API.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace watchbill::cli {

// The lines of `data`: a series with its value in one, or with its points below it in the order of time; "no series" of none.
// What is missing is empty, never an error.
[[nodiscard]] std::vector<std::string> query_lines(const JsonValue& data);

}  // namespace watchbill::cli
