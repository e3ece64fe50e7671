// What can never be, and labels that are gone: by what metrics/promql/result_facts.h knows of the expression.
#include <map>
#include <optional>
#include <set>

#include <fmt/core.h>

#include "config/expressions.h"
#include "config/lint_rule.h"
#include "template/analysis.h"
#include "template/annotation.h"
#include "template/template.h"

namespace watchbill::config {
namespace {

namespace promql = metrics::promql;
namespace templates = text_template;
using promql::Impossibility;
using promql::LabelUse;

bool is_unless(const promql::Expression& expression, promql::NodeIndex node) {
  const auto* binary = std::get_if<promql::Binary>(&expression.at(node).of);
  return binary != nullptr && binary->op == promql::BinaryOperator::unless;
}

std::string how_to_mend(const promql::Impossible& found) {
  switch (found.what) {
    case Impossibility::matchers: return "name values that one series can have";
    case Impossibility::comparison: return "compare with a value that can be";
    case Impossibility::matching: return fmt::format("let both have the same {}, or match without it", found.label);
    case Impossibility::itself: return "leave out what excludes the other";
  }
  return "";
}

std::string text_of(const promql::Expression& expression, const promql::LostLabel& lost) {
  const std::string taker = promql::taker_text(expression, lost.by);
  const std::string& label = lost.label;
  switch (lost.use) {
    case LabelUse::grouping:
      return fmt::format("there is no {0} to group by: {1} leaves it out; keep it there too, or drop it here", label, taker);
    case LabelUse::on:
      return fmt::format("one side has no {0} to match on: {1} leaves it out; keep it there too, or drop it here", label, taker);
    case LabelUse::include:
      return fmt::format("there is no {0} to take over: {1} leaves it out; keep it there too", label, taker);
    case LabelUse::one_side:
      return fmt::format(
          "only one side has {0}, as {1} leaves it out, so elements with one find no partner: keep it on both sides, "
          "or match without it, with on (…) or ignoring ({0})",
          label, taker);
    case LabelUse::matcher:
      return fmt::format("{1} leaves {0} out, so no series of it meets this matcher: keep {0} in that rule", label, taker);
  }
  return "";
}

// Whether the action that byte `offset` of a template stands in decides or stores, or has something else to print.
bool is_condition(std::string_view text, std::size_t offset) {
  const std::size_t open = text.rfind("{{", offset);
  if (open == std::string_view::npos) return false;
  std::size_t begin = open + 2;
  while (begin < text.size() && (text[begin] == '-' || text[begin] == ' ' || text[begin] == '\n')) ++begin;
  const std::string_view action = text.substr(begin, std::min(text.find("}}", begin), text.size()) - begin);
  for (const std::string_view word : {"if", "else", "with", "range", "or "})
    if (action.starts_with(word)) return true;
  return action.find('=') != std::string_view::npos;
}

class TemplateReader {
 public:
  TemplateReader(const LintedRule& rule, Remarks& out) : rule_(rule), out_(out) {}

  void look_at(std::string_view part, const std::string& name, const std::string& text) {
    if (text.find("{{") == std::string::npos) return;
    const auto parsed = templates::parse({"template", text}, templates::Place::rule);
    if (!parsed) return;
    static const templates::Shape shape = templates::annotation_shape();
    const templates::Analysis analysis = templates::analyse(*parsed, shape);
    std::set<std::string> asked;  // what some condition looks at is known to be missing now and then
    for (const bool is_first : {true, false})
      for (const templates::Read& read : analysis.reads) {
        const std::size_t offset = offset_in_template(text, read.line, read.column);
        const bool decides = is_condition(text, offset);
        if (is_first && decides) asked.insert(read.path);
        if (!is_first && !decides && !asked.contains(read.path)) look_at_read(part, name, offset, read.path);
      }
  }

 private:
  void look_at_read(std::string_view part, const std::string& name, std::size_t offset, const std::string& path) {
    constexpr std::string_view labels = ".Labels.";
    if (part == "labels" && path == ".Value")
      out_.push_back({Severity::warning, "value_in_label", part, name, offset,
                      "each value makes another alert, and its `for` begins anew: show it in an annotation"});
    if (!path.starts_with(labels)) return;
    const std::string label = path.substr(labels.size());
    if (label.find_first_of(".*") != std::string::npos || !said_.insert(label).second) return;
    const promql::LabelFact& fact = rule_.facts.at(rule_.expression.root).labels.of(label);
    if (fact.presence != promql::Presence::never) return;
    const std::string taker =
        fact.is_wanted ? std::string("a matcher wants none") : promql::taker_text(rule_.expression, fact.by) + " leaves it out";
    const auto own = rule_.read.labels.find(label);
    out_.push_back(
        {Severity::warning, "label_lost", part, name, offset,
         own != rule_.read.labels.end()
             ? fmt::format("$labels has what the expression gives, not what the rule adds, so {} is empty here: write it "
                           "out",
                           label)
             : fmt::format("the result has no {0}, {1}, so this is empty: keep it in the expression, or drop it here", label,
                           taker)});
  }

  const LintedRule& rule_;
  Remarks& out_;
  std::set<std::string> said_;  // each label once for each rule
};

}  // namespace

void remark(Remarks& out, std::string_view code, std::size_t offset, std::string text, Severity severity) {
  out.push_back({severity, code, "expr", "", offset, std::move(text)});
}

void lint_results(const LintedRule& rule, Remarks& out) {
  const promql::NodeIndex empty_by = rule.facts.at(rule.expression.root).empty_by;
  const bool alerts = !rule.read.alert.empty();
  for (const promql::Impossible& found : rule.facts.impossible) {
    if (found.what == Impossibility::matchers) {
      remark(out, "impossible_matcher", found.offset, fmt::format("{}: {}", found.why, how_to_mend(found)), Severity::mistake);
      continue;
    }
    const std::string text = fmt::format("{}: {}", found.why, how_to_mend(found));
    if (found.node == empty_by)
      remark(out, "never_fires", found.offset,
             fmt::format("this {} as {}", alerts ? "alert never fires," : "rule never records anything,", text));
    else
      remark(
          out, "never_matches", found.offset,
          fmt::format("this {} as {}",
                      is_unless(rule.expression, found.node) ? "never takes anything away," : "part never has a result,", text));
  }
  std::set<std::string> said;
  for (const promql::LostLabel& lost : rule.facts.lost)
    if (said.insert(lost.label + "@" + std::to_string(lost.offset)).second)
      remark(out, "label_lost", lost.offset, text_of(rule.expression, lost));
}

void lint_templates(const LintedRule& rule, Remarks& out) {
  if (rule.read.alert.empty()) return;
  TemplateReader reader(rule, out);
  for (const auto& [name, text] : rule.read.labels) reader.look_at("labels", name, text);
  for (const auto& [name, text] : rule.read.annotations) reader.look_at("annotations", name, text);
}

}  // namespace watchbill::config
