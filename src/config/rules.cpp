#include "config/rules.h"

#include <map>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "config/expressions.h"
#include "config/values.h"
#include "template/annotation.h"

namespace watchbill::config {
namespace {

namespace templates = text_template;

void read_record(const Cursor& at, std::string& out) {
  read(at, out);
  if (!is_metric_name(out)) at.complain("out_of_range", fmt::format("\"{}\" is no metric name", out));
}

void read_label_templates(const Cursor& at, std::map<std::string, std::string>& out) {
  read(at, out);
  if (at.node().kind != NodeKind::mapping) return;
  const std::vector<NodeIndex>& children = at.node().children;
  for (std::size_t i = 0; i < children.size(); i += 2)
    if (const std::string& name = at.at(children[i]).text; !is_label_name(name) || name == metric_name_label)
      at.complain_at_key(children[i], "out_of_range",
                         "this is no name for a label: expected letters, digits and _, no digit first");
}

using R = RuleConfiguration;
constexpr auto rule = table<R>(
    "groups[].rules[]",
    optional<&R::record, read_record>("record", "metric name", "", "the series that a recording rule writes"),
    optional<&R::alert, read_filled>("alert", "text", "", "the name of an alerting rule; exactly one of record and alert"),
    required(optional<&R::expression, read_expression>("expr", "PromQL", "", "what is evaluated at each slot of the group")),
    optional<&R::for_>("for", "duration", "0s", "so long an alert is pending before it fires"),
    optional<&R::keep_firing_for>("keep_firing_for", "duration", "0s", "so long an alert fires on after its expression is empty"),
    optional<&R::labels, read_label_templates>("labels", "map of text", "", "added to the result; templates in an alerting rule"),
    optional<&R::annotations, read_label_templates>("annotations", "map of text", "", "texts of an alert; templates"));

// The members of a group that are not its rules; absent ones are filled in afterwards.
struct GroupKeys {
  std::string name;
  std::optional<Duration> interval;
  std::optional<Duration> query_offset;
  std::uint64_t limit{0};
  std::map<std::string, std::string> labels;
  std::vector<RuleConfiguration> rules;
};

void read_limit(const Cursor& at, std::uint64_t& out) { read_between<0, (std::int64_t{1} << 53) - 1>(at, out); }

void read_rule(const Cursor& at, RuleConfiguration& out) {
  if (!read_object(at, rule, out)) return;
  const auto forbid = [&](std::string_view name) {
    if (at.has(name))
      at.complain("out_of_range", fmt::format("a recording rule has no {}", name));
  };
  if (out.record.empty() == out.alert.empty())
    return at.complain("missing_key", "expected exactly one of the keys record and alert");
  if (!out.record.empty()) return forbid("for"), forbid("keep_firing_for"), forbid("annotations");
  static const templates::Shape names = templates::annotation_shape();
  for (const std::string_view part : {"labels", "annotations"}) {
    const NodeIndex texts = at.file().tree.find(at.index(), part);
    if (texts == no_node || at.at(texts).kind != NodeKind::mapping) continue;
    const Cursor parent = at.member(part, texts);
    const std::vector<NodeIndex>& children = parent.node().children;
    for (std::size_t i = 0; i < children.size(); i += 2)
      if (at.at(children[i + 1]).kind == NodeKind::scalar)
        check_template(parent.member(at.at(children[i]).text, children[i + 1]), templates::Place::rule, names);
  }
}

void read_group_interval(const Cursor& at, std::optional<Duration>& out) { read_positive(at, out.emplace()); }

constexpr auto group = table<GroupKeys>(
    "groups[]", required(optional<&GroupKeys::name, read_filled>("name", "text", "", "unique within the file")),
    optional<&GroupKeys::interval, read_group_interval>("interval", "duration", "",
                                                        "time between two slots; global.evaluation_interval"),
    optional<&GroupKeys::query_offset>("query_offset", "duration", "0s", "expressions are evaluated so long before the slot"),
    optional<&GroupKeys::limit, read_limit>("limit", "number", "0",
                                            "more series or alerts than this fail the rule; 0: any number"),
    optional<&GroupKeys::labels, read_label_templates>("labels", "map of text", "", "added to every rule that does not set them"),
    optional<&GroupKeys::rules, read_each<RuleConfiguration, read_rule>>("rules", "list of rules", "",
                                                                         "evaluated in this order at one time"));

struct FileKeys {
  const Cursor* at{nullptr};
  Duration evaluation_interval;
  std::vector<RuleGroupConfiguration>* groups{nullptr};
  std::vector<AlertPlace>* alerts{nullptr};
  std::vector<WrittenRule>* written{nullptr};
};

void add_group(const Cursor& at, std::size_t position, FileKeys& file) {
  GroupKeys keys;
  if (!read_object(at, group, keys)) return;
  RuleGroupConfiguration out;
  out.file = at.file().folder + "/" + std::string(at.file().path.substr(at.file().path.rfind('/') + 1));
  out.name = keys.name;
  // An interval or offset of 0 is Prometheus' way to leave it out.
  out.interval = keys.interval.value_or(file.evaluation_interval);
  out.query_offset = keys.query_offset.value_or(Duration{});
  out.limit = keys.limit;
  const NodeIndex rules = at.file().tree.find(at.index(), "rules");
  for (std::size_t i = 0; i < keys.rules.size(); ++i) {
    RuleConfiguration& each = keys.rules[i];
    for (const auto& [name, value] : keys.labels) each.labels.try_emplace(name, value);
    const NodeIndex node = at.at(rules).children[i];
    const NodeIndex name = at.file().tree.find(node, "alert");
    file.written->push_back({&at.file(), position, i, file.groups->size(), i});
    if (!each.alert.empty() && name != no_node) file.alerts->push_back({each.alert, {at.file().path, at.at(name).begin}});
  }
  out.rules = std::move(keys.rules);
  file.groups->push_back(std::move(out));
}

void read_groups(const Cursor& at, FileKeys& file) {
  if (!is_list(at, "groups")) return;
  std::set<std::string> names;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    const std::size_t before = file.groups->size();
    add_group(element, i, file);
    if (file.groups->size() > before && !file.groups->back().name.empty() && !names.insert(file.groups->back().name).second)
      element.complain("duplicate_name", fmt::format("the group {} is written twice in this file", file.groups->back().name));
  }
}

constexpr auto rule_file = table<FileKeys>(
    "rule file", whole<FileKeys, read_groups>("groups", "list of groups", "", "rules that are evaluated together"));

}  // namespace

void read_rule_file(const Cursor& at, Duration evaluation_interval, std::vector<RuleGroupConfiguration>& groups,
                    std::vector<AlertPlace>& alerts, std::vector<WrittenRule>& written) {
  if (is_null(at.node())) return;
  FileKeys file{&at, evaluation_interval, &groups, &alerts, &written};
  read_object(at, rule_file, file);
}

std::vector<TableView> rule_tables() { return {rule_file.view(), group.view(), rule.view()}; }

}  // namespace watchbill::config
