// Order of texts with numbers in them as people count: "host2" before "host10". Source: sort_by_label() of Prometheus.
#pragma once

#include <string_view>

namespace watchbill::metrics::promql {

// A strict weak order: runs of digits compare as numbers, everything else by bytes; equal numbers by their spelling.
[[nodiscard]] bool natural_less(std::string_view left, std::string_view right) noexcept;

}  // namespace watchbill::metrics::promql
