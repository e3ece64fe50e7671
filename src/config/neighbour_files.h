// The standard files of Prometheus and Alertmanager as they are: what `serve` runs from without a bill. Source: design/bill.md
// §4.
#pragma once

#include <vector>

#include "config/bill.h"
#include "config/prometheus_text.h"

namespace watchbill::config {

// What the flags say. Complains about the command line in place of a file.
void take_flags(const NeighbourFlags& flags, Bill& bill);

// What follows without a bill: no early looks, every alert is `unbound: drop-in`, the neighbours' paths are open on loopback.
void fill_in_for_drop_in(Bill& bill, const LoadOptions& options);

// The sections that are Prometheus', for its status page.
[[nodiscard]] std::vector<PrometheusSection> prometheus_sections(const Bill& bill);

}  // namespace watchbill::config
