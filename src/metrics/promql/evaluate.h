// Answers a PromQL expression from a snapshot of the store, at one instant or at each step of a range.
//
// Semantics are Prometheus 3's: the lookback and every range window leave out their left end; Semantics::prometheus_2 keeps it,
// for comparisons with 2.42.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "metrics/histogram/arena.h"
#include "metrics/promql/ast.h"
#include "metrics/promql/common_parts.h"
#include "metrics/promql/limits.h"
#include "metrics/promql/position.h"
#include "metrics/tsdb/snapshot.h"
#include "model/labels.h"

namespace watchbill::metrics::promql {

// When to evaluate. A step of 0 is one evaluation at `start`; otherwise at start, start + step, … up to `end` inclusive.
// Holds: end >= start, step >= 0.
struct QueryTime {
  Instant start;
  Instant end;
  Duration step;

  [[nodiscard]] static QueryTime at(Instant instant) noexcept { return {instant, instant, Duration{}}; }
};

enum class Semantics : std::uint8_t {
  prometheus_3,
  prometheus_2,  // windows and lookback closed on both sides; rate() limits its way to zero before it limits its extrapolation;
                 // atan2 keeps the metric name; sums and means are plain
};
// "prometheus_3" or "prometheus_2"; nothing for any other word.
[[nodiscard]] std::optional<Semantics> semantics_of(std::string_view word) noexcept;

struct EvaluationOptions {
  Duration lookback{Duration::minutes(5)};               // how old the newest sample may be
  Duration subquery_step{Duration::minutes(1)};          // of subqueries that name none
  Semantics semantics{Semantics::prometheus_3};
  bool removes_names_late{false};                        // Prometheus 3's feature `promql-delayed-name-removal`
  bool lists_found_series{false};                        // fill SelectorFound::series
  EvaluationLimits limits;
  // Asked every few milliseconds, inside of operators too; the evaluation ends with `out_of_time` once it gives true. May be
  // empty.
  std::function<bool()> should_stop;
};

// Why an evaluation gave no answer.
enum class EvaluationRefusal : std::uint8_t {
  wrong_type,             // a range query of a string or range vector
  bad_duration,           // a duration expression without a positive, representable value
  bad_parameter,          // a label name, regular expression or number that the function refuses
  duplicate_series,       // two elements would have the same labels
  many_to_many,           // matching labels are not unique on the side that must be one
  too_many_samples,
  too_many_steps,
  too_many_series,
  label_value_too_long,
  too_many_label_bytes,
  out_of_time,
};
[[nodiscard]] std::string_view word(EvaluationRefusal refusal) noexcept;

struct EvaluationError {
  EvaluationRefusal reason{EvaluationRefusal::wrong_type};
  Position at;          // of the part that could not be evaluated
  std::string message;  // Prometheus' words where it has some
};

enum class AnnotationLevel : std::uint8_t { warning, info };

// A remark on an answer, as Prometheus words it: "PromQL warning: … (1:7)".
struct Annotation {
  AnnotationLevel level{AnnotationLevel::warning};
  std::string text;
  friend auto operator<=>(const Annotation&, const Annotation&) = default;
};

struct AnswerSeries {
  Labels labels;
  std::vector<tsdb::Sample> samples;  // one in an instant vector; at the steps in a range; as stored in a range vector
};

// What one selector of the expression found: for "is this answer fresh?".
struct SelectorFound {
  NodeIndex node{no_node};                 // of the VectorSelector
  std::size_t series_count{0};             // with a sample in reach
  std::optional<Instant> newest_sample;    // of all of them
  // Labels of these series, ordered, when EvaluationOptions::lists_found_series asks; they live as long as the snapshot.
  std::vector<const Labels*> series;
};

struct Answer {
  ValueType type{ValueType::scalar};   // of the expression; in a range query scalars and instant vectors are series with samples
  std::string text;                    // of a string
  double scalar{0};                    // of a scalar at one instant
  // Ordered by labels; the order of sort(), sort_desc(), sort_by_label(), topk() and bottomk() at the top of an instant query is
  // kept.
  std::vector<AnswerSeries> series;
  histogram::Arena histograms;          // what the marks among the values of samples stand for
  std::vector<Annotation> annotations;  // ordered, each once
  std::vector<SelectorFound> found;     // in the order of the text
  std::uint64_t samples_touched{0};
};

// The value of a sample as text: a number as PromQL writes it, a histogram as count_values() does.
[[nodiscard]] std::string value_text(double value, const histogram::Arena& histograms);

// Evaluates. Pure: equal snapshots, times and options give equal answers. Any thread; does not keep the snapshot.
// Holds: `expression` came from parse(), or passed check_types(). With `common`, parts that were evaluated already are not again.
[[nodiscard]] Result<Answer, EvaluationError> evaluate(const Expression& expression, const tsdb::Snapshot& snapshot,
                                                       const QueryTime& time, const EvaluationOptions& options = {},
                                                       const CommonUse& common = {});

}  // namespace watchbill::metrics::promql
