// The way out of the engine: effects go to drivers, outcomes come back as commands.
#pragma once

#include <cstddef>

#include "model/effect.h"
#include "model/ids.h"

namespace watchbill::ports {

class EffectPort {
 public:
  virtual ~EffectPort() = default;
  // Starts `effect` and returns at once. Its outcome comes through the inbox's lane `outcomes`, at least once, until the engine
  // has answered that it is recorded. `fence` is the controller's epoch: the far side refuses a lower one than it has seen.
  virtual void begin(const Effect& effect, Epoch fence) = 0;
};

// Random bytes for nonces, ids of lineages and tokens.
class EntropyPort {
 public:
  virtual ~EntropyPort() = default;
  // 32 lower-case hex digits that nobody can guess.
  [[nodiscard]] virtual std::string hex32() = 0;
};

}  // namespace watchbill::ports
