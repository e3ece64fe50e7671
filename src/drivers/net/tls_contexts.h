// TLS settings of clients, prepared once and kept until a file changes. Includes asio: only for the few files that may.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "drivers/net/tls.h"

namespace watchbill::drivers::net {

namespace asio = boost::asio;

class TlsContexts {
 public:
  // Fails as make_tls_client() does.
  [[nodiscard]] Result<std::shared_ptr<asio::ssl::context>> get(const TlsClientConfiguration& tls) {
    const std::string key = tls_key(tls);
    if (const auto found = contexts_.find(key); found != contexts_.end()) return found->second;
    Result<TlsContext> made = make_tls_client(tls);
    if (!made) return made.error();
    if (contexts_.size() >= count_max) contexts_.clear();  // rare, and cheaper than to remember who was used when
    auto context = std::make_shared<asio::ssl::context>(made->release());
    contexts_.emplace(key, context);
    return context;
  }

 private:
  static constexpr std::size_t count_max = 64;  // each holds a trust store
  std::map<std::string, std::shared_ptr<asio::ssl::context>> contexts_;  // by tls_key()
};

}  // namespace watchbill::drivers::net
