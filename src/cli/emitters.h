// Who emits which metrics, for the lints of `check`: what `--emitters` names. Source: domain/runners.md §5.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/world.h"
#include "config/known_metrics.h"

namespace watchbill::cli {

// Adds what each of `named` emits, and what is read of this host, and says that all are known now. One of them is a file or an
// URL, with a page in Prometheus' text format or OpenMetrics, or the JSON of /api/v1/metadata or /api/v1/label/__name__/values;
// the URL of a server without a path is asked for both of these, names of the last hour. Fails when one cannot be read, or is
// nothing of this.
[[nodiscard]] Result<void> add_emitters(const std::vector<std::string>& named, const World& world, config::KnownMetrics& out);

// Adds what a page or JSON holds; `name` is for the error.
[[nodiscard]] Result<void> add_emitter(std::string_view text, const std::string& name, config::KnownMetrics& out);

}  // namespace watchbill::cli
