// Closed lists of labels: of families that there are, and labels that they have.
#include <algorithm>

#include <gtest/gtest.h>

#include "api/metrics.h"

namespace watchbill::api {
namespace {

TEST(closed_labels, are_labels_of_declared_families) {
  EXPECT_GE(closed_labels().size(), 7U);
  for (const ClosedLabel& closed : closed_labels()) {
    const auto family = std::find_if(declared_metrics().begin(), declared_metrics().end(),
                                     [&](const DeclaredMetric& each) { return each.name == closed.metric; });
    ASSERT_NE(family, declared_metrics().end()) << closed.metric;
    EXPECT_NE((", " + std::string(family->labels) + ",").find(", " + std::string(closed.label) + ","), std::string::npos)
        << closed.metric << ": " << closed.label;
    EXPECT_GT(closed.values.size(), 1U);
  }
}

}  // namespace
}  // namespace watchbill::api
