// The action `http`: what is sent, and what of the answer counts as success. Pure.
// Source: domain/plans.md §3.1 (retry), §3.3 (success), §4 (unknown).
#pragma once

#include <optional>
#include <string>

#include "model/command_effect.h"
#include "ports/http_client.h"

namespace watchbill::drivers::action {

// The call of these arguments, whose secrets are open; redirects are not followed. Nothing when they hold no usable text.
[[nodiscard]] std::optional<ports::HttpCall> call_of(const PlanValues& args, Duration timeout);

// Why the answer is not what the arguments ask for: "status 503", "body", "json state"; empty when it is.
[[nodiscard]] std::string unmet_by(const PlanValues& args, const ports::HttpAnswer& answer);

// The outcome of an attempt that changes something. A call that may have been sent and was not answered is unknown; 408, 429 and
// 5xx may be tried again, as the call carries its key, and so may what was never sent. Ids and the run are left to the caller.
[[nodiscard]] NoteOutcome outcome_of(const PlanValues& args, const Result<ports::HttpAnswer, ports::HttpFailure>& answer);

// The answer of a call that only asks: no answer is no_data. `reason` of what is not true.
struct Judged {
  Observed answer{Observed::no_data};
  std::string reason;
};
[[nodiscard]] Judged judge(const PlanValues& args, const Result<ports::HttpAnswer, ports::HttpFailure>& answer);

}  // namespace watchbill::drivers::action
