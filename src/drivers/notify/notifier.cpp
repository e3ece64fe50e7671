#include "drivers/notify/notifier.h"

#include <utility>

#include "receivers/mail_verdict.h"
#include "receivers/redaction.h"

namespace watchbill::drivers::notify {
namespace {

using receivers::Channel;
using receivers::Verdict;

constexpr std::string_view delivery_header = "X-Watchbill-Delivery";
constexpr Duration report_pause = Duration::seconds(1);  // the journal is tried again each second too
constexpr Duration call_timeout = Duration::seconds(10);
constexpr Duration crowd_pause = Duration::milliseconds(50);  // until another try for a place among the calls
constexpr std::size_t answer_bytes_max = 1U << 20;
constexpr std::size_t remark_bytes_max = 200;
constexpr int steps_max = 16;  // of one attempt: no kind needs as many

Verdict judge_failure(const ports::HttpFailure& failure) {
  const bool is_hopeless = failure.kind == ports::HttpFailureKind::call_invalid;
  return {is_hopeless ? DeliveryAnswer::final : DeliveryAnswer::retryable, std::string(word(failure.kind)), {}};
}

// Of one call: the setting of that name, or 10 s.
Duration timeout_of(const Channel& channel) {
  const auto setting = channel.configuration.settings.find("timeout");
  const std::int64_t* ms = setting == channel.configuration.settings.end() ? nullptr : setting->second.as_integer();
  return ms != nullptr && *ms > 0 ? Duration{*ms} : call_timeout;
}

}  // namespace

struct Notifier::Attempt {
  SendMessage message;
  Integration integration;
  std::unique_ptr<receivers::Conversation> conversation;
  std::shared_ptr<const Channel> channel;  // with the secrets of files
  int step_count{0};
  std::string said{};  // by the far side, in its last answer
};

void Notifier::configure(NotifySettings settings) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
}

void Notifier::prepare(const NotifySettings& next) {
  const std::lock_guard lock(mutex_);
  settings_.integrations.insert(next.integrations.begin(), next.integrations.end());
}

std::optional<Integration> Notifier::integration_of(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto at = settings_.integrations.find(name);
  if (at == settings_.integrations.end()) return std::nullopt;
  return at->second;
}

void Notifier::begin(const Effect& effect, Epoch) {
  const auto& message = std::get<SendMessage>(effect.what);
  if (!integration_of(message.receiver)) return end(message, {DeliveryAnswer::final, "unknown_receiver", {}}, {});
  begin_elsewhere(message);
}

// Where too many tasks wait, the message waits too: nothing was tried.
void Notifier::begin_elsewhere(const SendMessage& message) {
  if (parts_.run([this, message] { read_and_speak(message); })) return;
  parts_.loop.post([this, message] {
    parts_.loop.after(crowd_pause, [this, message] { begin_elsewhere(message); });
  });
}

void Notifier::read_and_speak(const SendMessage& message) {
  if (message.bytes) return speak(message, *message.bytes);
  Result<std::optional<std::string>> body = parts_.read_body(message.body);
  if (body && *body) return speak(message, std::move(**body));
  // A body that is not there will not come: the blob was written before the intent.
  const DeliveryAnswer answer = body ? DeliveryAnswer::final : DeliveryAnswer::retryable;
  end(message, {answer, body ? "body_missing" : "journal_not_readable", {}}, {});
}

// Files of secrets are read at each attempt: one that was renewed holds from the next on.
Result<std::shared_ptr<const Channel>> Notifier::with_secrets(const std::shared_ptr<const Channel>& channel) const {
  if (channel->configuration.secret_files.empty()) return channel;
  auto filled = std::make_shared<Channel>(*channel);
  for (const auto& [name, path] : channel->configuration.secret_files) {
    Result<std::string> secret = parts_.read_secret(path);
    if (!secret) return secret.error();
    filled->secrets[name] = std::move(*secret);
  }
  return std::shared_ptr<const Channel>(std::move(filled));
}

void Notifier::speak(const SendMessage& message, std::string body) {
  const std::optional<Integration> integration = integration_of(message.receiver);
  if (!integration) return end(message, {DeliveryAnswer::final, "unknown_receiver", {}}, {});
  Result<std::shared_ptr<const Channel>> channel = with_secrets(integration->channel);
  if (!channel) return end(message, {DeliveryAnswer::retryable, "secret_unreadable", {}}, channel.error().text());
  auto conversation = receivers::begin_conversation(*channel, std::move(body), message.delivery.text, parts_.now());
  if (!conversation) return end(message, {DeliveryAnswer::final, "body_malformed", {}}, {});
  const auto attempt = std::make_shared<Attempt>(Attempt{message, *integration, std::move(*conversation), std::move(*channel)});
  take(attempt, attempt->conversation->begin());
}

void Notifier::take(const std::shared_ptr<Attempt>& attempt, receivers::Step step) {
  if (const auto* verdict = std::get_if<Verdict>(&step)) return end(attempt, *verdict);
  if (++attempt->step_count > steps_max) return end(attempt, Verdict{DeliveryAnswer::final, "too_many_calls", {}});
  if (auto* http = std::get_if<ports::HttpCall>(&step)) return call(attempt, std::move(*http));
  mail(attempt, std::move(std::get<ports::MailCall>(step)));
}

void Notifier::call(const std::shared_ptr<Attempt>& attempt, ports::HttpCall call) {
  call.headers.push_back({std::string(delivery_header), attempt->message.delivery.text});
  call.timeout = timeout_of(*attempt->channel);
  call.connect_timeout = call.timeout;
  call.body_bytes_max = answer_bytes_max;
  call.cuts_body = true;  // the status decides, for most
  if (attempt->integration.settle && !attempt->integration.settle(call))
    return end(attempt, Verdict{DeliveryAnswer::retryable, "secret_unreadable", {}});
  start(attempt, std::make_shared<const ports::HttpCall>(std::move(call)));
}

// Where many channels lead to one host, calls wait for each other: nothing was sent, and that is no failure of the channel.
void Notifier::start(const std::shared_ptr<Attempt>& attempt, const std::shared_ptr<const ports::HttpCall>& call) {
  parts_.client.start(*call, [this, attempt, call](const Result<ports::HttpAnswer, ports::HttpFailure>& outcome) {
    if (!outcome && outcome.error().kind == ports::HttpFailureKind::too_many_calls) {
      parts_.loop.after(crowd_pause, [this, attempt, call] { start(attempt, call); });
      return;
    }
    attempt->said = outcome ? outcome->body : outcome.error().detail;
    if (!outcome) return end(attempt, judge_failure(outcome.error()));
    take(attempt, attempt->conversation->go_on(*outcome));
  });
}

void Notifier::mail(const std::shared_ptr<Attempt>& attempt, ports::MailCall call) {
  if (const auto& tls = attempt->channel->configuration.client.tls) call.tls = *tls;
  parts_.mail.send(std::move(call), [this, attempt](const Result<std::string, ports::MailFailure>& outcome) {
    if (!outcome) attempt->said = outcome.error().detail;
    end(attempt, outcome ? Verdict{DeliveryAnswer::accepted, "smtp 250", {}} : receivers::judge(outcome.error()));
  });
}

void Notifier::end(const std::shared_ptr<Attempt>& attempt, const Verdict& verdict) {
  std::string remark = attempt->conversation->remark();
  if (verdict.answer != DeliveryAnswer::accepted && !attempt->said.empty())
    remark = receivers::said_by(attempt->said, attempt->channel->secrets, remark_bytes_max);
  end(attempt->message, verdict, std::move(remark));
}

void Notifier::end(const SendMessage& message, Verdict verdict, std::string remark) {
  tell_log(message.receiver, verdict, remark);
  report({verdict.answer, message.attempt, message.delivery, std::move(verdict.detail), verdict.retry_after, std::move(remark)});
}

// A channel that begins to fail, fails otherwise, or takes messages again: one line each.
void Notifier::tell_log(const std::string& receiver, const Verdict& verdict, const std::string& remark) {
  const std::string how = verdict.detail + (remark.empty() ? "" : ": " + remark);
  const bool is_accepted = verdict.answer == DeliveryAnswer::accepted;
  {
    const std::lock_guard lock(mutex_);
    const auto known = failing_.find(receiver);
    if (is_accepted ? known == failing_.end() : known != failing_.end() && known->second == how) return;
    if (is_accepted) failing_.erase(known);
    else failing_.insert_or_assign(receiver, how);
  }
  parts_.log("notify: " + receiver + (is_accepted ? ": it takes messages again" : " was not told: " + how));
}

// An outcome is never forgotten: while the journal takes nothing it is offered again and again.
void Notifier::report(NoteDelivery note) {
  parts_.report(note, [this, note](bool is_recorded) {
    if (is_recorded) return;
    parts_.loop.post([this, note] {
      parts_.loop.after(report_pause, [this, note] { report(note); });
    });
  });
}

}  // namespace watchbill::drivers::notify
