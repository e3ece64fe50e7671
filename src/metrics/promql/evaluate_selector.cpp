// Selectors, range selectors and subqueries: from the snapshot to values at steps and to windows.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "metrics/histogram/arithmetic.h"
#include "metrics/promql/ast_walk.h"
#include "metrics/promql/evaluation.h"
#include "metrics/promql/parser.h"
#include "metrics/tsdb/start_times.h"

namespace watchbill::metrics::promql {
namespace {

using Refusal = EvaluationRefusal;
using tsdb::Sample;

// The value between two numbers.
double between(const Sample& before, const Sample& after, std::int64_t at_ms) noexcept {
  return before.v +
         (after.v - before.v) * static_cast<double>(at_ms - before.t_ms) / static_cast<double>(after.t_ms - before.t_ms);
}

}  // namespace

Result<std::int64_t, EvaluationError> Evaluation::resolve(const DurationValue& duration) const {
  const auto ms = resolve_duration(expression_, duration, time_.step.ms, (time_.end - time_.start).ms);
  if (!ms) return EvaluationError{Refusal::bad_duration, ms.error().at, ms.error().message};
  return *ms;
}

Result<std::int64_t, EvaluationError> Evaluation::resolve_positive(const DurationValue& duration, NodeIndex at) const {
  auto ms = resolve(duration);
  if (ms && *ms <= 0) return refuse(at, Refusal::bad_duration, "duration must be greater than 0");
  return ms;
}

Done Evaluation::resolve(const TimeShift& shift, RangeSource& source) const {
  switch (shift.at) {
    case AtKind::none: break;
    case AtKind::instant: source.fixed_at_ms = shift.at_ms; break;
    case AtKind::start: source.fixed_at_ms = time_.start.ms; break;
    case AtKind::end: source.fixed_at_ms = time_.end.ms; break;
  }
  if (!shift.offset) return {};
  const auto offset = resolve(*shift.offset);
  if (!offset) return offset.error();
  source.offset_ms = *offset;
  return {};
}

Result<std::vector<tsdb::Matcher>, EvaluationError> Evaluation::matchers_of(NodeIndex selector) const {
  std::vector<tsdb::Matcher> matchers;
  for (const SelectorMatcher& part : std::get<VectorSelector>(expression_.at(selector).of).matchers) {
    auto matcher = tsdb::Matcher::create(part.name, static_cast<tsdb::MatchKind>(part.op), part.value);
    if (!matcher) return refuse(selector, Refusal::bad_parameter, matcher.error().detail);  // a tree that parse() did not make
    matchers.push_back(std::move(*matcher));
  }
  return matchers;
}

Result<std::vector<tsdb::SeriesView>, EvaluationError> Evaluation::select(NodeIndex selector, std::int64_t from_ms,
                                                                          std::int64_t to_ms) {
  const auto matchers = matchers_of(selector);
  if (!matchers) return matchers.error();
  auto series = snapshot_.select(*matchers, Instant{from_ms}, Instant{to_ms});
  if (series.size() > options_.limits.series_max)
    return refuse(selector, Refusal::too_many_series,
                  fmt::format("the selector matches more than {} series", options_.limits.series_max));
  return series;
}

Result<Evaluation::Companions, EvaluationError> Evaluation::companions(NodeIndex selector, std::int64_t to_ms) {
  Companions out;
  if (!snapshot_.has_companions()) return out;
  auto matchers = matchers_of(selector);
  if (!matchers) return matchers.error();
  matchers->push_back(tsdb::Matcher::equal(std::string(tsdb::start_time_label), std::string(tsdb::start_time_unit)));
  // A start time that was said long ago still holds.
  for (const tsdb::SeriesView& view :
       snapshot_.select(*matchers, Instant{std::numeric_limits<std::int64_t>::min()}, Instant{to_ms})) {
    Labels labels = view.labels();
    labels.remove(tsdb::start_time_label);
    out.emplace(std::move(labels), view);
  }
  return out;
}

Done Evaluation::find_starts(RangeSource& source, const Steps& steps) {
  // Of what is computed nothing is known, and windows that are extended know their ends already.
  if (source.selector == no_node || source.extension != RangeExtension::none) return {};
  const auto found = companions(source.selector, source.end_at(steps.last()));
  if (!found) return found.error();
  for (RangeSeries& series : source.series)
    if (const auto companion = found->find(*series.labels); companion != found->end()) series.starts = companion->second;
  return {};
}

void Evaluation::note_found(std::size_t selector_index, const Labels& labels, std::optional<std::int64_t> newest_ms) {
  if (!newest_ms || selector_index >= answer_.found.size()) return;
  SelectorFound& found = answer_.found[selector_index];
  ++found.series_count;
  if (options_.lists_found_series) found.series.push_back(&labels);
  if (!found.newest_sample || found.newest_sample->ms < *newest_ms) found.newest_sample = Instant{*newest_ms};
}

// A subquery or a function of buckets further out needs whole histograms.
void Evaluation::find_count_readers(NodeIndex index, bool is_asked) {
  const Node& node = expression_.at(index);
  if (std::holds_alternative<VectorSelector>(node.of) && is_asked) count_readers_.insert(index);
  if (std::holds_alternative<Subquery>(node.of)) return;
  if (const Binary* binary = std::get_if<Binary>(&node.of))
    is_asked = is_asked && binary->op != BinaryOperator::trim_upper && binary->op != BinaryOperator::trim_lower;
  if (const Call* call = std::get_if<Call>(&node.of)) {
    const FunctionId id = call->function->id;
    if (id == FunctionId::histogram_quantile || id == FunctionId::histogram_quantiles || id == FunctionId::histogram_fraction)
      is_asked = false;
    if (id == FunctionId::histogram_count || id == FunctionId::histogram_sum || id == FunctionId::histogram_avg) is_asked = true;
  }
  each_child(node, [&](NodeIndex child) { find_count_readers(child, is_asked); });
}

void Evaluation::strip(std::vector<Sample>& samples) {
  using histogram::Histogram;
  using histogram::ResetHint;
  std::optional<Histogram> before;
  for (const Sample& sample : samples) {
    if (!histogram::is_mark(sample.v)) continue;
    Histogram& whole = histograms_.edit(sample.v);
    if (whole.reset_hint == ResetHint::unknown && before)
      whole.reset_hint = detect_reset(*before, whole) ? ResetHint::reset : ResetHint::not_reset;
    Histogram counts;
    counts.reset_hint = whole.reset_hint;
    counts.schema = whole.schema;
    counts.count = whole.count;
    counts.sum = whole.sum;
    before = std::exchange(whole, std::move(counts));
  }
}

// Between the samples `next - 1` and `next`; the earlier one's value when the later is out of reach or marks an end.
double Evaluation::smoothed_value(std::span<const Sample> samples, std::size_t next, const SmoothedAt& at, NodeIndex selector,
                                  const Labels& labels) {
  const Sample& before = samples[next - 1];
  std::size_t first = next - 1;
  std::size_t behind = next;
  while (first > 0 && samples[first - 1].t_ms > at.t_ms - at.reach_ms) --first;
  while (behind < samples.size() && samples[behind].t_ms <= at.t_ms + at.reach_ms) ++behind;
  const auto within = samples.subspan(first, behind - first);
  const auto is_histogram = [](const Sample& sample) { return histogram::is_mark(sample.v); };
  RangeRemarks remarks;
  double value = absent_value;
  if (std::none_of(within.begin(), within.end(), is_histogram)) {
    const bool is_alone = before.t_ms == at.t_ms || behind == next || tsdb::is_stale(samples[next].v);
    return is_alone ? present(before.v) : between(before, samples[next], at.t_ms);
  }
  remarks.mixes_types = !std::all_of(within.begin(), within.end(),
                                     [&](const Sample& sample) { return is_histogram(sample) || tsdb::is_stale(sample.v); });
  if (!remarks.mixes_types) {
    const bool is_alone = before.t_ms == at.t_ms || behind == next || !is_histogram(samples[next]);
    value = is_alone ? before.v : interpolated_histogram(before, samples[next], at.t_ms, histograms_, remarks);
    if (is_alone && before.t_ms != at.t_ms) {
      // The hint tells of the two samples, not of a value that goes on.
      histogram::Histogram carried = histograms_.at(before.v);
      carried.reset_hint = histogram::ResetHint::unknown;
      value = histograms_.put(std::move(carried));
    }
  }
  annotate(remarks, selector, labels);
  return value;
}

Evaluated Evaluation::instant_selector(NodeIndex index, const Steps& steps, Gives what) {
  RangeSource shift;
  if (const Done resolved = resolve(std::get<VectorSelector>(expression_.at(index).of).shift, shift); !resolved)
    return resolved.error();
  const std::size_t found_index = static_cast<std::size_t>(
      std::find_if(answer_.found.begin(), answer_.found.end(), [&](const SelectorFound& found) { return found.node == index; }) -
      answer_.found.begin());
  // A sample is in reach when it is younger than the lookback; exactly as old counts in Prometheus 2 only.
  const std::int64_t reach_ms = options_.lookback.ms - (options_.semantics == Semantics::prometheus_3 ? 1 : 0);
  const std::int64_t from_ms = shift.end_at(steps.start_ms) - reach_ms;
  const std::int64_t to_ms = shift.end_at(steps.last());
  const bool is_smoothed = std::get<VectorSelector>(expression_.at(index).of).extension == RangeExtension::smoothed;
  const std::int64_t ahead_ms = is_smoothed ? options_.lookback.ms : 0;
  auto views = select(index, from_ms, to_ms + ahead_ms);
  if (!views) return views.error();
  Companions starts;
  if (what == Gives::start_timestamp) {
    auto found = companions(index, to_ms);
    if (!found) return found.error();
    starts = std::move(*found);
  }
  // Resets are found between samples: the newest alone does not tell.
  const bool reads_counts = count_readers_.contains(index);
  const bool is_fixed = (shift.fixed_at_ms.has_value() || steps.count == 1) && !is_smoothed && !reads_counts;
  Value value;
  value.series.reserve(views->size());
  std::vector<Sample> samples;
  std::vector<std::int64_t> starts_ms;
  tsdb::ReadAhead ahead;
  for (std::size_t i = 0; i < views->size(); ++i) {
    const tsdb::SeriesView& view = (*views)[i];
    ahead.go_to(*views, i, Instant{is_fixed ? to_ms : from_ms});
    samples.clear();
    if (is_fixed) {
      if (const auto last = view.last(Instant{to_ms}, histograms_); last && last->t_ms >= from_ms) samples.push_back(*last);
    } else {
      view.read(Instant{from_ms}, Instant{to_ms + ahead_ms}, samples, histograms_);
    }
    if (reads_counts) strip(samples);
    if (const Done done = touch(samples.size() + steps.count, index); !done) return done.error();
    if (what == Gives::start_timestamp) {
      starts_ms.assign(samples.size(), 0);
      if (const auto companion = starts.find(view.labels()); companion != starts.end())
        tsdb::read_start_times(companion->second, samples, starts_ms);
    }
    Series series{&view.labels(), false, std::vector<double>(steps.count, absent_value)};
    std::size_t next = 0;
    std::optional<std::int64_t> newest_ms;
    for (std::size_t step = 0; step < steps.count; ++step) {
      const std::int64_t reference_ms = shift.end_at(steps.at(step));
      while (next < samples.size() && samples[next].t_ms <= reference_ms) ++next;
      if (next == 0) continue;
      const Sample& sample = samples[next - 1];
      if (sample.t_ms < reference_ms - reach_ms || tsdb::is_stale(sample.v)) continue;
      const std::int64_t time_ms = what == Gives::start_timestamp ? starts_ms[next - 1] : sample.t_ms;
      series.values[step] = what == Gives::value ? present(sample.v) : static_cast<double>(time_ms) / 1000;
      if (is_smoothed && what == Gives::value)
        series.values[step] = smoothed_value(samples, next, SmoothedAt{reference_ms, options_.lookback.ms}, index, view.labels());
      newest_ms = sample.t_ms;
    }
    note_found(found_index, view.labels(), newest_ms);
    if (newest_ms) value.series.push_back(std::move(series));
  }
  return value;
}

Result<RangeSource, EvaluationError> Evaluation::range_source(NodeIndex index, const Steps& steps) {
  const Node& node = expression_.at(expression_.without_parens(index));
  const MatrixSelector* matrix = std::get_if<MatrixSelector>(&node.of);
  if (matrix == nullptr) return subquery_source(expression_.without_parens(index), steps);
  RangeSource source;
  if (const Done resolved = resolve(std::get<VectorSelector>(expression_.at(matrix->selector).of).shift, source);
      !resolved)
    return resolved.error();
  const auto range_ms = resolve_positive(matrix->range, index);
  if (!range_ms) return range_ms.error();
  source.range_ms = *range_ms;
  source.selector_index = static_cast<std::size_t>(
      std::find_if(answer_.found.begin(), answer_.found.end(),
                   [&](const SelectorFound& found) { return found.node == matrix->selector; }) - answer_.found.begin());
  source.selector = matrix->selector;
  source.extension = std::get<VectorSelector>(expression_.at(matrix->selector).of).extension;
  if (source.extension != RangeExtension::none) source.before_ms = options_.lookback.ms;
  if (source.extension == RangeExtension::smoothed) source.after_ms = options_.lookback.ms;
  auto views = select(matrix->selector, source.end_at(steps.start_ms) - source.range_ms - source.before_ms,
                      source.end_at(steps.last()) + source.after_ms);
  if (!views) return views.error();
  source.series.reserve(views->size());
  for (const tsdb::SeriesView& view : *views) source.series.push_back(RangeSeries{&view.labels(), false, {}, {}});
  source.views = std::move(*views);
  return source;
}

// A sample of a subquery: its neighbour there need not be the sample that the hint of a histogram tells of.
double Evaluation::without_hint(double value) {
  using histogram::ResetHint;
  if (!histogram::is_mark(value)) return value;
  const ResetHint hint = histograms_.at(value).reset_hint;
  if (hint == ResetHint::gauge || hint == ResetHint::unknown) return value;
  histogram::Histogram copy = histograms_.at(value);
  copy.reset_hint = ResetHint::unknown;
  return histograms_.put(std::move(copy));
}

Result<RangeSource, EvaluationError> Evaluation::subquery_source(NodeIndex index, const Steps& steps) {
  const Subquery& subquery = std::get<Subquery>(expression_.at(index).of);
  RangeSource source;
  if (const Done resolved = resolve(subquery.shift, source); !resolved) return resolved.error();
  const auto range_ms = resolve_positive(subquery.range, index);
  if (!range_ms) return range_ms.error();
  source.range_ms = *range_ms;
  std::int64_t step_ms = options_.subquery_step.ms;
  if (subquery.step) {
    const auto written = resolve_positive(*subquery.step, index);
    if (!written) return written.error();
    step_ms = *written;
  }
  // Steps of a subquery are multiples of its step since 1970, whatever the outer steps are.
  const std::int64_t begin_ms = source.end_at(steps.start_ms) - source.range_ms;
  const std::int64_t end_ms = source.end_at(steps.last());
  std::int64_t first_ms = begin_ms / step_ms * step_ms;
  if (options_.semantics == Semantics::prometheus_3 ? first_ms <= begin_ms : first_ms < begin_ms) first_ms += step_ms;
  if (first_ms > end_ms) return source;
  const auto further = static_cast<std::uint64_t>((end_ms - first_ms) / step_ms);
  if (further >= options_.limits.subquery_steps_max)
    return refuse(index, Refusal::too_many_steps,
                  fmt::format("the subquery has more than {} steps", options_.limits.subquery_steps_max));
  const Steps inner{first_ms, step_ms, static_cast<std::size_t>(further) + 1};
  auto value = evaluate_node(subquery.inner, inner);
  if (!value) return value.error();
  for (Series& series : value->series) {
    RangeSeries out{series.labels, series.drops_name, {}, {}};
    for (std::size_t i = 0; i < inner.count; ++i)
      if (!is_absent(series.values[i])) out.samples.push_back({inner.at(i), without_hint(series.values[i])});
    std::vector<double>().swap(series.values);
    source.series.push_back(std::move(out));
  }
  return source;
}

std::span<const Sample> Evaluation::read_range(RangeSource& source, std::size_t index, const Steps& steps,
                                               std::vector<Sample>& buffer) {
  RangeSeries& series = source.series[index];
  if (source.views.empty()) {
    buffer = std::move(series.samples);
    // A subquery has steps that no window holds when the outer step is larger than its range; windows skip them.
    return buffer;
  }
  const std::int64_t opening_ms = options_.semantics == Semantics::prometheus_3 ? 1 : 0;
  buffer.clear();
  const Instant from{source.end_at(steps.start_ms) - source.range_ms - source.before_ms + opening_ms};
  source.ahead.go_to(source.views, index, from);
  source.views[index].read(from, Instant{source.end_at(steps.last()) + source.after_ms}, buffer, histograms_);
  // Ends and histograms are NaNs, and most series have none.
  if (std::any_of(buffer.begin(), buffer.end(), [](const Sample& sample) { return std::isnan(sample.v); })) {
    std::erase_if(buffer, [](const Sample& sample) { return tsdb::is_stale(sample.v); });
    if (count_readers_.contains(source.selector)) strip(buffer);
    for (Sample& sample : buffer) sample.v = present(sample.v);
  }
  note_found(source.selector_index, *series.labels, buffer.empty() ? std::nullopt : std::optional(buffer.back().t_ms));
  return buffer;
}

}  // namespace watchbill::metrics::promql
