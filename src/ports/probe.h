// Can a connection be made? The question behind the `tcp` and `unix` probes and the action `tcp`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/time.h"

namespace watchbill::ports {

// `error` means that we could not ask (no name resolution, no descriptor or local port, no permission): it says nothing about the
// far side. A refusal, an unreachable host, silence for `timeout` and a missing socket file are `fail`.
enum class ProbeVerdict : std::uint8_t { pass, fail, error };

struct ProbeResult {
  ProbeVerdict verdict{ProbeVerdict::error};
  std::string detail;  // for people: "connection refused"; empty when passed
  Duration took;
};

using ProbeDone = std::function<void(ProbeResult)>;

class ConnectProber {
 public:
  virtual ~ConnectProber() = default;

  // Connects, closes at once, sends nothing. `host` is a name or an address ("127.0.0.1", "::1"). `done` comes exactly once, on
  // the loop, never from within the call, at most `timeout` later. Loop thread only. Source: supervision §6.
  virtual void connect_tcp(std::string host, std::uint16_t port, Duration timeout, ProbeDone done) = 0;
  // The same for a stream socket at `path`; a leading '@' names an abstract one.
  virtual void connect_unix(std::string path, Duration timeout, ProbeDone done) = 0;
};

}  // namespace watchbill::ports
