// What a configuration says in Prometheus' own words, for /api/v1/status/config: YAML as Prometheus prints it, defaults filled
// in, `<secret>` for secrets, and paths as they are opened.
#pragma once

#include <string>
#include <vector>

#include "config/cursor.h"

namespace watchbill::config {

// One top-level key with its value; the values of a list that several files write are joined.
struct PrometheusSection {
  std::string_view name;
  const SourceFile* file{nullptr};
  NodeIndex value{no_node};
};

// Holds: the sections were read without complaint. Pure.
[[nodiscard]] std::string prometheus_text(const std::vector<PrometheusSection>& sections);

}  // namespace watchbill::config
