// Delivers messages to the integrations of receivers: for each attempt the calls of one conversation (receivers/), its outcome
// kept until the journal has it. Rounds, pauses and the end of trying are the core's decision.
// Source: domain/alert-routing-and-obligations.md §4, "Delivery".
//
// Cost of an attempt: one task on another thread, which renders its templates (and reads its body from the journal, when it was
// not written a moment ago), then one call or a few on the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/command.h"
#include "ports/effects.h"
#include "ports/http_client.h"
#include "ports/io_loop.h"
#include "ports/mail.h"
#include "receivers/conversation.h"

namespace watchbill::drivers::notify {

// An integration that messages name.
struct Integration {
  std::shared_ptr<const receivers::Channel> channel;
  std::function<Status(ports::HttpCall&)> settle;  // puts what `http_config` says into a call; may read files
};

struct NotifySettings {
  std::map<std::string, Integration> integrations;  // by name: "ops/slack[0]"
};

class Notifier final : public ports::EffectPort {
 public:
  struct Parts {
    ports::HttpClient& client;
    ports::MailClient& mail;
    ports::IoLoop& loop;  // on which both run
    std::function<Instant()> now;
    // Runs a task on another thread; false when too many wait. Any thread.
    std::function<bool(std::function<void()> task)> run;
    // Reads the bytes of a blob, in such a task.
    std::function<Result<std::optional<std::string>>(const Digest&)> read_body;
    // Reads a file that holds a secret. Any thread.
    std::function<Result<std::string>(const std::string& path)> read_secret;
    // A line for whoever reads the log, without secrets. Any thread.
    std::function<void(const std::string&)> log;
    // Offers an outcome and calls `done` on any thread with whether it is recorded (or need not be). Any thread.
    std::function<void(NoteDelivery, std::function<void(bool is_recorded)> done)> report;
  };
  Notifier(NotifySettings settings, Parts parts) : settings_(std::move(settings)), parts_(std::move(parts)) {}

  void begin(const Effect& effect, Epoch fence) override;

  // Other integrations from now on; what was begun is not changed by it. Any thread.
  void configure(NotifySettings settings);
  // Those of `next` that are not known yet, beside the present ones: before the core names them. Any thread.
  void prepare(const NotifySettings& next);

 private:
  struct Attempt;

  [[nodiscard]] std::optional<Integration> integration_of(const std::string& name) const;
  [[nodiscard]] Result<std::shared_ptr<const receivers::Channel>> with_secrets(
      const std::shared_ptr<const receivers::Channel>& channel) const;
  void begin_elsewhere(const SendMessage& message);
  void read_and_speak(const SendMessage& message);
  void speak(const SendMessage& message, std::string body);
  void take(const std::shared_ptr<Attempt>& attempt, receivers::Step step);
  void call(const std::shared_ptr<Attempt>& attempt, ports::HttpCall call);
  void start(const std::shared_ptr<Attempt>& attempt, const std::shared_ptr<const ports::HttpCall>& call);
  void mail(const std::shared_ptr<Attempt>& attempt, ports::MailCall call);
  void end(const std::shared_ptr<Attempt>& attempt, const receivers::Verdict& verdict);
  void end(const SendMessage& message, receivers::Verdict verdict, std::string remark);
  void tell_log(const std::string& receiver, const receivers::Verdict& verdict, const std::string& remark);
  void report(NoteDelivery note);

  mutable std::mutex mutex_;
  NotifySettings settings_;
  std::map<std::string, std::string> failing_;  // integrations with how they failed last: what the log knows
  const Parts parts_;
};

}  // namespace watchbill::drivers::notify
