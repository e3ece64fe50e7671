// What the server itself says: refusals, and the head of every response. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ports/http.h"

namespace watchbill::drivers::net {

// The refusals that need no handler. Names and statuses: http.md §5.
struct Refusal {
  std::uint32_t status{400};
  std::string_view reason;  // "body_too_large"
  std::int32_t exit_code{2};
  std::string message;  // what happened, to what
  std::string fix;      // what to do; may be empty
};

// The one body of http.md §5, as JSON; 503 gets `Retry-After: 1`.
[[nodiscard]] ports::HttpResponse refuse(const Refusal& refusal);

// How the message after the head is delimited.
enum class Framing : std::uint8_t {
  length,       // Content-Length
  chunked,      // Transfer-Encoding: chunked
  until_close,  // a stream to an HTTP/1.0 client
};

struct HeadRules {
  Framing framing{Framing::length};
  std::size_t body_bytes{0};  // for Framing::length
  bool keep_alive{true};
  bool is_http_1_0{false};
  std::string_view date;  // "Sun, 06 Nov 1994 08:49:37 GMT"
};

// Status line and headers up to and including the blank line. Adds what a browser must be told (nosniff, no framing, no referrer,
// no caching, an empty Content-Security-Policy) unless `response` sets it, and never a CORS header: those are left out even when
// it does.
[[nodiscard]] std::string write_head(const ports::HttpResponse& response, const HeadRules& rules);

// Compresses the body when the client accepts it, it is larger than 1 KiB, smaller than 32 MiB and not encoded yet.
void compress_body(ports::HttpResponse& response, bool client_accepts_gzip);

// The standard phrase: 404 -> "Not Found"; "" for codes that have none.
[[nodiscard]] std::string_view reason_phrase(std::uint32_t status) noexcept;

// Seconds since 1970 as an HTTP date (RFC 9110 §5.6.7). Years 1970 to 9999.
[[nodiscard]] std::string format_http_date(std::int64_t unix_seconds);

// True for 204 and 304, which never have a body.
[[nodiscard]] constexpr bool is_bodiless(std::uint32_t status) noexcept { return status == 204 || status == 304; }

}  // namespace watchbill::drivers::net
