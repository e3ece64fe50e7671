// A router of alerts, as a process with an address: a real Alertmanager, or `watchbill serve`. Both are spoken to alike.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "serve/program.h"

namespace watchbill::routing_differential {

enum class RouterKind : std::uint8_t { alertmanager, watchbill };

// Debian's prometheus-alertmanager in the PATH, or what WB_ALERTMANAGER names; nothing, and why, when none can run here.
[[nodiscard]] std::optional<std::string> alertmanager_program(std::string& why_not);

class Router {
 public:
  virtual ~Router() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  // What it has said so far, for who must know why it does not serve.
  [[nodiscard]] virtual std::string said() = 0;
  // Waits until it answers; false when it does not within 20 s.
  [[nodiscard]] bool is_serving() const;
  // `body` empty: without one. No token: so its clients speak to it.
  [[nodiscard]] serve_test::HttpReply ask(const std::string& method, const std::string& target,
                                          const std::string& body = {}) const;
};

// Starts it with this configuration and all that it keeps below `folder`, which is there.
[[nodiscard]] std::unique_ptr<Router> start_router(RouterKind kind, const std::string& folder, const std::string& configuration);

}  // namespace watchbill::routing_differential
