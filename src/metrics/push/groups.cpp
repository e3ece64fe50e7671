#include "metrics/push/groups.h"

#include <array>
#include <set>

#include "base/assert.h"

namespace watchbill::metrics::push {
namespace {

using exposition::FamilyType;

std::size_t series_of(const Group& group) {
  std::size_t count = 2;  // the two of its own
  for (const auto& [name, family] : group.families)
    for (const Metric& metric : family.metrics) count += series_count(metric);
  return count;
}

// About what a group takes in memory, with what is noted of it here. Never less than encode_group() writes.
std::size_t bytes_of(const Group& group) {
  constexpr std::size_t node_bytes = 128, point_bytes = 48;
  const auto bytes_of_labels = [](const PushLabels& labels) {
    std::size_t bytes = 0;
    for (const auto& [name, value] : labels) bytes += node_bytes + name.size() + value.size();
    return bytes;
  };
  std::size_t bytes = node_bytes + bytes_of_labels(group.key);
  for (const auto& [name, family] : group.families) {
    bytes += node_bytes + name.size() + family.help.size();
    for (const Metric& metric : family.metrics)
      bytes += node_bytes + 2 * bytes_of_labels(metric.labels) + metric.points.size() * point_bytes + metric.native.size();
  }
  return bytes;
}

PushRefused inconsistent(std::string text) { return {PushRefusal::inconsistent, std::move(text)}; }

std::string said(const std::string& name, const PushLabels& labels) { return name + text_of(labels); }

bool has_reserved(const PushLabels& labels) {
  const auto at = labels.lower_bound("__");
  return at != labels.end() && at->first.starts_with("__");
}

// The names that the parts of a family have on a page.
std::vector<std::string> part_names(const std::string& name, FamilyType type) {
  if (type == FamilyType::histogram) return {name + "_bucket", name + "_count", name + "_sum"};
  if (type == FamilyType::summary) return {name + "_count", name + "_sum"};
  return {};
}

// The label that tells the points of a family from each other, and must not be one of its metrics: a page would have it twice in
// a line, and who scrapes it refuses the page as a whole.
std::string point_label(FamilyType type) {
  if (type == FamilyType::histogram) return "le";
  return type == FamilyType::summary ? "quantile" : "";
}

}  // namespace

std::string_view word(PushRefusal refusal) noexcept {
  switch (refusal) {
    case PushRefusal::timestamps: return "timestamps";
    case PushRefusal::inconsistent: return "inconsistent";
    case PushRefusal::too_many_groups: return "too_many_groups";
    case PushRefusal::too_many_series: return "too_many_series";
    case PushRefusal::too_many_bytes: return "too_many_bytes";
  }
  return "";
}

Groups::Groups(Reserved reserved, const GroupsLimits& limits) : reserved_(std::move(reserved)), limits_(limits) {}

Result<std::shared_ptr<const Group>, PushRefused> Groups::check(Push push) const {
  if (push.body.has_timestamps) return PushRefused{PushRefusal::timestamps, "pushed metrics must not have timestamps"};
  const auto known = groups_.find(push.key);
  if (known == groups_.end() && groups_.size() >= limits_.group_count_max)
    return PushRefused{PushRefusal::too_many_groups, "too_many_groups: " + std::to_string(limits_.group_count_max) +
                                                         " groups are there; DELETE those that are not needed any more"};
  auto group = std::make_shared<Group>();
  if (known != groups_.end()) *group = *known->second;
  if (push.replaces) group->families.clear();
  group->key = push.key;
  group->pushed_at = push.at;
  Families& pushed = push.body.families;
  for (const std::string_view own : {push_time_name, push_failure_time_name})
    if (const auto at = pushed.find(own); at != pushed.end()) pushed.erase(at);
  set_labels(pushed, push.key);
  for (auto& [name, family] : pushed) {
    family.pushed_at = push.at;
    group->families.insert_or_assign(name, std::move(family));
  }
  const std::size_t others = series_count_ - (known == groups_.end() ? 0 : series_of(*known->second));
  if (others + series_of(*group) > limits_.series_count_max)
    return PushRefused{PushRefusal::too_many_series, "too_many_series: all groups together would have more than " +
                                                         std::to_string(limits_.series_count_max)};
  const std::size_t other_bytes = bytes_ - (known == groups_.end() ? 0 : bytes_of(*known->second));
  if (other_bytes + bytes_of(*group) > limits_.bytes_max)
    return PushRefused{PushRefusal::too_many_bytes, "too_many_bytes: all groups together would take more than " +
                                                        std::to_string(limits_.bytes_max) + " bytes of memory"};
  if (auto fault = find_fault(*group)) return std::move(*fault);
  return std::shared_ptr<const Group>(std::move(group));
}

std::shared_ptr<const Group> Groups::failed(const PushLabels& key, Instant at) const {
  const auto known = groups_.find(key);
  if (known == groups_.end() && (groups_.size() >= limits_.group_count_max || series_count_ + 2 > limits_.series_count_max))
    return nullptr;
  auto group = std::make_shared<Group>();
  if (known != groups_.end()) *group = *known->second;
  group->key = key;
  group->failed_at = at;
  if (known == groups_.end() && (bytes_ + bytes_of(*group) > limits_.bytes_max || find_fault(*group))) return nullptr;
  return group;
}

std::optional<PushRefused> Groups::find_fault(const Group& group) const {
  const Families families = all_families(group);
  for (const auto& [name, family] : families) {
    for (const std::string& part : part_names(name, family.type))
      if (families.contains(part) || type_beside(part, group))
        return inconsistent("the family " + part + " collides with a part of the " + std::string(word(family.type)) + " " + name);
    if (auto clash = find_clash(name, family, group)) return clash;
    std::set<PushLabels> seen;
    const std::string point = point_label(family.type);
    for (const Metric& metric : family.metrics) {
      if (metric.labels.contains(point))
        return inconsistent(said(name, metric.labels) + " has a label " + point + ", which a " + std::string(word(family.type)) +
                            " has for its own");
      if (has_reserved(metric.labels)) return inconsistent(said(name, metric.labels) + " has a label that begins with __");
      if (!seen.insert(metric.labels).second) return inconsistent(said(name, metric.labels) + " is pushed twice");
    }
  }
  return std::nullopt;
}

// The type that somebody else than this group gives the name, if anybody does.
std::optional<FamilyType> Groups::type_beside(const std::string& name, const Group& group) const {
  if (const auto own = reserved_.find(name); own != reserved_.end()) return own->second;
  const auto held = held_.find(name);
  if (held == held_.end()) return std::nullopt;
  const auto known = groups_.find(group.key);
  const bool has_it = known != groups_.end() && known->second->families.contains(name);
  if (held->second.group_count > (has_it ? 1 : 0)) return held->second.type;
  return std::nullopt;
}

std::optional<PushRefused> Groups::find_clash(const std::string& name, const Family& family, const Group& group) const {
  if (const auto type = type_beside(name, group); type && *type != family.type)
    return inconsistent("the family " + name + " is a " + std::string(word(*type)) + " elsewhere, here a " +
                        std::string(word(family.type)));
  constexpr std::array<std::string_view, 3> suffixes{"_bucket", "_count", "_sum"};
  for (const std::string_view suffix : suffixes) {
    if (!name.ends_with(suffix)) continue;
    const std::string base = name.substr(0, name.size() - suffix.size());
    const auto type = type_beside(base, group);
    if (type && (*type == FamilyType::histogram || (*type == FamilyType::summary && suffix != "_bucket")))
      return inconsistent("the family " + name + " collides with a part of the " + std::string(word(*type)) + " " + base);
  }
  const auto held = held_.find(name);
  if (held == held_.end()) return std::nullopt;
  for (const Metric& metric : family.metrics) {
    const auto owner = held->second.owners.find(metric.labels);
    if (owner != held->second.owners.end() && *owner->second != group.key)
      return inconsistent(said(name, metric.labels) + " is there already, in the group " + text_of(*owner->second));
  }
  return std::nullopt;
}

void Groups::put(std::shared_ptr<const Group> group) {
  remove(group->key);
  const auto [at, is_new] = groups_.emplace(group->key, group);
  WB_ASSERT(is_new, "it was taken out");
  for (const auto& [name, family] : all_families(*group)) {
    Held& held = held_[name];
    held.type = family.type;
    ++held.group_count;
    for (const Metric& metric : family.metrics) held.owners.emplace(metric.labels, &at->first);
  }
  series_count_ += series_of(*group);
  bytes_ += bytes_of(*group);
}

bool Groups::restore(std::shared_ptr<const Group> group) {
  if (find_fault(*group)) return false;
  put(std::move(group));
  return true;
}

void Groups::remove(const PushLabels& key) {
  const auto known = groups_.find(key);
  if (known == groups_.end()) return;
  take_out(*known->second);
  groups_.erase(known);
}

void Groups::take_out(const Group& group) {
  for (const auto& [name, family] : all_families(group)) {
    const auto held = held_.find(name);
    WB_ASSERT(held != held_.end(), "put() noted each family");
    for (const Metric& metric : family.metrics) held->second.owners.erase(metric.labels);
    if (--held->second.group_count == 0) held_.erase(held);
  }
  series_count_ -= series_of(group);
  bytes_ -= bytes_of(group);
}

std::vector<std::shared_ptr<const Group>> Groups::all() const {
  std::vector<std::shared_ptr<const Group>> out;
  out.reserve(groups_.size());
  for (const auto& [key, group] : groups_) out.push_back(group);
  return out;
}

}  // namespace watchbill::metrics::push
