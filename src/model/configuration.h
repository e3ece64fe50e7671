// The checked bill, whole, as the core keeps it: one blob that ConfigAccepted names. Each part has a header of its own; a part
// that is added later is absent in older blobs and then has its defaults.
#pragma once

#include "model/configuration_supervisor.h"

namespace watchbill {

struct Configuration {
  WorkloadsConfiguration supervision;
  static constexpr auto fields() { return std::tuple{field("supervision", &Configuration::supervision)}; }
};

}  // namespace watchbill
