// The HTTP client: ports::HttpClient on a loop. Not spoken: HTTP/2, proxies by TLS or SOCKS, content codings other than zstd and
// gzip.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/time.h"
#include "drivers/net/loop.h"
#include "ports/http_client.h"

namespace watchbill::drivers::net {

struct HttpClientLimits {
  std::size_t calls_max{2048};         // in flight; one more is `too_many_calls`
  std::size_t calls_per_host_max{64};  // in flight to one host and port
  std::size_t idle_max{2048};          // connections kept for later
  std::size_t idle_per_host_max{8};
  Duration idle_timeout{Duration::seconds(60)};  // then a kept connection is closed
};

struct HttpClientCore;

class HttpCaller final : public ports::HttpClient {
 public:
  explicit HttpCaller(Loop& loop, HttpClientLimits limits = {});
  // Cancels what is in flight: each `done` comes from within. On the loop, or when it no longer runs.
  ~HttpCaller() override;
  HttpCaller(const HttpCaller&) = delete;
  HttpCaller& operator=(const HttpCaller&) = delete;

  ports::HttpCallId start(ports::HttpCall call, ports::HttpDone done) override;
  void cancel(ports::HttpCallId id) override;

 private:
  std::shared_ptr<LoopDoor> door_;
  std::shared_ptr<HttpClientCore> core_;
  std::atomic<std::uint64_t> started_{0};
};

}  // namespace watchbill::drivers::net
