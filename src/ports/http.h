// HTTP as the rest of the program sees it: what a handler gets and how it answers. Calls to others are in ports/http_client.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"

namespace watchbill::ports {

// Names compare without regard to ASCII case; order and repetition are kept.
struct HttpField {
  std::string name;
  std::string value;
};
using HttpFields = std::vector<HttpField>;

// Decoded name and value; order and repetition are kept (`match[]` comes many times).
using HttpParameters = std::vector<std::pair<std::string, std::string>>;

// The first field of this name, or null.
[[nodiscard]] const std::string* find_field(const HttpFields& fields, std::string_view name) noexcept;
// The first parameter of exactly this name, or null.
[[nodiscard]] const std::string* find_parameter(const HttpParameters& parameters, std::string_view name) noexcept;

// A request that is complete and within its limits, whose Host (and, when it writes, Origin) is ours.
struct HttpRequest {
  std::string method;              // "GET"; HEAD arrives as GET and the server leaves the body out
  std::string target;              // as it was sent: "/api/v1/label/a%2Fb/values?limit=1"
  std::string path;                // its path, still encoded: "/api/v1/label/a%2Fb/values"
  HttpParameters path_parameters;  // of the route's `{name}`, decoded: {"name", "a/b"}
  HttpParameters query;            // of the target
  HttpParameters form;             // of an application/x-www-form-urlencoded body, else empty
  HttpFields headers;              // without trailers of a chunked body
  std::string body;
  std::string peer_address;             // "192.0.2.7"; a fact, never taken from a header
  bool is_peer_loopback{false};         // decides what a caller without a token may do
  std::string peer_certificate_sha256;  // 64 hex digits of the verified client certificate, or empty
};

// The server adds Date, Content-Length, Connection, the security headers that are not set here, and compresses a large body when
// asked. Control characters in names and values become blanks.
struct HttpResponse {
  std::uint32_t status{200};
  HttpFields headers;
  std::string body;
};

// `lagged`: the reader was too slow; what was accepted, then the farewell, will still be sent. `closed`: nobody listens any more.
enum class HttpStreamState : std::uint8_t { open, lagged, closed };

struct HttpStreamRules {
  std::string lagged_chunk;  // last words to a reader who fell behind: "event: lagged\ndata: {}\n\n"
  std::string idle_chunk;    // sent when nothing else was for `idle_interval`: ": \n\n"
  Duration idle_interval{};  // zero: never
};

// The way back to the one who asked. May be kept and moved to another thread; one thread at a time. Destroyed without an answer
// it answers 500 `internal`; destroyed within a stream it ends the stream. Outliving the server is harmless.
class HttpResponder {
 public:
  virtual ~HttpResponder() = default;

  // Whether the one who asked was seen to end his side of the connection: what takes long need not go on. An answer is still
  // wanted, as he may listen on. Any thread; true within some 50 ms, and it stays so.
  [[nodiscard]] virtual bool has_left() const noexcept = 0;

  // Exactly one of answer() and begin_stream(), once.
  virtual void answer(HttpResponse response) = 0;

  // Sends status and headers at once; `head.body` is the first chunk. Then write() as often as wanted, then end().
  virtual void begin_stream(HttpResponse head, HttpStreamRules rules) = 0;
  // Queues a chunk. Never blocks: beyond the server's bound the stream becomes `lagged` and takes nothing more.
  virtual HttpStreamState write(std::string chunk) = 0;
  virtual void end() = 0;
};

// Runs on the server's loop and must not block: what takes time goes elsewhere and answers later.
using HttpHandler = std::function<void(HttpRequest request, std::unique_ptr<HttpResponder> responder)>;

inline constexpr std::size_t http_body_bytes_max = 1U << 20;          // of a request; http.md
inline constexpr std::size_t http_ingest_body_bytes_max = 16U << 20;  // of remote write, alerts, Pushgateway

// `pattern` is a path whose segments are literals or `{name}`; a last segment `{name...}` takes the rest of the path, one segment
// or more, still encoded. Literals win over names, names over the rest. A GET route serves HEAD too.
struct HttpRoute {
  std::string method;   // "GET"
  std::string pattern;  // "/api/watchbill/v1/workloads/{name}/start"
  HttpHandler handler;
  std::size_t body_bytes_max{http_body_bytes_max};  // more is refused: 413 `body_too_large`
  bool reads_forms{true};  // false: a body that calls itself a form is left as it is; curl calls everything one
  // Asked of a request that has a body, before any of it is taken; may be empty. False: the handler gets the request at once and
  // without its body, to refuse it, and the connection ends with that answer. On the loop.
  std::function<bool(const HttpRequest& head)> admits{};
};


// Whether two names are the same but for the case of ASCII letters.
inline bool is_equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

inline const std::string* find_field(const HttpFields& fields, std::string_view name) noexcept {
  for (const HttpField& field : fields)
    if (is_equal_ignoring_case(field.name, name)) return &field.value;
  return nullptr;
}

inline const std::string* find_parameter(const HttpParameters& parameters, std::string_view name) noexcept {
  for (const auto& [key, value] : parameters)
    if (key == name) return &value;
  return nullptr;
}

}  // namespace watchbill::ports
