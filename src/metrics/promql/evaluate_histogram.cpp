// histogram_quantile, histogram_quantiles and histogram_fraction over classic histograms (series with a label `le`).
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>

#include "base/json.h"
#include "metrics/promql/buckets.h"
#include "metrics/promql/evaluation.h"
#include "metrics/promql/lexer.h"
#include "metrics/promql/print.h"

namespace watchbill::metrics::promql {
namespace {

using Refusal = EvaluationRefusal;
constexpr std::string_view bucket_label = "le";

// The bound of a bucket as targets write it: a number, "+Inf", "Inf", "-Inf".
bool read_bound(std::string_view text, double& value) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || !read_number(text, value)) return false;
  if (is_negative) value = -value;
  return !std::isnan(value);
}

}  // namespace

class BucketRun {
 public:
  BucketRun(Evaluation& run, const Call& call, NodeIndex at, const Steps& steps, Value input)
      : run_(run), call_(call), at_(at), steps_(steps), input_(std::move(input)) {
    for (const NodeIndex argument : call.arguments)
      if (run.expression_.at(argument).type == ValueType::instant_vector) vector_at_ = argument;
  }

  Evaluated run() {
    gather();
    const bool is_fraction = call_.function->id == FunctionId::histogram_fraction;
    const bool is_many = call_.function->id == FunctionId::histogram_quantiles;
    std::string label;
    std::vector<std::vector<double>> scalars;
    for (std::size_t i = 0; i < call_.arguments.size(); ++i) {
      if (run_.expression_.at(call_.arguments[i]).type != ValueType::scalar) continue;
      auto scalar = run_.evaluate_node(call_.arguments[i], steps_);
      if (!scalar) return scalar;
      if (!is_fraction) warn_of_quantiles(scalar->scalar, call_.arguments[i]);
      scalars.push_back(std::move(scalar->scalar));
    }
    Done done;
    if (is_fraction) {
      done =
          put({}, [&](const Buckets& buckets, std::size_t step) { return buckets.fraction(scalars[0][step], scalars[1][step]); });
    } else {
      if (is_many) label = run_.string_argument(call_, 1);
      if (is_many && (label.empty() || find_invalid_utf8(label) != std::string::npos))
        return run_.refuse(at_, Refusal::bad_parameter, fmt::format("invalid label name {}", quoted(label)));
      for (std::size_t i = 0; i < scalars.size() && done; ++i)
        done = put(
            label, [&](const Buckets& buckets, std::size_t step) { return buckets.quantile(scalars[i][step]); }, &scalars[i]);
    }
    if (!done) return done.error();
    Value value;
    value.series = std::move(out_);
    if (const Done joined = run_.join_equal(value.series, at_, false); !joined) return joined.error();
    return value;
  }

 private:
  struct Group {
    const Series* first;
    std::vector<std::pair<const Series*, double>> members;  // with their bounds
  };

  void gather() {
    std::unordered_map<std::string, std::size_t> numbers;
    const Grouping all_but_bound{{std::string(bucket_label)}, false};
    for (const Series& series : input_.series) {
      const std::string_view text = series.labels->get(bucket_label);
      double bound = 0;
      if (!read_bound(text, bound)) {
        run_.annotate(AnnotationLevel::warning, vector_at_,
                      fmt::format("bucket label \"le\" is missing or has a malformed value of {} for metric name {}",
                                  quoted(text), quoted(series.labels->get(metric_name_label))));
        continue;
      }
      std::string key(series.labels->get(metric_name_label));  // two families are two histograms
      key.push_back('\xFF');
      run_.append_key(key, series, all_but_bound);
      const auto [found, is_new] = numbers.emplace(std::move(key), groups_.size());
      if (is_new) groups_.push_back(Group{&series, {}});
      groups_[found->second].members.emplace_back(&series, bound);
    }
  }

  void warn_of_quantiles(const std::vector<double>& quantiles, NodeIndex at) {
    for (const double q : quantiles)
      if (!(q >= 0 && q <= 1))
        run_.annotate(AnnotationLevel::warning, at,
                      fmt::format("quantile value should be between 0 and 1, got {}", format_value(q)));
  }

  // One result series for each histogram. With `names` the series gets `label` with the value of the step (histogram_quantiles).
  template <class Function>
  Done put(const std::string& label, const Function& function, const std::vector<double>* names = nullptr) {
    for (const Group& group : groups_) {
      for (std::size_t step = 0; step < steps_.count; ++step) {
        std::vector<Bucket> buckets;
        for (const auto& [series, bound] : group.members)
          if (!is_absent(series->values[step])) buckets.push_back(Bucket{bound, series->values[step]});
        if (buckets.empty()) continue;
        const Buckets histogram(std::move(buckets));
        if (histogram.was_forced() && call_.function->id != FunctionId::histogram_fraction) note_forced(*group.first);
        Labels labels = *group.first->labels;
        labels.remove(bucket_label);
        if (!label.empty()) labels.set(label, format_value((*names)[step]));
        // Steps of one histogram share a series as long as their labels stay the same.
        if (last_output_ == nullptr || *last_output_ != labels) {
          if (const Done done = run_.touch(steps_.count, at_); !done) return done;
          last_output_ = run_.keep(std::move(labels));
          out_.push_back(Series{last_output_, true, std::vector<double>(steps_.count, absent_value)});
        }
        out_.back().values[step] = present(function(histogram, step));
      }
      last_output_ = nullptr;
    }
    return {};
  }

  void note_forced(const Series& series) {
    run_.annotate(
        AnnotationLevel::info, vector_at_,
        fmt::format("input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/"
                    "latest/querying/functions/#histogram_quantile) for metric name {}",
                    quoted(series.labels->get(metric_name_label))));
  }

  Evaluation& run_;
  const Call& call_;
  const NodeIndex at_;
  const Steps& steps_;
  const Value input_;
  NodeIndex vector_at_{no_node};
  std::vector<Group> groups_;
  std::vector<Series> out_;
  const Labels* last_output_{nullptr};
};

Evaluated Evaluation::histogram_call(const Call& call, NodeIndex at, const Steps& steps) {
  NodeIndex vector = no_node;
  for (const NodeIndex argument : call.arguments)
    if (expression_.at(argument).type == ValueType::instant_vector) vector = argument;
  auto input = evaluate_node(vector, steps);
  if (!input) return input;
  if (const Done done = touch(input->series.size() * steps.count, at); !done) return done.error();
  return BucketRun(*this, call, at, steps, std::move(*input)).run();
}

}  // namespace watchbill::metrics::promql
