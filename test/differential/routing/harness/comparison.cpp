#include "differential/routing/harness/comparison.h"

#include <algorithm>
#include <chrono>

namespace watchbill::routing_differential {
namespace {

// So long after a post a message can still be on its way that was made while the post was taken.
constexpr std::chrono::milliseconds delivery_time{600};

std::string both(const std::string& what, const std::string& left, const std::string& right) {
  return what + "\n  left:  " + left + "\n  right: " + right + "\n";
}

std::string text_of(const std::vector<Message>& messages) {
  std::string out;
  for (const Message& each : messages) out += "\n  " + each.text();
  return out.empty() ? "nothing" : out;
}

std::string raw_of(const std::vector<Message>& messages) {
  std::string out;
  for (const Message& each : messages) out += "\n  " + each.raw;
  return out;
}

std::map<std::string, std::vector<Message>> by_key(const std::vector<Message>& messages) {
  std::map<std::string, std::vector<Message>> out;
  for (const Message& each : messages) out[each.key].push_back(each);
  return out;
}

// What is left of a message when its commons are, which a test of its own has looked at.
std::string without_commons(Message message) {
  message.common_labels = message.common_annotations = {};
  message.truncated = 0;
  const bool is_firing = !message.having("firing").empty();
  message.status = is_firing ? "firing" : "resolved";
  return message.text();
}

std::vector<std::string> all_resolved(const std::vector<Message>& messages) {
  std::set<std::string> out;
  for (const Message& each : messages)
    for (const std::string& labels : each.having("resolved")) out.insert(labels);
  return {out.begin(), out.end()};
}

}  // namespace

const char* name_of(Deviation deviation) {
  switch (deviation) {
    case Deviation::owed_end: return "owed_end";
    case Deviation::flush_within_post: return "flush_within_post";
    case Deviation::other_source: return "other_source";
    case Deviation::own_link: return "own_link";
  }
  return "";
}

void Tally::add(const Tally& other) {
  stories += other.stories;
  moments += other.moments;
  alerts += other.alerts;
  muted += other.muted;
  groups += other.groups;
  messages += other.messages;
  for (std::size_t i = 0; i < deviation_count; ++i) allowed[i] += other.allowed[i];
}

std::string Tally::text() const {
  std::string out = std::to_string(stories) + " stories, " + std::to_string(moments) + " moments, " + std::to_string(alerts) +
                    " alerts (" + std::to_string(muted) + " muted), " + std::to_string(groups) + " groups, " +
                    std::to_string(messages) + " messages; allowed:";
  for (std::size_t i = 0; i < deviation_count; ++i)
    out += std::string(" ") + name_of(static_cast<Deviation>(i)) + " " + std::to_string(allowed[i]);
  return out;
}

std::string Comparison::judge(const Moment& moment, const Seen& left, const Seen& right, Clock::time_point posted_at) {
  ++tally_.moments;
  for (const Seen* each : {&left, &right})
    if (!each->snapshot.fault.empty())
      return both(each->snapshot.fault, left.snapshot.raw_alerts + left.snapshot.raw_groups + left.snapshot.raw_silences,
                  right.snapshot.raw_alerts + right.snapshot.raw_groups + right.snapshot.raw_silences);
  ended_muted_.insert(moment.ended_muted.begin(), moment.ended_muted.end());
  if (std::string what = judge_messages(left, right, posted_at); !what.empty()) return what;
  for (const Message& each : left.messages) last_firing_[each.key] = each.having("firing");
  const Snapshot &there = left.snapshot, &here = right.snapshot;
  if (std::string what = judge_alerts(there.alerts, here.alerts, there, here); !what.empty())
    return "GET /api/v2/alerts: " + what;
  tally_.alerts += left.snapshot.alerts.size();
  tally_.muted += static_cast<std::size_t>(std::count_if(left.snapshot.alerts.begin(), left.snapshot.alerts.end(),
                                                         [](const SeenAlert& each) { return each.state == "suppressed"; }));
  if (std::string what = judge_groups(left.snapshot, right.snapshot); !what.empty()) return what;
  tally_.groups += left.snapshot.groups.size();
  if (left.snapshot.silences != right.snapshot.silences)
    return both("GET /api/v2/silences", left.snapshot.raw_silences, right.snapshot.raw_silences);
  return {};
}

// --- messages ---

std::string Comparison::judge_messages(const Seen& left, const Seen& right, Clock::time_point posted_at) {
  for (const Seen* each : {&left, &right})
    for (const Message& message : each->messages)
      if (const std::string fault = fault_in_itself(message); !fault.empty()) return fault + ":\n  " + message.raw + "\n";
  auto there = by_key(left.messages), here = by_key(right.messages);
  std::set<std::string> keys;
  for (const auto* each : {&there, &here})
    for (const auto& [key, messages] : *each) keys.insert(key);
  for (const std::string& key : keys) {
    if (!are_alike(key, there[key], here[key], posted_at))
      return both("messages of " + key, text_of(there[key]), text_of(here[key]));
    if (!has_alike_links(there[key], here[key]))
      return both("links in messages of " + key, raw_of(there[key]), raw_of(here[key]));
    tally_.messages += there[key].size();
  }
  return {};
}

bool Comparison::are_alike(const std::string& key, const Sequence& left, const Sequence& right, Clock::time_point posted_at) {
  const auto is_alike = [](const Message& a, const Message& b) { return a.text() == b.text(); };
  if (std::equal(left.begin(), left.end(), right.begin(), right.end(), is_alike)) return true;
  if (are_split_otherwise(left, right, posted_at)) {
    allow(Deviation::flush_within_post);
    return true;
  }
  return is_ours_ && differ_by_owed_ends(key, left, right);
}

// The right side's messages without ends that it owed, and without those messages that then say nothing new.
bool Comparison::differ_by_owed_ends(const std::string& key, const Sequence& left, const Sequence& right) {
  std::vector<std::string> reduced;
  std::set<std::pair<std::string, std::string>> late;
  const std::vector<std::string> ended_there = all_resolved(left);
  std::vector<std::string> firing = last_firing_[key];
  for (Message message : right) {
    const std::size_t all = message.alerts.size();
    std::erase_if(message.alerts, [&](const ToldAlert& each) {
      const std::string labels = text(each.labels);
      const bool is_owed = each.status == "resolved" && ended_muted_.count(labels) > 0 && told_late_.count({key, labels}) == 0 &&
                           !std::binary_search(ended_there.begin(), ended_there.end(), labels);
      if (is_owed) late.emplace(key, labels);
      return is_owed;
    });
    const bool is_reduced = message.alerts.size() != all;
    // Alertmanager's own question: is there an end, or one that fires and was not told so?
    const std::vector<std::string> fires = message.having("firing");
    const bool says_nothing = is_reduced && message.having("resolved").empty() &&
                              std::includes(firing.begin(), firing.end(), fires.begin(), fires.end());
    if (says_nothing) continue;
    firing = fires;
    reduced.push_back(without_commons(message));
  }
  std::vector<std::string> there;
  for (const Message& message : left) there.push_back(without_commons(message));
  if (late.empty() || reduced != there) return false;
  for (const auto& each : late) {
    told_late_.insert(each);
    allow(Deviation::owed_end);
  }
  return true;
}

bool Comparison::are_split_otherwise(const Sequence& left, const Sequence& right, Clock::time_point posted_at) {
  if (left.empty() || right.empty() || (left.size() == 1 && right.size() == 1)) return false;
  for (const Sequence* each : {&left, &right})
    for (std::size_t i = 0; i + 1 < each->size(); ++i)
      if ((*each)[i].at > posted_at + delivery_time) return false;
  return left.back().having("firing") == right.back().having("firing") && all_resolved(left) == all_resolved(right);
}

bool Comparison::has_alike_links(const Sequence& left, const Sequence& right) {
  std::map<std::string, std::string> links;
  for (const Message& message : left)
    for (const ToldAlert& each : message.alerts) links[each.fingerprint] = each.generator_url;
  for (const Message& message : right)
    for (const ToldAlert& each : message.alerts) {
      const auto found = links.find(each.fingerprint);
      if (found == links.end() || found->second == each.generator_url) continue;
      if (!is_ours_ || !found->second.empty()) return false;
      allow(Deviation::own_link);
    }
  return true;
}

// --- answers ---

// Every alert that is named as inhibiting fires, and a rule says that it does so.
std::string Comparison::fault_of_sources(const SeenAlert& alert, const Snapshot& all) const {
  for (const std::string& source : alert.inhibited_by) {
    const auto found = std::find_if(all.alerts.begin(), all.alerts.end(),
                                    [&](const SeenAlert& each) { return each.fingerprint == source; });
    if (found == all.alerts.end()) return "inhibitedBy names " + source + ", which does not fire";
    const auto& rules = scenario_.configuration.rules;
    if (std::none_of(rules.begin(), rules.end(), [&](const InhibitRule& rule) {
          return inhibits(rule, {found->labels, alert.labels});
        }))
      return "inhibitedBy names " + source + ", which does not inhibit it";
  }
  return {};
}

std::string Comparison::judge_alerts(const std::vector<SeenAlert>& left, const std::vector<SeenAlert>& right,
                                     const Snapshot& left_all, const Snapshot& right_all) {
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const std::string there = i < left.size() ? left[i].text() : "nothing", here = i < right.size() ? right[i].text() : "nothing";
    if (there != here) return both("alerts differ", there, here);
    for (const auto& [alert, all] : {std::pair{&left[i], &left_all}, std::pair{&right[i], &right_all}})
      if (const std::string fault = fault_of_sources(*alert, *all); !fault.empty()) return both(fault, there, here);
    if (left[i].inhibited_by != right[i].inhibited_by) allow(Deviation::other_source);
    if (left[i].generator_url == right[i].generator_url) continue;
    if (!is_ours_ || !left[i].generator_url.empty())
      return both("generatorURL of " + there, left[i].generator_url, right[i].generator_url);
    allow(Deviation::own_link);
  }
  return {};
}

std::string Comparison::judge_groups(const Snapshot& left, const Snapshot& right) {
  constexpr const char* path = "GET /api/v2/alerts/groups: ";
  for (std::size_t i = 0; i < std::max(left.groups.size(), right.groups.size()); ++i) {
    const std::string there = i < left.groups.size() ? left.groups[i].text() : "nothing";
    const std::string here = i < right.groups.size() ? right.groups[i].text() : "nothing";
    if (there != here) return both(std::string(path) + "groups differ", there, here);
    if (std::string what = judge_alerts(left.groups[i].alerts, right.groups[i].alerts, left, right); !what.empty())
      return path + what;
  }
  return {};
}

}  // namespace watchbill::routing_differential
