#include "drivers/net/http_client.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <list>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "drivers/net/dial.h"
#include "drivers/net/gzip.h"
#include "drivers/net/loop_context.h"
#include "drivers/net/stream.h"
#include "drivers/net/tls.h"
#include "drivers/net/tls_contexts.h"
#include "drivers/net/url.h"
#include "drivers/net/zstd.h"

namespace watchbill::drivers::net {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;
using ports::HttpAnswer;
using ports::HttpCall;
using ports::HttpCallId;
using ports::HttpFailure;
using ports::HttpFailureKind;
using Clock = std::chrono::steady_clock;
using Tcp = asio::ip::tcp;

constexpr std::size_t read_bytes = 16U << 10;         // asked of the socket at a time
constexpr std::uint32_t interim_responses_max = 8;    // 1xx before the real one
constexpr std::size_t location_shown_max = 120;       // bytes, in messages
constexpr std::uint32_t redirects_ceiling = 16;       // whatever a caller asks for

struct IdleStream {
  Stream stream;
  Clock::time_point since;
};

class Call;

std::chrono::milliseconds milliseconds(Duration duration) {
  return std::chrono::milliseconds{std::max<std::int64_t>(duration.ms, 0)};
}

// A kept connection is good when nothing has come on it: neither its end nor an answer that nobody asked for.
bool is_quiet(Tcp::socket& socket) {
  char byte = 0;
  return ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

// The body as it was before it was compressed; nothing when it was not, or by something that we do not offer.
std::optional<Result<std::string>> unpack(const HttpAnswer& answer, std::size_t bytes_max) {
  const std::string* coding = ports::find_field(answer.headers, "content-encoding");
  if (coding == nullptr) return std::nullopt;
  if (ports::is_equal_ignoring_case(*coding, "zstd")) return unzstd(answer.body, bytes_max);
  if (ports::is_equal_ignoring_case(*coding, "gzip") || ports::is_equal_ignoring_case(*coding, "x-gzip"))
    return gunzip(answer.body, bytes_max);
  return std::nullopt;
}

}  // namespace

// What the calls of one client share. On the loop, but for `call_count`.
struct HttpClientCore : std::enable_shared_from_this<HttpClientCore> {
  HttpClientCore(Loop& loop, HttpClientLimits limits_given) : io(loop.context().io), limits(limits_given), sweep_timer(io) {}

  asio::io_context& io;
  const HttpClientLimits limits;
  std::atomic<std::size_t> call_count{0};
  std::map<HttpCallId, std::shared_ptr<Call>> calls;
  std::map<std::string, std::size_t> calls_by_host;
  std::map<std::string, std::list<IdleStream>> idle;  // by Call::pool_key(); the newest last
  std::size_t idle_count{0};
  TlsContexts tls_contexts;
  asio::steady_timer sweep_timer;
  bool is_sweeping{false};
  bool is_closed{false};

  std::optional<Stream> take_idle(const std::string& key);
  void keep_idle(const std::string& key, Stream stream);
  void sweep();
};

namespace {

class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(std::shared_ptr<HttpClientCore> core, HttpCallId id, HttpCall call, ports::HttpDone done)
      : core_(std::move(core)), id_(id), call_(std::move(call)), done_(std::move(done)), timer_(core_->io) {}

  void begin();
  void cancel();

 private:
  enum class Phase : std::uint8_t { connecting, sending, done };
  using Parser = beast::http::response_parser<beast::http::string_body>;

  bool is_valid() const;
  bool enter_host();
  void leave_host();
  void attempt();
  void on_dialed(const DialResult& result, Tcp::socket socket);
  void ask_for_tunnel();
  void read_from_proxy();
  void on_proxy(const error_code& error, std::size_t bytes);
  void handshake();
  void send();
  void begin_response();
  void write();
  void read();
  void on_read(const error_code& error, std::size_t bytes);
  void on_end_of_stream(const error_code& error);
  void on_cut_body();
  void on_response();
  bool follow(HttpAnswer& answer);
  void set_deadline(Clock::time_point deadline);
  void on_deadline();
  void fail(HttpFailureKind kind, std::string detail);
  void finish(Result<HttpAnswer, HttpFailure> result);
  void abandon_stream();
  [[nodiscard]] bool may_have_been_sent() const noexcept { return phase_ == Phase::sending && (is_writing_ || written_ != 0); }
  [[nodiscard]] std::string pool_key() const;
  [[nodiscard]] std::string where() const { return call_.method + " " + url_.authority(); }  // the path may hold a secret
  [[nodiscard]] std::string of_proxy() const { return proxy_ ? "proxy " + proxy_->name() + ": " : ""; }

  std::shared_ptr<HttpClientCore> core_;
  const HttpCallId id_;
  HttpCall call_;
  ports::HttpDone done_;
  Url url_;
  std::optional<Proxy> proxy_;
  std::string host_key_;  // counted in the core while not empty
  asio::steady_timer timer_;
  const Clock::time_point begin_{Clock::now()};
  Clock::time_point deadline_{begin_}, connect_deadline_{begin_};
  Phase phase_{Phase::connecting};
  std::uint32_t redirect_count_{0};
  std::uint64_t attempt_{0};  // callbacks of an abandoned stream carry an older number

  // One attempt on one connection.
  std::shared_ptr<Dial> dial_;
  std::shared_ptr<Stream> stream_;
  std::string pool_key_;  // as the attempt began: files that are renewed meanwhile were not there for its handshake
  bool waits_for_tunnel_{false};
  bool is_reused_{false}, needs_new_connection_{false};
  bool is_writing_{false};
  std::shared_ptr<std::string> out_;  // shared with a write that may outlive the attempt
  std::size_t written_{0};
  std::shared_ptr<beast::flat_buffer> buffer_;
  std::size_t received_{0};
  std::optional<Parser> parser_;
  std::uint32_t interim_count_{0};
};

void Call::begin() {
  deadline_ = begin_ + milliseconds(call_.timeout);
  std::optional<Url> url = parse_url(call_.url);
  if (!url) return fail(HttpFailureKind::call_invalid, "the URL is not a plain http or https URL");
  url_ = std::move(*url);
  if (!call_.proxy.empty()) {
    proxy_ = parse_proxy(call_.proxy);
    if (!proxy_) return fail(HttpFailureKind::call_invalid, "the proxy is not given as http://[USER:PASSWORD@]HOST:PORT");
  }
  if (!is_valid()) return fail(HttpFailureKind::call_invalid, where() + ": the method or a header cannot be sent");
  if (!enter_host()) return fail(HttpFailureKind::too_many_calls, where() + ": too many calls to this host");
  attempt();
}

void Call::cancel() {
  fail(may_have_been_sent() ? HttpFailureKind::cancelled_after_sending : HttpFailureKind::cancelled_before_sending,
       where() + ": cancelled");
}

bool Call::is_valid() const {
  if (!is_token(call_.method)) return false;
  return std::all_of(call_.headers.begin(), call_.headers.end(), [](const ports::HttpField& field) {
    constexpr std::array<std::string_view, 4> ours{"content-length", "transfer-encoding", "connection", "expect"};
    const auto is_it = [&](std::string_view name) { return ports::is_equal_ignoring_case(name, field.name); };
    return is_token(field.name) && is_field_value(field.value) && std::none_of(ours.begin(), ours.end(), is_it);
  });
}

bool Call::enter_host() {
  std::string key = url_.host + ":" + std::to_string(url_.port);
  std::size_t& count = core_->calls_by_host[key];
  if (count >= core_->limits.calls_per_host_max) return false;
  ++count;
  host_key_ = std::move(key);
  return true;
}

void Call::leave_host() {
  if (host_key_.empty()) return;
  const auto found = core_->calls_by_host.find(std::exchange(host_key_, {}));
  if (--found->second == 0) core_->calls_by_host.erase(found);
}

std::string Call::pool_key() const {
  // What goes to a proxy in the clear may go on any connection to it.
  if (proxy_ && !url_.is_tls) return "proxy " + call_.proxy;
  std::string key = (url_.is_tls ? "https " : "http ") + url_.authority() + '\n' + call_.proxy;
  if (url_.is_tls) key += '\n' + call_.tls.server_name + '\n' + tls_key(call_.tls);
  return key;
}

// One connection: a kept one where that can do no harm, else a new one.
void Call::attempt() {
  phase_ = Phase::connecting;
  ++attempt_;
  is_reused_ = false;
  waits_for_tunnel_ = false;
  pool_key_ = pool_key();
  if (call_.may_be_sent_twice && !needs_new_connection_) {
    if (std::optional<Stream> kept = core_->take_idle(pool_key_)) {
      is_reused_ = true;
      stream_ = std::make_shared<Stream>(std::move(*kept));
      return send();
    }
  }
  connect_deadline_ = std::min(deadline_, Clock::now() + milliseconds(call_.connect_timeout));
  dial_ = std::make_shared<Dial>(core_->io);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(connect_deadline_ - Clock::now());
  timer_.cancel();  // the dial keeps the time and can say what it waited for
  dial_->start(
      proxy_ ? proxy_->host : url_.host, proxy_ ? proxy_->port : url_.port, Duration::milliseconds(left.count()),
      [self = shared_from_this()](const DialResult& result, Tcp::socket socket) { self->on_dialed(result, std::move(socket)); });
}

void Call::on_dialed(const DialResult& result, Tcp::socket socket) {
  if (phase_ != Phase::connecting) return;
  dial_ = nullptr;
  switch (result.outcome) {
    case DialOutcome::connected: break;
    case DialOutcome::not_resolved: return fail(HttpFailureKind::name_not_resolved, of_proxy() + result.detail);
    case DialOutcome::refused: return fail(HttpFailureKind::connection_refused, of_proxy() + result.detail);
    case DialOutcome::timed_out: return fail(HttpFailureKind::timed_out_before_sending, of_proxy() + result.detail);
    case DialOutcome::unreachable:
    case DialOutcome::no_local_resource: return fail(HttpFailureKind::connection_failed, of_proxy() + result.detail);
  }
  stream_ = std::make_shared<Stream>(std::move(socket));
  if (url_.is_tls && proxy_) ask_for_tunnel();
  else if (url_.is_tls) handshake();
  else send();
}

// --- the tunnel of a proxy ---

void Call::ask_for_tunnel() {
  set_deadline(connect_deadline_);
  waits_for_tunnel_ = true;
  const std::string to = url_.host_and_port();
  out_ = std::make_shared<std::string>("CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\nUser-Agent: watchbill\r\n");
  if (!proxy_->authorization.empty()) out_->append("Proxy-Authorization: ").append(proxy_->authorization).append("\r\n");
  out_->append("\r\n");
  interim_count_ = 0;
  buffer_ = std::make_shared<beast::flat_buffer>(call_.header_bytes_max + read_bytes);
  begin_response();
  // What became of it is read: a proxy that refuses may close without having read all.
  asio::async_write(stream_->socket(), asio::buffer(*out_), [stream = stream_, out = out_](error_code, std::size_t) {});
  read_from_proxy();
}

void Call::read_from_proxy() {
  const std::size_t room = std::min(read_bytes, buffer_->max_size() - buffer_->size());
  if (room == 0) return fail(HttpFailureKind::connection_failed, of_proxy() + "a line of its answer is too long");
  stream_->async_read_some(buffer_->prepare(room), [self = shared_from_this(), stream = stream_, buffer = buffer_,
                                                    attempt = attempt_](error_code error, std::size_t bytes) {
    if (attempt == self->attempt_ && self->phase_ == Phase::connecting) self->on_proxy(error, bytes);
  });
}

void Call::on_proxy(const error_code& error, std::size_t bytes) {
  if (error) return fail(HttpFailureKind::connection_failed, of_proxy() + "no answer to CONNECT: " + error.message());
  buffer_->commit(bytes);
  while (buffer_->size() != 0) {
    error_code failed;
    buffer_->consume(parser_->put(buffer_->data(), failed));
    if (failed == beast::http::error::need_more) break;
    if (failed) return fail(HttpFailureKind::connection_failed, of_proxy() + "its answer is not HTTP: " + failed.message());
    if (!parser_->is_done()) continue;
    const unsigned status = parser_->get().result_int();
    if (status / 100 == 1 && status != 101 && ++interim_count_ <= interim_responses_max) {
      begin_response();
      continue;
    }
    if (status / 100 != 2)
      return fail(HttpFailureKind::connection_failed,
                  of_proxy() + "CONNECT " + url_.host_and_port() + " was answered with status " + std::to_string(status));
    // The server is the one who is spoken to first.
    if (buffer_->size() != 0) return fail(HttpFailureKind::connection_failed, of_proxy() + "it sent more than its answer");
    waits_for_tunnel_ = false;
    return handshake();
  }
  read_from_proxy();
}

// --- the request ---

void Call::handshake() {
  set_deadline(connect_deadline_);
  Result<std::shared_ptr<asio::ssl::context>> context = core_->tls_contexts.get(call_.tls);
  if (!context) return fail(HttpFailureKind::call_invalid, context.error().text());
  Stream::Tls& tls = stream_->begin_tls(**context);
  const std::string& name = call_.tls.server_name.empty() ? url_.host : call_.tls.server_name;
  if (!expect_server(tls.native_handle(), name))
    return fail(HttpFailureKind::call_invalid, where() + ": not a name for TLS: " + name);
  tls.async_handshake(asio::ssl::stream_base::client,
                      [self = shared_from_this(), stream = stream_, attempt = attempt_](error_code error) {
                        if (attempt != self->attempt_ || self->phase_ != Phase::connecting) return;
                        if (!error) return self->send();
                        const std::string reason = handshake_error(stream->tls()->native_handle(), error.message());
                        self->fail(HttpFailureKind::tls_failed, self->where() + ": " + reason);
                      });
}

void Call::send() {
  phase_ = Phase::sending;
  set_deadline(deadline_);
  out_ = std::make_shared<std::string>();
  out_->reserve(512 + call_.body.size());
  const bool asks_proxy = proxy_ && !url_.is_tls;
  out_->append(call_.method).append(" ");
  if (asks_proxy) out_->append("http://").append(url_.authority());
  out_->append(url_.target).append(" HTTP/1.1\r\n");
  if (ports::find_field(call_.headers, "host") == nullptr) out_->append("Host: ").append(url_.authority()).append("\r\n");
  if (ports::find_field(call_.headers, "user-agent") == nullptr) out_->append("User-Agent: watchbill\r\n");
  if (call_.accepts_compression) out_->append("Accept-Encoding: zstd, gzip\r\n");
  if (asks_proxy && !proxy_->authorization.empty())
    out_->append("Proxy-Authorization: ").append(proxy_->authorization).append("\r\n");
  for (const ports::HttpField& field : call_.headers) out_->append(field.name).append(": ").append(field.value).append("\r\n");
  if (!call_.body.empty() || call_.method == "POST" || call_.method == "PUT" || call_.method == "PATCH")
    out_->append("Content-Length: ").append(std::to_string(call_.body.size())).append("\r\n");
  out_->append("\r\n").append(call_.body);
  written_ = 0;
  received_ = 0;
  interim_count_ = 0;
  buffer_ = std::make_shared<beast::flat_buffer>(call_.header_bytes_max + read_bytes);
  begin_response();
  write();
  read();  // at the same time: a refusal may come before everything was sent
}

void Call::begin_response() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(call_.header_bytes_max, 1U << 30)));
  parser_->body_limit(call_.body_bytes_max);
  if (call_.method == "HEAD" || waits_for_tunnel_) parser_->skip(true);
}

void Call::write() {
  is_writing_ = true;
  stream_->async_write_some(asio::buffer(*out_) + written_, [self = shared_from_this(), stream = stream_, out = out_,
                                                             attempt = attempt_](error_code error, std::size_t bytes) {
    if (attempt != self->attempt_ || self->phase_ != Phase::sending) return;
    self->written_ += bytes;
    // A failed write is no end: the far side may have answered and closed. What is to be read decides. A TLS record may have left
    // in part without being counted.
    self->is_writing_ = error && stream->tls() != nullptr;
    if (!error && self->written_ < out->size()) self->write();
  });
}

// --- the response ---

void Call::read() {
  const std::size_t room = std::min(read_bytes, buffer_->max_size() - buffer_->size());
  if (room == 0) return fail(HttpFailureKind::response_too_large, where() + ": a line of the response is too long");
  stream_->async_read_some(buffer_->prepare(room), [self = shared_from_this(), stream = stream_, buffer = buffer_,
                                                    attempt = attempt_](error_code error, std::size_t bytes) {
    if (attempt == self->attempt_ && self->phase_ == Phase::sending) self->on_read(error, bytes);
  });
}

void Call::on_read(const error_code& error, std::size_t bytes) {
  if (error) return on_end_of_stream(error);
  buffer_->commit(bytes);
  received_ += bytes;
  while (buffer_->size() != 0) {
    error_code failed;
    const std::size_t used = parser_->put(buffer_->data(), failed);
    buffer_->consume(used);
    if (failed == beast::http::error::need_more) break;
    if (failed == beast::http::error::body_limit && call_.cuts_body) return on_cut_body();
    if (failed == beast::http::error::header_limit || failed == beast::http::error::body_limit)
      return fail(HttpFailureKind::response_too_large, where() + ": " + failed.message());
    if (failed) return fail(HttpFailureKind::response_malformed, where() + ": " + failed.message());
    if (!parser_->is_done()) continue;
    const unsigned status = parser_->get().result_int();
    if (status / 100 != 1) return on_response();
    if (status == 101 || ++interim_count_ > interim_responses_max)
      return fail(HttpFailureKind::response_malformed, where() + ": an interim response that was not asked for");
    begin_response();
  }
  read();
}

// The parser stops where the limit would be passed: of a body with a length before its first byte, of others before the piece
// that would pass it. What lies there unparsed is part of the body, but for chunks, whose frames would stand between.
void Call::on_cut_body() {
  std::string& body = parser_->get().body();
  if (!parser_->chunked())
    body.append(static_cast<const char*>(buffer_->data().data()),
                std::min(buffer_->size(), call_.body_bytes_max - std::min(body.size(), call_.body_bytes_max)));
  on_response();
}

void Call::on_end_of_stream(const error_code& error) {
  // A body without length ends with the connection; over TLS only when the far side said so, else it may have been cut.
  if (error == asio::error::eof && parser_->got_some() && parser_->is_header_done() && !parser_->is_done()) {
    error_code failed;
    parser_->put_eof(failed);
    if (!failed) return on_response();
  }
  if (is_reused_ && received_ == 0) {
    abandon_stream();
    needs_new_connection_ = true;  // it closed while it was kept; another kept one may be no better
    return attempt();
  }
  if (!may_have_been_sent()) return fail(HttpFailureKind::connection_failed, where() + ": closed before anything was sent");
  fail(HttpFailureKind::closed_after_sending,
       where() + ": " + (error == asio::error::eof ? "closed without a whole answer" : error.message()));
}

void Call::on_response() {
  auto& message = parser_->get();
  HttpAnswer answer;
  answer.status = message.result_int();
  for (const auto& field : message)
    answer.headers.push_back(ports::HttpField{std::string{field.name_string()}, std::string{field.value()}});
  answer.body = std::move(message.body());
  answer.took = Duration::milliseconds(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin_).count());
  const bool is_clean = parser_->is_done() && parser_->keep_alive() && buffer_->size() == 0 && written_ == out_->size();
  if (is_clean && !core_->is_closed) {
    core_->keep_idle(pool_key_, std::move(*stream_));
    stream_ = nullptr;
    ++attempt_;
  }
  if (follow(answer)) return;
  std::optional<Result<std::string>> unpacked = call_.accepts_compression ? unpack(answer, call_.body_bytes_max) : std::nullopt;
  if (!unpacked) return finish(std::move(answer));
  Result<std::string>& body = *unpacked;
  if (!body)
    return fail(
        body.error().kind == ErrorKind::invalid ? HttpFailureKind::response_malformed : HttpFailureKind::response_too_large,
        where() + ": " + body.error().detail);
  answer.body = std::move(*body);
  finish(std::move(answer));
}

// True when the answer is a redirection and the call goes on elsewhere.
bool Call::follow(HttpAnswer& answer) {
  constexpr std::array<std::uint32_t, 5> redirections{301, 302, 303, 307, 308};
  const std::uint32_t count_max = std::min(call_.redirect_count_max, redirects_ceiling);
  if (count_max == 0 || (call_.method != "GET" && call_.method != "HEAD")) return false;
  if (std::find(redirections.begin(), redirections.end(), answer.status) == redirections.end()) return false;
  const auto stay = [&answer](std::string why) {
    answer.not_followed = std::move(why);
    return false;
  };
  if (redirect_count_ >= count_max)
    return stay(std::to_string(redirect_count_) + " redirects were followed already: they lead in a circle, or too far");
  const std::string* location = ports::find_field(answer.headers, "location");
  if (location == nullptr) return stay("it has no Location");
  std::optional<Url> next = resolve_location(url_, *location);
  if (!next) return stay("its Location is no http or https URL: \"" + location->substr(0, location_shown_max) + "\"");
  if (url_.is_tls && !next->is_tls) return stay("its Location leads from https to http");
  if (next->host != url_.host || next->port != url_.port || next->is_tls != url_.is_tls) {
    std::erase_if(call_.headers, [](const ports::HttpField& field) {
      constexpr std::array<std::string_view, 3> personal{"authorization", "cookie", "host"};
      return std::any_of(personal.begin(), personal.end(),
                         [&](std::string_view name) { return ports::is_equal_ignoring_case(name, field.name); });
    });
    call_.tls.server_name.clear();
    call_.tls.certificate_file.clear();
    call_.tls.key_file.clear();
  }
  ++redirect_count_;
  abandon_stream();
  leave_host();
  url_ = std::move(*next);
  if (enter_host()) attempt();
  else fail(HttpFailureKind::too_many_calls, where() + ": too many calls to this host");
  return true;
}

// --- ending ---

void Call::set_deadline(Clock::time_point deadline) {
  timer_.expires_at(deadline);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error && self->phase_ != Phase::done && self->timer_.expiry() <= Clock::now()) self->on_deadline();
  });
}

void Call::on_deadline() {
  if (may_have_been_sent()) fail(HttpFailureKind::timed_out_after_sending, where() + ": no whole answer in time");
  else if (waits_for_tunnel_) fail(HttpFailureKind::timed_out_before_sending, of_proxy() + "no answer to CONNECT in time");
  else fail(HttpFailureKind::timed_out_before_sending, where() + ": no TLS handshake in time");
}

void Call::fail(HttpFailureKind kind, std::string detail) { finish(HttpFailure{kind, std::move(detail)}); }

void Call::finish(Result<HttpAnswer, HttpFailure> result) {
  if (phase_ == Phase::done) return;
  phase_ = Phase::done;
  const std::shared_ptr<Call> self = shared_from_this();  // the core's reference goes now
  timer_.cancel();
  abandon_stream();
  leave_host();
  core_->calls.erase(id_);
  core_->call_count.fetch_sub(1);
  std::exchange(done_, nullptr)(std::move(result));
}

void Call::abandon_stream() {
  ++attempt_;
  if (dial_) std::exchange(dial_, nullptr)->cancel();
  if (stream_) std::exchange(stream_, nullptr)->close();
  is_writing_ = false;
}

}  // namespace

// --- what calls share ---

std::optional<Stream> HttpClientCore::take_idle(const std::string& key) {
  const auto found = idle.find(key);
  if (found == idle.end()) return std::nullopt;
  std::optional<Stream> taken;
  while (!taken && !found->second.empty()) {
    Stream newest = std::move(found->second.back().stream);
    found->second.pop_back();
    --idle_count;
    if (is_quiet(newest.socket())) taken.emplace(std::move(newest));
  }
  if (found->second.empty()) idle.erase(found);
  return taken;
}

void HttpClientCore::keep_idle(const std::string& key, Stream stream) {
  if (idle_count >= limits.idle_max) return;
  std::list<IdleStream>& kept = idle[key];
  if (kept.size() >= limits.idle_per_host_max) return;
  kept.push_back(IdleStream{std::move(stream), Clock::now()});
  ++idle_count;
  if (!is_sweeping) sweep();
}

void HttpClientCore::sweep() {
  const Clock::time_point oldest = Clock::now() - milliseconds(limits.idle_timeout);
  for (auto entry = idle.begin(); entry != idle.end();) {
    idle_count -= entry->second.remove_if([&](const IdleStream& one) { return one.since <= oldest; });
    entry = entry->second.empty() ? idle.erase(entry) : std::next(entry);
  }
  is_sweeping = !idle.empty() && !is_closed;
  if (!is_sweeping) return;
  sweep_timer.expires_after(milliseconds(limits.idle_timeout) / 2 + std::chrono::milliseconds{1});
  sweep_timer.async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->sweep();
  });
}

HttpCaller::HttpCaller(Loop& loop, HttpClientLimits limits)
    : door_(loop.door()), core_(std::make_shared<HttpClientCore>(loop, limits)) {}

HttpCaller::~HttpCaller() {
  core_->is_closed = true;
  while (!core_->calls.empty()) std::shared_ptr<Call>{core_->calls.begin()->second}->cancel();
  core_->idle.clear();
  core_->sweep_timer.cancel();
}

ports::HttpCallId HttpCaller::start(HttpCall call, ports::HttpDone done) {
  const HttpCallId id{started_.fetch_add(1) + 1};
  const bool has_seat = core_->call_count.fetch_add(1) < core_->limits.calls_max;
  door_->post([core = core_, id, has_seat, call = std::move(call), done = std::move(done)]() mutable {
    if (has_seat && !core->is_closed) {
      const auto started = std::make_shared<Call>(core, id, std::move(call), std::move(done));
      core->calls.emplace(id, started);
      return started->begin();
    }
    core->call_count.fetch_sub(1);
    if (core->is_closed) done(HttpFailure{HttpFailureKind::cancelled_before_sending, "the client is closed"});
    else done(HttpFailure{HttpFailureKind::too_many_calls, call.method + ": too many calls in flight"});
  });
  return id;
}

void HttpCaller::cancel(HttpCallId id) {
  door_->post([core = core_, id] {
    const auto found = core->calls.find(id);
    if (found != core->calls.end()) std::shared_ptr<Call>{found->second}->cancel();
  });
}

}  // namespace watchbill::drivers::net
