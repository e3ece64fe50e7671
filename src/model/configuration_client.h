// How another HTTP server is called. Never holds a secret: only where it is. Source: Prometheus 2.42 configuration, the keys of
// its HTTP client (tls_config, proxy_url, basic_auth, authorization, bearer_token).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/fields.h"

namespace watchbill {

enum class TlsVersion : std::uint8_t { tls10, tls11, tls12, tls13 };
template <>
struct Words<TlsVersion> {
  static constexpr std::array<std::string_view, 4> table{"TLS10", "TLS11", "TLS12", "TLS13"};
};

// How TLS is spoken to a server. Verification is against `ca_file` when given, else the system's trust store. Files are PEM and
// read again when they change.
struct TlsClientConfiguration {
  std::string ca_file;
  std::string certificate_file, key_file;  // what we show when asked; both or none
  std::optional<TlsVersion> max_version;   // none: the newest
  std::optional<TlsVersion> min_version;   // none: 1.2
  std::string server_name;                 // expected name, instead of the URL's host
  bool skip_verification{false};           // encrypts, proves nothing
  template <class To> static constexpr auto fields(To&& to) {
    using T = TlsClientConfiguration;
    return to(field("ca_file", &T::ca_file), field("certificate_file", &T::certificate_file), field("key_file", &T::key_file),
              field("max_version", &T::max_version), field("min_version", &T::min_version), field("server_name", &T::server_name),
              field("skip_verification", &T::skip_verification));
  }
  friend bool operator==(const TlsClientConfiguration&, const TlsClientConfiguration&) = default;
};

struct HttpClientConfiguration {
  std::string authorization;  // the scheme of the header of that name: Basic, Bearer or another; empty: no such header
  std::string proxy;          // http://HOST:PORT, or env:NAME of a variable that says so; empty: the server is called itself
  bool refuses_redirects{false};
  std::string secret;         // env:NAME
  std::string secret_file;    // read at each call; none of both: an empty password
  std::optional<TlsClientConfiguration> tls;
  std::string username;       // of Basic
  template <class To> static constexpr auto fields(To&& to) {
    using H = HttpClientConfiguration;
    return to(field("authorization", &H::authorization), field("proxy", &H::proxy),
              field("refuses_redirects", &H::refuses_redirects), field("secret", &H::secret),
              field("secret_file", &H::secret_file), field("tls", &H::tls), field("username", &H::username));
  }
  friend bool operator==(const HttpClientConfiguration&, const HttpClientConfiguration&) = default;
};

}  // namespace watchbill
