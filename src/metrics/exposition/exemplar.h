// One exemplar, as a page has it.
#pragma once

#include <cstdint>
#include <optional>

#include "model/labels.h"

namespace watchbill::metrics::exposition {

// One observation that a target picked to stand for others.
struct Exemplar {
  Labels labels;
  double value{0};
  std::optional<std::int64_t> timestamp_ms;
};

}  // namespace watchbill::metrics::exposition
