#include "outside/alert_desk.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include "base/assert.h"

namespace watchbill::outside {
namespace {

// Between two tries to tell the core of the same end.
constexpr Duration retry_delay = Duration::seconds(1);

std::size_t bytes_of(const Labels& labels, const Heard& heard) {
  std::size_t bytes = heard.generator_url.size();
  for (const auto& [name, value] : labels) bytes += name.size() + value.size();
  for (const auto& [name, value] : heard.annotations) bytes += name.size() + value.size();
  return bytes;
}

bool is_over(const Heard& heard, Instant now) noexcept { return heard.ends_at <= now; }

OutsideAlert told_of(const Labels& labels, const Heard& heard) {
  OutsideAlert out;
  out.annotations = heard.annotations;
  if (!heard.is_timeout) out.ends_at = heard.ends_at;
  out.generator_url = heard.generator_url;
  out.labels = labels;
  out.starts_at = heard.starts_at;
  return out;
}

}  // namespace

Heard heard_of(const PostedAlert& posted, Instant now, Duration resolve_timeout) {
  Heard heard;
  heard.annotations = posted.annotations;
  heard.generator_url = posted.generator_url;
  heard.updated_at = now;
  heard.starts_at = posted.starts_at ? *posted.starts_at : posted.ends_at.value_or(now);
  heard.is_timeout = !posted.ends_at;
  heard.ends_at = posted.ends_at.value_or(now + resolve_timeout);
  return heard;
}

std::string fault_of(const Labels& labels, const Heard& heard) {
  if (heard.ends_at < heard.starts_at) return "start time must be before end time";
  for (const auto& [name, value] : labels)
    if (!is_label_name(name)) return "invalid label set: invalid name " + quoted(name.substr(0, 128));
  if (labels.empty()) return "at least one label pair required";
  for (const auto& [name, value] : heard.annotations)
    if (!is_label_name(name)) return "invalid annotations: invalid name " + quoted(name.substr(0, 128));
  return {};
}

Heard taken_together(const Heard& last, const Heard& next, Instant now) {
  const bool ends_within = next.ends_at > last.starts_at && next.ends_at < last.ends_at;
  const bool starts_within = next.starts_at > last.starts_at && next.starts_at < last.ends_at;
  if (!ends_within && !starts_within) return next;
  Heard both = next;
  both.starts_at = std::min(last.starts_at, next.starts_at);
  if (is_over(next, now)) {
    // Of two ends in the past the later one counts.
    if (is_over(last, now)) both.ends_at = std::max(last.ends_at, next.ends_at);
  } else if (!last.is_timeout) {
    // An end that somebody said is not brought forward by one that lies in the future too.
    both.ends_at = std::max(last.ends_at, next.ends_at);
  }
  return both;
}

std::size_t AlertDesk::LabelsHash::operator()(const Labels& labels) const noexcept {
  constexpr std::size_t odd = 0x9E37'79B9'7F4A'7C15;
  std::size_t sum = 0;
  for (const auto& [name, value] : labels) {
    sum = (sum ^ std::hash<std::string_view>{}(name)) * odd;
    sum = (sum ^ (sum >> 29U) ^ std::hash<std::string_view>{}(value)) * odd;
  }
  return sum ^ (sum >> 32U);
}

void AlertDesk::remember(const OutsideAlert& alert, Instant now, Duration resolve_timeout) {
  const auto [at, is_new] = entries_.try_emplace(alert.labels);
  WB_ASSERT(is_new, "the core has each label set from outside once");
  Entry& entry = at->second;
  const Instant least = now + resolve_timeout;
  const bool was_said = alert.ends_at && *alert.ends_at >= least;
  entry.heard = {alert.starts_at, was_said ? *alert.ends_at : least, !was_said, alert.annotations, alert.generator_url, now};
  entry.is_told = true;
  entry.number = ++last_number_;
  entry.bytes = bytes_of(at->first, entry.heard);
  bytes_ += entry.bytes;
  queue(*at);
}

AlertDesk::Receipt AlertDesk::post(std::vector<PostedAlert> alerts, Instant now, Duration resolve_timeout) {
  WB_ASSERT(unsettled_count_ == 0, "nothing is posted while a round is on its way");
  Receipt receipt;
  for (std::size_t i = 0; i < alerts.size(); ++i)
    take(std::move(alerts[i]), "alerts[" + std::to_string(i) + "]", now, resolve_timeout, receipt);
  return receipt;
}

void AlertDesk::take(PostedAlert posted, const std::string& place, Instant now, Duration resolve_timeout, Receipt& receipt) {
  Heard next = heard_of(posted, now, resolve_timeout);
  std::string fault = fault_of(posted.labels, next);
  const std::size_t bytes = bytes_of(posted.labels, next);
  if (fault.empty() && bytes > limits_.alert_bytes_max)
    fault = "labels, annotations and generatorURL of " + std::to_string(bytes) + " bytes, expected at most " +
            std::to_string(limits_.alert_bytes_max);
  if (!fault.empty()) {
    receipt.faults.push_back(fault + " (" + place + ")");
    return;
  }
  auto at = entries_.find(posted.labels);
  const bool is_new = at == entries_.end();
  if (!is_new) next = taken_together(at->second.heard, next, now);
  const std::size_t more = is_new ? bytes : bytes - std::min(bytes, at->second.bytes);
  // What is known is never turned away for a longer annotation: it would end for want of a word.
  if (is_new && !make_room(more)) {
    receipt.crowded.push_back(posted.labels.text().substr(0, 256));
    return;
  }
  std::optional<Entry> before;
  if (is_new) {
    at = entries_.try_emplace(std::move(posted.labels)).first;
    at->second.number = ++last_number_;
  } else if (at->second.change == 0 && is_over(next, now) == at->second.is_told) {
    before = at->second;
  }
  Entry& entry = at->second;
  entry.heard = std::move(next);
  bytes_ += bytes;
  bytes_ -= entry.bytes;
  entry.bytes = bytes;
  const bool is_change = is_over(entry.heard, now) == entry.is_told;
  if (is_change && entry.change == 0) note_change(*at, std::move(before), AlertEnd::sender);
  if (entry.change != 0) receipt.changes.push_back(entry.change - 1);
  else queue(*at);
}

// Whether one more fits, when need be in the place of one that has ended.
bool AlertDesk::make_room(std::size_t bytes) {
  while (entries_.size() >= limits_.alerts_max || bytes_ + bytes > limits_.bytes_max) {
    if (ended_.empty()) return false;
    const Labels labels = ended_.begin()->node->first;
    erase(labels);
  }
  return true;
}

void AlertDesk::note_change(Node& node, std::optional<Entry> before, AlertEnd cause) {
  unqueue(node);
  if (before) before->due = Instant::never();
  round_.push_back({node.first, std::move(before), cause});
  node.second.change = round_.size();
}

void AlertDesk::meet(Instant now) {
  WB_ASSERT(unsettled_count_ == 0, "nothing is met while a round is on its way");
  while (!ended_.empty() && ended_.begin()->at <= now) {
    const Labels labels = ended_.begin()->node->first;
    erase(labels);
  }
  while (!told_.empty() && told_.begin()->at <= now) {
    Node& node = *told_.begin()->node;
    unqueue(node);
    if (is_over(node.second.heard, now)) note_change(node, node.second, AlertEnd::expired);
    else queue(node);
  }
}

Instant AlertDesk::next_at() const noexcept {
  const Instant end = told_.empty() ? Instant::never() : told_.begin()->at;
  return ended_.empty() ? end : std::min(end, ended_.begin()->at);
}

std::vector<AlertDesk::Change> AlertDesk::close_round(Instant now) {
  std::vector<Change> changes;
  for (std::size_t i = 0; i < round_.size(); ++i) {
    const auto at = entries_.find(round_[i].labels);
    WB_ASSERT(at != entries_.end() && at->second.change == i + 1, "what changes is kept until it is settled");
    Entry& entry = at->second;
    const bool is_now_over = is_over(entry.heard, now);
    if (is_now_over != entry.is_told) {
      // It began and ended within the round, or the other way about: it stands as the core has it.
      entry.change = 0;
      queue(*at);
      continue;
    }
    Change change{i, told_of(at->first, entry.heard)};
    if (is_now_over) {
      change.alert.cause = round_[i].cause;
      change.alert.ends_at = entry.heard.ends_at;
    }
    changes.push_back(std::move(change));
  }
  unsettled_count_ = changes.size();
  if (changes.empty()) round_.clear();
  return changes;
}

void AlertDesk::settle(std::size_t number, bool is_heard, Instant now) {
  WB_ASSERT(unsettled_count_ > 0 && number < round_.size(), "changes are settled in their round");
  Before& before = round_[number];
  const auto at = entries_.find(before.labels);
  WB_ASSERT(at != entries_.end() && at->second.change == number + 1, "each change is settled once");
  at->second.change = 0;
  if (is_heard) {
    at->second.is_told = !at->second.is_told;
    queue(*at);
  } else if (!before.entry) {
    erase(before.labels);
  } else {
    bytes_ -= at->second.bytes;
    at->second = std::move(*before.entry);
    bytes_ += at->second.bytes;
    queue(*at, now + retry_delay);
  }
  if (--unsettled_count_ == 0) round_.clear();
}

const Heard* AlertDesk::find(const Labels& labels) const {
  const auto at = entries_.find(labels);
  return at == entries_.end() ? nullptr : &at->second.heard;
}

// One that fires stays where it is when its end moves away: meet() puts it there when the time comes.
void AlertDesk::queue(Node& node, Instant not_before) {
  Entry& entry = node.second;
  const Instant at = std::max(not_before, entry.is_told ? entry.heard.ends_at : entry.heard.ends_at + limits_.ended_age_max);
  if (entry.is_told && entry.due <= at) return;
  unqueue(node);
  entry.due = at;
  (entry.is_told ? told_ : ended_).insert({at, entry.number, &node});
}

void AlertDesk::unqueue(Node& node) {
  Entry& entry = node.second;
  if (entry.due == Instant::never()) return;
  const Due due{std::exchange(entry.due, Instant::never()), entry.number, &node};
  static_cast<void>(told_.erase(due));
  static_cast<void>(ended_.erase(due));
}

void AlertDesk::erase(const Labels& labels) {
  const auto at = entries_.find(labels);
  WB_ASSERT(at != entries_.end(), "only what is kept is forgotten");
  unqueue(*at);
  bytes_ -= at->second.bytes;
  entries_.erase(at);
}

}  // namespace watchbill::outside
