// From a name to a connected TCP socket within a time. Includes asio: only for the few files that may.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"

namespace watchbill::drivers::net {

namespace asio = boost::asio;

enum class DialOutcome : std::uint8_t {
  connected,
  not_resolved,         // the name has no address, or we got no answer about it in time
  refused,              // somebody answered that nobody listens
  unreachable,          // no route, no answer of the host's network
  timed_out,
  no_local_resource,    // no descriptor, port or memory on our side, or not permitted
};

struct DialResult {
  DialOutcome outcome{DialOutcome::connected};
  std::string detail;  // for people; empty when connected
};

// Tries the addresses of a name one after the other, each for its share of the time that is left.
// Names are resolved by getaddrinfo() on a thread that asio keeps for this, one name at a time: a slow name server delays other
// names, never addresses, and never beyond the deadline of the one who waits.
class Dial : public std::enable_shared_from_this<Dial> {
 public:
  using Done = std::function<void(DialResult, asio::ip::tcp::socket)>;

  explicit Dial(asio::io_context& io) : resolver_(io), timer_(io), socket_(io) {}

  // `done` comes exactly once, never from within this call, unless cancel() comes first.
  void start(const std::string& host, std::uint16_t port, Duration timeout, Done done);
  void cancel();

 private:
  void try_next();
  void on_connect(const boost::system::error_code& error);
  void finish(DialOutcome outcome, std::string detail);

  asio::ip::tcp::resolver resolver_;
  asio::steady_timer timer_;
  asio::ip::tcp::socket socket_;
  std::vector<asio::ip::tcp::endpoint> endpoints_;
  std::size_t attempt_{0};  // of endpoints_, from 0; also tells a late timer from the present one
  std::chrono::steady_clock::time_point deadline_;
  bool is_attempt_over_time_{false};
  DialResult last_;
  Done done_;  // null: over
};

}  // namespace watchbill::drivers::net
