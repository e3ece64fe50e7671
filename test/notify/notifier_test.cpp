// Integrations against receivers that answer, refuse, ask for patience, or say nothing.
#include <gtest/gtest.h>
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "drivers/net/http_client.h"
#include "drivers/net/loop.h"
#include "drivers/notify/notifier.h"

namespace watchbill::drivers::notify {
namespace {

constexpr int patience_ms = 20'000;

bool is_whole(const std::string& request) {
  constexpr std::string_view length = "Content-Length: ";
  const std::size_t end = request.find("\r\n\r\n"), at = request.find(length);
  return end != std::string::npos && at != std::string::npos &&
         request.size() >= end + 4 + static_cast<std::size_t>(std::stoul(request.substr(at + length.size())));
}

// Takes one connection after the other, reads a request with its body and answers each with `answer`; "" lets it wait.
class Receiver {
 public:
  explicit Receiver(std::string answer) : answer_(std::move(answer)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(fd_, 8);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Receiver() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }
  [[nodiscard]] std::string received() {
    const std::lock_guard lock(mutex_);
    return received_;
  }

 private:
  void serve() {
    std::vector<int> kept;
    for (int peer = ::accept(fd_, nullptr, nullptr); peer >= 0; peer = ::accept(fd_, nullptr, nullptr)) {
      std::string text;
      std::array<char, 4096> bytes{};
      pollfd poll{peer, POLLIN, 0};
      while (!is_whole(text) && ::poll(&poll, 1, patience_ms) > 0) {
        const ssize_t got = ::recv(peer, bytes.data(), bytes.size(), 0);
        if (got <= 0) break;
        text.append(bytes.data(), static_cast<std::size_t>(got));
      }
      {
        const std::lock_guard lock(mutex_);
        received_ += text;
      }
      if (!answer_.empty()) ::send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      kept.push_back(peer);
      if (!answer_.empty()) ::shutdown(peer, SHUT_WR);
    }
    for (const int peer : kept) ::close(peer);
  }

  std::string answer_, received_;
  std::mutex mutex_;
  int fd_{-1};
  std::uint16_t port_{0};
  std::thread thread_;
};

std::string answer_of(const std::string& status, const std::string& headers = {}) {
  return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: 0\r\nConnection: close\r\n\r\n";
}

// Takes mail as the test says.
class PostOffice final : public ports::MailClient {
 public:
  std::optional<ports::MailFailure> failure;
  ports::MailCall last;

  explicit PostOffice(net::Loop& loop) : loop_(loop) {}
  void send(ports::MailCall call, ports::MailDone done) override {
    loop_.post([this, call = std::move(call), done = std::move(done)] {
      last = call;
      if (failure) done(*failure);
      else done(std::string("250 ok"));
    });
  }

 private:
  net::Loop& loop_;
};

constexpr std::string_view payload =
    R"({"receiver":"ops","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"WebDown"},"annotations":{},)"
    R"("startsAt":"2026-03-01T12:00:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"0123456789abcdef"}],)"
    R"("groupLabels":{"alertname":"WebDown"},"commonLabels":{"alertname":"WebDown"},"commonAnnotations":{},)"
    R"("externalURL":"http://h",)"
    R"("version":"4","groupKey":"{}:{alertname=\"WebDown\"}","truncatedAlerts":0,"note":"web is down"})";

IntegrationConfiguration webhook(const std::string& url) {
  IntegrationConfiguration out;
  out.secrets["url"] = url;
  out.settings["timeout"] = std::int64_t{500};
  return out;
}

Integration integration(const IntegrationConfiguration& configuration) {
  const auto channel =
      std::make_shared<const receivers::Channel>(receivers::Channel{configuration, configuration.secrets, nullptr, ""});
  return {channel, [](ports::HttpCall& call) -> Status {
            call.headers.push_back({"Authorization", "Bearer secret"});
            return {};
          }};
}

// A notifier on a loop of its own; keeps what it reports and refuses to record the first `refusals` of them.
class Bench {
 public:
  explicit Bench(const IntegrationConfiguration& configuration, int refusals = 0)
      : refusals_(refusals),
        client_(std::make_unique<net::HttpCaller>(loop_, net::HttpClientLimits{.calls_per_host_max = 1})),
        mail(loop_) {
    NotifySettings settings;
    settings.integrations["ops"] = integration(configuration);
    notifier_ = std::make_unique<Notifier>(
        settings, Notifier::Parts{*client_, mail, loop_, [] { return Instant{1'772'366'400'000}; },
                                  [this](const std::function<void()>& task) {
                                    if (busy_count-- > 0) return false;
                                    task();
                                    return true;
                                  },
                                  [](const Digest& digest) -> Result<std::optional<std::string>> {
                                    if (digest == sha256("gone")) return std::optional<std::string>();
                                    return std::optional<std::string>(digest == sha256("odd") ? "[]" : payload);
                                  },
                                  [](const std::string& path) -> Result<std::string> {
                                    if (path == "/token") return std::string("from the file");
                                    return Error{ErrorKind::not_found, "read", path, ""};
                                  },
                                  [this](const std::string& line) {
                                    const std::lock_guard lock(mutex_);
                                    log_ += line + "\n";
                                  },
                                  [this](NoteDelivery note, auto done) { take(std::move(note), done); }});
    thread_ = std::thread([this] { loop_.run(); });
  }
  explicit Bench(const std::string& url, int refusals = 0) : Bench(webhook(url), refusals) {}
  ~Bench() {
    loop_.stop();
    thread_.join();
    client_.reset();
  }
  [[nodiscard]] Notifier& notifier() { return *notifier_; }
  [[nodiscard]] std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  void begin(const std::string& receiver, std::string_view body = "body", const std::string& bytes = {}) {
    SendMessage message{DeliveryId{"d1"}, 3, receiver, sha256(body), nullptr};
    if (!bytes.empty()) message.bytes = std::make_shared<const std::string>(bytes);
    notifier_->begin(Effect{{Area::route, "d1"}, message}, 1);
  }
  // The reports of one attempt, once `count` have come.
  std::vector<NoteDelivery> send(const std::string& receiver, std::size_t count = 1, std::string_view body = "body",
                                 const std::string& bytes = {}) {
    begin(receiver, body, bytes);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(patience_ms), [&] { return notes_.size() >= count; });
    return notes_;
  }

 private:
  void take(NoteDelivery note, const std::function<void(bool)>& done) {
    bool is_recorded = false;
    {
      const std::lock_guard lock(mutex_);
      notes_.push_back(std::move(note));
      is_recorded = refusals_-- <= 0;
    }
    changed_.notify_all();
    done(is_recorded);
  }

  int refusals_;
  net::Loop loop_;
  std::unique_ptr<net::HttpCaller> client_;

 public:
  PostOffice mail;
  std::atomic<int> busy_count{0};  // tasks that find no place, one after the other

 private:
  std::unique_ptr<Notifier> notifier_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<NoteDelivery> notes_;
  std::string log_;
  std::thread thread_;
};

NoteDelivery only(const std::vector<NoteDelivery>& notes) { return notes.size() == 1 ? notes.front() : NoteDelivery{}; }

TEST(notifier, posts_the_body_under_the_delivery_id_with_its_credentials) {
  Receiver receiver(answer_of("204 No Content"));
  Bench bench(receiver.url());
  const NoteDelivery note = only(bench.send("ops"));
  EXPECT_EQ(note.answer, DeliveryAnswer::accepted);
  EXPECT_EQ(note.attempt, 3U);
  EXPECT_EQ(note.delivery.text, "d1");
  const std::string text = receiver.received();
  EXPECT_NE(text.find("POST /hook HTTP/1.1\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("X-Watchbill-Delivery: d1\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Authorization: Bearer secret\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\"note\":\"web is down\"}"), std::string::npos) << text;
}

TEST(notifier, tells_what_may_be_tried_again_from_what_is_final) {
  const std::vector<std::pair<std::string, DeliveryAnswer>> answers{
      {"200 OK", DeliveryAnswer::accepted},         {"302 Found", DeliveryAnswer::final},
      {"404 Not Found", DeliveryAnswer::final},     {"408 Request Timeout", DeliveryAnswer::retryable},
      {"429 Too Many", DeliveryAnswer::retryable},  {"500 Internal", DeliveryAnswer::retryable},
      {"503 Unavailable", DeliveryAnswer::retryable}};
  for (const auto& [status, expected] : answers) {
    Receiver receiver(answer_of(status));
    Bench bench(receiver.url());
    const NoteDelivery note = only(bench.send("ops"));
    EXPECT_EQ(note.answer, expected) << status;
    EXPECT_EQ(note.detail, "http " + status.substr(0, 3));
  }
}

TEST(notifier, hands_on_how_long_the_receiver_asks_to_wait_up_to_five_minutes) {
  for (const auto& [header, seconds] :
       {std::pair{"Retry-After: 7\r\n", 7},
        {"Retry-After: 9999\r\n", 300},
        {"Retry-After: soon\r\n", 0},
        {"Retry-After: -5\r\n", 0},
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\n", 30}}) {
    Receiver receiver(answer_of("429 Too Many Requests", header));
    Bench bench(receiver.url());
    EXPECT_EQ(only(bench.send("ops")).retry_after, Duration::seconds(seconds)) << header;
  }
}

TEST(notifier, a_receiver_that_says_nothing_or_is_not_there_may_be_tried_again) {
  {
    Receiver receiver("");
    Bench bench(receiver.url());
    const NoteDelivery note = only(bench.send("ops"));
    EXPECT_EQ(note.answer, DeliveryAnswer::retryable);
    EXPECT_EQ(note.detail, "timed_out_after_sending");
  }
  Bench bench("http://127.0.0.1:1/");
  EXPECT_EQ(only(bench.send("ops")).detail, "connection_refused");
}

TEST(notifier, what_cannot_be_sent_at_all_is_final) {
  Bench bench("nonsense://url");
  EXPECT_EQ(only(bench.send("ops")).answer, DeliveryAnswer::final);
  Bench other("http://127.0.0.1:1/");
  const NoteDelivery unknown = only(other.send("nobody"));
  EXPECT_EQ(unknown.answer, DeliveryAnswer::final);
  EXPECT_EQ(unknown.detail, "unknown_receiver");
  Bench third("http://127.0.0.1:1/");
  EXPECT_EQ(only(third.send("ops", 1, "gone")).detail, "body_missing");
}

TEST(notifier, bytes_that_come_with_the_effect_are_not_read) {
  Receiver receiver(answer_of("200 OK"));
  Bench bench(receiver.url());
  std::string bytes(payload);
  bytes.replace(bytes.find("web is down"), 11, "it is at hand");
  EXPECT_EQ(only(bench.send("ops", 1, "gone", bytes)).answer, DeliveryAnswer::accepted);
  EXPECT_NE(receiver.received().find("it is at hand"), std::string::npos);
}

TEST(notifier, a_body_that_is_none_is_final_for_who_must_read_it) {
  IntegrationConfiguration chat = webhook("http://127.0.0.1:1/");
  chat.kind = IntegrationKind::slack;
  Bench bench(chat);
  EXPECT_EQ(only(bench.send("ops", 1, "odd")).detail, "body_malformed");
}

TEST(notifier, a_template_that_fails_is_told_plainly_and_reported) {
  Receiver receiver(answer_of("200 OK"));
  IntegrationConfiguration chat = webhook("");
  chat.kind = IntegrationKind::slack;
  chat.secrets["api_url"] = receiver.url();
  chat.settings["text"] = "{{ .Nonsense }}";
  Bench bench(chat);
  const NoteDelivery note = only(bench.send("ops"));
  EXPECT_EQ(note.answer, DeliveryAnswer::accepted) << note.detail;
  EXPECT_NE(note.remark.find("text"), std::string::npos) << note.remark;
  EXPECT_NE(note.remark.find("Nonsense"), std::string::npos) << note.remark;
  EXPECT_NE(receiver.received().find("WebDown"), std::string::npos) << receiver.received();
}

TEST(notifier, files_of_secrets_are_read_for_each_message) {
  Receiver receiver(answer_of("200 OK"));
  IntegrationConfiguration pager = webhook("");
  pager.kind = IntegrationKind::pagerduty;
  pager.settings["url"] = receiver.url();
  pager.secret_files["routing_key"] = "/token";
  {
    Bench bench(pager);
    EXPECT_EQ(only(bench.send("ops")).answer, DeliveryAnswer::accepted);
    EXPECT_NE(receiver.received().find("from the file"), std::string::npos) << receiver.received();
  }
  pager.secret_files["routing_key"] = "/gone";
  Bench bench(pager);
  const NoteDelivery note = only(bench.send("ops"));
  EXPECT_EQ(note.answer, DeliveryAnswer::retryable);
  EXPECT_EQ(note.detail, "secret_unreadable");
}

TEST(notifier, mail_is_told_by_the_mail_client) {
  IntegrationConfiguration post;
  post.kind = IntegrationKind::email;
  post.client.tls.emplace().ca_file = "/ca.pem";
  post.settings = {{"smarthost", "mail.example:25"}, {"from", "a@example"}, {"to", "b@example"}, {"hello", "h"},
                   {"require_tls", "true"}, {"text", "{{ .Status }}"}, {"headers", PlanValue::Map{{"Subject", "down"}}}};
  Bench bench(post);
  EXPECT_EQ(only(bench.send("ops")).detail, "smtp 250");
  EXPECT_EQ(bench.mail.last.host, "mail.example");
  EXPECT_EQ(bench.mail.last.tls.ca_file, "/ca.pem");
  EXPECT_NE(bench.mail.last.message.find("firing"), std::string::npos);
  Bench refused(post);
  refused.mail.failure = ports::MailFailure{ports::MailFailureKind::refused, 550, "no such user"};
  const NoteDelivery note = only(refused.send("ops"));
  EXPECT_EQ(note.answer, DeliveryAnswer::final);
  EXPECT_EQ(note.detail, "smtp 550");
}

TEST(notifier, what_the_far_side_says_is_kept_and_logged_once_without_secrets) {
  Receiver receiver("HTTP/1.1 403 Forbidden\r\nContent-Length: 27\r\nConnection: close\r\n\r\ntoken topsecret has expired");
  IntegrationConfiguration hook = webhook(receiver.url());
  hook.secrets["other"] = "topsecret";
  Bench bench(hook);
  const NoteDelivery note = only(bench.send("ops"));
  EXPECT_EQ(note.detail, "http 403");
  EXPECT_EQ(note.remark, "token <secret> has expired");
  EXPECT_EQ(bench.send("ops", 2).size(), 2U);
  EXPECT_EQ(bench.log(), "notify: ops was not told: http 403: token <secret> has expired\n");
}

TEST(notifier, a_message_waits_while_too_many_tasks_do) {
  Receiver receiver(answer_of("200 OK"));
  Bench bench(receiver.url());
  bench.busy_count = 2;
  const std::vector<NoteDelivery> notes = bench.send("ops");
  ASSERT_EQ(notes.size(), 1U) << "waiting is no outcome";
  EXPECT_EQ(notes.front().answer, DeliveryAnswer::accepted);
}

TEST(notifier, messages_to_a_crowded_host_wait_their_turn) {
  Receiver receiver(answer_of("200 OK"));
  Bench bench(receiver.url());  // whose client makes one call at a time to a host
  for (int i = 0; i < 9; ++i) bench.begin("ops");
  const std::vector<NoteDelivery> notes = bench.send("ops", 10);
  ASSERT_EQ(notes.size(), 10U);
  for (const NoteDelivery& note : notes) EXPECT_EQ(note.answer, DeliveryAnswer::accepted) << note.detail;
}

TEST(notifier, an_integration_of_the_next_bill_is_known_before_it_holds) {
  Receiver receiver(answer_of("200 OK"));
  Bench bench(receiver.url());
  NotifySettings next;
  next.integrations["new"] = integration(webhook(receiver.url()));
  next.integrations["ops"] = integration(webhook("http://127.0.0.1:1/"));
  bench.notifier().prepare(next);
  EXPECT_EQ(only(bench.send("new")).answer, DeliveryAnswer::accepted);
  EXPECT_EQ(bench.send("ops", 2).back().answer, DeliveryAnswer::accepted) << "one that is known stays as it is";
}

TEST(notifier, an_outcome_that_the_journal_refused_is_offered_again) {
  Receiver receiver(answer_of("200 OK"));
  Bench bench(receiver.url(), 1);
  const std::vector<NoteDelivery> notes = bench.send("ops", 2);
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_EQ(notes[1].answer, DeliveryAnswer::accepted);
  EXPECT_EQ(notes[1].attempt, notes[0].attempt);
}

}  // namespace
}  // namespace watchbill::drivers::notify
