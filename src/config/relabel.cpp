#include "config/relabel.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/json.h"
#include "config/values.h"
#include "metrics/relabel/rules.h"

namespace watchbill::config {
namespace {

// In any case of its letters, as Prometheus takes it.
void read_action(const Cursor& at, RelabelAction& out) {
  const auto& words = Words<RelabelAction>::table;
  const auto found = std::find(words.begin(), words.end(), lowered(at.node().text));
  if (at.node().kind == NodeKind::scalar && found != words.end()) out = static_cast<RelabelAction>(found - words.begin());
  else read(at, out);
}

void read_source_labels(const Cursor& at, std::vector<std::string>& out) {
  read(at, out);
  if (at.node().kind != NodeKind::sequence) return;
  for (std::size_t i = 0; i < out.size(); ++i)
    if (!is_label_name(out[i]))
      at.element(i).complain("out_of_range", "this is no label name: expected letters, digits and _, no digit first");
}

void read_modulus(const Cursor& at, std::uint64_t& out) { read_between<0, json_integer_max>(at, out); }

using R = RelabelConfiguration;
constexpr auto relabel_rule = table<R>(
    "scrape_configs[].{relabel_configs,metric_relabel_configs}[], remote_write[].write_relabel_configs[], "
    "alerting.alert_relabel_configs[]",
    optional<&R::action, read_action>(
        "action", "replace, keep, drop, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase, keepequal or dropequal",
        "replace", "what the rule does"),
    optional<&R::source_labels, read_source_labels>("source_labels", "list of label names", "",
                                                    "their values, joined, are what the rule looks at"),
    optional<&R::separator>("separator", "text", ";", "between two of these values"),
    optional<&R::regex>("regex", "pattern (RE2)", "(.*)", "matches the whole value; of labelmap, labeldrop and labelkeep a name"),
    optional<&R::target_label>("target_label", "label name", "",
                               "what is written or compared; of replace with $1, ${NAME} in it"),
    optional<&R::replacement>("replacement", "text", "$1", "what replace writes, and labelmap names; with $1, ${NAME} in it"),
    optional<&R::modulus, read_modulus>("modulus", "number", "", "of hashmod, required: the hash is taken modulo this"));

void read_rule(const Cursor& at, RelabelConfiguration& out) {
  if (!read_object(at, relabel_rule, out)) return;
  const auto compiled = metrics::relabel::Rule::compile(out);
  if (compiled) return;
  const NodeIndex value = at.file().tree.find(at.index(), compiled.error().key);
  if (value == no_node) at.complain("out_of_range", compiled.error().text);
  else at.member(compiled.error().key, value).complain("out_of_range", compiled.error().text);
}

}  // namespace

void read_relabel_rules(const Cursor& at, std::vector<RelabelConfiguration>& out) {
  read_each<RelabelConfiguration, read_rule>(at, out);
}

std::vector<TableView> relabel_tables() { return {relabel_rule.view()}; }

}  // namespace watchbill::config
