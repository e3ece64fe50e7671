// Browsers are not trusted because they run here: which Host and Origin a request may name. Pure. Source: http.md §2.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ports/http.h"

namespace watchbill::drivers::net {

// One address under which watchbill may be called: a listening address, or `external_url` (its path is ignored).
struct OwnOrigin {
  bool is_tls{false};
  std::string host;  // lower case; an IPv6 address without brackets
  std::uint16_t port{0};

  // Nothing unless `url` is an http or https URL.
  [[nodiscard]] static std::optional<OwnOrigin> parse(std::string_view url);
};

enum class OriginRefusal : std::uint8_t { host_not_allowed, origin_not_allowed };
[[nodiscard]] std::string_view word(OriginRefusal refusal) noexcept;

// `host` is the Host header (or the authority of an absolute target). It must name one of `own`; a port left out means the
// origin's own port where that is its scheme's (80, 443). A request that may write (any method but GET, HEAD, OPTIONS) with an
// Origin header needs exactly one of `own`, scheme and port included; "null" is foreign; no Origin at all is no browser and
// passes.
[[nodiscard]] std::optional<OriginRefusal> check_origin(std::string_view method, std::string_view host,
                                                        const ports::HttpFields& headers, std::span<const OwnOrigin> own);

}  // namespace watchbill::drivers::net
