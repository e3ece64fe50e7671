#include "metrics/push/group.h"

#include <algorithm>
#include <limits>

#include "base/number.h"

namespace watchbill::metrics::push {
namespace {

using exposition::FamilyType;

constexpr double infinity = std::numeric_limits<double>::infinity();

Family time_family(const Group& group, std::string_view help, Instant at) {
  Family family{FamilyType::gauge, std::string(help), std::max(group.pushed_at, group.failed_at), {}};
  Metric& metric = family.metrics.emplace_back();
  metric.labels = group.key;
  metric.labels.try_emplace("instance");
  metric.value = static_cast<double>(at.ms) / 1000;
  return family;
}

class Series {
 public:
  Series(std::vector<PushedSample>& out, std::string_view name, const Metric& metric) : out_(out), name_(name), metric_(metric) {}

  PushedSample& add(std::string_view suffix, double value, std::string_view extra = {}, double extra_value = 0) {
    std::vector<Labels::Pair> pairs(metric_.labels.begin(), metric_.labels.end());
    pairs.emplace_back(metric_name_label, std::string(name_).append(suffix));
    if (!extra.empty()) append_number(pairs.emplace_back(extra, "").second, extra_value);
    return out_.emplace_back(PushedSample{Labels(std::move(pairs)), value, {}});
  }

 private:
  std::vector<PushedSample>& out_;
  std::string_view name_;
  const Metric& metric_;
};

void add_samples(std::vector<PushedSample>& out, std::string_view name, FamilyType type, const Metric& metric) {
  Series series(out, name, metric);
  if (type != FamilyType::histogram && type != FamilyType::summary) {
    series.add("", metric.value);
    return;
  }
  if (!metric.native.empty()) {
    series.add("", 0).histogram = metric.native;
    return;  // as a scrape that wants native histograms: the classic part beside it is left out
  }
  const bool is_histogram = type == FamilyType::histogram;
  for (const auto& [bound, value] : metric.points)
    series.add(is_histogram ? "_bucket" : "", value, is_histogram ? "le" : "quantile", bound);
  if (is_histogram && !metric.points.contains(infinity)) series.add("_bucket", metric.count, "le", infinity);
  series.add("_sum", metric.sum);
  series.add("_count", metric.count);
}

}  // namespace

Families all_families(const Group& group) {
  Families families = group.families;
  families.insert_or_assign(
      std::string(push_time_name),
      time_family(group, "Last Unix time when changing this group in the Pushgateway succeeded.", group.pushed_at));
  families.insert_or_assign(
      std::string(push_failure_time_name),
      time_family(group, "Last Unix time when changing this group in the Pushgateway failed.", group.failed_at));
  return families;
}

void set_labels(Families& families, const PushLabels& key) {
  for (auto& [name, family] : families)
    for (Metric& metric : family.metrics) {
      for (const auto& [label, value] : key) metric.labels.insert_or_assign(label, value);
      metric.labels.try_emplace("instance");
    }
}

std::string text_of(const PushLabels& labels) {
  std::string out = "{";
  for (const auto& [name, value] : labels) {
    if (out.size() > 1) out.push_back(',');
    out.append(name).append("=").append(quoted(value));
  }
  return out + "}";
}

std::size_t series_count(const Metric& metric) noexcept {
  constexpr std::size_t sum_count_and_infinity = 3;
  return metric.native.empty() && metric.points.empty() ? 1 : metric.points.size() + sum_count_and_infinity;
}

std::vector<PushedSample> samples_of(const Group& group) {
  std::vector<PushedSample> out;
  for (const auto& [name, family] : all_families(group))
    for (const Metric& metric : family.metrics) add_samples(out, name, family.type, metric);
  return out;
}

}  // namespace watchbill::metrics::push
