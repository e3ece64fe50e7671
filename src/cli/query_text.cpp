#include "cli/query_text.h"

#include <algorithm>
#include <variant>

#include "cli/json_text.h"

namespace watchbill::cli {
namespace {

// "{count:4, sum:9.5, [-0.5,0.5]:1, (0.5,1]:3}": as Prometheus writes a native histogram; empty buckets are not in the answer.
std::string histogram_text(const JsonValue& histogram) {
  std::string out = "{count:" + member(histogram, "count") + ", sum:" + member(histogram, "sum");
  for (const JsonValue& bucket : items_of(histogram, "buckets")) {
    const JsonValue::Array& parts = list_of(&bucket);
    if (parts.size() != 4) continue;
    // Which bounds belong to the bucket: 0 the upper, 1 the lower, 2 none, 3 both.
    const std::string rule = text_of(parts.data());
    out.append(rule == "1" || rule == "3" ? ", [" : ", (").append(text_of(&parts[1])).append(",").append(text_of(&parts[2]));
    out.append(rule == "0" || rule == "3" ? "]:" : "):").append(text_of(&parts[3]));
  }
  return out + "}";
}

// "80.5 @1435781451.781"
std::string point_text(const JsonValue& point) {
  const JsonValue::Array& pair = list_of(&point);
  if (pair.size() != 2) return "";
  return (pair[1].as_object() != nullptr ? histogram_text(pair[1]) : text_of(&pair[1])) + " @" + text_of(pair.data());
}

double time_of(const JsonValue& point) {
  const JsonValue::Array& pair = list_of(&point);
  if (pair.empty()) return 0;
  if (const std::int64_t* const seconds = pair.front().as_integer()) return static_cast<double>(*seconds);
  const double* const seconds = std::get_if<double>(&pair.front().value);
  return seconds != nullptr ? *seconds : 0;
}

// Numbers and histograms of a series come apart: in the order of time again.
std::vector<const JsonValue*> points_of(const JsonValue& series) {
  std::vector<const JsonValue*> out;
  for (const char* const kind : {"values", "histograms"})
    for (const JsonValue& point : items_of(series, kind)) out.push_back(&point);
  std::stable_sort(out.begin(), out.end(), [](const JsonValue* a, const JsonValue* b) { return time_of(*a) < time_of(*b); });
  return out;
}

}  // namespace

std::vector<std::string> query_lines(const JsonValue& data) {
  std::vector<std::string> out;
  const JsonValue* const result = data.find("result");
  const std::string type = member(data, "resultType");
  if (result != nullptr && (type == "scalar" || type == "string")) return {point_text(*result)};
  for (const JsonValue& series : list_of(result)) {
    const std::string labels = labels_of(series.find("metric")).text();
    const JsonValue* value = series.find("value");
    if (value == nullptr) value = series.find("histogram");
    out.push_back(value != nullptr ? labels + "  " + point_text(*value) : labels);
    for (const JsonValue* const point : points_of(series)) out.push_back("  " + point_text(*point));
  }
  if (out.empty()) out.emplace_back("no series");
  return out;
}

}  // namespace watchbill::cli
