// What is expected against what came, as lines for people. Pure; internal to the folder.
#pragma once

#include <string>
#include <vector>

#include "model/labels.h"
#include "ruletest/test_file.h"

namespace watchbill::ruletest {

// `{alertname="WebDown", job="web"}`
[[nodiscard]] std::string text_of(const Texts& labels);

// Empty when both are the same alerts, in whatever order. Else: alerts that differ, field by field in the order of names; those
// that do not fire; those that nobody expects. At most `lines_max` lines and one that says how many more there are.
[[nodiscard]] std::vector<std::string> compare_alerts(std::vector<AlertTexts> expected, std::vector<AlertTexts> got,
                                                      std::size_t lines_max);

struct Sample {
  Labels labels;
  double value{0};
  std::string histogram;  // in the notation of tests, which is compared as text, as in promtool; empty: the value counts
};

// The same for the elements of an answer. `is_fuzzy`: neighbouring doubles are equal. NaN equals nothing, as in promtool.
[[nodiscard]] std::vector<std::string> compare_samples(std::vector<Sample> expected, std::vector<Sample> got, bool is_fuzzy,
                                                       std::size_t lines_max);

}  // namespace watchbill::ruletest
