#include "metrics/rules/found_series.h"

#include <algorithm>
#include <utility>

namespace watchbill::metrics::rules {
namespace {

// Selecting one series costs microseconds in memory, and where blocks have the metric some part of selecting all of it.
constexpr std::size_t singles_max = 8;

std::optional<tsdb::SeriesView> find(std::span<const tsdb::SeriesView> views, const Labels& labels) {
  const auto at = std::lower_bound(views.begin(), views.end(), labels,
                                   [](const tsdb::SeriesView& view, const Labels& wanted) { return view.labels() < wanted; });
  return at != views.end() && at->labels() == labels ? std::optional(*at) : std::nullopt;
}

Labels without_name(const Labels& labels) {
  Labels out = labels;
  out.remove(metric_name_label);
  return out;
}

}  // namespace

std::optional<tsdb::SeriesView> FoundSeries::view(const Labels& series) {
  if (single_count_ < singles_max) {
    ++single_count_;
    std::vector<tsdb::Matcher> matchers;
    for (const auto& [name, value] : series) matchers.push_back(tsdb::Matcher::equal(name, value));
    return find(select(matchers), series);  // those with more labels are among them
  }
  for (std::size_t i = 0; i < by_selector_.size(); ++i) {
    if (!selectors_.reads(i, series)) continue;
    if (!by_selector_[i]) by_selector_[i] = select(selectors_.matchers(i));
    if (auto found = find(*by_selector_[i], series)) return found;
  }
  return std::nullopt;
}

FoundSeries::Views FoundSeries::select(std::span<const tsdb::Matcher> matchers) const {
  return snapshot_.select(matchers, selectors_.reads_from(at_), at_);
}

bool FoundSeries::each_has_sample_since(const Labels& element, Instant since) {
  if (by_labels_.empty()) find_by_labels();
  const Labels wanted = without_name(element);
  return std::all_of(by_labels_.begin(), by_labels_.end(), [&](const ByLabels& series) {
    const auto at = series.find(wanted);
    return at != series.end() && std::any_of(at->second.begin(), at->second.end(), [&](const Labels* labels) {
             const auto seen = view(*labels);
             const auto last = seen ? seen->last(at_) : std::nullopt;
             return last && Instant{last->t_ms} >= since;
           });
  });
}

void FoundSeries::find_by_labels() {
  for (const promql::SelectorFound& found : found_) {
    ByLabels& series = by_labels_.emplace_back();
    for (const Labels* labels : found.series) series[without_name(*labels)].push_back(labels);
  }
}

}  // namespace watchbill::metrics::rules
