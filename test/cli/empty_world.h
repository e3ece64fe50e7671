// A world in which nothing happens: for verbs that need one and ask little of it.
#pragma once

#include "cli/world.h"

namespace watchbill::cli {

struct EmptyWorld {
  struct Clock : ports::ClockPort {
    ports::ClockReading now() override { return {}; }
  };
  struct Entropy : ports::EntropyPort {
    std::string hex32() override { return ""; }
  };
  Clock clock;
  Entropy entropy;
  World world{"", clock, entropy, {}, {}, {}, {}, {}, {}};
};

}  // namespace watchbill::cli
