// Histograms as tests write them.
#pragma once

#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "metrics/histogram/text.h"

namespace watchbill::metrics::histogram {

// Of "{{…}}", which must read.
inline Histogram read(std::string_view notation) {
  Result<Notation> result = read_notation(notation);
  if (!result) {
    ADD_FAILURE() << result.error().text();
    return {};
  }
  EXPECT_EQ(result->bytes, notation.size()) << notation;
  return std::move(result->histogram);
}

// Both compact, bit by bit, hints too.
inline testing::AssertionResult are_same(const Histogram& actual, const Histogram& expected) {
  if (is_equal(actual, expected) && actual.reset_hint == expected.reset_hint) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "is " << notation(actual) << "\n  not " << notation(expected);
}

}  // namespace watchbill::metrics::histogram
