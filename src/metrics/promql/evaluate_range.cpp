// Functions of range vectors, series by series: windows that move over the samples.
#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "metrics/promql/evaluation.h"
#include "metrics/promql/print.h"
#include "metrics/tsdb/start_times.h"

namespace watchbill::metrics::promql {
namespace {

using Refusal = EvaluationRefusal;
using tsdb::Sample;

bool never_falls(std::span<const Sample> samples) noexcept {
  return std::is_sorted(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.v < b.v; });
}

// Whether distinct series stay distinct without what says which quantity they are.
bool share_identity(const std::vector<Series>& series) {
  return std::all_of(series.begin(), series.end(), [&](const Series& each) {
    return std::all_of(std::begin(identity_labels), std::end(identity_labels), [&](std::string_view name) {
      return each.labels->get(name) == series.front().labels->get(name);
    });
  });
}

}  // namespace

// The call of one function over one range vector.
class RangeRun {
 public:
  RangeRun(Evaluation& run, const Call& call, NodeIndex at, const Steps& steps, RangeSource source,
           std::vector<std::vector<double>> parameters)
      : run_(run), call_(call), id_(call.function->id), at_(at), steps_(steps), source_(std::move(source)),
        parameters_(std::move(parameters)), opening_ms_(run.options_.semantics == Semantics::prometheus_3 ? 1 : 0) {}

  Evaluated run() {
    Value out;
    out.series.reserve(source_.series.size());
    for (std::size_t i = 0; i < source_.series.size(); ++i) {
      const auto samples = run_.read_range(source_, i, steps_, buffer_);
      if (const Done done = run_.touch(samples.size() + steps_.count, at_); !done) return done.error();
      if (samples.empty()) continue;
      if (const Done done = add(source_.series[i], samples, out); !done) return done.error();
    }
    // A selector gives each series once.
    if (!source_.views.empty() && share_identity(out.series)) return out;
    if (const Done joined = run_.join_equal(out.series, at_, !run_.options_.removes_names_late); !joined) return joined.error();
    return out;
  }

 private:
  Done add(const RangeSeries& from, std::span<const Sample> samples, Value& out) {
    Series series{from.labels, from.drops_name || !keeps_name(id_), std::vector<double>(steps_.count, absent_value)};
    window_ = {};
    window_.semantics = run_.options_.semantics;
    window_.extension = source_.extension;
    // One window is searched as fast as all samples.
    window_.never_falls = steps_.count > 1 && reads_start_times(id_) && never_falls(samples);
    const bool has_starts = from.starts.has_value();
    if (has_starts) tsdb::read_start_times(*from.starts, samples, starts_ms_);
    const bool has_histograms =
        std::any_of(samples.begin(), samples.end(), [](const Sample& sample) { return histogram::is_mark(sample.v); });
    bool has_value = false;
    bool has_float = false;
    std::size_t first = 0;
    std::size_t behind = 0;
    for (std::size_t step = 0; step < steps_.count; ++step) {
      if (step > 0 && source_.fixed_at_ms && parameters_.empty()) {
        series.values[step] = series.values[0];
        continue;
      }
      cells_ += window_.samples.size();  // as many as at the step before
      if (cells_ >= Evaluation::cells_between_questions)
        if (const Done done = run_.go_on(std::exchange(cells_, 0), at_); !done) return done;
      window_.evaluated_at_ms = steps_.at(step);
      window_.end_ms = source_.end_at(window_.evaluated_at_ms);
      window_.begin_ms = window_.end_ms - source_.range_ms;
      while (behind < samples.size() && samples[behind].t_ms <= window_.end_ms + source_.after_ms) ++behind;
      while (first < behind && samples[first].t_ms < window_.begin_ms - source_.before_ms + opening_ms_) ++first;
      window_.samples = samples.subspan(first, behind - first);
      if (has_starts) window_.starts_ms = std::span(starts_ms_).subspan(first, behind - first);
      if (const Done done = set_parameters(step); !done) return done;
      double value = 0;
      if (!(has_histograms || has_starts ? mixed_value(from, has_histograms, value) : range_function(id_, window_, value)))
        continue;
      series.values[step] = present(value);
      has_value = true;
      has_float = has_float || !histogram::is_mark(value);
    }
    if (has_float) note_counter_name(*from.labels);
    if (has_value) out.series.push_back(std::move(series));
    return {};
  }

  // Where histograms or start times are there is something to say of them.
  bool mixed_value(const RangeSeries& from, bool has_histograms, double& value) {
    RangeRemarks remarks;
    const bool has_result = has_histograms ? mixed_range_function(id_, window_, run_.histograms_, value, remarks)
                                           : range_function(id_, window_, value);
    if (!window_.starts_ms.empty() && (id_ == FunctionId::rate || id_ == FunctionId::increase))
      remarks.has_overlapping_starts = starts_overlap(window_);
    run_.annotate(remarks, call_.arguments[0], *from.labels);
    return has_result;
  }

  Done set_parameters(std::size_t step) {
    for (std::size_t k = 0; k < parameters_.size(); ++k) window_.parameters[k] = parameters_[k][step];
    // Where no series has a sample nobody asks what the parameters are.
    return parameters_.empty() || window_.samples.empty() ? Done() : check_parameters();
  }

  // Prometheus warns of quantiles beyond 0 … 1 and refuses factors of smoothing there.
  Done check_parameters() {
    if (id_ == FunctionId::quantile_over_time && !(window_.parameters[0] >= 0 && window_.parameters[0] <= 1))
      run_.annotate(AnnotationLevel::warning, call_.arguments[0],
                    fmt::format("quantile value should be between 0 and 1, got {}", format_value(window_.parameters[0])));
    if (id_ != FunctionId::double_exponential_smoothing) return {};
    for (const std::size_t i : {0U, 1U}) {
      const double factor = window_.parameters[i];
      if (factor > 0 && factor < 1) continue;
      if (std::isnan(factor)) continue;  // not refused there, as no comparison with it holds
      return run_.refuse(at_, Refusal::bad_parameter,
                         fmt::format("invalid {} factor. Expected: 0 < {} < 1, got: {:f}", i == 0 ? "smoothing" : "trend",
                                     i == 0 ? "sf" : "tf", factor));
    }
    return {};
  }

  void note_counter_name(const Labels& labels) {
    if (id_ != FunctionId::rate && id_ != FunctionId::increase) return;
    const std::string_view name = labels.get(metric_name_label);
    if (name.empty()) return;
    for (const std::string_view ending : {"_total", "_sum", "_count", "_bucket"})
      if (name.ends_with(ending)) return;
    run_.annotate(AnnotationLevel::info, call_.arguments[0],
                  fmt::format("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {}",
                              quoted(name)));
  }

  Evaluation& run_;
  const Call& call_;
  const FunctionId id_;
  const NodeIndex at_;
  const Steps& steps_;
  RangeSource source_;
  const std::vector<std::vector<double>> parameters_;  // the scalar arguments in their order, each at every step
  const std::int64_t opening_ms_;                      // a window of Prometheus 3 is open at its left end
  RangeWindow window_;
  std::vector<Sample> buffer_;
  std::vector<std::int64_t> starts_ms_;
  std::uint64_t cells_{0};  // read in windows since go_on() was last called
};

Evaluated Evaluation::range_call(const Call& call, NodeIndex at, const Steps& steps) {
  NodeIndex range = no_node;
  std::vector<std::vector<double>> parameters;
  for (const NodeIndex argument : call.arguments) {
    if (expression_.at(argument).type == ValueType::range_vector) {
      range = argument;
      continue;
    }
    auto scalar = evaluate_node(argument, steps);
    if (!scalar) return scalar;
    parameters.push_back(std::move(scalar->scalar));
  }
  auto source = range_source(range, steps);
  if (!source) return source.error();
  if (reads_start_times(call.function->id))
    if (const Done done = find_starts(*source, steps); !done) return done.error();
  return RangeRun(*this, call, at, steps, std::move(*source), std::move(parameters)).run();
}

}  // namespace watchbill::metrics::promql
