#include "drivers/net/dial.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "drivers/net/loop_context.h"
#include "drivers/net/prober.h"

namespace watchbill::drivers::net {
namespace {

using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t endpoints_max = 8;  // addresses of one name that are tried

DialOutcome outcome_of(const error_code& error) {
  switch (error.value()) {
    case ECONNREFUSED: return DialOutcome::refused;
    case ETIMEDOUT: return DialOutcome::timed_out;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:  // no local port is free
    case EACCES:
    case EPERM: return DialOutcome::no_local_resource;
    default: return DialOutcome::unreachable;
  }
}

std::string endpoint_text(const asio::ip::tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

}  // namespace

void Dial::start(const std::string& host, std::uint16_t port, Duration timeout, Done done) {
  done_ = std::move(done);
  deadline_ = Clock::now() + std::chrono::milliseconds{std::max<std::int64_t>(timeout.ms, 0)};
  error_code error;
  if (const asio::ip::address address = asio::ip::make_address(host, error); !error) {
    endpoints_.emplace_back(address, port);
    asio::post(timer_.get_executor(), [self = shared_from_this()] { self->try_next(); });
    return;
  }
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this(), host](error_code waited) {
    if (!waited && self->done_ && self->endpoints_.empty())
      self->finish(DialOutcome::not_resolved, "resolve " + host + ": no answer in time");
  });
  // No address_configured: it hides loopback from hosts whose only address is that.
  resolver_.async_resolve(
      host, std::to_string(port), asio::ip::resolver_base::numeric_service,
      [self = shared_from_this(), host](error_code failed, const asio::ip::tcp::resolver::results_type& found) {
        if (!self->done_) return;
        if (failed) return self->finish(DialOutcome::not_resolved, "resolve " + host + ": " + failed.message());
        for (const auto& entry : found)
          if (self->endpoints_.size() < endpoints_max) self->endpoints_.push_back(entry.endpoint());
        self->try_next();
      });
}

void Dial::cancel() {
  done_ = nullptr;
  resolver_.cancel();
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

void Dial::try_next() {
  if (!done_) return;
  if (attempt_ == endpoints_.size()) return finish(last_.outcome, last_.detail);
  const Clock::duration left = deadline_ - Clock::now();
  if (left <= Clock::duration::zero()) return finish(DialOutcome::timed_out, "no connection in time");
  const asio::ip::tcp::endpoint endpoint = endpoints_[attempt_];
  error_code error;
  socket_.close(error);
  socket_.open(endpoint.protocol(), error);
  if (error) return on_connect(error);
  is_attempt_over_time_ = false;
  timer_.expires_after(left / static_cast<std::int64_t>(endpoints_.size() - attempt_));
  timer_.async_wait([self = shared_from_this(), attempt = attempt_](error_code waited) {
    if (waited || !self->done_ || self->attempt_ != attempt) return;
    self->is_attempt_over_time_ = true;
    error_code ignored;
    self->socket_.cancel(ignored);
  });
  socket_.async_connect(endpoint, [self = shared_from_this()](error_code connected) { self->on_connect(connected); });
}

void Dial::on_connect(const error_code& error) {
  if (!done_) return;
  if (!error) return finish(DialOutcome::connected, "");
  last_.outcome = is_attempt_over_time_ ? DialOutcome::timed_out : outcome_of(error);
  last_.detail = "connect to " + endpoint_text(endpoints_[attempt_]) + ": " +
                 (is_attempt_over_time_ ? "no answer in time" : error.message());
  ++attempt_;
  try_next();
}

void Dial::finish(DialOutcome outcome, std::string detail) {
  const Done done = std::exchange(done_, nullptr);
  ++attempt_;  // a timer that has expired already finds nothing to do
  resolver_.cancel();
  timer_.cancel();
  error_code ignored;
  if (outcome == DialOutcome::connected) socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
  else socket_.close(ignored);
  done(DialResult{outcome, std::move(detail)}, std::move(socket_));
}

namespace {

Duration since(Clock::time_point begin) {
  return Duration::milliseconds(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count());
}

ports::ProbeVerdict verdict_of(DialOutcome outcome) {
  switch (outcome) {
    case DialOutcome::connected: return ports::ProbeVerdict::pass;
    case DialOutcome::refused:
    case DialOutcome::unreachable:
    case DialOutcome::timed_out: return ports::ProbeVerdict::fail;
    case DialOutcome::not_resolved:
    case DialOutcome::no_local_resource: return ports::ProbeVerdict::error;
  }
  return ports::ProbeVerdict::error;
}

// connect() of a Unix socket answers at once, except that a full backlog is EAGAIN with nothing to wait for (asio would take the
// descriptor's readiness for success): so it is asked again until the time is over.
struct UnixProbe {
  Loop& loop;
  sockaddr_un address{};
  socklen_t address_size{0};
  Clock::time_point begin{Clock::now()};
  Duration timeout;
  ports::ProbeDone done;

  void finish(ports::ProbeVerdict verdict, std::string detail) const {
    done(ports::ProbeResult{verdict, std::move(detail), since(begin)});
  }

  static void attempt(const std::shared_ptr<UnixProbe>& probe) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return probe->finish(ports::ProbeVerdict::error, std::strerror(errno));
    // sockaddr is the C interface's base class.
    const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&probe->address), probe->address_size);
    const int error = result == 0 ? 0 : errno;
    ::close(fd);
    if (error == 0) return probe->finish(ports::ProbeVerdict::pass, "");
    if (error != EAGAIN) {
      const bool is_ours = error == EACCES || error == EPERM || error == ENOMEM || error == ENOBUFS;
      return probe->finish(is_ours ? ports::ProbeVerdict::error : ports::ProbeVerdict::fail, std::strerror(error));
    }
    const Duration left = probe->timeout - since(probe->begin);
    if (left.ms <= 0) return probe->finish(ports::ProbeVerdict::fail, "its queue of connections stayed full");
    probe->loop.after(std::min(left, Duration::milliseconds(20)), [probe] { attempt(probe); });
  }
};

}  // namespace

void Prober::connect_tcp(std::string host, std::uint16_t port, Duration timeout, ports::ProbeDone done) {
  const auto dial = std::make_shared<Dial>(loop_.context().io);
  dial->start(host, port, timeout,
              [begin = Clock::now(), done = std::move(done)](DialResult result, asio::ip::tcp::socket socket) {
                error_code ignored;
                socket.close(ignored);
                done(ports::ProbeResult{verdict_of(result.outcome), std::move(result.detail), since(begin)});
              });
}

void Prober::connect_unix(std::string path, Duration timeout, ports::ProbeDone done) {
  auto probe = std::make_shared<UnixProbe>(UnixProbe{.loop = loop_, .timeout = timeout, .done = std::move(done)});
  if (path.empty() || path.size() >= sizeof probe->address.sun_path || path.find('\0') != std::string::npos) {
    loop_.post([probe] { probe->finish(ports::ProbeVerdict::error, "a socket path has 1 to 107 bytes"); });
    return;
  }
  probe->address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), probe->address.sun_path);
  probe->address_size = static_cast<socklen_t>(sizeof probe->address.sun_family + path.size() + 1);
  if (path.front() == '@') {
    probe->address.sun_path[0] = '\0';
    --probe->address_size;  // an abstract name has no end mark: the size counts
  }
  loop_.post([probe] { UnixProbe::attempt(probe); });
}

}  // namespace watchbill::drivers::net
