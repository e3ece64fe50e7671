#include "drivers/remote/writer.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include <fmt/core.h>

namespace watchbill::drivers::remote {

namespace sender = metrics::sender;

namespace {

constexpr Duration longest_wait = Duration::seconds(5);  // the clock may be set meanwhile
constexpr std::size_t answer_bytes_max = 64U << 10;
constexpr std::size_t text_bytes_max = 256;
constexpr std::string_view environment_prefix = "env:";

// The first line of what the far side says, for people.
std::string first_line(std::string_view body) {
  body = body.substr(0, std::min(body.find_first_of("\r\n"), text_bytes_max));
  std::string out(body);
  std::replace_if(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return out;
}

// Seconds; a date is left to the usual waiting.
Duration retry_after(const ports::HttpFields& headers) {
  constexpr std::int64_t seconds_max = 86'400;
  const std::string* text = ports::find_field(headers, "retry-after");
  std::int64_t seconds = 0;
  if (text == nullptr) return {};
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (failure != std::errc{} || end != text->data() + text->size()) return {};
  return Duration::seconds(std::clamp<std::int64_t>(seconds, 0, seconds_max));
}

}  // namespace

Writer::Writer(const Links& links, Remote remote, const sender::LogEnd& log_end, std::unique_ptr<Writer> before)
    : links_(links),
      remote_(std::move(remote)),
      log_end_(log_end),
      before_(std::move(before)),
      inbox_(std::make_shared<Inbox>()),
      thread_([this] { work(); }) {}

Writer::~Writer() {
  stop();
  thread_.join();
}

void Writer::wake() {
  {
    const std::lock_guard lock(inbox_->mutex);
    inbox_->is_woken = true;
  }
  inbox_->changed.notify_all();
}

void Writer::stop() {
  {
    const std::lock_guard lock(inbox_->mutex);
    inbox_->is_stopped = true;
  }
  inbox_->changed.notify_all();
}

bool Writer::is_stopped() const {
  const std::lock_guard lock(inbox_->mutex);
  return inbox_->is_stopped;
}

metrics::tsdb::LogPlace Writer::needed_from() const {
  const std::lock_guard lock(inbox_->mutex);
  return inbox_->needed_from;
}

bool Writer::is_over() const {
  const std::lock_guard lock(inbox_->mutex);
  return inbox_->is_over;
}

sender::Figures Writer::figures() const {
  const std::lock_guard lock(inbox_->mutex);
  return inbox_->figures;
}

void Writer::work() {
  before_.reset();  // it may have something to note
  const std::unique_ptr<ports::FilesPort> files = links_.files();
  sender::Sender sender(*remote_.terms, {*files, links_.log_folder, links_.families, links_.exemplars}, log_end_, links_.now());
  Instant until;
  for (std::vector<sender::Answer> answers; wait(until, answers); answers.clear()) {
    sender::Sender::Turn turn = sender.step(links_.now(), answers, links_.newest_stored());
    for (sender::Call& call : turn.calls) send(std::move(call));
    for (const std::string& said : turn.said) links_.complain("remote write " + remote_.label + ": " + said);
    until = turn.wake_at;
    const std::lock_guard lock(inbox_->mutex);
    inbox_->figures = sender.figures();
    inbox_->needed_from = sender.needed_from();
  }
  const std::lock_guard lock(inbox_->mutex);
  inbox_->is_over = true;
}

// Waits for an answer, a flush or the time; false when it is to end.
bool Writer::wait(Instant until, std::vector<sender::Answer>& answers) {
  const Duration longest = std::clamp(until == Instant::never() ? longest_wait : until - links_.now(), Duration{}, longest_wait);
  std::unique_lock lock(inbox_->mutex);
  inbox_->changed.wait_for(lock, std::chrono::milliseconds(longest.ms), [this] {
    return inbox_->is_stopped || inbox_->is_woken || !inbox_->answers.empty();
  });
  inbox_->is_woken = false;
  answers.swap(inbox_->answers);
  return !inbox_->is_stopped;
}

void Writer::send(sender::Call call) {
  ports::HttpCall out;
  Result<ports::HttpFields> fields = headers();
  if (fields) out.headers = std::move(*fields);
  const Status settled = fields ? links_.settle(remote_.written.client, out) : Status(fields.error());
  if (!settled) {
    const std::lock_guard lock(inbox_->mutex);
    inbox_->answers.push_back({call.id, 0, false, {}, {}, settled.error().text()});
    return;
  }
  out.method = "POST";
  out.url = remote_.written.url;
  out.body = std::move(call.body);
  out.timeout = remote_.written.timeout;
  out.connect_timeout = std::min(out.connect_timeout, out.timeout);
  out.body_bytes_max = answer_bytes_max;
  out.cuts_body = true;  // what it says may be a page of HTML; the status decides
  out.may_be_sent_twice = true;  // a receiver knows samples that it has
  links_.client.start(std::move(out),
                      [inbox = inbox_, id = call.id](const Result<ports::HttpAnswer, ports::HttpFailure>& result) {
                        {
                          const std::lock_guard lock(inbox->mutex);
                          inbox->answers.push_back(answer_of(id, result));
                        }
                        inbox->changed.notify_all();
                      });
}

Result<ports::HttpFields> Writer::headers() const {
  ports::HttpFields out{{"Content-Encoding", "snappy"},
                        {"Content-Type", "application/x-protobuf"},
                        {"User-Agent", "watchbill"},
                        {"X-Prometheus-Remote-Write-Version", "0.1.0"}};
  for (const auto& [name, value] : remote_.written.headers) {
    if (!value.starts_with(environment_prefix)) {
      out.push_back({name, value});
      continue;
    }
    std::optional<std::string> secret = links_.environment(value.substr(environment_prefix.size()));
    if (!secret) return Error{ErrorKind::not_found, "read the secret", value, "the environment has no such name"};
    out.push_back({name, std::move(*secret)});
  }
  return out;
}

sender::Answer Writer::answer_of(std::uint64_t id, const Result<ports::HttpAnswer, ports::HttpFailure>& result) {
  sender::Answer answer;
  answer.id = id;
  if (!result) {
    answer.was_sent = !ports::was_nothing_sent(result.error().kind);
    answer.text = result.error().detail;
    return answer;
  }
  answer.status = result->status;
  answer.took = result->took;
  answer.retry_after = retry_after(result->headers);
  const std::string text = first_line(result->body);
  answer.text = fmt::format("it answers with status {}{}{}", result->status, text.empty() ? "" : ": ", text);
  return answer;
}

}  // namespace watchbill::drivers::remote
