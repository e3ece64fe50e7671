#include "metrics/promql/test_classic.h"

#include <cmath>
#include <string_view>
#include <utility>

namespace watchbill::metrics::promql {
namespace {

enum class Part : std::uint8_t { none, bucket, count, sum };

// Which part of a classic histogram a metric is, and the name of the whole.
Part part_of(std::string_view& name) noexcept {
  constexpr std::pair<std::string_view, Part> endings[] = {
      {"_bucket", Part::bucket}, {"_count", Part::count}, {"_sum", Part::sum}};
  for (const auto& [ending, part] : endings)
    if (name.ends_with(ending)) {
      name.remove_suffix(ending.size());
      return part;
    }
  return Part::none;
}

}  // namespace

void ClassicSeries::add(const SeriesLine& line) {
  std::string_view name = line.labels.get(metric_name_label);
  const Part part = part_of(name);
  double upper = 0;
  const bool has_bound = line.labels.has("le") && read_signed_number(line.labels.get("le"), upper) && !std::isnan(upper);
  if (part == Part::none || (part == Part::bucket) != has_bound) return;
  Labels labels = line.labels;
  labels.set(metric_name_label, std::string(name));
  labels.remove("le");
  std::vector<histogram::Classic>& steps = by_labels_[labels];
  if (steps.size() < line.points.size()) steps.resize(line.points.size());
  for (std::size_t i = 0; i < line.points.size(); ++i) {
    if (!line.points[i] || histogram::is_mark(*line.points[i])) continue;
    const double value = *line.points[i];
    switch (part) {
      case Part::bucket: steps[i].buckets.push_back({upper, value}); break;
      case Part::count: steps[i].count = value; break;
      case Part::sum: steps[i].sum = value; break;
      case Part::none: break;
    }
  }
}

std::vector<SeriesLine> ClassicSeries::take() {
  std::vector<SeriesLine> out;
  for (auto& [labels, steps] : std::exchange(by_labels_, {})) {
    SeriesLine& line = out.emplace_back();
    line.labels = labels;
    for (histogram::Classic& step : steps) {
      std::optional<double> point;
      if (!step.buckets.empty())
        if (Result<histogram::Histogram> made = histogram::from_classic(std::move(step)); made)
          point = line.histograms.put(std::move(*made));
      line.points.push_back(point);
    }
  }
  return out;
}

}  // namespace watchbill::metrics::promql
