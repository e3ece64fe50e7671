// Calls to other HTTP servers. What matters most to the callers is on which side of "was it sent?" a call failed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/configuration_client.h"
#include "ports/http.h"

namespace watchbill::ports {

struct HttpCall {
  std::string method{"GET"};
  std::string url;  // "https://host:port/path?query"; no user in it: credentials are a header
  HttpFields headers;
  std::string body;
  Duration timeout{Duration::seconds(30)};          // of everything
  Duration connect_timeout{Duration::seconds(10)};  // of resolving, connecting and the TLS handshake
  std::size_t header_bytes_max{64U << 10};
  std::size_t body_bytes_max{16U << 20};
  // A body beyond body_bytes_max is cut there, or before, instead of failing the call: for whoever needs the status more than the
  // text. Not with accepts_compression.
  bool cuts_body{false};
  // 3xx with a Location followed, for GET and HEAD only; Authorization and Cookie stay with the first origin, https never becomes
  // http.
  std::uint32_t redirect_count_max{0};
  // Whether sending twice does no harm. Then a kept connection may be used, and when the far side had just closed it the call
  // goes out once more on a new one. Otherwise each call has a new connection, so that "closed after sending" never is an idle
  // close in disguise.
  bool may_be_sent_twice{false};
  // Asks for a body that may come compressed by zstd or gzip, and gives it as it was before; body_bytes_max holds for both. A
  // Content-Encoding that was not asked for is left to the caller, with the body as it came.
  bool accepts_compression{false};
  TlsClientConfiguration tls;
  // "http://[USER[:PASSWORD]@]HOST:PORT": who is asked to call the server for us, by a tunnel where it is https; empty: nobody. A
  // proxy that cannot be reached or opens no tunnel has sent nothing. What it holds of secrets goes to the proxy and nowhere
  // else.
  std::string proxy;
};

// A whole response, whatever its status says.
struct HttpAnswer {
  std::uint32_t status{0};
  HttpFields headers;
  std::string body;
  Duration took;
  std::string not_followed{};  // of a redirection that was to be followed: why it was not, for people
};

enum class HttpFailureKind : std::uint8_t {
  // Nothing was sent: the far side has not seen the call, it may be tried again.
  call_invalid,                // the URL, a header or a TLS file cannot be used
  too_many_calls,              // our own bound of calls in flight
  name_not_resolved,           // nobody was asked
  connection_refused,          // the far side has nobody at that port
  connection_failed,           // unreachable, or no local descriptor or port
  tls_failed,                  // the handshake or the verification of the certificate
  timed_out_before_sending,    // connect_timeout or timeout
  cancelled_before_sending,
  // Sent at least in part: what the far side did is unknown.
  closed_after_sending,
  timed_out_after_sending,
  cancelled_after_sending,
  response_too_large,          // headers or body beyond the call's limits; it did answer
  response_malformed,          // it did answer, but not in HTTP
};

// True for the first group above. Source: plans §3.1 (retry) and §4 (outcome unknown).
[[nodiscard]] constexpr bool was_nothing_sent(HttpFailureKind kind) noexcept {
  return kind <= HttpFailureKind::cancelled_before_sending;
}
// The stable word: "connection_refused".
[[nodiscard]] std::string_view word(HttpFailureKind kind) noexcept;

struct HttpFailure {
  HttpFailureKind kind{HttpFailureKind::call_invalid};
  std::string detail;  // for people, without credentials: "connect to 192.0.2.7:443: Connection refused"
};

enum class HttpCallId : std::uint64_t {};
using HttpDone = std::function<void(Result<HttpAnswer, HttpFailure>)>;

class HttpClient {
 public:
  virtual ~HttpClient() = default;

  // Starts a call and returns at once. `done` comes exactly once, on the client's loop, never from within this call. Any status
  // is an answer. Any thread. Basic and bearer credentials are an Authorization header of the caller's.
  virtual HttpCallId start(HttpCall call, HttpDone done) = 0;
  // Ends a call early: `done` gets cancelled_…, unless it was finished already. Any thread.
  virtual void cancel(HttpCallId id) = 0;
};

inline std::string_view word(HttpFailureKind kind) noexcept {
  switch (kind) {
    case HttpFailureKind::call_invalid: return "call_invalid";
    case HttpFailureKind::too_many_calls: return "too_many_calls";
    case HttpFailureKind::name_not_resolved: return "name_not_resolved";
    case HttpFailureKind::connection_refused: return "connection_refused";
    case HttpFailureKind::connection_failed: return "connection_failed";
    case HttpFailureKind::tls_failed: return "tls_failed";
    case HttpFailureKind::timed_out_before_sending: return "timed_out_before_sending";
    case HttpFailureKind::cancelled_before_sending: return "cancelled_before_sending";
    case HttpFailureKind::closed_after_sending: return "closed_after_sending";
    case HttpFailureKind::timed_out_after_sending: return "timed_out_after_sending";
    case HttpFailureKind::cancelled_after_sending: return "cancelled_after_sending";
    case HttpFailureKind::response_too_large: return "response_too_large";
    case HttpFailureKind::response_malformed: return "response_malformed";
  }
  return "unknown";
}

}  // namespace watchbill::ports
