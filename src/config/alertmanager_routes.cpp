#include "config/alertmanager_routes.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "base/spelling.h"
#include "config/values.h"
#include "model/labels.h"
#include "model/matcher/matcher.h"

namespace watchbill::config {
namespace {

void read_group_by(const Cursor& at, std::vector<std::string>& out) {
  if (!is_list(at, "label names")) return;
  std::set<std::string> names;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    std::string name;
    read(element, name);
    const bool is_all = name == "...";
    if (!is_all && !is_label_name(name)) element.complain("out_of_range", fmt::format("\"{}\" is no label name", name));
    if (is_all && at.node().children.size() > 1) element.complain("out_of_range", "... means all labels and stands alone");
    if (!names.insert(name).second) element.complain("duplicate_name", fmt::format("the label {} is written twice", name));
  }
  out.assign(names.begin(), names.end());
}

void read_positive_if_any(const Cursor& at, std::optional<Duration>& out) {
  Duration value;
  read_positive(at, value);
  out = value;
}

void read_interval_names(const Cursor& at, std::vector<std::string>& out) { read_each<std::string, read_filled>(at, out); }
void read_child_routes(const Cursor& at, std::vector<RouteKeys>& out) { read_each<RouteKeys, read_route_keys>(at, out); }

constexpr auto route_keys = table<RouteKeys>(
    "route, route.routes[]", optional<&RouteKeys::receiver>("receiver", "text", "", "who is told; the root route must say it"),
    optional<&RouteKeys::group_by, read_group_by>("group_by", "list of label names", "",
                                                  "alerts that agree on these make one message; [...]: all"),
    optional<&RouteKeys::group_wait>("group_wait", "duration", "30s", "wait before the first message of a group"),
    optional<&RouteKeys::group_interval, read_positive_if_any>("group_interval", "duration", "5m",
                                                               "wait before telling of changes in a group"),
    optional<&RouteKeys::repeat_interval, read_positive_if_any>("repeat_interval", "duration", "4h",
                                                                "wait before telling the same again"),
    optional<&RouteKeys::matchers, read_matcher_texts>(
        "matchers", "list of matchers", "",
        "which alerts take this route: those that meet all; NAME=\"VALUE\", !=, =~, !~; none at the root"),
    optional<&RouteKeys::matchers, read_match>("match", "map of text", "", "matchers with =, as they were written before"),
    optional<&RouteKeys::matchers, read_match_re>("match_re", "map of patterns (RE2)", "", "matchers with =~"),
    optional<&RouteKeys::goes_on>("continue", "truth", "false",
                                  "whether an alert that took this route is also offered to its later siblings; not at the root"),
    optional<&RouteKeys::children, read_child_routes>("routes", "list", "",
                                                      "child routes: the first that matches takes the alert, none: this one"),
    optional<&RouteKeys::mute_time_intervals, read_interval_names>(
        "mute_time_intervals", "list of names", "", "nobody is told within these time intervals; not at the root"),
    optional<&RouteKeys::active_time_intervals, read_interval_names>(
        "active_time_intervals", "list of names", "", "nobody is told outside of these time intervals; not at the root"),
    later<RouteKeys>("labels", "labels of routes"));

class Layout {
 public:
  explicit Layout(const RouteNames& names)
      : names_(names),
        receivers_(names.receivers.begin(), names.receivers.end()),
        time_intervals_(names.time_intervals.begin(), names.time_intervals.end()) {}
  void add(const Cursor& at, const RouteKeys& keys, const RouteConfiguration& above, std::size_t level);
  std::vector<RouteConfiguration> take() { return std::move(out_); }

 private:
  void check_receiver(const Cursor& at, const RouteKeys& keys) const;
  void check_time_intervals(const Cursor& at) const;
  bool has_room(const Cursor& at, std::size_t level);

  RouteNames names_;
  std::vector<RouteConfiguration> out_;
  std::set<std::string_view> receivers_;
  std::set<std::string_view> time_intervals_;
  bool was_full_{false};
};

constexpr std::string_view time_interval_keys[] = {"mute_time_intervals", "active_time_intervals"};

std::optional<Cursor> member_of(const Cursor& at, std::string_view key) {
  if (!at.has(key)) return std::nullopt;
  return at.member(key, at.file().tree.find(at.index(), key));
}

void check_root(const Cursor& at, const RouteKeys& keys) {
  if (!at.has("receiver"))
    at.complain("missing_key", "the key receiver is required: text");
  else if (keys.receiver.empty())
    member_of(at, "receiver")->complain("out_of_range", "the text is empty");
  for (const std::string_view key : {"matchers", "match", "match_re"})
    if (const std::optional<Cursor> value = member_of(at, key); value && !value->node().children.empty())
      value->complain("out_of_range",
                      "expected none at the root route, as every alert enters there; write them at one of its `routes`");
  for (const std::string_view key : time_interval_keys)
    if (const std::optional<Cursor> value = member_of(at, key); value && !value->node().children.empty())
      value->complain(
          "out_of_range",
          "expected none at the root route, whose receiver takes what no other does; write them at one of its `routes`");
  if (keys.goes_on)
    member_of(at, "continue")
        ->complain("out_of_range", "expected false, found true: the root route has no siblings; leave it out");
}

std::string no_such(std::string_view what, std::string_view name, std::span<const std::string_view> known) {
  const std::string_view nearest = nearest_spelling(name, known);
  return fmt::format("there is no {} {}{}", what, name, nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
}

void Layout::check_receiver(const Cursor& at, const RouteKeys& keys) const {
  if (keys.receiver.empty() || receivers_.contains(keys.receiver)) return;
  member_of(at, "receiver")->complain("unknown_name", no_such("receiver", keys.receiver, names_.receivers));
}

void Layout::check_time_intervals(const Cursor& at) const {
  for (const std::string_view key : time_interval_keys) {
    const std::optional<Cursor> list = member_of(at, key);
    for (std::size_t i = 0; list && list->node().kind == NodeKind::sequence && i < list->node().children.size(); ++i) {
      const Cursor element = list->element(i);
      const Node& name = element.node();
      // What is no name was complained about.
      if (name.kind == NodeKind::scalar && !is_null(name) && !name.text.empty() && !time_intervals_.contains(name.text))
        element.complain("unknown_name", no_such("time interval", name.text, names_.time_intervals));
    }
  }
}

bool Layout::has_room(const Cursor& at, std::size_t level) {
  if (level > route_levels_max)
    at.complain("too_large",
                fmt::format("routes below one another on more than {} levels: one route with the matchers of several "
                            "says the same",
                            route_levels_max));
  else if (out_.size() >= routes_max && !was_full_)
    at.complain("too_large", fmt::format("more than {} routes in one file", routes_max));
  was_full_ = was_full_ || out_.size() >= routes_max;
  return level <= route_levels_max && !was_full_;
}

RouteConfiguration written_out(const RouteKeys& keys, const RouteConfiguration& above) {
  RouteConfiguration out = above;
  out.after = keys.goes_on ? AfterMatch::next_sibling : AfterMatch::stop;
  out.matchers = keys.matchers.all;
  out.active_time_intervals = keys.active_time_intervals;
  out.mute_time_intervals = keys.mute_time_intervals;
  std::sort(out.matchers.begin(), out.matchers.end());
  if (!keys.group_by.empty()) out.group_by = keys.group_by;
  if (!keys.receiver.empty()) out.receiver = keys.receiver;
  out.group_interval = keys.group_interval.value_or(above.group_interval);
  out.group_wait = keys.group_wait.value_or(above.group_wait);
  out.repeat_interval = keys.repeat_interval.value_or(above.repeat_interval);
  return out;
}

// Which of the siblings so far take whatever a route matches. Each is asked for by the rarest of its matchers, as thousands may
// have one in common.
class Takers {
 public:
  explicit Takers(const std::vector<RouteKeys>& routes) {
    for (const RouteKeys& each : routes)
      for (const LabelMatcher& matcher : each.matchers.all) ++by_matcher_[matcher].count;
  }
  void add(std::size_t index, const std::vector<LabelMatcher>* sorted) {
    Those* rarest = nullptr;
    for (const LabelMatcher& each : *sorted)
      if (Those& those = by_matcher_[each]; rarest == nullptr || those.count < rarest->count) rarest = &those;
    if (rarest == nullptr) all_ = std::min(all_, index);
    else rarest->takers.emplace_back(index, sorted);
  }
  // The first of them.
  [[nodiscard]] std::optional<std::size_t> find(const std::vector<LabelMatcher>& sorted) const {
    std::size_t found = all_;
    for (const LabelMatcher& each : sorted)
      for (const auto& [index, own] : by_matcher_.at(each).takers)
        if (index < found && std::includes(sorted.begin(), sorted.end(), own->begin(), own->end())) found = index;
    return found == none ? std::nullopt : std::optional<std::size_t>(found);
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  struct Those {
    std::size_t count{0};  // of siblings that have the matcher
    std::vector<std::pair<std::size_t, const std::vector<LabelMatcher>*>> takers;
  };
  std::size_t all_{none};  // the first without matchers
  std::map<LabelMatcher, Those> by_matcher_;
};

void warn_of_unreachable(const Cursor& list, const std::vector<RouteKeys>& routes) {
  Takers takers(routes);
  std::vector<std::vector<LabelMatcher>> sorted;
  sorted.reserve(routes.size());  // the takers point into it
  for (std::size_t i = 0; i < routes.size(); ++i) {
    std::vector<LabelMatcher>& own = sorted.emplace_back(routes[i].matchers.all);
    std::sort(own.begin(), own.end());
    if (!routes[i].matchers.is_whole) continue;
    if (const std::optional<std::size_t> taker = takers.find(own)) {
      const Place first = list.element(*taker).place();
      list.element(i).warn("unreachable_route",
                           fmt::format("no alert gets here: {}[{}] in {}:{}:{} takes all that this route matches; write this one "
                                       "before it, or `continue: true` there",
                                       list.path(), *taker, first.file, first.at.line, first.at.column));
    } else if (!routes[i].goes_on) {
      takers.add(i, &own);
    }
  }
}

void Layout::add(const Cursor& at, const RouteKeys& keys, const RouteConfiguration& above, std::size_t level) {
  if (!has_room(at, level)) return;
  if (keys.matchers.all.size() > matcher_count_max)
    at.complain("too_large",
                fmt::format("{} matchers at one route; at most {} are read: a pattern with | says the same of several",
                            keys.matchers.all.size(), matcher_count_max));
  check_receiver(at, keys);
  check_time_intervals(at);
  const std::size_t index = out_.size();
  const RouteConfiguration own = written_out(keys, above);
  out_.push_back(own);
  if (!keys.children.empty()) {
    const Cursor list = *member_of(at, "routes");
    for (std::size_t i = 0; i < keys.children.size(); ++i) add(list.element(i), keys.children[i], own, level + 1);
    warn_of_unreachable(list, keys.children);
  }
  out_[index].end = static_cast<std::uint32_t>(out_.size());
}

}  // namespace

void read_route_keys(const Cursor& at, RouteKeys& out) {
  out.matchers.is_whole = read_object(at, route_keys, out) && out.matchers.is_whole;
}

std::vector<RouteConfiguration> lay_out_routes(const Cursor& at, const RouteKeys& keys, const RouteNames& names) {
  Layout layout(names);
  if (at.node().kind == NodeKind::mapping) check_root(at, keys);
  layout.add(at, keys, {}, 1);
  return layout.take();
}

std::vector<TableView> route_tables() { return {route_keys.view()}; }

}  // namespace watchbill::config
