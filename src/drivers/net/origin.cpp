#include "drivers/net/origin.h"

#include <algorithm>

#include "drivers/net/url.h"

namespace watchbill::drivers::net {
namespace {

std::uint16_t scheme_port(bool is_tls) noexcept { return is_tls ? 443 : 80; }

bool is_own_host(const Authority& host, const OwnOrigin& own) noexcept {
  const std::uint16_t port = host.port != 0 ? host.port : scheme_port(own.is_tls);
  return host.host == own.host && port == own.port;
}

// "https://example.org" as a browser writes it; a path or anything else after the authority is no origin.
bool is_own_origin(std::string_view origin, std::span<const OwnOrigin> own) {
  const std::optional<OwnOrigin> parsed = OwnOrigin::parse(origin);
  if (!parsed || origin.find('/', origin.find("://") + 3) != std::string_view::npos) return false;
  return std::any_of(own.begin(), own.end(), [&](const OwnOrigin& one) {
    return one.is_tls == parsed->is_tls && one.host == parsed->host && one.port == parsed->port;
  });
}

}  // namespace

std::optional<OriginRefusal> check_origin(std::string_view method, std::string_view host, const ports::HttpFields& headers,
                                          std::span<const OwnOrigin> own) {
  const std::optional<Authority> authority = parse_authority(host);
  if (!authority) return OriginRefusal::host_not_allowed;
  const auto names_it = [&](const OwnOrigin& one) { return is_own_host(*authority, one); };
  if (!std::any_of(own.begin(), own.end(), names_it)) return OriginRefusal::host_not_allowed;
  if (method == "GET" || method == "HEAD" || method == "OPTIONS") return std::nullopt;
  for (const ports::HttpField& field : headers)
    if (ports::is_equal_ignoring_case(field.name, "origin") && !is_own_origin(field.value, own))
      return OriginRefusal::origin_not_allowed;
  return std::nullopt;
}

std::optional<OwnOrigin> OwnOrigin::parse(std::string_view text) {
  const std::optional<Url> url = parse_url(text);
  if (!url) return std::nullopt;
  OwnOrigin origin;
  origin.is_tls = url->is_tls;
  origin.host = url->host;
  origin.port = url->port;
  return origin;
}

std::string_view word(OriginRefusal refusal) noexcept {
  switch (refusal) {
    case OriginRefusal::host_not_allowed: return "host_not_allowed";
    case OriginRefusal::origin_not_allowed: return "origin_not_allowed";
  }
  return "host_not_allowed";
}

}  // namespace watchbill::drivers::net
