// One connection's bytes, in the clear or through TLS. Includes asio: only for the few files that may.
#pragma once

#include <poll.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <memory>
#include <utility>

namespace watchbill::drivers::net {

namespace asio = boost::asio;

// One reading and one writing operation may be in flight at a time. One class for both kinds: a template over the stream type
// would compile each state machine twice.
class Stream {
 public:
  using Tls = asio::ssl::stream<asio::ip::tcp::socket&>;

  explicit Stream(asio::ip::tcp::socket socket) : socket_(std::make_unique<asio::ip::tcp::socket>(std::move(socket))) {}

  [[nodiscard]] asio::ip::tcp::socket& socket() noexcept { return *socket_; }
  // Null for a stream in the clear.
  [[nodiscard]] Tls* tls() noexcept { return tls_.get(); }
  Tls& begin_tls(asio::ssl::context& context) {
    tls_ = std::make_unique<Tls>(*socket_, context);
    return *tls_;
  }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) tls_->async_read_some(buffers, std::forward<Handler>(handler));
    else socket_->async_read_some(buffers, std::forward<Handler>(handler));
  }

  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) tls_->async_write_some(buffers, std::forward<Handler>(handler));
    else socket_->async_write_some(buffers, std::forward<Handler>(handler));
  }

  // Whether the far side ended its side, or the connection is gone. What was received and not read yet does not matter.
  [[nodiscard]] bool is_left() const noexcept {
    pollfd asked{socket_->native_handle(), POLLRDHUP, 0};
    return ::poll(&asked, 1, 0) > 0;
  }

  // At once and without ceremony: HTTP knows by its own framing whether a message was whole.
  void close() noexcept {
    boost::system::error_code ignored;
    socket_->close(ignored);
  }

 private:
  std::unique_ptr<asio::ip::tcp::socket> socket_;  // does not move: the TLS stream refers to it
  std::unique_ptr<Tls> tls_;
};

}  // namespace watchbill::drivers::net
