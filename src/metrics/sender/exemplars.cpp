#include "metrics/sender/exemplars.h"

#include <algorithm>
#include <map>

#include "metrics/remote/block.h"
#include "metrics/remote/write_request.h"
#include "metrics/sender/queue.h"
#include "metrics/sender/sent_series.h"

namespace watchbill::metrics::sender {
namespace {

// A receiver that is never done with the samples has those of a minute ago, or knows their series from before.
constexpr Duration longest_wait_for_samples = Duration::minutes(1);

}  // namespace

Exemplars::Exemplars(const Terms& terms, Figures& figures)
    : terms_(terms), figures_(figures), backoff_(terms.queue.backoff_min) {}

// Fixes what is sent next: all that is there now.
void Exemplars::look(Instant now, const Source& source) {
  const tsdb::ExemplarStore::Arrived there = source(next_, 0);
  if (!is_begun_) next_ = there.first;  // what was forgotten before there was a sender is not lost on the way
  is_begun_ = true;
  until_ = there.number;
  seen_at_ = now;
}

// The samples beside them are in the log after one flush, and read after the next turn.
bool Exemplars::is_ripe(Instant now, bool all_is_answered) const {
  const Duration waited = now - seen_at_;
  return (all_is_answered && waited >= terms_.flush_interval * 2) || waited >= longest_wait_for_samples;
}

void Exemplars::give_calls(Instant now, const Source& source, bool all_is_answered, std::uint64_t& next_id,
                           std::vector<Call>& out) {
  if (!terms_.sends_exemplars || call_ != 0) return;
  if (!is_begun_ || (body_.empty() && next_ >= until_ && now - seen_at_ >= terms_.flush_interval)) look(now, source);
  if (body_.empty() && next_ < until_) {
    const Duration least = terms_.flush_interval * 2;
    try_at_ = is_ripe(now, all_is_answered) ? now : seen_at_ + (now - seen_at_ < least ? least : longest_wait_for_samples);
  }
  while (body_.empty() && next_ < until_ && is_ripe(now, all_is_answered)) {
    const std::uint64_t wanted = std::min<std::uint64_t>(until_ - next_, terms_.queue.samples_per_request);
    make_body(source(next_, static_cast<std::size_t>(wanted)));
  }
  if (body_.empty() || now < try_at_) return;
  call_ = next_id++;
  out.push_back(Call{call_, body_, true});
}

void Exemplars::make_body(const tsdb::ExemplarStore::Arrived& arrived) {
  // What was forgotten meanwhile, and what came behind the mark, is not among these.
  const std::uint64_t first = std::max(next_, arrived.first);
  figures_.exemplars_dropped += std::min(first, until_) - next_;
  std::map<std::string, std::vector<remote::ExemplarSample>> found;  // by encoded labels: those of a series stand together
  count_ = 0;
  behind_ = std::min(first, until_);
  for (const auto& [series, exemplar] : arrived.exemplars) {
    if (behind_ >= until_) break;
    ++behind_;
    const SentSeries sent = sent_series(series, terms_);
    if (sent.is_dropped()) {
      ++figures_.exemplars_dropped;
      continue;
    }
    found[sent.encoded_labels].push_back({exemplar.labels, exemplar.value, exemplar.at});
    ++count_;
  }
  if (arrived.exemplars.empty()) behind_ = until_;
  if (count_ == 0) {
    next_ = behind_;
    return;
  }
  remote::WriteRequestWriter writer;
  for (const auto& [labels, exemplars] : found) writer.series(labels, {}, {}, exemplars);
  body_ = remote::compress(writer.body());
}

bool Exemplars::take(const Answer& answer, Instant now) {
  if (answer.id == 0 || answer.id != call_) return false;
  call_ = 0;
  if (may_try_again(answer.status, terms_.queue.retries_429)) {
    figures_.exemplars_retried += count_;
    const Duration wait = answer.retry_after.ms > 0 ? std::min(answer.retry_after, longest_wait_for_samples) : backoff_;
    try_at_ = now + wait;
    backoff_ = std::min(wait * 2, terms_.queue.backoff_max);
    return true;
  }
  const bool is_taken = answer.status / 100 == 2;
  (is_taken ? figures_.exemplars_sent : figures_.exemplars_failed) += count_;
  if (is_taken) figures_.bytes += body_.size();
  next_ = behind_;
  body_.clear();
  backoff_ = terms_.queue.backoff_min;
  return true;
}

Instant Exemplars::wake_at() const noexcept {
  if (!terms_.sends_exemplars || call_ != 0) return Instant::never();
  // Answers bring a step, too: who waits for those of samples need not look again and again.
  return !body_.empty() || next_ < until_ ? try_at_ : seen_at_ + terms_.flush_interval;
}

}  // namespace watchbill::metrics::sender
