// The addresses of `--listen`.
#pragma once

#include <optional>
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

// What lets others than this host's own programs in.
struct ListenSecurity {
  std::optional<drivers::net::TlsServerFiles> tls;
  bool has_tokens{false};  // beside the admin's own
};

// Reads "127.0.0.1:9911", "[::1]:9911" or "localhost:0" (any free port). Beyond loopback an address is served with TLS only, and
// refused without TLS and tokens; loopback stays plain.
[[nodiscard]] Result<drivers::net::HttpListen, ListenProblem> parse_listen(const std::string& text,
                                                                           const ListenSecurity& security);

// "http://127.0.0.1:9911", or https where it is served with TLS.
[[nodiscard]] std::string url_of(const drivers::net::HttpListen& listen, std::uint16_t port);

}  // namespace watchbill::app
