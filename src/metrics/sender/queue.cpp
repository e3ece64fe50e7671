#include "metrics/sender/queue.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/assert.h"
#include "metrics/histogram/codec.h"
#include "metrics/remote/block.h"
#include "metrics/remote/write_request.h"

namespace watchbill::metrics::sender {
namespace {

constexpr Duration retry_after_max = Duration::hours(1);

// What out of order and known already look like.
bool is_about_samples(std::uint32_t status) noexcept { return status == 400 || status == 409; }

// One series has another object in each run of the program, and rules may make one of several.
bool is_same(const SentSeries& a, const SentSeries& b) noexcept {
  return &a == &b || (a.hash == b.hash && a.encoded_labels == b.encoded_labels);
}
bool is_before(const SentSeries& a, const SentSeries& b) noexcept {
  return a.hash != b.hash ? a.hash < b.hash : &a != &b && a.encoded_labels < b.encoded_labels;
}

std::string count_text(const Counts& counts) {
  return std::to_string(counts.all()) + (counts.all() == 1 ? " sample" : " samples");
}

void add_series(const Group& group, const std::vector<QueuedSample>& part, std::span<const std::size_t> places,
                remote::WriteRequestWriter& writer) {
  std::vector<remote::Sample> samples;
  std::vector<remote::HistogramSample> histograms;
  for (const std::size_t place : places) {
    const QueuedSample& sample = part[place];
    if (sample.histogram == 0) {
      samples.push_back({Instant{sample.t_ms}, sample.value});
    } else if (auto value = histogram::decode(group.histograms[sample.histogram - 1])) {
      histograms.push_back({Instant{sample.t_ms}, std::move(*value)});
    }
  }
  writer.series(part[places.front()].series->encoded_labels, samples, histograms);
}

}  // namespace

bool may_try_again(std::uint32_t status, bool retries_429) noexcept {
  return status < 200 || (status >= 300 && status < 400) || status >= 500 || (status == 429 && retries_429);
}

void Queue::open(Group group) {
  WB_ASSERT(has_room(), "who opens a group asks for room first");
  Open& open = groups_.emplace_back(Open{std::move(group), {}, 0});
  open.lanes.resize(open.group.parts.size());
  for (std::size_t shard = 0; shard < open.lanes.size(); ++shard) {
    open.lanes[shard].backoff = terms_.backoff_min;
    if (!open.group.parts[shard].empty()) ++open.unfinished;
    for (const QueuedSample& sample : open.group.parts[shard])
      ++(sample.histogram == 0 ? figures_.pending.samples : figures_.pending.histograms);
  }
}

bool Queue::take_finished(Group& out) {
  if (groups_.empty() || groups_.front().unfinished != 0) return false;
  out = std::move(groups_.front().group);
  groups_.pop_front();
  return true;
}

// --- what goes out ---

// Whether what the shard sent before is answered.
bool Queue::may_go(std::size_t group, std::size_t lane) const noexcept {
  for (std::size_t earlier = 0; earlier < group; ++earlier) {
    const Open& before = groups_[earlier];
    if (before.unfinished == 0) continue;
    if (before.group.shard_count() != groups_[group].group.shard_count()) return false;
    if (before.lanes[lane].next < before.group.parts[lane].size()) return false;
  }
  return true;
}

void Queue::give_calls(Instant now, std::uint64_t& next_id, std::vector<Call>& out) {
  for (std::size_t index = 0; index < groups_.size(); ++index) {
    Open& open = groups_[index];
    for (std::size_t shard = 0; shard < open.lanes.size(); ++shard) {
      Lane& lane = open.lanes[shard];
      if (lane.call != 0 || lane.next == open.group.parts[shard].size() || lane.try_at > now || !may_go(index, shard)) continue;
      if (lane.end == lane.next) cut_next(open.group, shard, lane);
      lane.call = next_id++;
      out.push_back(Call{lane.call, body_of(open.group, shard, lane), false});
      lane.body_bytes = out.back().body.size();
    }
  }
}

void Queue::cut_next(const Group& group, std::size_t shard, Lane& lane) const {
  lane.end = std::min(lane.next + terms_.samples_per_request, group.parts[shard].size());
  if (!lane.cuts.empty()) lane.end = lane.cuts.back();
  lane.was_perhaps_taken = false;
}

// The samples of a series stand together, in their order.
std::string Queue::body_of(const Group& group, std::size_t shard, const Lane& lane) {
  const std::vector<QueuedSample>& part = group.parts[shard];
  order_.resize(lane.end - lane.next);
  std::iota(order_.begin(), order_.end(), lane.next);
  std::stable_sort(order_.begin(), order_.end(),
                   [&part](std::size_t a, std::size_t b) { return is_before(*part[a].series, *part[b].series); });
  remote::WriteRequestWriter writer;
  for (std::size_t begin = 0; begin < order_.size();) {
    std::size_t end = begin + 1;
    while (end < order_.size() && is_same(*part[order_[end]].series, *part[order_[begin]].series)) ++end;
    add_series(group, part, std::span(order_).subspan(begin, end - begin), writer);
    begin = end;
  }
  return remote::compress(writer.body());
}

Counts Queue::counts_of(const Group& group, std::size_t shard, const Lane& lane) noexcept {
  Counts counts;
  for (std::size_t i = lane.next; i < lane.end; ++i)
    ++(group.parts[shard][i].histogram == 0 ? counts.samples : counts.histograms);
  return counts;
}

Instant Queue::wake_at() const noexcept {
  Instant at = Instant::never();
  for (std::size_t index = 0; index < groups_.size(); ++index)
    for (std::size_t shard = 0; shard < groups_[index].lanes.size(); ++shard) {
      const Lane& lane = groups_[index].lanes[shard];
      if (lane.call == 0 && lane.next < groups_[index].group.parts[shard].size() && may_go(index, shard))
        at = std::min(at, lane.try_at);
    }
  return at;
}

// --- what comes back ---

bool Queue::find(std::uint64_t call, std::size_t& group, std::size_t& lane) const noexcept {
  for (group = 0; group < groups_.size(); ++group)
    for (lane = 0; lane < groups_[group].lanes.size(); ++lane)
      if (groups_[group].lanes[lane].call == call) return true;
  return false;
}

bool Queue::take(const Answer& answer, Instant now, std::string& said) {
  std::size_t index = 0;
  std::size_t shard = 0;
  if (answer.id == 0 || !find(answer.id, index, shard)) return false;
  Open& open = groups_[index];
  Lane& lane = open.lanes[shard];
  lane.call = 0;
  if (may_try_again(answer.status, terms_.retries_429)) {
    try_again(lane, counts_of(open.group, shard, lane), answer, now, said);
    return true;
  }
  busy_seconds_ += static_cast<double>(answer.took.ms) / 1000;
  if (answer.status / 100 == 2) {
    // A refused repetition took nothing away.
    if (is_said_[static_cast<std::size_t>(Trouble::retrying)] || is_said_[static_cast<std::size_t>(Trouble::dropping)])
      said = "it takes samples again";
    is_said_ = {};
    note_taken(open, shard, answer, now);
  } else {
    const bool may_hold_new_ones = is_about_samples(answer.status) && open.group.repeat == Repeat::otherwise;
    if (may_hold_new_ones && lane.end - lane.next > 1) {
      lane.cuts.push_back(lane.next + (lane.end - lane.next) / 2);
      lane.end = lane.next;
      lane.backoff = terms_.backoff_min;
      return true;
    }
    note_refused(open, shard, answer, said);
  }
  finish(open, shard);
  return true;
}

void Queue::try_again(Lane& lane, const Counts& counts, const Answer& answer, Instant now, std::string& said) {
  figures_.retried += counts;
  lane.was_perhaps_taken = lane.was_perhaps_taken || answer.was_sent;
  const Duration wait = answer.retry_after.ms > 0 ? std::min(answer.retry_after, retry_after_max) : lane.backoff;
  lane.try_at = now + wait;
  lane.backoff = std::min(wait * 2, terms_.backoff_max);
  say_once(Trouble::retrying, answer.text + "; it is tried again until it goes", said);
}

void Queue::note_taken(const Open& open, std::size_t shard, const Answer& answer, Instant now) {
  const Lane& lane = open.lanes[shard];
  figures_.sent += counts_of(open.group, shard, lane);
  figures_.bytes += lane.body_bytes;
  for (std::size_t i = lane.next; i < lane.end; ++i)
    figures_.newest_sent_ms = std::max(figures_.newest_sent_ms, open.group.parts[shard][i].t_ms);
  const double seconds = static_cast<double>(answer.took.ms) / 1000;
  const auto bucket = std::lower_bound(request_seconds_bounds.begin(), request_seconds_bounds.end(), seconds);
  ++figures_.request_counts[static_cast<std::size_t>(bucket - request_seconds_bounds.begin())];
  figures_.request_seconds += seconds;
  taken_at_ = now;
}

void Queue::note_refused(Open& open, std::size_t shard, const Answer& answer, std::string& said) {
  const Lane& lane = open.lanes[shard];
  const Counts counts = counts_of(open.group, shard, lane);
  const bool is_repeat = open.group.repeat != Repeat::never || lane.was_perhaps_taken;
  if (is_repeat && is_about_samples(answer.status)) {
    figures_.refused_repeats += counts;
    return say_once(Trouble::repeating,
                    answer.text + "; " + count_text(counts) + " were repeated after an interruption: most likely it has them",
                    said);
  }
  figures_.failed += counts;
  say_once(Trouble::dropping, answer.text + "; what it refuses is dropped, " + count_text(counts) + " now", said);
}

// The request under way is answered for good.
void Queue::finish(Open& open, std::size_t shard) {
  Lane& lane = open.lanes[shard];
  const Counts counts = counts_of(open.group, shard, lane);
  figures_.pending.samples -= counts.samples;
  figures_.pending.histograms -= counts.histograms;
  answered_count_ += counts.all();
  lane.next = lane.end;
  while (!lane.cuts.empty() && lane.cuts.back() <= lane.next) lane.cuts.pop_back();
  lane.backoff = terms_.backoff_min;
  if (lane.next == open.group.parts[shard].size()) --open.unfinished;
}

void Queue::say_once(Trouble trouble, std::string text, std::string& said) {
  if (!std::exchange(is_said_[static_cast<std::size_t>(trouble)], true)) said = std::move(text);
}

}  // namespace watchbill::metrics::sender
