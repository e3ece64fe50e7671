// Connect probes on a loop; implemented in dial.cpp.
#pragma once

#include <cstdint>
#include <string>

#include "drivers/net/loop.h"
#include "ports/probe.h"

namespace watchbill::drivers::net {

// Probes in flight must end before the loop does: their bound is the caller's, one for each probe that is defined.
class Prober final : public ports::ConnectProber {
 public:
  explicit Prober(Loop& loop) noexcept : loop_(loop) {}

  void connect_tcp(std::string host, std::uint16_t port, Duration timeout, ports::ProbeDone done) override;
  void connect_unix(std::string path, Duration timeout, ports::ProbeDone done) override;

 private:
  Loop& loop_;
};

}  // namespace watchbill::drivers::net
