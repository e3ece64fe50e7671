#include "metrics/push/page.h"

#include <limits>
#include <vector>

#include "base/json.h"
#include "base/number.h"
#include "base/time.h"

namespace watchbill::metrics::push {
namespace {

using exposition::FamilyType;

constexpr double infinity = std::numeric_limits<double>::infinity();

std::string number_text(double value) {
  std::string text;
  append_number(text, value);
  return text;
}

std::string lines_of(const std::string& name, FamilyType type, const Metric& metric) {
  std::string out;
  std::vector<Labels::Pair> labels(metric.labels.begin(), metric.labels.end());
  if (type != FamilyType::histogram && type != FamilyType::summary) {
    exposition::append_sample(out, name, labels, metric.value);
    return out;
  }
  const bool is_histogram = type == FamilyType::histogram;
  const auto add_point = [&](double at, double value) {
    labels.emplace_back(is_histogram ? "le" : "quantile", number_text(at));
    exposition::append_sample(out, is_histogram ? name + "_bucket" : name, labels, value);
    labels.pop_back();
  };
  if (is_histogram && metric.points.empty()) return out;  // a native one
  for (const auto& [at, value] : metric.points) add_point(at, value);
  if (is_histogram && !metric.points.contains(infinity)) add_point(infinity, metric.count);
  exposition::append_sample(out, name + "_sum", labels, metric.sum);
  exposition::append_sample(out, name + "_count", labels, metric.count);
  return out;
}

std::string_view upper_word(FamilyType type) noexcept {
  switch (type) {
    case FamilyType::counter: return "COUNTER";
    case FamilyType::gauge: return "GAUGE";
    case FamilyType::histogram: return "HISTOGRAM";
    case FamilyType::summary: return "SUMMARY";
    case FamilyType::untyped:
    case FamilyType::gauge_histogram:
    case FamilyType::info:
    case FamilyType::state_set: return "UNTYPED";
  }
  return "";
}

void write_labels(JsonWriter& json, const PushLabels& labels) {
  json.key("labels").begin_object();
  for (const auto& [name, value] : labels) json.key(name).string(value);
  json.end_object();
}

void write_metric(JsonWriter& json, FamilyType type, const Metric& metric) {
  json.begin_object();
  write_labels(json, metric.labels);
  if (type == FamilyType::histogram || type == FamilyType::summary) {
    json.key(type == FamilyType::histogram ? "buckets" : "quantiles").begin_object();
    for (const auto& [at, value] : metric.points) json.key(number_text(at)).string(number_text(value));
    json.end_object();
    json.key("count").string(number_text(metric.count)).key("sum").string(number_text(metric.sum));
  } else {
    json.key("value").string(number_text(metric.value));
  }
  json.end_object();
}

void write_group(JsonWriter& json, const Group& group) {
  json.begin_object();
  write_labels(json, group.key);
  json.key("last_push_successful").boolean(group.failed_at <= group.pushed_at);
  for (const auto& [name, family] : all_families(group)) {
    if (name == "labels" || name == "last_push_successful") continue;  // two metrics that the format has no place for
    json.key(name).begin_object().key("time_stamp").string(format_rfc3339(family.pushed_at));
    json.key("type").string(upper_word(family.type));
    if (!family.help.empty()) json.key("help").string(family.help);
    json.key("metrics").begin_array();
    for (const Metric& metric : family.metrics) write_metric(json, family.type, metric);
    json.end_array().end_object();
  }
  json.end_object();
}

}  // namespace

void add_to_page(exposition::Page& page, GroupPointers groups) {
  for (const std::shared_ptr<const Group>& group : groups)
    for (const auto& [name, family] : all_families(*group))
      for (const Metric& metric : family.metrics)
        page.add_lines({name, family.help}, family.type, text_of(metric.labels), lines_of(name, family.type, metric));
}

std::string groups_json(GroupPointers groups) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const std::shared_ptr<const Group>& group : groups) write_group(json, *group);
  json.end_array();
  return out;
}

}  // namespace watchbill::metrics::push
