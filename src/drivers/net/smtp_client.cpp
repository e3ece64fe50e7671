#include "drivers/net/smtp_client.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "base/characters.h"
#include "drivers/net/dial.h"
#include "drivers/net/loop_context.h"
#include "drivers/net/smtp_answer.h"
#include "drivers/net/smtp_login.h"
#include "drivers/net/smtp_text.h"
#include "drivers/net/stream.h"
#include "drivers/net/tls.h"
#include "drivers/net/tls_contexts.h"

namespace watchbill::drivers::net {
namespace {

using boost::system::error_code;
using ports::MailCall;
using ports::MailEncryption;
using ports::MailFailure;
using ports::MailFailureKind;
using Clock = std::chrono::steady_clock;

constexpr std::size_t smtp_read_bytes = 8U << 10;        // asked of the socket at a time
constexpr std::size_t smtp_recipients_max = 1000;        // of one mail
constexpr std::size_t address_shown_bytes_max = 80;      // in messages

class MailSession;

}  // namespace

// What the mails of one client share. On the loop, but for `mail_count`.
struct SmtpClientCore : std::enable_shared_from_this<SmtpClientCore> {
  SmtpClientCore(Loop& loop, SmtpLimits limits_given) : io(loop.context().io), limits(limits_given) {}

  asio::io_context& io;
  const SmtpLimits limits;
  std::atomic<std::size_t> mail_count{0};
  std::map<std::uint64_t, std::shared_ptr<MailSession>> sessions;  // those that wait too
  std::deque<std::uint64_t> waiting;                               // one that is over meanwhile is not in `sessions` any more
  std::map<std::string, std::size_t> connections;  // that are open or being made, by server
  std::uint64_t session_count{0};
  TlsContexts tls_contexts;
  bool is_closed{false};

  void begin_waiting();
};

namespace {

class MailSession : public std::enable_shared_from_this<MailSession> {
 public:
  MailSession(std::shared_ptr<SmtpClientCore> core, std::uint64_t id, MailCall call, ports::MailDone done)
      : core_(std::move(core)), id_(id), call_(std::move(call)), done_(std::move(done)), timer_(core_->io) {}

  // Looks at the call. False when it is over already.
  bool enter();
  // Takes a seat among the connections.
  void begin();
  void cancel();
  // "mail.example:25"
  [[nodiscard]] std::string where() const { return call_.host + ":" + std::to_string(call_.port); }

 private:
  // What was said last, or is waited for.
  enum class Step : std::uint8_t {
    waiting,
    connecting,
    handshake,
    greeting,
    extended_hello,
    hello,
    start_tls,
    login,
    sender,
    recipient,
    data,
    message,
    quit,
    over
  };

  [[nodiscard]] std::string complaint() const;
  void on_dialed(const DialResult& result, asio::ip::tcp::socket socket);
  void handshake();
  void on_handshake(const error_code& error);
  void listen();
  void on_read(const error_code& error, std::size_t bytes);
  void say(Step step, std::string line, std::string shown);
  void write();
  void on_answer(const SmtpAnswer& answer);
  void on_extended_hello(const SmtpAnswer& answer);
  void on_login(const SmtpAnswer& answer);
  void say_hello();
  void log_in();
  void name_sender();
  void name_next_recipient();
  void on_taken(const SmtpAnswer& answer);
  void set_deadline(Clock::time_point deadline);
  void on_deadline();
  void refuse(const SmtpAnswer& answer);
  void fail(MailFailureKind kind, std::string detail, std::uint32_t code = 0);
  void tell(Result<std::string, MailFailure> result);
  void leave();
  [[nodiscard]] bool is_encrypted() const noexcept { return stream_ != nullptr && stream_->tls() != nullptr; }

  std::shared_ptr<SmtpClientCore> core_;
  const std::uint64_t id_;
  const MailCall call_;
  ports::MailDone done_;  // null: told
  asio::steady_timer timer_;
  Clock::time_point deadline_;  // from when it has a seat: waiting behind others is no fault of its server
  Clock::time_point connect_deadline_;
  Step step_{Step::waiting};
  bool has_seat_{false};

  std::shared_ptr<Dial> dial_;
  std::shared_ptr<Stream> stream_;
  std::shared_ptr<std::array<char, smtp_read_bytes>> in_{std::make_shared<std::array<char, smtp_read_bytes>>()};
  std::shared_ptr<std::string> out_;  // shared with a write that may outlive the session
  std::size_t written_{0};
  SmtpAnswerReader reader_;
  std::string said_;  // for messages: "RCPT TO"
  SmtpOffer offer_;
  std::optional<SmtpLogin> login_;
  std::size_t recipient_count_{0};  // named so far
};

// What keeps the call from being made; empty: nothing.
std::string MailSession::complaint() const {
  const auto bad = [](const char* what, const std::string& address) {
    std::string shown(beginning_of(address, address_shown_bytes_max));
    std::replace_if(shown.begin(), shown.end(), is_control, '?');
    return std::string(what) + " is no address: \"" + shown + "\"";
  };
  if (!is_mail_address(call_.from)) return bad("the sender", call_.from);
  if (call_.recipients.empty()) return "there is nobody to send to";
  if (call_.recipients.size() > smtp_recipients_max) return "there are more than 1000 recipients";
  for (const std::string& each : call_.recipients)
    if (!is_mail_address(each)) return bad("a recipient", each);
  if (!is_hello_name(call_.hello)) return "the name to say hello with has blanks or is empty";
  if (call_.host.empty() || call_.port == 0) return "the server has no name or no port";
  return {};
}

bool MailSession::enter() {
  if (std::string what = complaint(); !what.empty()) {
    fail(MailFailureKind::call_invalid, std::move(what));
    return false;
  }
  return true;
}

void MailSession::begin() {
  has_seat_ = true;
  ++core_->connections[where()];
  step_ = Step::connecting;
  deadline_ = Clock::now() + std::chrono::milliseconds{std::max<std::int64_t>(call_.timeout.ms, 0)};
  connect_deadline_ = std::min(deadline_, Clock::now() + std::chrono::milliseconds{core_->limits.connect_timeout.ms});
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(connect_deadline_ - Clock::now());
  timer_.cancel();  // the dial keeps the time and can say what it waited for
  dial_ = std::make_shared<Dial>(core_->io);
  dial_->start(call_.host, call_.port, Duration::milliseconds(left.count()),
               [self = shared_from_this()](const DialResult& result, asio::ip::tcp::socket socket) {
                 self->on_dialed(result, std::move(socket));
               });
}

void MailSession::cancel() {
  const bool is_begun = step_ >= Step::greeting;
  fail(is_begun ? MailFailureKind::interrupted : MailFailureKind::not_connected, where() + ": the client is closed");
  leave();  // one that says farewell has told already
}

void MailSession::on_dialed(const DialResult& result, asio::ip::tcp::socket socket) {
  if (step_ != Step::connecting) return;
  dial_ = nullptr;
  if (result.outcome != DialOutcome::connected) return fail(MailFailureKind::not_connected, result.detail);
  stream_ = std::make_shared<Stream>(std::move(socket));
  if (call_.encryption == MailEncryption::at_once) return handshake();
  set_deadline(deadline_);
  step_ = Step::greeting;
  said_ = "greeting";
  listen();
}

void MailSession::handshake() {
  const bool is_first = step_ == Step::connecting;
  step_ = Step::handshake;
  said_ = "TLS handshake";
  set_deadline(is_first ? connect_deadline_ : deadline_);
  Result<std::shared_ptr<asio::ssl::context>> context = core_->tls_contexts.get(call_.tls);
  if (!context) return fail(MailFailureKind::call_invalid, context.error().text());
  Stream::Tls& tls = stream_->begin_tls(**context);
  const std::string& name = call_.tls.server_name.empty() ? call_.host : call_.tls.server_name;
  if (!expect_server(tls.native_handle(), name))
    return fail(MailFailureKind::call_invalid, where() + ": not a name for TLS: " + name);
  tls.async_handshake(asio::ssl::stream_base::client, [self = shared_from_this(), stream = stream_](error_code error) {
    if (self->step_ == Step::handshake) self->on_handshake(error);
  });
}

void MailSession::on_handshake(const error_code& error) {
  if (error)
    return fail(MailFailureKind::tls_failed, where() + ": " + handshake_error(stream_->tls()->native_handle(), error.message()));
  set_deadline(deadline_);
  if (call_.encryption != MailEncryption::at_once) return say_hello();  // it greeted before
  step_ = Step::greeting;
  said_ = "greeting";
  listen();
}

// --- what is said and heard ---

void MailSession::listen() {
  stream_->async_read_some(asio::buffer(*in_),
                           [self = shared_from_this(), stream = stream_, in = in_](error_code error, std::size_t bytes) {
                             if (self->step_ != Step::over) self->on_read(error, bytes);
                           });
}

void MailSession::on_read(const error_code& error, std::size_t bytes) {
  if (step_ == Step::quit) return leave();  // whatever it says to the farewell
  if (error) {
    const bool is_end = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
    return fail(MailFailureKind::interrupted, where() + ": " + said_ + ": " + (is_end ? "the server closed" : error.message()));
  }
  const std::string_view received(in_->data(), bytes);
  const std::size_t used = reader_.put(received);
  if (reader_.state() == SmtpAnswerReader::State::malformed)
    return fail(MailFailureKind::interrupted, where() + ": " + said_ + ": " + std::string(reader_.complaint()));
  if (reader_.state() == SmtpAnswerReader::State::reading) return listen();
  // We say one thing at a time, so nothing can follow its answer. Before TLS begins this would be somebody who wants his words to
  // be taken for the server's (RFC 3207 §6); later the answers would no longer be those to what was said.
  const bool is_last = used == received.size();
  const SmtpAnswer answer = reader_.take();
  if (!is_last && answer.kind() < 4) {
    const bool is_before_tls = step_ == Step::start_tls;
    return fail(is_before_tls ? MailFailureKind::tls_failed : MailFailureKind::interrupted,
                where() + ": " + said_ + ": the server said more than its answer" + (is_before_tls ? " before TLS began" : ""));
  }
  on_answer(answer);
}

// `shown` stands for the line in messages: it may hold a password.
void MailSession::say(Step step, std::string line, std::string shown) {
  step_ = step;
  said_ = std::move(shown);
  out_ = std::make_shared<std::string>(std::move(line));
  if (step != Step::message) out_->append("\r\n");
  written_ = 0;
  write();
  listen();  // at the same time: a refusal may come before everything was sent
}

void MailSession::write() {
  stream_->async_write_some(asio::buffer(*out_) + written_, [self = shared_from_this(), stream = stream_,
                                                             out = out_](error_code error, std::size_t bytes) {
    // A failed write is no end: the server may have answered and closed. What is to be read decides.
    if (error || self->step_ == Step::over || self->out_ != out) return;
    self->written_ += bytes;
    if (self->written_ < out->size()) self->write();
  });
}

void MailSession::on_answer(const SmtpAnswer& answer) {
  if (answer.code == 421) return refuse(answer);  // it closes: allowed as the answer to anything
  if (out_ && written_ < out_->size() && answer.kind() < 4)
    return fail(MailFailureKind::interrupted, where() + ": " + said_ + ": the server answered before everything was said");
  switch (step_) {
    case Step::extended_hello: return on_extended_hello(answer);
    case Step::login: return on_login(answer);
    case Step::data:
      if (answer.kind() != 3) return refuse(answer);
      return say(Step::message, as_smtp_data(call_.message), "message");
    default: break;
  }
  if (answer.kind() != 2) return refuse(answer);
  switch (step_) {
    case Step::greeting: return say_hello();
    case Step::hello:
      offer_ = {};
      return on_extended_hello(answer);
    case Step::start_tls: return handshake();
    case Step::sender: return name_next_recipient();
    case Step::recipient:
      return recipient_count_ < call_.recipients.size() ? name_next_recipient() : say(Step::data, "DATA", "DATA");
    case Step::message: return on_taken(answer);
    default: return;
  }
}

void MailSession::say_hello() {
  offer_ = {};  // what it offered in the clear anybody may have said
  say(Step::extended_hello, "EHLO " + call_.hello, "EHLO");
}

void MailSession::on_extended_hello(const SmtpAnswer& answer) {
  if (step_ == Step::extended_hello) {
    if (answer.kind() == 5) return say(Step::hello, "HELO " + call_.hello, "HELO");
    if (answer.kind() != 2) return refuse(answer);
    offer_ = offer_of(answer);
  }
  if (call_.encryption != MailEncryption::required || is_encrypted()) return log_in();
  if (!offer_.has_start_tls)
    return fail(MailFailureKind::tls_failed, where() + ": TLS is required and the server does not offer STARTTLS");
  say(Step::start_tls, "STARTTLS", "STARTTLS");
}

void MailSession::log_in() {
  const Result<std::optional<SmtpMechanism>, std::string> chosen = choose_login(offer_, call_, is_encrypted());
  if (!chosen) return fail(MailFailureKind::login_refused, where() + ": AUTH: " + chosen.error());
  if (!*chosen) return name_sender();
  login_.emplace(**chosen, call_);
  say(Step::login, login_->begin(), "AUTH " + std::string(word(**chosen)));
}

void MailSession::on_login(const SmtpAnswer& answer) {
  if (answer.kind() == 2) return name_sender();
  if (answer.kind() != 3)
    return fail(MailFailureKind::login_refused, where() + ": " + said_ + ": " + answer.shown_code(), answer.code);
  std::optional<std::string> next = login_->answer(answer.lines.front());
  if (!next) return fail(MailFailureKind::login_refused, where() + ": " + said_ + ": the server asks for what it does not have");
  say(Step::login, std::move(*next), said_);
}

void MailSession::name_sender() {
  const bool is_foreign = !is_ascii(call_.from) || !std::all_of(call_.recipients.begin(), call_.recipients.end(), is_ascii);
  if (is_foreign && !offer_.has_utf8)
    return fail(MailFailureKind::call_invalid, where() + ": an address is not ASCII and the server does not offer SMTPUTF8");
  std::string line = "MAIL FROM:<" + call_.from + ">";
  if (offer_.has_size) line += " SIZE=" + std::to_string(call_.message.size());
  if (offer_.has_eight_bits && (is_foreign || !is_ascii(call_.message))) line += " BODY=8BITMIME";
  if (is_foreign) line += " SMTPUTF8";
  say(Step::sender, std::move(line), "MAIL FROM");
}

void MailSession::name_next_recipient() {
  // One that is refused ends the mail: the others would get it again with the next attempt, and nobody would look at the one.
  // Source: Alertmanager 0.25 notify/email/email.go.
  say(Step::recipient, "RCPT TO:<" + call_.recipients[recipient_count_++] + ">", "RCPT TO");
}

// --- ending ---

void MailSession::on_taken(const SmtpAnswer& answer) {
  tell(answer.shown());
  if (step_ == Step::over) return;  // the client was ended from within
  set_deadline(Clock::now() + std::chrono::milliseconds{core_->limits.quit_timeout.ms});
  say(Step::quit, "QUIT", "QUIT");
}

void MailSession::set_deadline(Clock::time_point deadline) {
  timer_.expires_at(deadline);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error && self->step_ != Step::over && self->timer_.expiry() <= Clock::now()) self->on_deadline();
  });
}

void MailSession::on_deadline() {
  switch (step_) {
    case Step::waiting: return fail(MailFailureKind::not_connected, where() + ": other mails took all its time");
    case Step::connecting: return fail(MailFailureKind::not_connected, where() + ": no connection in time");
    case Step::handshake: return fail(MailFailureKind::tls_failed, where() + ": no TLS handshake in time");
    case Step::quit: return leave();
    default: return fail(MailFailureKind::interrupted, where() + ": " + said_ + ": no answer in time");
  }
}

// An answer that is not the one that goes on; one of 2xx or 3xx at the wrong place refuses nothing, but leads nowhere.
void MailSession::refuse(const SmtpAnswer& answer) {
  const MailFailureKind kind = answer.kind() == 4   ? MailFailureKind::refused_for_now
                               : answer.kind() == 5 ? MailFailureKind::refused
                                                    : MailFailureKind::interrupted;
  const std::string text = step_ == Step::login ? answer.shown_code() : answer.shown();
  fail(kind, said_ + ": " + text, answer.code);
}

void MailSession::fail(MailFailureKind kind, std::string detail, std::uint32_t code) {
  if (!done_) return;
  const std::shared_ptr<MailSession> self = shared_from_this();  // the core's reference goes now
  const ports::MailDone done = std::exchange(done_, nullptr);
  leave();
  done(MailFailure{kind, code, std::move(detail)});
}

void MailSession::tell(Result<std::string, MailFailure> result) {
  if (done_) std::exchange(done_, nullptr)(std::move(result));
}

void MailSession::leave() {
  if (step_ == Step::over) return;
  step_ = Step::over;
  const std::shared_ptr<MailSession> self = shared_from_this();
  timer_.cancel();
  if (dial_) std::exchange(dial_, nullptr)->cancel();
  if (stream_) std::exchange(stream_, nullptr)->close();
  if (std::exchange(has_seat_, false) && --core_->connections[where()] == 0) core_->connections.erase(where());
  core_->sessions.erase(id_);
  core_->mail_count.fetch_sub(1);
  core_->begin_waiting();
}

}  // namespace

void SmtpClientCore::begin_waiting() {
  // Each server has connections of its own: one that hangs keeps no mail of another waiting.
  for (auto next = waiting.begin(); next != waiting.end() && !is_closed;) {
    const auto found = sessions.find(*next);
    const bool is_there = found != sessions.end();
    if (is_there) {
      const auto open = connections.find(found->second->where());
      if (open != connections.end() && open->second >= limits.connections_max) {
        ++next;
        continue;
      }
    }
    next = waiting.erase(next);
    if (!is_there) continue;
    std::shared_ptr<MailSession>{found->second}->begin();
    next = waiting.begin();  // beginning may have ended others
  }
}

SmtpClient::SmtpClient(Loop& loop, SmtpLimits limits)
    : door_(loop.door()), core_(std::make_shared<SmtpClientCore>(loop, limits)) {}

SmtpClient::~SmtpClient() {
  core_->is_closed = true;
  while (!core_->sessions.empty()) std::shared_ptr<MailSession>{core_->sessions.begin()->second}->cancel();
}

void SmtpClient::send(ports::MailCall call, ports::MailDone done) {
  const std::size_t mails_max = core_->limits.connections_max + core_->limits.waiting_max;
  const bool has_room = core_->mail_count.fetch_add(1) < mails_max;
  door_->post([core = core_, has_room, call = std::move(call), done = std::move(done)]() mutable {
    if (!has_room || core->is_closed) {
      core->mail_count.fetch_sub(1);
      return done(
          MailFailure{MailFailureKind::not_connected, 0, core->is_closed ? "the client is closed" : "too many mails wait"});
    }
    const std::uint64_t id = ++core->session_count;
    const auto session = std::make_shared<MailSession>(core, id, std::move(call), std::move(done));
    core->sessions.emplace(id, session);
    core->waiting.push_back(id);
    if (session->enter()) core->begin_waiting();
  });
}

}  // namespace watchbill::drivers::net
