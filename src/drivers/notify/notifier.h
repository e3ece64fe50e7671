// Delivers messages to webhooks: one POST for each attempt, its outcome kept until the journal has it.
// Source: domain/alert-routing-and-obligations.md §4, "Delivery". Rounds, pauses and the end of trying are the core's decision.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/command.h"
#include "ports/effects.h"
#include "ports/http_client.h"
#include "ports/io_loop.h"

namespace watchbill::drivers::notify {

// Where the messages for one receiver go.
struct Webhook {
  std::string url;
  ports::HttpFields headers;  // credentials among them
  TlsClientConfiguration tls;
  Duration timeout{Duration::seconds(10)};
};

struct NotifySettings {
  std::map<std::string, Webhook> receivers;  // by name
};

// How an attempt ended: 2xx accepted; 408, 429, 5xx and transport errors retryable; every other answer final, and so is a URL
// that cannot be called. `attempt` and `delivery` are left to the caller.
[[nodiscard]] NoteDelivery classify(const Result<ports::HttpAnswer, ports::HttpFailure>& outcome);

// The pause that a Retry-After asks for: seconds, or an HTTP date less the answer's own Date; zero when there is none that can be
// read.
[[nodiscard]] Duration retry_after(const ports::HttpFields& headers);

class Notifier final : public ports::EffectPort {
 public:
  struct Parts {
    ports::HttpClient& client;
    ports::IoLoop& loop;  // on which client runs
    // Reads the bytes of a blob elsewhere and calls `done` on any thread; false, and no call, when too many reads wait. Any
    // thread.
    std::function<bool(const Digest&, std::function<void(Result<std::optional<std::string>>)> done)> read_body;
    // Offers an outcome and calls `done` on any thread with whether it is recorded (or need not be). Any thread.
    std::function<void(NoteDelivery, std::function<void(bool is_recorded)> done)> report;
  };
  Notifier(NotifySettings settings, Parts parts) : settings_(std::move(settings)), parts_(std::move(parts)) {}

  void begin(const Effect& effect, Epoch fence) override;

  // Other receivers from now on; what was sent is not changed by it. Any thread.
  void configure(NotifySettings settings);

 private:
  [[nodiscard]] std::optional<Webhook> webhook_of(const std::string& receiver) const;
  void read_and_send(const SendMessage& message);
  void send(const SendMessage& message, std::string body);
  void report(NoteDelivery note);
  void report_for(const SendMessage& message, NoteDelivery note);

  mutable std::mutex mutex_;
  NotifySettings settings_;
  const Parts parts_;
};

}  // namespace watchbill::drivers::notify
