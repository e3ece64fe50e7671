// Metrics that nobody emits, and values that a label never has.
#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "base/spelling.h"
#include "config/lint_rule.h"
#include "config/lints.h"

namespace watchbill::config {
namespace {

namespace promql = metrics::promql;
using promql::MatchOperator;
using promql::SelectorMatcher;
using promql::VectorSelector;

constexpr std::string_view own_prefix = "watchbill_";
// What each scrape and each alerting rule writes. Source: design/metrics.md §4.
constexpr std::array<std::string_view, 9> everywhere{
    "ALERTS", "ALERTS_FOR_STATE", "scrape_body_size_bytes", "scrape_duration_seconds", "scrape_sample_limit",
    "scrape_samples_post_metric_relabeling", "scrape_samples_scraped", "scrape_series_added", "up"};

// `a`, `a|b`; nothing of what is a real pattern.
std::vector<std::string> plain_choices(const SelectorMatcher& matcher) {
  if (matcher.op == MatchOperator::equal) return {matcher.value};
  if (matcher.op != MatchOperator::regex) return {};
  std::vector<std::string> out(1);
  for (const char c : matcher.value) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (c == '|') out.emplace_back();
    else if (is_plain) out.back().push_back(c);
    else return {};
  }
  return out;
}

std::string with_nearest(std::string_view wanted, const std::vector<std::string_view>& candidates) {
  const std::string_view nearest = nearest_spelling(wanted, candidates);
  return nearest.empty() ? std::string() : fmt::format("; did you mean {}?", nearest);
}

class Emitters {
 public:
  Emitters(const LintedRule& rule, Remarks& out) : rule_(rule), out_(out) {}

  void look_at(const VectorSelector& selector, std::size_t offset) {
    for (const SelectorMatcher& matcher : selector.matchers) {
      if (matcher.name != metric_name_label) {
        look_at_value(selector, matcher);
        continue;
      }
      const bool is_written_before = !selector.name.empty();
      for (const std::string& name : plain_choices(matcher)) look_at_name(name, is_written_before ? offset : matcher.offset);
    }
  }

 private:
  void look_at_name(const std::string& name, std::size_t offset) {
    if (name.empty() || is_known(name) || !said_.insert(name).second) return;
    const bool is_ours = name.starts_with(own_prefix) && !rule_.known.types.empty();
    if (!rule_.known.is_complete && !is_ours) return;
    std::vector<std::string_view> candidates;
    for (const auto& [family, type] : rule_.known.types)
      if (!is_ours || family.starts_with(own_prefix)) candidates.push_back(family);
    remark(out_, "no_emitter", offset,
           fmt::format("nothing emits {}: {}, and no rule records it{}", name,
                       is_ours ? "it is no family of watchbill's" : "none of the emitters that were named has it",
                       with_nearest(name, candidates)),
           rule_.known.is_complete ? Severity::mistake : Severity::warning);
  }
  [[nodiscard]] bool is_known(std::string_view name) const {
    return rule_.known.type_of(name) != nullptr || rule_.is_recorded(name) ||
           std::find(everywhere.begin(), everywhere.end(), name) != everywhere.end();
  }

  void look_at_value(const VectorSelector& selector, const SelectorMatcher& matcher) {
    const auto found = rule_.known.closed_values.find(std::pair(selector.name, matcher.name));
    if (found == rule_.known.closed_values.end()) return;
    const std::vector<std::string> choices = plain_choices(matcher);
    if (choices.empty()) return;
    for (const std::string& choice : choices)
      if (choice.empty() || found->second.contains(choice)) return;
    const std::vector<std::string_view> candidates(found->second.begin(), found->second.end());
    remark(out_, "impossible_matcher", matcher.offset,
           fmt::format("{} of {} is never \"{}\"{}", matcher.name, selector.name, matcher.value,
                       with_nearest(choices.front(), candidates)),
           Severity::mistake);
  }

  const LintedRule& rule_;
  Remarks& out_;
  std::set<std::string> said_;
};

}  // namespace

void lint_emitters(const LintedRule& rule, Remarks& out) {
  Emitters emitters(rule, out);
  for (const promql::Node& node : rule.expression.nodes)
    if (const auto* selector = std::get_if<VectorSelector>(&node.of)) emitters.look_at(*selector, node.span.begin);
}

}  // namespace watchbill::config
