// A selector of series by itself: `match[]` of the API, filters of verbs.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/promql/position.h"
#include "metrics/tsdb/matcher.h"

namespace watchbill::metrics::promql {

// The matchers of `name{label="value",…}`, without offset and @. Refuses every other expression (wrong_type), and (bad_selector)
// a pattern that does not compile. A selector of everything is the caller's to refuse. Pure.
[[nodiscard]] Result<std::vector<tsdb::Matcher>, ExpressionError> parse_series_selector(std::string_view text);

}  // namespace watchbill::metrics::promql
