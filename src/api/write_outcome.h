// What the metrics path gives the API of a request of remote write.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "metrics/receive/write_store.h"

namespace watchbill::api {

// What came of it.
struct WriteOutcome {
  metrics::receive::WriteReport report;
  Status durable;  // whether what was taken is on the disk; a failure may pass
};

// Stores the body of a request and makes it durable; `done` comes once, on another thread, unless the program ends. False, and
// nothing happens, when too many wait. Any thread.
using WriteSamples = std::function<bool(std::string block, std::function<void(WriteOutcome)> done)>;

}  // namespace watchbill::api
