// What was pushed: groups of families, as a Pushgateway keeps them.
//
// Plain data and pure functions. A label may have an empty value here: in a grouping key it tells one group from another, and a
// page must show `instance=""`, so that who scrapes it does not put its own there. Source: prom/pushgateway 1.x, README.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "metrics/exposition/page_reader.h"
#include "model/labels.h"

namespace watchbill::metrics::push {

using PushLabels = std::map<std::string, std::string>;

// One counter, gauge or untyped value, one summary or one histogram.
struct Metric {
  PushLabels labels;               // without `le` and `quantile`
  double value{0};                 // of counter, gauge, untyped
  std::map<double, double> points;  // of a histogram: cumulative counts by upper bound; of a summary: values by quantile
  double sum{0}, count{0};
  std::string native;              // a native histogram as histogram::encode() writes it, or empty
  friend bool operator==(const Metric&, const Metric&) = default;
};

struct Family {
  exposition::FamilyType type{exposition::FamilyType::untyped};  // one of the five of the text format
  std::string help;
  Instant pushed_at;
  std::vector<Metric> metrics;
  friend bool operator==(const Family&, const Family&) = default;
};
using Families = std::map<std::string, Family, std::less<>>;  // by name

// The two families that a group has of its own; what is pushed under these names is replaced.
inline constexpr std::string_view push_time_name = "push_time_seconds";
inline constexpr std::string_view push_failure_time_name = "push_failure_time_seconds";

struct Group {
  PushLabels key;      // with `job`
  Instant pushed_at;   // of the last push that was taken; 0: none
  Instant failed_at;   // of the last one that was refused; 0: none
  Families families;   // as they were pushed, with the labels of the key; without the two
  friend bool operator==(const Group&, const Group&) = default;
};

// The families of a group with its own two.
[[nodiscard]] Families all_families(const Group& group);

// Gives each metric the labels of the key, whatever it had under these names, and an `instance`, which may be empty.
void set_labels(Families& families, const PushLabels& key);

// `{a="1",job="x"}`: labels as people and pages write them.
[[nodiscard]] std::string text_of(const PushLabels& labels);

// Series of the store that metrics stand for: a histogram is many.
[[nodiscard]] std::size_t series_count(const Metric& metric) noexcept;

// One series of the store: its labels with __name__, empty ones left out.
struct PushedSample {
  Labels labels;
  double value{0};
  std::string histogram;  // encoded; empty: the sample is `value`
};
// All of a group, as who scrapes a Pushgateway with honor_labels has them.
[[nodiscard]] std::vector<PushedSample> samples_of(const Group& group);

}  // namespace watchbill::metrics::push
