#include "differential/routing/harness/conditions.h"

#include <algorithm>
#include <regex>

namespace watchbill::routing_differential {
namespace {

std::string value_of(const LabelSet& labels, const std::string& name) {
  const auto found = labels.find(name);
  return found == labels.end() ? std::string() : found->second;
}

bool is_met(const Condition& condition, const LabelSet& labels) {
  const std::string value = value_of(labels, condition.name);
  switch (condition.kind) {
    case ConditionKind::equal: return value == condition.value;
    case ConditionKind::not_equal: return value != condition.value;
    case ConditionKind::regex: return std::regex_match(value, std::regex(condition.value));
    case ConditionKind::not_regex: return !std::regex_match(value, std::regex(condition.value));
  }
  return false;
}

const char* symbol(ConditionKind kind) {
  switch (kind) {
    case ConditionKind::equal: return "=";
    case ConditionKind::not_equal: return "!=";
    case ConditionKind::regex: return "=~";
    case ConditionKind::not_regex: return "!~";
  }
  return "";
}

}  // namespace

bool are_met(const std::vector<Condition>& conditions, const LabelSet& labels) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& each) { return is_met(each, labels); });
}

bool inhibits(const InhibitRule& rule, const Meeting& meeting) {
  if (!are_met(rule.source, meeting.source) || !are_met(rule.target, meeting.target)) return false;
  if (are_met(rule.source, meeting.target) && are_met(rule.target, meeting.source)) return false;
  return std::all_of(rule.equal.begin(), rule.equal.end(), [&](const std::string& name) {
    return value_of(meeting.source, name) == value_of(meeting.target, name);
  });
}

std::string text(const Condition& condition) { return condition.name + symbol(condition.kind) + "\"" + condition.value + "\""; }

std::string text(const std::vector<Condition>& conditions) {
  std::string out;
  for (const Condition& each : conditions) out += (out.empty() ? "" : ",") + text(each);
  return "{" + out + "}";
}

std::string text(const LabelSet& labels) {
  std::string out;
  for (const auto& [name, value] : labels) out += (out.empty() ? "" : ",") + name + "=\"" + value + "\"";
  return "{" + out + "}";
}

}  // namespace watchbill::routing_differential
