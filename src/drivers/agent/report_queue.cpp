#include "drivers/agent/report_queue.h"

#include <algorithm>
#include <utility>

namespace watchbill::drivers::agent {

void ReportQueue::begin() {
  entries_.clear();
  offered_through_ = 0;
  ++round_;
  is_open_ = is_pausing_ = false;
}

void ReportQueue::open() {
  is_open_ = true;
  pump();
}

void ReportQueue::take(std::uint64_t number, ToldReport report) {
  entries_.push_back(Entry{number, std::move(report), false, false});
  pump();
}

void ReportQueue::take_foreign(std::uint64_t number) { entries_.push_back(Entry{number, std::nullopt, true, false}); }

void ReportQueue::settle(std::uint64_t number) {
  for (Entry& entry : entries_)
    if (entry.number == number) entry.is_durable = true;
  acknowledge();
}

void ReportQueue::pump() {
  if (!is_open_ || is_pausing_) return;
  for (Entry& entry : entries_) {
    if (entry.is_offered) continue;
    entry.is_offered = true;
    ToldReport told = *entry.report;
    set_after(told.command, std::exchange(offered_through_, entry.number));
    parts_.offer(std::move(told.command), std::move(told.blobs),
                 [this, round = round_, number = entry.number](OfferOutcome how) {
                   parts_.loop.post([this, round, number, how] { outcome(round, number, how); });
                 });
  }
}

void ReportQueue::outcome(std::uint64_t round, std::uint64_t number, OfferOutcome outcome) {
  if (round != round_) return;
  if (outcome == OfferOutcome::again) return offer_again();
  settle(number);
}

// One was refused: it and all after it are told again, in order. Those before it are recorded already, so the first has none
// before it that the core could miss.
void ReportQueue::offer_again() {
  ++round_;
  is_pausing_ = true;
  offered_through_ = 0;
  for (Entry& entry : entries_)
    if (entry.report && !entry.is_durable) entry.is_offered = false;
  parts_.loop.after(offer_pause, [this, round = round_] {
    if (round != round_) return;
    is_pausing_ = false;
    pump();
  });
}

void ReportQueue::acknowledge() {
  std::uint64_t through = 0;
  while (!entries_.empty() && entries_.front().is_durable) {
    through = entries_.front().number;
    entries_.pop_front();
  }
  if (through != 0) parts_.acknowledge(through);
}

}  // namespace watchbill::drivers::agent
