#include "core/route/inhibition.h"

#include <utility>

#include "base/assert.h"
#include "base/sha256.h"

namespace watchbill::core::route {
namespace {

// The values of these labels, each followed by a byte that no label has.
std::string values_of(const Labels& labels, const std::vector<std::string>& names) {
  std::string values;
  for (const std::string& name : names) {
    values += labels.get(name);
    values += '\xff';
  }
  return values;
}

// Short, and text whatever the labels are: it stands in the state. Two that met would only have a group looked at once more.
std::string cause_of(std::size_t rule, const std::string& values) {
  return "inhibition/" + std::to_string(rule) + "/" + sha256(values).hex().substr(0, 16);
}

}  // namespace

Inhibition::Inhibition(const std::vector<InhibitRuleConfiguration>& rules) : sources_(rules.size()) {
  auto compiled = std::make_shared<std::vector<Rule>>();
  for (const InhibitRuleConfiguration& rule : rules) {
    Result<Matchers> source = Matchers::compile(rule.source);
    Result<Matchers> target = Matchers::compile(rule.target);
    WB_ASSERT(source && target, "a checked bill has patterns that compile");
    compiled->push_back({rule.equal, std::move(*source), std::move(*target)});
  }
  rules_ = std::move(compiled);
}

void Inhibition::add(const std::string& alert, const Labels& labels) {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Rule& rule = (*rules_)[i];
    if (!rule.source.match(labels)) continue;
    Sources& sources = sources_[i][values_of(labels, rule.equal)];
    (rule.target.match(labels) ? sources.both : sources.apart).insert(alert);
  }
}

std::vector<std::string> Inhibition::remove(const std::string& alert, const Labels& labels) {
  std::vector<std::string> causes;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Rule& rule = (*rules_)[i];
    if (!rule.source.match(labels)) continue;
    const std::string values = values_of(labels, rule.equal);
    const auto found = sources_[i].find(values);
    if (found == sources_[i].end()) continue;
    auto& [apart, both] = found->second;
    const bool was_apart = apart.erase(alert) != 0;
    if (!was_apart && both.erase(alert) == 0) continue;
    if (apart.empty() && (was_apart || both.empty())) causes.push_back(cause_of(i, values));
    if (apart.empty() && both.empty()) sources_[i].erase(found);
  }
  return causes;
}

std::optional<Inhibition::Source> Inhibition::source_for(const Labels& labels) const {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].empty()) continue;
    const Rule& rule = (*rules_)[i];
    if (!rule.target.match(labels)) continue;
    const std::string values = values_of(labels, rule.equal);
    const auto found = sources_[i].find(values);
    if (found == sources_[i].end()) continue;
    const auto& [apart, both] = found->second;
    const bool may_be_both = !both.empty() && !rule.source.match(labels);
    if (apart.empty() && !may_be_both) continue;
    const bool is_first_apart = !may_be_both || (!apart.empty() && *apart.begin() < *both.begin());
    return Source{is_first_apart ? *apart.begin() : *both.begin(), cause_of(i, values)};
  }
  return std::nullopt;
}

}  // namespace watchbill::core::route
