// What the metrics page shows of a remote that samples are written to.
#pragma once

#include <string>

#include "metrics/sender/terms.h"

namespace watchbill::api {

struct RemoteView {
  std::string name;  // `remote_name` of its metrics
  std::string url;
  metrics::sender::QueueTerms terms;
  metrics::sender::Figures figures;
};

}  // namespace watchbill::api
