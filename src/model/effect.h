// Effects: work for the world that state asks for. Derived from state when they are released, never queued.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/sha256.h"
#include "model/effect_workload.h"
#include "model/ids.h"
#include "model/schedule.h"

namespace watchbill {

// One attempt to deliver one message. Policy on unknown: resend, under the same delivery id (in doubt we notify twice).
struct SendMessage {
  DeliveryId delivery;
  std::uint32_t attempt{1};
  std::string receiver;
  Digest body;  // of the blob with the message's bytes
};

// An effect with the subject that owes it; the outcome comes back as a command of that area.
struct Effect {
  Subject subject;
  std::variant<SendMessage, CarryOutOrder> what;
};

}  // namespace watchbill
