// The bill that says what Prometheus' own file says: for `import prometheus`. Pure over the reader of files.
// Source: design/bill.md §4, design/commands.md (import).
#pragma once

#include <string>
#include <vector>

#include "config/load.h"

namespace watchbill::config {

struct Imported {
  std::vector<Finding> refused;  // errors: of the files, or of the bill that would come of them
  std::string bill;              // when nothing was refused: for a file in the folder of Prometheus' file
};

// Keeps the text and the comments of the file. Alerts get bindings that name this import as the reason why nothing follows.
// Holds: `named.prometheus` is not empty.
[[nodiscard]] Imported import_prometheus(const NeighbourFiles& named, const FileReader& files, const LoadOptions& options);

}  // namespace watchbill::config
