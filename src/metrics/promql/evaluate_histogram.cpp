// histogram_quantile, histogram_quantiles and histogram_fraction over native histograms and classic ones (series with a label
// `le`).
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>

#include "base/json.h"
#include "metrics/histogram/estimate.h"
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
      done = put(
          {}, [&](const Buckets& buckets, std::size_t step) { return buckets.fraction(scalars[0][step], scalars[1][step]); },
          [&](const histogram::Histogram& native, std::size_t step, const Labels& labels) {
            const histogram::Estimate share = fraction(native, {scalars[0][step], scalars[1][step]});
            if (share.has_nan_observations)
              note_nan("input to histogram_fraction has NaN observations, which are excluded from all fractions", labels);
            return share.value;
          });
    } else {
      if (is_many) label = run_.string_argument(call_, 1);
      if (is_many && (label.empty() || find_invalid_utf8(label) != std::string::npos))
        return run_.refuse(at_, Refusal::bad_parameter, fmt::format("invalid label name {}", quoted(label)));
      for (std::size_t i = 0; i < scalars.size() && done; ++i)
        done = put(
            label, [&](const Buckets& buckets, std::size_t step) { return buckets.quantile(scalars[i][step]); },
            [&](const histogram::Histogram& native, std::size_t step, const Labels& labels) {
              return quantile_of_native(native, scalars[i][step], labels);
            },
            &scalars[i]);
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
    const Series* native{nullptr};                          // the same name and labels, with histograms at some steps

    [[nodiscard]] bool has_native(std::size_t step) const {
      return native != nullptr && histogram::is_mark(native->values[step]);
    }
    [[nodiscard]] bool has_buckets(std::size_t step) const {
      return std::any_of(members.begin(), members.end(), [step](const auto& m) { return is_float(m.first->values[step]); });
    }
  };

  void gather() {
    std::unordered_map<std::string, std::size_t> numbers;
    const Grouping all_labels{{}, false};
    const Grouping all_but_bound{{std::string(bucket_label)}, false};
    for (const Series& series : input_.series) {
      if (std::any_of(series.values.begin(), series.values.end(), histogram::is_mark))
        group_of(numbers, series, all_labels).native = &series;
      if (std::none_of(series.values.begin(), series.values.end(), is_float)) continue;
      const std::string_view text = series.labels->get(bucket_label);
      double bound = 0;
      if (!read_bound(text, bound)) {
        run_.annotate(AnnotationLevel::warning, vector_at_,
                      fmt::format("bucket label \"le\" is missing or has a malformed value of {} for metric name {}",
                                  quoted(text), quoted(series.labels->get(metric_name_label))));
        continue;
      }
      group_of(numbers, series, all_but_bound).members.emplace_back(&series, bound);
    }
  }

  Group& group_of(std::unordered_map<std::string, std::size_t>& numbers, const Series& series, const Grouping& grouping) {
    std::string key(series.labels->get(metric_name_label));  // two families are two histograms
    key.push_back('\xFF');
    run_.append_key(key, series, grouping);
    const auto [found, is_new] = numbers.emplace(std::move(key), groups_.size());
    if (is_new) groups_.push_back(Group{&series, {}, nullptr});
    return groups_[found->second];
  }

  void note_nan(std::string_view text, const Labels& labels) {
    run_.annotate(AnnotationLevel::info, vector_at_,
                  fmt::format("{} for metric name {}", text, quoted(labels.get(metric_name_label))));
  }

  double quantile_of_native(const histogram::Histogram& native, double q, const Labels& labels) {
    const histogram::Estimate quantile = histogram::quantile(native, q);
    if (quantile.is_nan_observation) note_nan("input to histogram_quantile has NaN observations, result is NaN", labels);
    else if (quantile.has_nan_observations)
      note_nan("input to histogram_quantile has NaN observations, result is skewed higher", labels);
    return quantile.value;
  }

  void warn_of_quantiles(const std::vector<double>& quantiles, NodeIndex at) {
    for (const double q : quantiles)
      if (!(q >= 0 && q <= 1))
        run_.annotate(AnnotationLevel::warning, at,
                      fmt::format("quantile value should be between 0 and 1, got {}", format_value(q)));
  }

  // One result series for each histogram. With `names` the series gets `label` with the value of the step (histogram_quantiles).
  template <class Classic, class Native>
  Done put(const std::string& label, const Classic& classic, const Native& native, const std::vector<double>* names = nullptr) {
    for (const Group& group : groups_) {
      for (std::size_t step = 0; step < steps_.count; ++step) {
        const bool is_native = group.has_native(step);
        const bool is_classic = group.has_buckets(step);
        if (is_native && is_classic) {
          run_.annotate(AnnotationLevel::warning, vector_at_,
                        fmt::format("vector contains a mix of classic and native histograms for metric name {}",
                                    quoted(group.first->labels->get(metric_name_label))));
          continue;
        }
        if (!is_native && !is_classic) continue;
        if (const Done done = run_.go_on(cells_of_a_series + group.members.size(), at_); !done) return done;
        const double value = is_native ? native(run_.histograms_.at(group.native->values[step]), step, *group.native->labels)
                                       : classic(buckets_at(group, step), step);
        Labels labels = is_native ? *group.native->labels : *group.first->labels;
        if (!is_native) labels.remove(bucket_label);
        if (!label.empty()) labels.set(label, format_value((*names)[step]));
        // Steps of one histogram share a series as long as their labels stay the same.
        if (last_output_ == nullptr || *last_output_ != labels) {
          if (const Done done = run_.touch(steps_.count, at_); !done) return done;
          last_output_ = run_.keep(std::move(labels));
          out_.push_back(Series{last_output_, true, std::vector<double>(steps_.count, absent_value)});
        }
        out_.back().values[step] = plain_number(value);
      }
      last_output_ = nullptr;
    }
    return {};
  }

  Buckets buckets_at(const Group& group, std::size_t step) {
    std::vector<Bucket> buckets;
    for (const auto& [series, bound] : group.members)
      if (is_float(series->values[step])) buckets.push_back(Bucket{bound, series->values[step]});
    Buckets histogram(std::move(buckets), run_.options_.semantics == Semantics::prometheus_3 ? SmallDifferences::ignored
                                                                                            : SmallDifferences::kept);
    if (histogram.was_forced() && call_.function->id != FunctionId::histogram_fraction) note_forced(*group.first);
    return histogram;
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
