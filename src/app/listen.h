// The addresses of `--listen`.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "drivers/net/http_server.h"

namespace watchbill::app {

inline constexpr std::string_view listen_default = "127.0.0.1:9911";

struct ListenProblem {
  std::string reason;  // "listen_not_allowed", "bad_argument"
  std::string message;
};

// Reads "127.0.0.1:9911", "[::1]:9911" or "localhost:0" (any free port). Refused beyond loopback: that needs TLS and tokens.
[[nodiscard]] Result<drivers::net::HttpListen, ListenProblem> parse_listen(const std::string& text);

// "http://127.0.0.1:9911"
[[nodiscard]] std::string url_of(const drivers::net::HttpListen& listen, std::uint16_t port);

}  // namespace watchbill::app
