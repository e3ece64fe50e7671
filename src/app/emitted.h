// What this program emits, for the lints of `check`: they stand below the layers that know.
#pragma once

#include <string>

#include "config/known_metrics.h"

namespace watchbill::app {

// Our own families with the closed lists of their labels, and those of probes.
[[nodiscard]] config::KnownMetrics own_metrics();

// What `serve` would read of this host now, as a page in Prometheus' text format.
[[nodiscard]] std::string host_page();

}  // namespace watchbill::app
