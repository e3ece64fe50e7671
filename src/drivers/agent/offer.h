// How the agent's commands reach the engine.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/command.h"

namespace watchbill::drivers::agent {

enum class OfferOutcome : std::uint8_t {
  recorded,     // it is durable
  nothing_new,  // it changed nothing, or was refused for good: it need not be told again
  again,        // the journal takes nothing now, or what should stand before it is not there yet
};

// Offers a command, with the bytes that it names, in the agent's name; `done` comes on any thread, at most once: not at all when
// the controller ends before. Any thread.
using Offer = std::function<void(CommandBody, std::vector<std::string> blobs, std::function<void(OfferOutcome)> done)>;

// The pause before what could not be recorded is offered again; the engine tries to write as often.
inline constexpr Duration offer_pause = Duration::seconds(1);

}  // namespace watchbill::drivers::agent
