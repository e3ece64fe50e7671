// The effect of the area workload.
#pragma once

#include <vector>

#include "base/sha256.h"
#include "model/configuration_supervisor.h"
#include "model/workload_terms.h"

namespace watchbill {

// Carries one standing order to the keeper: gives its terms, then does what `directive` says. Ends with NoteOrder. Policy on
// unknown: resend_same_key, the keeper knows incarnations.
struct CarryOutOrder {
  WorkloadConfiguration configuration;
  OrderDirective directive{OrderDirective::keep};
  std::uint64_t incarnation{0};
  bool is_suspended{false};       // restarts nothing by itself
  std::string name_space;
  std::uint64_t number{0};
  WorkloadReason reason{WorkloadReason::none};
  bool resets_budget{false};
  std::vector<Duration> spent;    // ages of restart decisions, oldest first: for a keeper that does not know the workload
  Digest terms;                   // names what is in the order
  std::string workload;           // with its instance: "web@2"
};

}  // namespace watchbill
