// One run of the evaluator: the state that its parts share. Internal to this folder; evaluate.h is the public side.
//
// Every node is evaluated once for all steps. A vector is a list of series with one value for each step, or `absent_value`.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/promql/evaluate.h"
#include "metrics/promql/range_functions.h"
#include "metrics/promql/range_histograms.h"
#include "metrics/promql/values.h"

namespace watchbill::metrics::promql {

// The labels that absent() gives when its argument is empty: those that a selector names with one equality.
[[nodiscard]] Labels absent_labels(const Expression& expression, NodeIndex argument);

using Done = Result<void, EvaluationError>;
using Evaluated = Result<Value, EvaluationError>;

class Evaluation {
 public:
  Evaluation(const Expression& expression, const tsdb::Snapshot& snapshot, const QueryTime& time,
             const EvaluationOptions& options, const CommonUse& common, Answer& answer)
      : expression_(expression), snapshot_(snapshot), time_(time), options_(options), common_(common), answer_(answer),
        histograms_(answer.histograms) {}

  Done run();

 private:
  // evaluation.cpp: the whole, and what every part needs.
  Done finish_range_vector(const Steps& steps);
  Done finish_vector(Value value, const Steps& steps);
  Evaluated evaluate_node(NodeIndex index, const Steps& steps);
  Evaluated evaluate_part(NodeIndex index, const Steps& steps);
  Evaluated evaluate_common(const CommonParts::Use& use, NodeIndex index, const Steps& steps);  // common_parts.cpp
  [[nodiscard]] SelectorFound& found_of(NodeIndex selector);
  [[nodiscard]] EvaluationError refuse(NodeIndex at, EvaluationRefusal reason, std::string message) const;
  void annotate(AnnotationLevel level, NodeIndex at, std::string_view text);
  void annotate(const RangeRemarks& remarks, NodeIndex at, const Labels& labels);  // said of the metric of these labels
  Done touch(std::uint64_t samples, NodeIndex at);  // counts towards the limits; go_on() included
  Done go_on(std::uint64_t cells, NodeIndex at);    // asks should_stop now and then, checks what keep() counted
  Done check_label_value(std::uint64_t bytes, std::string_view what, NodeIndex at) const;  // before `what` makes it
  [[nodiscard]] bool name_is_gone(const Series& series) const noexcept {
    return series.drops_name && !options_.removes_names_late;
  }
  const Labels* keep(Labels labels);  // to the end of the answer; who keeps many asks go_on() in between
  [[nodiscard]] Labels visible(const Series& series) const;  // what comes next sees these labels, and of one of them:
  [[nodiscard]] std::string_view visible_value(const Series& series, std::string_view name) const noexcept;
  [[nodiscard]] static Labels without_identity(const Labels& labels);
  void append_key(std::string& key, const Series& series, const Grouping& grouping) const;
  [[nodiscard]] Labels group_labels(const Series& series, const Grouping& grouping) const;
  // Joins series with the same visible labels; refuses where two have a value at one step (`strictly`: where two have any).
  Done join_equal(std::vector<Series>& series, NodeIndex at, bool strictly);

  // evaluate_selector.cpp
  // Notes the selectors of whose histograms nothing but counts and sums is asked: histogram_count(), _sum() and _avg().
  void find_count_readers(NodeIndex index, bool is_asked);
  void strip(std::vector<tsdb::Sample>& samples);  // leaves counts, sums and what is known of resets of histograms
  // What a selector gives of the newest sample in reach: its value, its time, or when its counter began.
  enum class Gives : std::uint8_t { value, timestamp, start_timestamp };
  Evaluated instant_selector(NodeIndex index, const Steps& steps, Gives what);
  using Companions = std::map<Labels, tsdb::SeriesView>;  // by the labels of whom they tell of
  Result<Companions, EvaluationError> companions(NodeIndex selector, std::int64_t to_ms);
  Done find_starts(RangeSource& source, const Steps& steps);
  // Where a smoothed selector is read, and how far it looks to both sides.
  struct SmoothedAt { std::int64_t t_ms, reach_ms; };
  double smoothed_value(std::span<const tsdb::Sample> samples, std::size_t next, const SmoothedAt& at, NodeIndex selector,
                        const Labels& labels);
  Result<RangeSource, EvaluationError> range_source(NodeIndex index, const Steps& steps);
  Result<RangeSource, EvaluationError> subquery_source(NodeIndex index, const Steps& steps);
  double without_hint(double value);
  Result<std::vector<tsdb::Matcher>, EvaluationError> matchers_of(NodeIndex selector) const;
  Result<std::vector<tsdb::SeriesView>, EvaluationError> select(NodeIndex selector, std::int64_t from_ms, std::int64_t to_ms);
  Done resolve(const TimeShift& shift, RangeSource& source) const;
  Result<std::int64_t, EvaluationError> resolve(const DurationValue& duration) const;
  Result<std::int64_t, EvaluationError> resolve_positive(const DurationValue& duration, NodeIndex at) const;
  std::span<const tsdb::Sample> read_range(RangeSource& source, std::size_t series, const Steps& steps,
                                           std::vector<tsdb::Sample>& buffer);
  void note_found(std::size_t selector_index, const Labels& labels, std::optional<std::int64_t> newest_ms);

  // evaluate_binary.cpp
  Evaluated unary(const Unary& unary, NodeIndex at, const Steps& steps);
  Evaluated binary(const Binary& binary, NodeIndex at, const Steps& steps);
  // The value of one pair: a result, the left operand of a comparison that holds (`kept`), or absent.
  double combine(const Binary& binary, NodeIndex at, double left, double right, double kept);
  double combine_histograms(const Binary& binary, NodeIndex at, double left, double right);
  Evaluated scalar_with_vector(const Binary& binary, NodeIndex at, const Steps& steps, Value left, Value right);
  Evaluated set_operation(const Binary& binary, NodeIndex at, const Steps& steps, Value left, Value right);
  Evaluated vector_with_vector(const Binary& binary, NodeIndex at, const Steps& steps, const Value& left, const Value& right);
  friend class VectorMatch;

  // evaluate_aggregate.cpp
  Evaluated aggregate(const Aggregate& aggregate, NodeIndex at, const Steps& steps);
  friend class AggregateRun;

  // evaluate_call.cpp
  Evaluated call(const Call& call, NodeIndex at, const Steps& steps);
  Evaluated absent(const Call& call, const Steps& steps);
  Evaluated timestamp(const Call& call, NodeIndex at, const Steps& steps);
  Evaluated elementwise(const Call& call, NodeIndex at, const Steps& steps);
  Evaluated of_histograms(const Call& call, NodeIndex at, const Steps& steps);
  Evaluated calendar(const Call& call, NodeIndex at, const Steps& steps);
  Evaluated scalar_call(const Call& call, const Steps& steps);
  Evaluated sorted(const Call& call, NodeIndex at, const Steps& steps);

  // evaluate_range.cpp
  Evaluated range_call(const Call& call, NodeIndex at, const Steps& steps);
  friend class RangeRun;

  // evaluate_labels.cpp
  Evaluated label_replace(const Call& call, NodeIndex at, const Steps& steps);
  Evaluated label_join(const Call& call, NodeIndex at, const Steps& steps);
  [[nodiscard]] const std::string& string_argument(const Call& call, std::size_t index) const;

  // evaluate_info.cpp
  Evaluated info(const Call& call, NodeIndex at, const Steps& steps);
  friend class InfoRun;

  // evaluate_histogram.cpp
  Evaluated histogram_call(const Call& call, NodeIndex at, const Steps& steps);
  friend class BucketRun;

  const Expression& expression_;
  const tsdb::Snapshot& snapshot_;
  const QueryTime time_;
  const EvaluationOptions& options_;
  const CommonUse common_;
  Answer& answer_;
  histogram::Arena& histograms_;  // of the answer and of all that leads to it
  std::set<NodeIndex> count_readers_;
  std::shared_ptr<std::deque<Labels>> own_labels_{std::make_shared<std::deque<Labels>>()};
  std::set<Annotation> annotations_;
  std::pair<NodeIndex, std::string> last_remark_{no_node, {}};
  std::uint64_t remark_count_{0}, annotation_bytes_{0};
  std::uint64_t touched_{0}, label_bytes_{0};
  static constexpr std::uint64_t cells_between_questions = 16'384;  // of should_stop: it reads a clock, these cells take 0.1 ms
  std::uint64_t unasked_{0};  // cells computed since should_stop was last asked
};

}  // namespace watchbill::metrics::promql
