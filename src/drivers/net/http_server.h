// The HTTP/1.1 server: connections, limits and deadlines. What is served is the router's business.
//
// Refuses by itself, with the body of http.md §5 and its names: bad_argument 400, host_not_allowed and origin_not_allowed 403,
// unknown_path 404, method_not_allowed 405, body_too_large 413, header_too_large 431, not_yet_supported 501, busy 503 (also for
// a body that comes too slowly), internal 500. A client that is too slow in all else is closed without an answer. Not served:
// HTTP/2, upgrades, TLS below 1.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "drivers/net/loop.h"
#include "drivers/net/router.h"
#include "drivers/net/tls.h"

namespace watchbill::drivers::net {

struct HttpLimits {
  // Beyond it a new connection takes the place of the one that is idle longest, or gets 503 `busy`.
  std::size_t connection_count_max{1024};
  std::size_t header_bytes_max{64U << 10};        // request line and headers; PromQL in a GET is long
  std::size_t body_bytes_total_max{256U << 20};   // received, of all requests being read or answered; beyond: 503 `busy`
  std::size_t stream_queue_bytes_max{4U << 20};   // of one stream, not yet sent
  std::size_t stream_queue_chunks_max{8192};      // events a reader may be behind; http.md §6
  Duration header_timeout{
      Duration::seconds(10)};  // from the first byte to the blank line; TLS handshake; first byte of a connection
  Duration body_timeout{Duration::seconds(60)};    // from the blank line to the last byte; beyond: 503 `busy`
  // Of a body so many bytes, or its last, must come in each such time, or it is as late.
  Duration body_step_timeout{Duration::seconds(5)};
  std::size_t body_step_bytes_min{2'500};
  Duration idle_timeout{Duration::seconds(75)};    // between two requests
  Duration write_timeout{Duration::seconds(30)};   // without the client taking a byte
  Duration linger_timeout{Duration::seconds(2)};   // for the client to read a last answer and close
  Duration stop_timeout{Duration::seconds(5)};     // for requests in flight at a graceful stop
};

struct HttpListen {
  std::string address;    // an IP address: "127.0.0.1", "::1", "0.0.0.0"; IPv6 listens for IPv6 only
  std::uint16_t port{0};  // 0: any free one, see HttpServer::ports()
  std::optional<TlsServerFiles> tls;
};

struct HttpServerSettings {
  std::vector<HttpListen> listen;
  // Further URLs we are called by (`external_url`). The listening addresses, and "localhost" for loopback, are ours anyway.
  std::vector<std::string> external_urls;
  HttpLimits limits;
};

enum class ListenRefusal : std::uint8_t {
  address_in_use,
  denied,                 // a port below 1024 without the right to it
  address_not_available,  // not an address of this host
  address_invalid,        // not an IP address
  certificate_invalid,    // a TLS file cannot be read or does not fit
  external_url_invalid,
  no_resources,           // descriptors, memory
};
[[nodiscard]] std::string_view word(ListenRefusal refusal) noexcept;

struct ListenFailure {
  ListenRefusal reason{ListenRefusal::address_in_use};
  std::string on;      // "127.0.0.1:9100", or the URL
  std::string detail;  // for people
};

// Since the start; each only grows, but for `open`.
struct HttpCounters {
  std::uint64_t open, accepted, evicted, refused_busy, requests, malformed, too_large;
  std::uint64_t slow_header, slow_body, slow_reader, idle_closed, lagged;
};

struct HttpServerCore;

class HttpServer {
 public:
  // Listens on all addresses or on none. Before the loop runs, or on it.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>, ListenFailure> listen(Loop& loop, HttpServerSettings settings,
                                                                                 Router router);
  // Closes everything at once. Before the loop runs, on it, or after it.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The ports that are listened on, in the order of the settings.
  [[nodiscard]] const std::vector<std::uint16_t>& ports() const noexcept;

  // Graceful end: stops listening, closes idle connections and streams, lets requests in flight finish within stop_timeout, then
  // closes what is left and runs `done` on the loop. Any thread; once.
  void stop(std::function<void()> done);

  // Any thread.
  [[nodiscard]] HttpCounters counters() const noexcept;

 private:
  explicit HttpServer(std::shared_ptr<HttpServerCore> core) noexcept;
  std::shared_ptr<HttpServerCore> core_;
};

}  // namespace watchbill::drivers::net
