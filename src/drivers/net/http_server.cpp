#include "drivers/net/http_server.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <list>
#include <utility>

#include "base/assert.h"
#include "drivers/net/loop_context.h"
#include "drivers/net/message.h"
#include "drivers/net/origin.h"
#include "drivers/net/received_body.h"
#include "drivers/net/request_head.h"
#include "drivers/net/responder.h"
#include "drivers/net/stream.h"
#include "drivers/net/stream_queue.h"

namespace watchbill::drivers::net {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Tcp = asio::ip::tcp;

constexpr std::size_t read_bytes = 16U << 10;          // asked of the socket at a time
constexpr std::size_t discard_bytes_max = 1U << 20;    // read and dropped of a client that goes on sending after its last answer
constexpr std::chrono::milliseconds leave_look_interval{50};  // while a request is handled
constexpr std::size_t merge_body_bytes_max = 16U << 10;  // a smaller body is copied behind its head: one write, one TLS record

struct Counters {
  std::atomic<std::uint64_t> open{0}, accepted{0}, evicted{0}, refused_busy{0}, requests{0}, malformed{0}, too_large{0};
  std::atomic<std::uint64_t> slow_header{0}, slow_body{0}, slow_reader{0}, idle_closed{0}, lagged{0};
};

void count(std::atomic<std::uint64_t>& counter) noexcept { counter.fetch_add(1, std::memory_order_relaxed); }

struct Listener {
  Listener(asio::io_context& io) : acceptor(io), retry(io) {}  // NOLINT(google-explicit-constructor)
  Tcp::acceptor acceptor;
  asio::steady_timer retry;
  std::shared_ptr<asio::ssl::context> tls;  // null: in the clear
  bool is_wildcard{false};
  std::shared_ptr<const std::vector<OwnOrigin>> own;  // where a wildcard listens, each connection adds its local address
};

class Connection;

}  // namespace

// What the connections of a server share. Lives on the loop; only `door` and `counters` are for other threads.
struct HttpServerCore : std::enable_shared_from_this<HttpServerCore> {
  HttpServerCore(Loop& loop, HttpLimits limits_given, Router router_given)
      : io(loop.context().io), door(loop.door()), limits(limits_given), router(std::move(router_given)), stop_timer(io) {}

  asio::io_context& io;
  std::shared_ptr<LoopDoor> door;
  const HttpLimits limits;
  const Router router;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::vector<std::uint16_t> ports;
  std::list<Connection*> open;  // each takes itself out when it closes
  std::list<Connection*> idle;  // the longest idle first
  std::size_t body_bytes{0};    // of requests that are being read or answered
  bool is_stopping{false};
  asio::steady_timer stop_timer;
  std::function<void()> stopped;
  std::string date;
  std::int64_t date_seconds{-1};
  Counters counters;

  void accept(Listener& listener);
  void on_accept(Listener& listener, Tcp::socket socket);
  void refuse_busy(Tcp::socket socket, bool is_tls);
  void stop(std::function<void()> done);
  void close_all();
  void on_close();
  const std::string& http_date();
};

namespace {

ports::HttpResponse refuse_for_room() {
  return refuse(Refusal{503, "busy", 75, "too many large requests at once", "try again"});
}

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<HttpServerCore> core, Tcp::socket socket)
      : core_(std::move(core)), stream_(std::move(socket)), timer_(core_->io), idle_chunk_timer_(core_->io),
        leave_timer_(core_->io), buffer_(core_->limits.header_bytes_max + read_bytes) {}

  void start(const Listener& listener);
  // The server ends: idle connections and streams now, requests in flight after their answer.
  void drain();
  void close();

  // From the responder of request number `exchange`; ignored when that request is over.
  void on_answer(std::uint64_t exchange, ports::HttpResponse response);
  void on_stream(std::uint64_t exchange, const ports::HttpResponse& head, ports::HttpStreamRules rules,
                 std::shared_ptr<StreamQueue> queue);
  void on_wake(std::uint64_t exchange);

 private:
  enum class Phase : std::uint8_t { handshake, idle, head, body, handling, writing, streaming, lingering, closed };
  using Parser = beast::http::request_parser<ReceivedBody>;

  void become_idle(Duration timeout);
  void leave_idle();
  void read();
  void on_read(const error_code& error, std::size_t bytes);
  void parse();
  bool on_head();
  std::optional<ports::HttpResponse> refuse_body();
  bool count_body();
  void begin_body_step();
  void on_parse_error(const error_code& error);
  void dispatch();
  void look_for_leaving();
  void refuse_request(ports::HttpResponse response);
  void send(ports::HttpResponse response);
  void write();
  void on_write(const error_code& error, std::size_t bytes);
  void on_written();
  void pump();
  void append_chunk(std::string_view bytes);
  void arm_idle_chunk();
  void linger();
  void release_body_bytes();
  void set_deadline(Duration timeout);
  void arm_timer();
  void on_deadline();
  bool may_take_longer();
  void refuse_late_body();

  std::shared_ptr<HttpServerCore> core_;
  Stream stream_;
  asio::steady_timer timer_, idle_chunk_timer_, leave_timer_;
  Clock::time_point deadline_{Clock::time_point::max()};
  Clock::time_point armed_until_{Clock::time_point::max()};  // of timer_; max: not armed
  beast::flat_buffer buffer_;  // received, not yet parsed; its bound also bounds pipelining
  Phase phase_{Phase::handshake};
  std::list<Connection*>::iterator open_at_, idle_at_;
  bool is_counted_{false};
  std::shared_ptr<const std::vector<OwnOrigin>> own_;
  std::string peer_address_, peer_certificate_sha256_;
  bool is_peer_loopback_{false};
  std::size_t discarded_bytes_{0};
  bool is_reading_{false};

  // The request in hand.
  std::optional<Parser> parser_;
  RequestHead head_;
  std::size_t body_bytes_{0};  // counted in the core
  Clock::time_point body_until_;
  std::size_t step_from_bytes_{0};  // of the body, when its last step began
  std::uint64_t exchange_{0};
  std::shared_ptr<std::atomic<bool>> has_left_;  // the one who asks, as far as was seen; the responder reads it
  bool is_looking_{false};
  bool keep_alive_{true};

  // What is being written: out_, then out_body_.
  std::string out_, out_body_;
  std::size_t written_{0};
  bool is_writing_{false};
  std::shared_ptr<StreamQueue> queue_;
  ports::HttpStreamRules rules_;
  bool is_last_chunk_{false};
};

void Connection::start(const Listener& listener) {
  open_at_ = core_->open.insert(core_->open.end(), this);
  is_counted_ = true;
  core_->counters.open.store(core_->open.size(), std::memory_order_relaxed);
  error_code ignored;
  stream_.socket().set_option(Tcp::no_delay{true}, ignored);
  const Tcp::endpoint peer = stream_.socket().remote_endpoint(ignored);
  peer_address_ = peer.address().to_string();
  is_peer_loopback_ = peer.address().is_loopback();
  own_ = listener.own;
  if (listener.is_wildcard) {
    const Tcp::endpoint local = stream_.socket().local_endpoint(ignored);
    auto own = std::make_shared<std::vector<OwnOrigin>>(*listener.own);
    own->push_back(OwnOrigin{listener.tls != nullptr, local.address().to_string(), local.port()});
    if (local.address().is_loopback()) own->push_back(OwnOrigin{listener.tls != nullptr, "localhost", local.port()});
    own_ = std::move(own);
  }
  if (!listener.tls) return become_idle(core_->limits.header_timeout);
  set_deadline(core_->limits.header_timeout);
  stream_.begin_tls(*listener.tls).async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](error_code error) {
    if (self->phase_ == Phase::closed) return;
    if (error) return self->close();
    self->peer_certificate_sha256_ = peer_certificate_sha256(self->stream_.tls()->native_handle());
    if (self->core_->is_stopping) return self->close();
    self->become_idle(self->core_->limits.header_timeout);
  });
}

void Connection::drain() {
  keep_alive_ = false;
  if (phase_ == Phase::idle || phase_ == Phase::handshake) close();
  else if (phase_ == Phase::streaming && queue_) (void)queue_->end(), on_wake(exchange_);
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  leave_idle();
  phase_ = Phase::closed;
  release_body_bytes();
  if (queue_) queue_->close();
  timer_.cancel();
  idle_chunk_timer_.cancel();
  leave_timer_.cancel();
  if (has_left_) has_left_->store(true, std::memory_order_relaxed);
  stream_.close();
  if (is_counted_) core_->open.erase(open_at_);
  core_->counters.open.store(core_->open.size(), std::memory_order_relaxed);
  core_->on_close();
}

// --- reading ---

void Connection::become_idle(Duration timeout) {
  phase_ = Phase::idle;
  parser_.reset();
  idle_at_ = core_->idle.insert(core_->idle.end(), this);
  set_deadline(timeout);
  if (buffer_.size() != 0) parse();  // the next request was sent before this one was answered
  else read();
}

void Connection::leave_idle() {
  if (phase_ == Phase::idle) core_->idle.erase(idle_at_);
}

void Connection::read() {
  const std::size_t room = std::min(read_bytes, buffer_.max_size() - buffer_.size());
  if (room == 0) return on_parse_error(beast::http::error::header_limit);
  is_reading_ = true;
  stream_.async_read_some(buffer_.prepare(room),
                          [self = shared_from_this()](error_code error, std::size_t bytes) { self->on_read(error, bytes); });
}

void Connection::on_read(const error_code& error, std::size_t bytes) {
  is_reading_ = false;
  if (phase_ == Phase::closed) return;
  if (error) return close();  // also a client that ends its side in the middle of a request: there is nothing to answer
  // While an answer is written nothing is read, unless it refuses a body that was waited for.
  if (phase_ == Phase::streaming || phase_ == Phase::lingering || phase_ == Phase::writing) {
    discarded_bytes_ += bytes;
    return discarded_bytes_ > discard_bytes_max ? close() : read();
  }
  buffer_.commit(bytes);
  parse();
}

void Connection::parse() {
  if (phase_ == Phase::idle) {
    // Blank lines before a request are allowed (RFC 9112 §2.2); they do not end the idle time.
    const auto* text = static_cast<const char*>(buffer_.data().data());
    const std::size_t blanks = std::min(std::string_view{text, buffer_.size()}.find_first_not_of("\r\n"), buffer_.size());
    buffer_.consume(blanks);
    if (buffer_.size() == 0) return read();
    leave_idle();
    phase_ = Phase::head;
    parser_.emplace();
    parser_->eager(false);
    parser_->header_limit(static_cast<std::uint32_t>(core_->limits.header_bytes_max));
    parser_->body_limit(boost::none);  // known when the route is
    head_ = RequestHead{};
    keep_alive_ = !core_->is_stopping;
    deadline_ = Clock::time_point::max();
  }
  while (true) {
    error_code error;
    const std::size_t used = parser_->put(buffer_.data(), error);
    buffer_.consume(used);
    if (error == beast::http::error::need_more) error = {};
    if (error) return on_parse_error(error);
    if (phase_ == Phase::head && parser_->is_header_done() && !on_head()) return;
    if (phase_ == Phase::body && !count_body()) return;
    if (parser_->is_done()) return dispatch();
    if (used != 0 && buffer_.size() != 0) continue;
    if (deadline_ == Clock::time_point::max()) {
      if (phase_ == Phase::head) set_deadline(core_->limits.header_timeout);
      else begin_body_step();
    }
    if (std::exchange(head_.expects_continue, false)) {
      out_ = "HTTP/1.1 100 Continue\r\n\r\n";
      return write();  // and then reads on
    }
    return read();
  }
}

// The header is complete: true when the request may go on, false when it was refused.
bool Connection::on_head() {
  parser_->eager(true);
  deadline_ = Clock::time_point::max();
  const auto& message = parser_->get();
  head_.is_http_1_0 = message.version() == 10;
  keep_alive_ = keep_alive_ && message.keep_alive();
  head_.request.method = message.method_string();
  head_.request.target = message.target();
  for (const auto& field : message)
    head_.request.headers.push_back(ports::HttpField{std::string{field.name_string()}, std::string{field.value()}});
  head_.request.peer_address = peer_address_;
  head_.request.is_peer_loopback = is_peer_loopback_;
  head_.request.peer_certificate_sha256 = peer_certificate_sha256_;
  std::optional<ports::HttpResponse> refused = check_head(head_, core_->router, *own_);
  if (!refused && !parser_->is_done()) {
    // A stranger's body costs its memory and its time only once somebody knows him.
    if (head_.route->admits && !head_.route->admits(head_.request)) {
      keep_alive_ = false;
      dispatch();
      return false;
    }
    refused = refuse_body();
  }
  if (refused) {
    refuse_request(std::move(*refused));
    return false;
  }
  phase_ = Phase::body;
  body_until_ = Clock::now() + std::chrono::milliseconds{core_->limits.body_timeout.ms};
  return true;
}

// Whether the body that the head announces is too large, or would be now.
std::optional<ports::HttpResponse> Connection::refuse_body() {
  const boost::optional<std::uint64_t> length = parser_->content_length();
  const std::size_t bytes_max = head_.route->body_bytes_max;
  if (length && *length > bytes_max) {
    count(core_->counters.too_large);
    return refuse_body_size(head_.request.path, bytes_max);
  }
  parser_->body_limit(bytes_max);
  const std::size_t needed = length ? static_cast<std::size_t>(*length) : 0;
  if (core_->body_bytes + needed <= core_->limits.body_bytes_total_max) return std::nullopt;
  count(core_->counters.refused_busy);
  return refuse_for_room();
}

// Counts what has come of the body: what was announced and never comes takes no room from others. False when it was refused.
bool Connection::count_body() {
  const std::size_t now_bytes = parser_->get().body().size();
  const std::size_t more_bytes = now_bytes - body_bytes_;
  if (more_bytes == 0) return true;
  core_->body_bytes += more_bytes;
  body_bytes_ = now_bytes;
  if (core_->body_bytes <= core_->limits.body_bytes_total_max) return true;
  count(core_->counters.refused_busy);
  parser_->get().body() = std::string();
  release_body_bytes();
  refuse_request(refuse_for_room());
  return false;
}

void Connection::begin_body_step() {
  step_from_bytes_ = body_bytes_;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(body_until_ - Clock::now());
  set_deadline(std::clamp(Duration::milliseconds(left.count()), Duration{}, core_->limits.body_step_timeout));
}

// Whether the body is on its way: the deadline was that of a step, and enough came in it.
bool Connection::may_take_longer() {
  return Clock::now() < body_until_ && body_bytes_ - step_from_bytes_ >= core_->limits.body_step_bytes_min;
}

void Connection::refuse_late_body() {
  if (is_writing_) return close();  // 100 Continue, which nobody takes
  keep_alive_ = false;
  // Not 408: to remote write of Prometheus every 4xx is final, and a link that was down for a moment would cost the samples.
  send(refuse(Refusal{503, "busy", 75, "the body came too slowly: " + std::to_string(body_bytes_) + " bytes and no end",
                      "send it again: faster, or less at once"}));
}

void Connection::on_parse_error(const error_code& error) {
  keep_alive_ = false;  // where the next request begins is unknown
  if (error == beast::http::error::header_limit && phase_ == Phase::head) {
    count(core_->counters.too_large);
    return send(refuse_header_size(core_->limits.header_bytes_max));
  }
  if (error == beast::http::error::body_limit) {
    count(core_->counters.too_large);
    return send(refuse_body_size(head_.request.path, head_.route->body_bytes_max));
  }
  count(core_->counters.malformed);
  send(refuse(Refusal{400, "bad_argument", 2, "this is not HTTP/1.1: " + error.message(), ""}));
}

void Connection::dispatch() {
  ports::HttpRequest& request = head_.request;
  request.body = std::move(parser_->get().body());
  if (head_.route->reads_forms && !read_form(request))
    return refuse_request(refuse(Refusal{400, "bad_argument", 2, "the form is malformed or has too many fields", ""}));
  phase_ = Phase::handling;
  deadline_ = Clock::time_point::max();
  count(core_->counters.requests);
  auto responder = std::make_unique<Responder<Connection>>(
      core_->door, weak_from_this(), ++exchange_, head_.accepts_gzip,
      StreamQueue::Limits{core_->limits.stream_queue_bytes_max, core_->limits.stream_queue_chunks_max},
      has_left_ = std::make_shared<std::atomic<bool>>(false));
  head_.route->handler(std::move(request), std::move(responder));
  if (phase_ == Phase::handling && !is_looking_) look_for_leaving();
}

// While a request is handled nothing is read that would tell; and requests that were sent ahead would stand before the end.
void Connection::look_for_leaving() {
  is_looking_ = true;
  leave_timer_.expires_after(leave_look_interval);
  leave_timer_.async_wait([self = shared_from_this()](error_code error) {
    self->is_looking_ = false;
    if (error || self->phase_ != Phase::handling) return;
    if (!self->stream_.is_left()) return self->look_for_leaving();
    self->has_left_->store(true, std::memory_order_relaxed);
  });
}

// --- writing ---

void Connection::refuse_request(ports::HttpResponse response) {
  // Where its body ends, and the next request begins, is not known when it was not read or is in a coding that nobody here reads.
  const bool has_coding = ports::find_field(head_.request.headers, "transfer-encoding") != nullptr;
  if (!parser_->is_done() || (has_coding && !parser_->chunked())) keep_alive_ = false;
  send(std::move(response));
}

void Connection::on_answer(std::uint64_t exchange, ports::HttpResponse response) {
  if (phase_ == Phase::handling && exchange == exchange_) send(std::move(response));
}

void Connection::send(ports::HttpResponse response) {
  phase_ = Phase::writing;
  HeadRules rules;
  rules.body_bytes = response.body.size();
  rules.keep_alive = keep_alive_ = keep_alive_ && !core_->is_stopping;
  rules.is_http_1_0 = head_.is_http_1_0;
  rules.date = core_->http_date();
  out_ = write_head(response, rules);
  if (!head_.is_head && !is_bodiless(response.status)) {
    if (response.body.size() <= merge_body_bytes_max) out_ += response.body;
    else out_body_ = std::move(response.body);
  }
  write();
}

void Connection::write() {
  is_writing_ = true;
  const std::size_t from_out = std::min(written_, out_.size());
  const std::size_t from_body = written_ - from_out;
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(out_) + from_out, asio::buffer(out_body_) + from_body};
  if (phase_ != Phase::body) set_deadline(core_->limits.write_timeout);  // 100 Continue is on the body's time
  stream_.async_write_some(buffers,
                           [self = shared_from_this()](error_code error, std::size_t bytes) { self->on_write(error, bytes); });
}

void Connection::on_write(const error_code& error, std::size_t bytes) {
  if (phase_ == Phase::closed) return;
  if (error) return close();
  written_ += bytes;
  if (written_ < out_.size() + out_body_.size()) return write();
  is_writing_ = false;
  written_ = 0;
  out_.clear();
  out_body_ = {};
  on_written();
}

void Connection::on_written() {
  if (phase_ == Phase::body) return read();
  if (phase_ == Phase::streaming) return is_last_chunk_ ? linger() : pump();
  release_body_bytes();
  if (keep_alive_ && !core_->is_stopping) become_idle(core_->limits.idle_timeout);
  else linger();
}

void Connection::release_body_bytes() { core_->body_bytes -= std::exchange(body_bytes_, 0); }

// --- streams ---

void Connection::on_stream(std::uint64_t exchange, const ports::HttpResponse& head, ports::HttpStreamRules rules,
                           std::shared_ptr<StreamQueue> queue) {
  if (phase_ != Phase::handling || exchange != exchange_) return queue->close();
  release_body_bytes();
  keep_alive_ = false;
  HeadRules head_rules;
  head_rules.framing = head_.is_http_1_0 ? Framing::until_close : Framing::chunked;
  head_rules.keep_alive = false;
  head_rules.is_http_1_0 = head_.is_http_1_0;
  head_rules.date = core_->http_date();
  out_ = write_head(head, head_rules);
  if (head_.is_head) {
    queue->close();
    phase_ = Phase::writing;
    return write();
  }
  phase_ = Phase::streaming;
  queue_ = std::move(queue);
  rules_ = std::move(rules);
  append_chunk(head.body);
  if (core_->is_stopping) (void)queue_->end();
  write();
  read();  // nothing is expected, but the end of the connection
}

void Connection::on_wake(std::uint64_t exchange) {
  if (phase_ == Phase::streaming && exchange == exchange_ && !is_writing_) pump();
}

// Sends what is queued; sleeps when nothing is, until on_wake() or the idle chunk.
void Connection::pump() {
  const StreamQueue::Taken taken = queue_->take();
  if (taken.is_finished) {
    is_last_chunk_ = true;
    if (taken.has_lagged) {
      count(core_->counters.lagged);
      append_chunk(rules_.lagged_chunk);
    }
    if (!head_.is_http_1_0) out_ += "0\r\n\r\n";
    return out_.empty() ? linger() : write();
  }
  if (taken.bytes.empty()) {
    deadline_ = Clock::time_point::max();
    return arm_idle_chunk();
  }
  append_chunk(taken.bytes);
  write();
}

void Connection::append_chunk(std::string_view bytes) {
  if (bytes.empty()) return;  // an empty chunk would end the stream
  if (head_.is_http_1_0) out_ += bytes;
  else fmt::format_to(std::back_inserter(out_), "{:x}\r\n{}\r\n", bytes.size(), bytes);
}

void Connection::arm_idle_chunk() {
  if (rules_.idle_interval.ms <= 0 || rules_.idle_chunk.empty()) return;
  idle_chunk_timer_.expires_after(std::chrono::milliseconds{rules_.idle_interval.ms});
  idle_chunk_timer_.async_wait([self = shared_from_this()](error_code error) {
    if (error || self->phase_ != Phase::streaming || self->is_writing_) return;
    self->append_chunk(self->rules_.idle_chunk);
    self->write();
  });
}

// --- ending ---

// A close while the client still sends would reset the connection and could take the answer with it: end our side, wait for
// theirs.
void Connection::linger() {
  phase_ = Phase::lingering;
  parser_.reset();
  if (queue_) queue_->close();
  set_deadline(core_->limits.linger_timeout);
  if (Stream::Tls* tls = stream_.tls()) {
    tls->async_shutdown([self = shared_from_this()](error_code) { self->close(); });
    return;
  }
  error_code ignored;
  stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
  buffer_.clear();
  if (!is_reading_) read();
}

// The timer is left alone when it rings early enough anyway: most deadlines pass without having been needed. There always is one:
// while a request is handled nothing is read, written or due, and the timer's wait alone keeps the connection.
void Connection::set_deadline(Duration timeout) {
  deadline_ = Clock::now() + std::chrono::milliseconds{timeout.ms};
  if (deadline_ < armed_until_) arm_timer();
}

void Connection::arm_timer() {
  armed_until_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (error || self->phase_ == Phase::closed) return;
    self->armed_until_ = Clock::time_point::max();
    if (Clock::now() < self->deadline_) return self->arm_timer();
    self->on_deadline();
  });
}

void Connection::on_deadline() {
  Counters& counters = core_->counters;
  switch (phase_) {
    case Phase::handshake:
    case Phase::head: count(counters.slow_header); break;
    case Phase::idle: count(counters.idle_closed); break;
    case Phase::body:
      if (may_take_longer()) return begin_body_step();
      count(counters.slow_body);
      return refuse_late_body();
    case Phase::writing:
    case Phase::streaming: count(counters.slow_reader); break;
    case Phase::handling:
    case Phase::lingering:
    case Phase::closed: break;
  }
  close();
}

ListenRefusal listen_refusal(const error_code& error) noexcept {
  switch (error.value()) {
    case EADDRINUSE: return ListenRefusal::address_in_use;
    case EACCES:
    case EPERM: return ListenRefusal::denied;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT: return ListenRefusal::address_not_available;
    default: return ListenRefusal::no_resources;
  }
}

std::optional<ListenFailure> open_listener(HttpServerCore& core, const HttpListen& wanted,
                                           const std::vector<OwnOrigin>& external) {
  const std::string on = (wanted.address.find(':') == std::string::npos ? wanted.address : "[" + wanted.address + "]") + ":" +
                         std::to_string(wanted.port);
  error_code error;
  const asio::ip::address address = asio::ip::make_address(wanted.address, error);
  if (error) return ListenFailure{ListenRefusal::address_invalid, on, "an IP address is needed"};
  auto listener = std::make_unique<Listener>(core.io);
  if (wanted.tls) {
    Result<TlsContext> context = make_tls_server(*wanted.tls);
    if (!context) return ListenFailure{ListenRefusal::certificate_invalid, on, context.error().text()};
    listener->tls = std::make_shared<asio::ssl::context>(context->release());
  }
  const Tcp::endpoint endpoint{address, wanted.port};
  Tcp::acceptor& acceptor = listener->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address{true}, error);
  if (!error && address.is_v6()) acceptor.set_option(asio::ip::v6_only{true}, error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return ListenFailure{listen_refusal(error), on, error.message()};
  const std::uint16_t port = acceptor.local_endpoint(error).port();
  core.ports.push_back(port);
  std::vector<OwnOrigin> own = external;
  listener->is_wildcard = address.is_unspecified();
  if (!listener->is_wildcard) own.push_back(OwnOrigin{wanted.tls.has_value(), address.to_string(), port});
  if (address.is_loopback()) own.push_back(OwnOrigin{wanted.tls.has_value(), "localhost", port});
  listener->own = std::make_shared<const std::vector<OwnOrigin>>(std::move(own));
  core.listeners.push_back(std::move(listener));
  return std::nullopt;
}

}  // namespace

// --- the server ---

void HttpServerCore::accept(Listener& listener) {
  listener.acceptor.async_accept([self = shared_from_this(), &listener](error_code error, Tcp::socket socket) {
    if (self->is_stopping || error == asio::error::operation_aborted) return;
    if (!error) {
      self->on_accept(listener, std::move(socket));
      return self->accept(listener);
    }
    // Out of descriptors, most likely: the queue stays full, and trying at once would spin.
    listener.retry.expires_after(std::chrono::milliseconds{100});
    listener.retry.async_wait([self, &listener](error_code waited) {
      if (!waited && !self->is_stopping) self->accept(listener);
    });
  });
}

void HttpServerCore::on_accept(Listener& listener, Tcp::socket socket) {
  count(counters.accepted);
  if (open.size() >= limits.connection_count_max) {
    if (idle.empty()) return refuse_busy(std::move(socket), listener.tls != nullptr);
    count(counters.evicted);
    idle.front()->shared_from_this()->close();
  }
  std::make_shared<Connection>(shared_from_this(), std::move(socket))->start(listener);
}

// One write and one read without waiting: whoever comes when all seats are taken gets no memory of ours.
void HttpServerCore::refuse_busy(Tcp::socket socket, bool is_tls) {
  count(counters.refused_busy);
  error_code ignored;
  if (is_tls) return;
  const ports::HttpResponse response = refuse(Refusal{503, "busy", 75, "too many connections", "try again"});
  HeadRules rules;
  rules.keep_alive = false;
  rules.body_bytes = response.body.size();
  rules.date = http_date();
  socket.non_blocking(true, ignored);
  std::array<char, 4096> unread;
  socket.read_some(asio::buffer(unread), ignored);  // unread bytes would turn the close into a reset
  socket.write_some(asio::buffer(write_head(response, rules) + response.body), ignored);
  socket.shutdown(Tcp::socket::shutdown_both, ignored);
}

void HttpServerCore::stop(std::function<void()> done) {
  is_stopping = true;
  stopped = std::move(done);
  error_code ignored;
  for (const std::unique_ptr<Listener>& listener : listeners) {
    listener->acceptor.close(ignored);
    listener->retry.cancel();
  }
  std::vector<std::shared_ptr<Connection>> present;
  for (Connection* connection : open) present.push_back(connection->shared_from_this());
  for (const std::shared_ptr<Connection>& connection : present) connection->drain();
  stop_timer.expires_after(std::chrono::milliseconds{limits.stop_timeout.ms});
  stop_timer.async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->close_all();
  });
  on_close();  // none may be left
}

void HttpServerCore::close_all() {
  while (!open.empty()) open.front()->shared_from_this()->close();
}

void HttpServerCore::on_close() {
  if (!is_stopping || !open.empty() || !stopped) return;
  stop_timer.cancel();
  asio::post(io, std::exchange(stopped, nullptr));
}

const std::string& HttpServerCore::http_date() {
  const std::int64_t now = std::time(nullptr);
  if (now != date_seconds) {
    date_seconds = now;
    date = format_http_date(now);
  }
  return date;
}

Result<std::unique_ptr<HttpServer>, ListenFailure> HttpServer::listen(Loop& loop, HttpServerSettings settings, Router router) {
  const auto core = std::make_shared<HttpServerCore>(loop, settings.limits, std::move(router));
  std::vector<OwnOrigin> external;
  for (const std::string& url : settings.external_urls) {
    std::optional<OwnOrigin> origin = OwnOrigin::parse(url);
    if (!origin) return ListenFailure{ListenRefusal::external_url_invalid, url, "an http or https URL is needed"};
    external.push_back(std::move(*origin));
  }
  for (const HttpListen& wanted : settings.listen)
    if (std::optional<ListenFailure> failure = open_listener(*core, wanted, external)) return std::move(*failure);
  for (const std::unique_ptr<Listener>& listener : core->listeners) core->accept(*listener);
  return std::unique_ptr<HttpServer>{new HttpServer{core}};
}

HttpServer::HttpServer(std::shared_ptr<HttpServerCore> core) noexcept : core_(std::move(core)) {}

HttpServer::~HttpServer() {
  core_->is_stopping = true;
  core_->stopped = nullptr;
  core_->stop_timer.cancel();
  core_->close_all();
  // The listeners end with the core, which the last aborted callback releases; the sockets must not wait for that.
  error_code ignored;
  for (const std::unique_ptr<Listener>& listener : core_->listeners) {
    listener->acceptor.close(ignored);
    listener->retry.cancel();
  }
}

const std::vector<std::uint16_t>& HttpServer::ports() const noexcept { return core_->ports; }

void HttpServer::stop(std::function<void()> done) {
  core_->door->enter([core = core_, done = std::move(done)] { core->stop(done); });
}

HttpCounters HttpServer::counters() const noexcept {
  const Counters& c = core_->counters;
  return HttpCounters{c.open, c.accepted, c.evicted, c.refused_busy, c.requests, c.malformed,
                      c.too_large, c.slow_header, c.slow_body, c.slow_reader, c.idle_closed, c.lagged};
}

std::string_view word(ListenRefusal refusal) noexcept {
  switch (refusal) {
    case ListenRefusal::address_in_use: return "address_in_use";
    case ListenRefusal::denied: return "denied";
    case ListenRefusal::address_not_available: return "address_not_available";
    case ListenRefusal::address_invalid: return "address_invalid";
    case ListenRefusal::certificate_invalid: return "certificate_invalid";
    case ListenRefusal::external_url_invalid: return "external_url_invalid";
    case ListenRefusal::no_resources: return "no_resources";
  }
  return "no_resources";
}

}  // namespace watchbill::drivers::net
