// Sub-expressions that several expressions have in common, evaluated once for one moment: the rules of a group ask for the same
// rate() a hundred times with other thresholds.
//
// CommonParts says once which parts these are; CommonValues holds what they came to at one moment. A part is evaluated by the
// first expression that needs it; the others get a copy (an allocation for each series), with what its selectors found, and the
// same count of samples towards their limits, so that no answer depends on its neighbours. Not kept: parts with annotations
// (their places differ), with native histograms, and those that failed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "metrics/promql/ast.h"

namespace watchbill::metrics::promql {

class CommonParts {
 public:
  static constexpr std::uint32_t none = 0xFFFF'FFFF;

  CommonParts() = default;
  // `may_share`: whether what a selector reads stays as it is between the evaluations of one moment. A part is shared when all of
  // its selectors may be, two or more expressions (or places of one) have it, and no larger part has it wherever it stands. Never
  // one with a call of info(), which reads series that no selector names.
  CommonParts(std::span<const Expression* const> expressions, const std::function<bool(const VectorSelector&)>& may_share);

  struct Use {
    std::uint32_t part{none};
    std::vector<NodeIndex> selectors;  // of the part, in the order of the text
  };
  // Null for a node that is no common part. `expression`: its index above.
  [[nodiscard]] const Use* find(std::size_t expression, NodeIndex node) const noexcept;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  std::size_t count_{0};
  std::vector<std::unordered_map<NodeIndex, Use>> uses_;  // of each expression; looked up, never iterated
};

struct CommonValue;

// What the parts came to: of one query time, and of snapshots in which what may be shared is the same. One thread.
class CommonValues {
 public:
  explicit CommonValues(const CommonParts& parts);
  ~CommonValues();
  CommonValues(CommonValues&&) noexcept;
  CommonValues(const CommonValues&) = delete;
  CommonValues& operator=(const CommonValues&) = delete;

 private:
  friend class Evaluation;
  std::vector<std::unique_ptr<CommonValue>> values_;  // by part
  // Values that a larger one was made of may own its labels: what a fuller value takes the place of stays to the end.
  std::vector<std::unique_ptr<CommonValue>> replaced_;
};

// For evaluate(): the expression is number `expression` of `parts`. All three outlive the Answer.
struct CommonUse {
  const CommonParts* parts{nullptr};
  std::size_t expression{0};
  CommonValues* values{nullptr};
};

}  // namespace watchbill::metrics::promql
