#include "drivers/query/question.h"

#include "metrics/promql/print.h"
#include "metrics/rules/found_series.h"
#include "model/alert.h"

namespace watchbill::drivers::query {

namespace promql = metrics::promql;
namespace rules = metrics::rules;
namespace tsdb = metrics::tsdb;

namespace {

// The newest sample of each series that the selectors found, in the order of the text.
std::vector<std::string> newest_samples(const std::vector<promql::SelectorFound>& found, rules::FoundSeries series, Instant at) {
  std::vector<std::string> out;
  for (const promql::SelectorFound& selector : found)
    for (const Labels* labels : selector.series) {
      if (out.size() >= seen_samples_max) return out;
      metrics::histogram::Arena histograms;
      const auto view = series.view(*labels);
      const auto last = view ? view->last(at, histograms) : std::nullopt;
      if (last)
        out.push_back(labels->text() + " " + promql::value_text(last->v, histograms) + "@" + format_rfc3339(Instant{last->t_ms}));
    }
  return out;
}

Finding no_data(std::string reason) {
  Finding finding;
  finding.reason = std::move(reason);
  return finding;
}

}  // namespace

Finding find_answer(const Question& question, const tsdb::Snapshot& snapshot, Instant at,
                    const promql::EvaluationOptions& options) {
  const auto condition = promql::parse_condition(question.condition);
  if (!condition) return no_data("query_failed: " + condition.error().text());
  promql::EvaluationOptions listing = options;
  listing.lists_found_series = true;
  const promql::ConditionAnswer answer = promql::evaluate_condition(*condition, snapshot, at, listing);
  Finding finding;
  finding.verdict = answer.verdict;
  if (answer.verdict == promql::ConditionVerdict::no_data) finding.reason = word(answer.reason);
  if (answer.failure) finding.reason += ": " + answer.failure->message;
  if (const auto selectors = rules::Selectors::of(*condition, options.lookback))
    finding.samples = newest_samples(answer.found, rules::FoundSeries(answer.found, *selectors, snapshot, at), at);
  for (const promql::SelectorFound& found : answer.found) {
    if (!found.newest_sample) continue;
    if (!finding.oldest_newest || *found.newest_sample < *finding.oldest_newest) finding.oldest_newest = found.newest_sample;
  }
  if (finding.verdict != promql::ConditionVerdict::no_data && question.newer_than && finding.oldest_newest &&
      *finding.oldest_newest <= *question.newer_than) {
    finding.verdict = promql::ConditionVerdict::no_data;
    finding.reason = "stale";
  }
  return finding;
}

}  // namespace watchbill::drivers::query
