#include "routetest/difference.h"

#include <algorithm>

#include "routetest/run.h"

namespace watchbill::routetest {
namespace {

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string reason_in(const std::vector<Way>& ways, const std::string& receiver) {
  for (const Way& way : ways)
    if (way.receiver == receiver && way.muted) return text_of(*way.muted);
  return "no route leads there";
}

}  // namespace

void Comparison::take(const Event& event, Instant since) {
  if (const auto* fired = std::get_if<AlertFired>(&event)) {
    before_.begin(fired->alert.text, fired->labels);
    after_.begin(fired->alert.text, fired->labels);
    firing_.insert_or_assign(fired->alert.text, fired->labels);
    if (fired->at >= since) compare(fired->labels, fired->at);
  } else if (const auto* resolved = std::get_if<AlertResolved>(&event)) {
    const auto known = firing_.find(resolved->alert.text);
    if (known == firing_.end()) return;
    before_.end(known->first, known->second);
    after_.end(known->first, known->second);
    firing_.erase(known);
  } else if (const auto* silence = std::get_if<SilenceCreated>(&event)) {
    // What the journal holds compiled once already.
    static_cast<void>(before_.silence(silence->silence.text, silence->matchers, silence->starts_at, silence->ends_at));
    static_cast<void>(after_.silence(silence->silence.text, silence->matchers, silence->starts_at, silence->ends_at));
  } else if (const auto* moved = std::get_if<SilenceUpdated>(&event)) {
    before_.move(moved->silence.text, moved->starts_at, moved->ends_at);
    after_.move(moved->silence.text, moved->starts_at, moved->ends_at);
  } else if (const auto* expired = std::get_if<SilenceExpired>(&event)) {
    before_.lift(expired->silence.text);
    after_.lift(expired->silence.text);
  }
}

void Comparison::compare(const Labels& labels, Instant at) {
  ++fired_count_;
  const std::vector<Way> old_ways = before_.ways_of(labels, at), new_ways = after_.ways_of(labels, at);
  const std::vector<std::string> old_told = told(old_ways), new_told = told(new_ways);
  for (const std::string& receiver : old_told)
    if (!has(new_told, receiver)) note(receiver, labels, false, new_ways, at);
  for (const std::string& receiver : new_told)
    if (!has(old_told, receiver)) note(receiver, labels, true, old_ways, at);
}

void Comparison::note(const std::string& receiver, const Labels& labels, bool is_told_now, const std::vector<Way>& silent,
                      Instant at) {
  const std::string alert = labels.text();
  const auto [place, is_new] = differences_[is_told_now ? 1 : 0].try_emplace({receiver, alert});
  Difference& difference = place->second;
  if (is_new) difference = {receiver, alert, is_told_now, reason_in(silent, receiver), 0, at, at};
  ++difference.count;
  difference.last_at = at;
}

std::vector<Difference> Comparison::differences() const {
  std::vector<Difference> all;
  for (const auto& each : differences_)
    for (const auto& [key, difference] : each) all.push_back(difference);
  std::stable_sort(all.begin(), all.end(), [](const Difference& a, const Difference& b) { return a.receiver < b.receiver; });
  return all;
}

}  // namespace watchbill::routetest
