#include "differential/routing/harness/configuration.h"

#include <algorithm>
#include <set>

namespace watchbill::routing_differential {
namespace {

using differential::Random;

constexpr std::size_t levels_max = 4;
constexpr std::size_t route_count_max = 14;

std::string pattern_of(Random& random, const Letters& letters) {
  const std::string& value = random.pick(letters.values);
  const std::string& other = random.pick(letters.values);
  switch (random.below(6)) {
    case 0: return value + "|" + other;
    case 1: return ".*";
    case 2: return ".+";
    case 3: return value.substr(0, 1) + ".*";
    case 4: return value.empty() ? "" : "(" + value + ")?";
    default: return value.empty() ? "[a-z]+" : value;
  }
}

Condition condition_of(Random& random) {
  const Letters& letters = random.pick(alphabet());
  Condition out{ConditionKind::equal, letters.name, random.pick(letters.values)};
  const std::size_t kind = random.below(10);
  if (kind < 4) return out;
  if (kind < 6) {
    out.kind = ConditionKind::not_equal;
    return out;
  }
  out.kind = kind < 9 ? ConditionKind::regex : ConditionKind::not_regex;
  out.value = pattern_of(random, letters);
  return out;
}

std::vector<std::string> names_of(Random& random, std::size_t percent) {
  std::vector<std::string> out;
  for (const Letters& letters : alphabet())
    if (random.chance(static_cast<unsigned>(percent))) out.push_back(letters.name);
  return out;
}

std::vector<std::string> group_by_of(Random& random) {
  if (random.chance(20)) return {"..."};
  return names_of(random, 25);
}

std::vector<ReceiverPlan> receivers_of(Random& random) {
  std::vector<ReceiverPlan> out;
  const bool may_be_bounded = random.chance(35);
  for (const char* name : {"first", "second", "third", "fourth.one"}) {
    ReceiverPlan receiver{name, {}};
    const std::size_t count = random.chance(20) ? 2 : 1;
    for (std::size_t i = 0; i < count; ++i)
      receiver.webhooks.push_back({!random.chance(20), may_be_bounded && random.chance(40) ? 1 + random.below(3) : 0});
    out.push_back(receiver);
  }
  if (random.chance(20)) out.push_back({"nobody", {}});
  return out;
}

RoutePlan child_of(Random& random, const ConfigurationPlan& plan, bool is_slow) {
  RoutePlan child;
  if (!random.chance(25)) child.receiver = random.pick(plan.receivers).name;
  if (!random.chance(7)) child.conditions = conditions_of(random, false);
  child.is_old_style = random.chance(30);
  child.goes_on = random.chance(40);
  if (random.chance(50)) child.group_by = group_by_of(random);
  if (random.chance(25)) child.wait = Duration::seconds(is_slow ? 2 : 1);
  if (random.chance(25)) child.interval = Duration::seconds(random.chance(50) && is_slow ? 2 : 1);
  return child;
}

// Both sides name a route by its conditions and those of its parents: two that are named alike would share what was told.
std::string key_of(RoutePlan route) {
  std::sort(route.conditions.begin(), route.conditions.end());
  return text(route.conditions);
}

void grow(Random& random, ConfigurationPlan& plan, bool is_slow) {
  struct Place {
    std::size_t route, level;
  };
  std::vector<Place> waiting{{0, 1}};
  for (std::size_t next = 0; next < waiting.size(); ++next) {
    const auto [parent, level] = waiting[next];
    if (level == levels_max) continue;
    const std::size_t count = parent == 0 ? 2 + random.below(3) : random.below(3);
    std::set<std::string> keys;
    for (std::size_t i = 0; i < count && plan.routes.size() < route_count_max; ++i) {
      RoutePlan child = child_of(random, plan, is_slow);
      if (!keys.insert(key_of(child)).second) continue;
      plan.routes[parent].children.push_back(plan.routes.size());
      waiting.push_back({plan.routes.size(), level + 1});
      plan.routes.push_back(std::move(child));
    }
  }
}

std::vector<InhibitRule> rules_of(Random& random) {
  std::vector<InhibitRule> out;
  for (std::size_t count = random.below(4); count > 0; --count) {
    InhibitRule rule{conditions_of(random, true), conditions_of(random, true), names_of(random, 30)};
    if (random.chance(25)) rule.target = rule.source;
    else if (random.chance(25)) rule.target.push_back(rule.source.front());
    if (random.chance(30)) {  // the usual one
      rule.source = {{ConditionKind::equal, "severity", "page"}};
      rule.target = {{random.chance(50) ? ConditionKind::not_equal : ConditionKind::equal, "severity", "page"}};
      if (rule.target.front().kind == ConditionKind::equal) rule.target.front().value = "warn";
      rule.equal = {random.pick(alphabet()).name};
    }
    out.push_back(std::move(rule));
  }
  return out;
}

// --- text ---

std::string quoted(const std::string& text) { return "'" + text + "'"; }  // none of ours has an apostrophe

std::string list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& each : texts) out += (out.empty() ? "" : ", ") + quoted(each);
  return "[" + out + "]";
}

// Conditions under the new key, or under the two old ones, which hold one value for each name and no negation.
std::string yaml_of(const std::vector<Condition>& conditions, bool is_old_style, const std::string& indent,
                    const std::string& prefix) {
  std::set<std::string> names;
  const bool is_possible = std::all_of(conditions.begin(), conditions.end(), [&](const Condition& each) {
    return (each.kind == ConditionKind::equal || each.kind == ConditionKind::regex) && names.insert(each.name).second;
  });
  if (conditions.empty()) return {};
  if (!is_old_style || !is_possible) {
    std::vector<std::string> texts;
    for (const Condition& each : conditions) texts.push_back(text(each));
    return indent + prefix + "matchers: " + list(texts) + "\n";
  }
  std::string plain, patterns;
  for (const Condition& each : conditions) {
    std::string& out = each.kind == ConditionKind::equal ? plain : patterns;
    out += (out.empty() ? "" : ", ") + each.name + ": " + quoted(each.value);
  }
  return (plain.empty() ? "" : indent + prefix + "match: {" + plain + "}\n") +
         (patterns.empty() ? "" : indent + prefix + "match_re: {" + patterns + "}\n");
}

// What a route says below its first line, which stands in `out` already.
std::string yaml_of(const RoutePlan& route, const std::string& indent) {
  std::string out;
  if (!route.receiver.empty()) out += indent + "receiver: " + route.receiver + "\n";
  out += yaml_of(route.conditions, route.is_old_style, indent, "");
  if (indent.size() > 2) out += indent + "continue: " + (route.goes_on ? "true" : "false") + "\n";  // the root may not have it
  if (route.group_by) out += indent + "group_by: " + list(*route.group_by) + "\n";
  if (route.wait) out += indent + "group_wait: " + format_duration(*route.wait) + "\n";
  if (route.interval) out += indent + "group_interval: " + format_duration(*route.interval) + "\n";
  return out;
}

std::string yaml_of_routes(const ConfigurationPlan& plan) {
  struct Place {
    std::size_t route, level;
  };
  std::string out;
  std::vector<Place> waiting{{0, 0}};
  while (!waiting.empty()) {
    const auto [index, level] = waiting.back();
    waiting.pop_back();
    const RoutePlan& route = plan.routes[index];
    const std::string indent(2 + 4 * level, ' ');
    if (level == 0) out += "route:\n";
    else out += std::string(4 * level, ' ') + "- # " + std::to_string(index) + "\n";
    out += yaml_of(route, indent);
    if (level == 0) out += indent + "repeat_interval: 1h\n";
    if (!route.children.empty()) out += indent + "routes:\n";
    for (auto child = route.children.rbegin(); child != route.children.rend(); ++child) waiting.push_back({*child, level + 1});
  }
  return out;
}

}  // namespace

const std::vector<Letters>& alphabet() {
  static const std::vector<Letters> letters{{"alertname", {"Down", "Slow", "Full"}},
                                            {"instance", {"a", "b", ""}},
                                            {"job", {"api", "web"}},
                                            {"severity", {"page", "warn", ""}},
                                            {"team", {"red", "blue", ""}}};
  return letters;
}

std::vector<Condition> conditions_of(Random& random, bool narrows) {
  while (true) {
    std::vector<Condition> out{condition_of(random)};
    if (random.chance(35)) out.push_back(condition_of(random));
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    if (!narrows || !are_met(out, {})) return out;
  }
}

ConfigurationPlan configuration_of(Random& random) {
  ConfigurationPlan plan;
  plan.receivers = receivers_of(random);
  const bool is_slow = random.chance(25);
  RoutePlan root;
  root.receiver = random.pick(plan.receivers).name;
  if (!random.chance(20)) root.group_by = group_by_of(random);
  root.wait = Duration::seconds(1);
  root.interval = Duration::seconds(is_slow ? 2 : 1);
  plan.routes.push_back(std::move(root));
  grow(random, plan, is_slow);
  plan.rules = rules_of(random);
  return plan;
}

Duration ConfigurationPlan::longest_interval() const {
  Duration out{0};
  for (const RoutePlan& route : routes)
    for (const auto& each : {route.interval, route.wait}) out = std::max(out, each.value_or(out));
  return out;
}

bool ConfigurationPlan::is_bounded() const {
  return std::any_of(receivers.begin(), receivers.end(), [](const ReceiverPlan& receiver) {
    return std::any_of(receiver.webhooks.begin(), receiver.webhooks.end(),
                       [](const Webhook& webhook) { return webhook.alert_count_max > 0; });
  });
}

std::string ConfigurationPlan::yaml() const {
  std::string out = yaml_of_routes(*this) + "receivers:\n";
  for (const ReceiverPlan& receiver : receivers) {
    out += "- name: " + receiver.name + "\n";
    if (!receiver.webhooks.empty()) out += "  webhook_configs:\n";
    for (std::size_t i = 0; i < receiver.webhooks.size(); ++i) {
      const Webhook& webhook = receiver.webhooks[i];
      out += "  - url: " + std::string(receiver_place) + "/" + receiver.name + "/" + std::to_string(i) + "\n";
      if (!webhook.sends_resolved) out += "    send_resolved: false\n";
      if (webhook.alert_count_max > 0) out += "    max_alerts: " + std::to_string(webhook.alert_count_max) + "\n";
    }
  }
  if (!rules.empty()) out += "inhibit_rules:\n";
  for (const InhibitRule& rule : rules) {
    const bool is_old_style = rule.equal.size() % 2 == 1;
    out += "-\n" + yaml_of(rule.source, is_old_style, "  ", "source_") + yaml_of(rule.target, is_old_style, "  ", "target_");
    if (!rule.equal.empty()) out += "  equal: " + list(rule.equal) + "\n";
  }
  return out;
}

}  // namespace watchbill::routing_differential
