// What waits for a person, or happened without one: the part of the overview that says what to do next.
#pragma once

#include "base/json.h"
#include "core/state.h"

namespace watchbill::api {

// The members `runs`, `suggestions`, `refusals` and `dead_letters` of an object that is begun. Each list names the first twenty
// and counts all; of runs that ended the last five are shown. A refusal is shown while its alert fires, and a day long.
void write_attention(JsonWriter& json, const core::State& state, const Limits& limits);

}  // namespace watchbill::api
