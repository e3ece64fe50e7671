#include "core/route/silence.h"

#include <algorithm>

#include "base/assert.h"

namespace watchbill::core::route {
namespace {

std::string label_key(std::string_view name, std::string_view value) {
  std::string key(name);
  key += '\xff';
  key += value;
  return key;
}

// The label that an alert must have for this silence to match it; empty: there is none that an index could use.
std::string key_of(const Silence& silence) {
  for (const LabelMatcher& matcher : silence.matchers)
    if (matcher.kind == MatcherKind::equal && !matcher.value.empty()) return label_key(matcher.name, matcher.value);
  return {};
}

}  // namespace

SilencePhase phase_of(const Silence& silence, Instant at) noexcept {
  if (at >= silence.ends_at) return SilencePhase::expired;
  return at < silence.starts_at ? SilencePhase::pending : SilencePhase::active;
}

void SilenceIndex::add(const std::string& id, const Silence& silence) {
  Result<Matchers> matchers = Matchers::compile(silence.matchers);
  WB_ASSERT(matchers, "a silence that was taken has patterns that compile");
  const std::string key = key_of(silence);
  (key.empty() ? others_ : by_label_[key]).insert_or_assign(id, std::make_shared<const Matchers>(std::move(*matchers)));
}

void SilenceIndex::remove(const std::string& id, const Silence& silence) {
  const std::string key = key_of(silence);
  if (key.empty()) {
    others_.erase(id);
    return;
  }
  const auto found = by_label_.find(key);
  if (found == by_label_.end()) return;
  found->second.erase(id);
  if (found->second.empty()) by_label_.erase(found);
}

std::vector<std::string> SilenceIndex::active(const Table<std::string, Silence>& silences, const Labels& labels,
                                              Instant at) const {
  std::vector<std::string> ids;
  const auto ask = [&](const Bucket& bucket) {
    for (const auto& [id, matchers] : bucket)
      if (phase_of(*silences.find(id), at) == SilencePhase::active && matchers->match(labels)) ids.push_back(id);
  };
  ask(others_);
  if (!by_label_.empty())
    for (const auto& [name, value] : labels)
      if (const auto found = by_label_.find(label_key(name, value)); found != by_label_.end()) ask(found->second);
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace watchbill::core::route
