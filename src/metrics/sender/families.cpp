#include "metrics/sender/families.h"

#include <algorithm>

#include "metrics/remote/block.h"
#include "metrics/remote/write_request.h"
#include "metrics/sender/queue.h"

namespace watchbill::metrics::sender {

Families::Families(const Terms& terms, Figures& figures, Instant now)
    : terms_(terms), figures_(figures), next_round_at_(now + terms.metadata_interval), backoff_(terms.queue.backoff_min) {}

void Families::give_calls(Instant now, const std::function<FamilyList()>& known, std::uint64_t& next_id,
                          std::vector<Call>& out) {
  if (!terms_.sends_metadata || call_ != 0) return;
  if (next_ == round_.size() && now >= next_round_at_) {
    round_ = known();
    next_ = 0;
    next_round_at_ = now + terms_.metadata_interval;
  }
  if (next_ == round_.size() || now < try_at_) return;
  end_ = std::min(next_ + terms_.families_per_request, round_.size());
  remote::WriteRequestWriter writer;
  for (std::size_t i = next_; i < end_; ++i) {
    const auto& [name, metadata] = round_[i];
    writer.metadata({remote::metric_type(metadata.type), name, metadata.help, metadata.unit});
  }
  call_ = next_id++;
  out.push_back(Call{call_, remote::compress(writer.body()), true});
  body_bytes_ = out.back().body.size();
}

bool Families::take(const Answer& answer, Instant now) {
  if (answer.id == 0 || answer.id != call_) return false;
  call_ = 0;
  const std::size_t count = end_ - next_;
  if (may_try_again(answer.status, terms_.queue.retries_429)) {
    figures_.families_retried += count;
    const Duration wait = answer.retry_after.ms > 0 ? std::min(answer.retry_after, terms_.metadata_interval) : backoff_;
    try_at_ = now + wait;
    backoff_ = std::min(wait * 2, terms_.queue.backoff_max);
    return true;
  }
  const bool is_taken = answer.status / 100 == 2;
  (is_taken ? figures_.families_sent : figures_.families_failed) += count;
  if (is_taken) figures_.metadata_bytes += body_bytes_;
  next_ = end_;
  if (next_ == round_.size()) {
    round_.clear();
    next_ = end_ = 0;
  }
  backoff_ = terms_.queue.backoff_min;
  return true;
}

Instant Families::wake_at() const noexcept {
  if (!terms_.sends_metadata || call_ != 0) return Instant::never();
  return next_ == round_.size() ? next_round_at_ : try_at_;
}

}  // namespace watchbill::metrics::sender
