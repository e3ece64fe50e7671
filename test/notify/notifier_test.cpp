// Webhooks against receivers that answer, refuse, ask for patience, or say nothing.
#include <gtest/gtest.h>
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "drivers/net/http_client.h"
#include "drivers/net/loop.h"
#include "drivers/notify/notifier.h"

namespace watchbill::drivers::notify {
namespace {

constexpr int patience_ms = 20'000;

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
      while (text.find("{\"message\"") == std::string::npos && ::poll(&poll, 1, patience_ms) > 0) {
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

// A notifier on a loop of its own; keeps what it reports and refuses to record the first `refusals` of them.
class Bench {
 public:
  explicit Bench(const std::string& url, int refusals = 0)
      : refusals_(refusals), client_(std::make_unique<net::HttpCaller>(loop_)) {
    NotifySettings settings;
    settings.receivers["ops"] = Webhook{url, {{"Authorization", "Bearer secret"}}, {}, Duration::milliseconds(500)};
    notifier_ = std::make_unique<Notifier>(
        settings, Notifier::Parts{*client_, loop_,
                                  [](const Digest& digest, auto done) {
                                    done(digest == sha256("gone") ? std::optional<std::string>()
                                                                  : std::optional<std::string>("{\"message\":\"web is down\"}"));
                                    return true;
                                  },
                                  [this](NoteDelivery note, auto done) { take(std::move(note), done); }});
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Bench() {
    loop_.stop();
    thread_.join();
    client_.reset();
  }
  // The reports of one attempt, once `count` have come.
  std::vector<NoteDelivery> send(const std::string& receiver, std::size_t count = 1, std::string_view body = "body") {
    notifier_->begin(Effect{{Area::route, "d1"}, SendMessage{DeliveryId{"d1"}, 3, receiver, sha256(body)}}, 1);
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
  std::unique_ptr<Notifier> notifier_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<NoteDelivery> notes_;
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
  EXPECT_NE(text.find("{\"message\":\"web is down\"}"), std::string::npos) << text;
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
