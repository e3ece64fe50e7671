// The text forms of HTTP: request targets, form bodies, URLs. Pure; nothing here resolves or connects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ports/http.h"

namespace watchbill::drivers::net {

// `%41` becomes `A`; with `plus_is_blank` (queries and forms, not paths) `+` becomes a blank. Nothing on a `%` without two hex
// digits.
[[nodiscard]] std::optional<std::string> decode_percent(std::string_view text, bool plus_is_blank);

inline constexpr std::size_t parameter_count_max =
    4096;  // of one query or form: a 1 MiB body of `&a=` must not become a million strings

// Reads `a=1&b=2&a=3` in order; empty parts are left out, a name without `=` has the value "". Source:
// application/x-www-form-urlencoded. Nothing on a bad escape or more than parameter_count_max.
[[nodiscard]] std::optional<ports::HttpParameters> parse_parameters(std::string_view text);

// A request target in origin form ("/path?query") or absolute form ("http://host/path?query").
struct Target {
  std::string authority;  // of the absolute form: replaces the Host header; else empty
  std::string path;       // encoded, starts with '/'
  ports::HttpParameters query;
};
// Nothing on other forms ("*", "host:443"), characters that do not belong in a target, bad escapes, a path with an escaped NUL.
[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

// Where an http or https URL leads.
struct Url {
  bool is_tls{false};
  std::string host;  // lower case; an IPv6 address without brackets
  std::uint16_t port{0};
  std::string target;  // path and query, at least "/"; a fragment is left out

  // What the Host header says: without the port where it is the scheme's own.
  [[nodiscard]] std::string authority() const;
  // "example.org:443": with the port in any case.
  [[nodiscard]] std::string host_and_port() const;
};
// Nothing on other schemes, a user, an empty or malformed host, port 0, blanks and control characters, and more than 8 KiB.
[[nodiscard]] std::optional<Url> parse_url(std::string_view text);

// A URL apart from the user in it: "https://USER:PASSWORD@HOST/…", with %41 for A.
struct UserUrl {
  std::string url;            // without the user
  std::string authorization;  // Basic, of the user; empty: there is none. A secret.
};
// Nothing on a bad escape in the user; the rest is not looked at. Source: Go's net/http, which sends it so.
[[nodiscard]] std::optional<UserUrl> split_user(std::string_view text);

// An HTTP proxy.
struct Proxy {
  std::string host;  // lower case; an IPv6 address without brackets
  std::uint16_t port{0};
  std::string authorization;  // the value of Proxy-Authorization; empty: none is sent. A secret.

  // "proxy.example:3128", for people.
  [[nodiscard]] std::string name() const;
};
// Reads "http://[USER[:PASSWORD]@]HOST[:PORT]", user and password with %41 for A; a path is left out. Nothing on other schemes
// and whatever parse_url() would not take. Source: Go's net/http, Transport.Proxy.
[[nodiscard]] std::optional<Proxy> parse_proxy(std::string_view text);

// The host and port of "example.org:9100" or "[::1]"; port 0 when none is given.
struct Authority {
  std::string host;  // lower case; an IPv6 address without brackets
  std::uint16_t port{0};
};
[[nodiscard]] std::optional<Authority> parse_authority(std::string_view text);

// A Location header seen from `base`: an absolute URL, "//host/path" or "/path". Other relative forms give nothing.
[[nodiscard]] std::optional<Url> resolve_location(const Url& base, std::string_view location);

// A header or method name: one or more of RFC 9110's token characters.
[[nodiscard]] bool is_token(std::string_view text) noexcept;
// A header value: no control characters but TAB. A line break would smuggle a second header.
[[nodiscard]] bool is_field_value(std::string_view text) noexcept;

}  // namespace watchbill::drivers::net
