#include "metrics/promql/range_histograms.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "metrics/histogram/arithmetic.h"
#include "metrics/promql/values.h"

namespace watchbill::metrics::promql {
namespace {

using histogram::Histogram;
using histogram::Notes;
using histogram::ResetHint;
using tsdb::Sample;

double seconds(std::int64_t ms) noexcept { return static_cast<double>(ms) / 1000; }

// A window that holds histograms, and what there is to say of it.
class Window {
 public:
  Window(FunctionId id, const RangeWindow& window, const histogram::Arena& histograms, RangeRemarks& remarks)
      : id_(id), window_(window), samples_(window.samples), histograms_(histograms), remarks_(remarks) {}

  // rate, increase and delta of histograms alone.
  std::optional<Histogram> rate() {
    const bool counts_from_start = is_counter() && begins_within(window_);
    if (samples_.size() < 2 && !counts_from_start) return std::nullopt;
    std::optional<Histogram> result;
    if (samples_.size() > 1) {
      result = change();
      if (!result || (counts_from_start && !put_in(*result, at(0)))) return std::nullopt;
    } else {
      result = at(0);
    }
    // Prometheus 2.42 does not follow histograms back to zero: an increase of 0 has no zero before it.
    const double increase = window_.semantics == Semantics::prometheus_2 ? 0 : result->count;
    double factor = extrapolation_of(window_, at(0).count, increase, is_counter()).factor();
    if (id_ == FunctionId::rate) factor /= seconds(window_.end_ms - window_.begin_ms);
    multiply(*result, factor);
    return result;
  }

  // irate and idelta: the last two samples.
  std::optional<Histogram> instant_change() {
    const std::size_t last = samples_.size() - 1;
    const bool is_rate = id_ == FunctionId::irate;
    const Histogram& before = at(last - 1);
    Histogram result = at(last);
    const bool has_gauge = result.reset_hint == ResetHint::gauge || before.reset_hint == ResetHint::gauge;
    const bool are_gauges = result.reset_hint == ResetHint::gauge && before.reset_hint == ResetHint::gauge;
    if (is_rate && has_gauge) remarks_.is_no_counter = true;
    if (!is_rate && !are_gauges) remarks_.is_no_gauge = true;
    if (!is_rate || !(begins_anew(window_, last) || detect_reset(before, result)))
      if (!take_away(result, before)) return std::nullopt;
    result.reset_hint = ResetHint::gauge;
    compact(result);
    if (is_rate) divide(result, seconds(samples_[last].t_ms - samples_[last - 1].t_ms));
    return result;
  }

  // rate, increase and delta between the values at the two ends of an anchored or smoothed window, without extrapolation.
  std::optional<Histogram> anchored_change() {
    const std::span<const Sample> within = anchored_samples(window_);
    if (within.empty()) return std::nullopt;
    samples_ = within;
    const bool is_custom = at(0).has_custom_bounds();
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      if (at(i).has_custom_bounds() != is_custom) {
        remarks_.mixes_schemas = true;
        return std::nullopt;
      }
      if (is_counter() && at(i).reset_hint == ResetHint::gauge) remarks_.is_no_counter = true;
    }
    const bool is_smoothed = window_.extension == RangeExtension::smoothed && samples_.size() > 1;
    const std::size_t last = samples_.size() - 1;
    const bool cuts_left = is_smoothed && samples_.front().t_ms < window_.begin_ms;
    const bool cuts_right = is_smoothed && samples_.back().t_ms > window_.end_ms;
    std::optional<Histogram> left = cuts_left ? between(0, window_.begin_ms, is_counter()) : std::optional(at(0));
    if (!left) return std::nullopt;
    const std::optional<Histogram> right = cuts_right ? between(last - 1, window_.end_ms, is_counter()) : std::optional(at(last));
    if (!right) return std::nullopt;
    if (!is_counter() && (left->reset_hint != ResetHint::gauge || right->reset_hint != ResetHint::gauge))
      remarks_.is_no_gauge = true;
    Histogram result = *right;
    if (!take_away(result, *left)) return std::nullopt;
    if (is_counter() && !add_resets(result, *left, *right, cuts_left)) return std::nullopt;
    if (id_ == FunctionId::rate) divide(result, seconds(window_.end_ms - window_.begin_ms));
    result.reset_hint = ResetHint::gauge;
    compact(result);
    return result;
  }

  // A straight line between the samples `index` and the next; a counter that was reset between them counts from zero.
  std::optional<Histogram> between(std::size_t index, std::int64_t at_ms, bool counts_from_zero) {
    const Sample& from = samples_[index];
    const Sample& to = samples_[index + 1];
    if (at_ms == from.t_ms) return at(index);
    if (at_ms == to.t_ms) return at(index + 1);
    const double share = static_cast<double>(at_ms - from.t_ms) / static_cast<double>(to.t_ms - from.t_ms);
    Histogram result = at(index + 1);
    if (counts_from_zero && detect_reset(at(index), result)) {
      multiply(result, share);
      return result;
    }
    if (!take_away(result, at(index))) return std::nullopt;
    multiply(result, share);
    if (!put_in(result, at(index))) return std::nullopt;
    return result;
  }

  template <class Gathering>
  std::optional<Histogram> gather() {
    Gathering all;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      all.add(at(i));
      if (all.notes().is_incompatible) return refuse_mix();
    }
    remarks_.resets_conflict = all.notes().has_reset_collision;
    remarks_.reconciles_aggregation = all.notes().has_reconciled_bounds;
    return all.value();
  }

  // resets and changes, over floats and histograms as they come.
  double count_changes() const {
    std::size_t count = 0;
    std::span<const Sample> samples = samples_;
    const bool takes_starts = id_ == FunctionId::resets && window_.extension == RangeExtension::none;
    if (window_.extension != RangeExtension::none) samples = anchored_samples(window_);
    for (std::size_t i = 1; i < samples.size(); ++i)
      if (is_change(samples[i - 1].v, samples[i].v) || (takes_starts && begins_anew(window_, i))) ++count;
    return static_cast<double>(count);
  }

 private:
  [[nodiscard]] const Histogram& at(std::size_t index) const { return histograms_.at(samples_[index].v); }
  [[nodiscard]] bool is_counter() const noexcept { return id_ != FunctionId::delta; }

  [[nodiscard]] bool is_change(double before, double now) const {
    const bool was_histogram = histogram::is_mark(before);
    if (was_histogram != histogram::is_mark(now)) return true;
    const bool only_resets = id_ == FunctionId::resets;
    if (!was_histogram) return only_resets ? now < before : now != before && !(std::isnan(now) && std::isnan(before));
    const Histogram& from = histograms_.at(before);
    const Histogram& to = histograms_.at(now);
    return only_resets ? detect_reset(from, to) : !is_equal(to, from);
  }

  // The difference of the last and the first, with what resets took away.
  std::optional<Histogram> change() {
    Histogram none;
    none.schema = at(1).schema;
    none.custom_bounds = at(1).custom_bounds;
    const Histogram* before = &at(0);
    const Histogram& last = at(samples_.size() - 1);
    if (is_counter() && (before->reset_hint == ResetHint::gauge || last.reset_hint == ResetHint::gauge))
      remarks_.is_no_counter = true;
    // A reset right after the first sample: that one's layout does not matter then.
    if (is_counter() && detect_reset(*before, at(1))) before = &none;
    const bool is_custom = before->has_custom_bounds();
    if (last.has_custom_bounds() != is_custom) {
      remarks_.mixes_schemas = true;
      return std::nullopt;
    }
    std::int8_t schema = std::min(last.schema, before->schema);
    for (std::size_t i = 1; i + 1 < samples_.size() && is_counter(); ++i) {
      if (at(i).reset_hint == ResetHint::gauge) remarks_.is_no_counter = true;
      schema = std::min(schema, at(i).schema);
      if (at(i).has_custom_bounds() != is_custom) return refuse_mix();
    }
    Histogram result = last;
    if (schema < result.schema && !is_custom) reduce_to_schema(result, schema);
    if (!take_away(result, *before)) return refuse_mix();
    if (is_counter()) {
      for (std::size_t i = 1; i < samples_.size(); ++i) {
        if ((begins_anew(window_, i) || detect_reset(*before, at(i))) && !put_in(result, *before)) return refuse_mix();
        before = &at(i);
      }
    } else if (at(0).reset_hint != ResetHint::gauge || last.reset_hint != ResetHint::gauge) {
      remarks_.is_no_gauge = true;
    }
    result.reset_hint = ResetHint::gauge;
    compact(result);
    return result;
  }

  std::optional<Histogram> refuse_mix() {
    remarks_ = RangeRemarks{};
    remarks_.mixes_schemas = true;
    return std::nullopt;
  }

  // What resets took away between the two ends, added to the difference.
  bool add_resets(Histogram& result, const Histogram& left, const Histogram& right, bool cuts_left) {
    const std::size_t last = samples_.size() - 1;
    std::size_t first = 1;
    const Histogram* before = &left;
    // The left end lies within a reset: that one is accounted for.
    if (cuts_left && detect_reset(at(0), at(1))) {
      before = &at(1);
      first = 2;
    }
    if (first > last) return true;
    std::optional<Histogram> correction;
    const auto add = [&](const Histogram& lost) {
      if (correction) return put_in(*correction, lost);
      correction = lost;
      return true;
    };
    for (std::size_t i = first; i < last; ++i) {
      if (detect_reset(*before, at(i)) && !add(*before)) return false;
      before = &at(i);
    }
    if (detect_reset(*before, right) && !add(*before)) return false;
    return !correction || put_in(result, *correction);
  }

  bool take_away(Histogram& from, const Histogram& other) {
    const Notes notes = subtract(from, other);
    if (notes.is_incompatible) remarks_.mixes_schemas = true;
    if (notes.has_reconciled_bounds) remarks_.reconciles_difference = true;
    return !notes.is_incompatible;
  }
  bool put_in(Histogram& to, const Histogram& other) {
    const Notes notes = add(to, other);
    if (notes.is_incompatible) remarks_.mixes_schemas = true;
    if (notes.has_reconciled_bounds) remarks_.reconciles_sum = true;
    return !notes.is_incompatible;
  }

  const FunctionId id_;
  const RangeWindow& window_;
  std::span<const Sample> samples_;
  const histogram::Arena& histograms_;
  RangeRemarks& remarks_;
};

enum class Takes : std::uint8_t {
  floats,      // histograms are passed over
  one_type,    // no value of a mix
  last_two,    // of one type
  anything,
};

Takes takes(FunctionId id) noexcept {
  switch (id) {
    case FunctionId::rate: case FunctionId::increase: case FunctionId::delta: case FunctionId::avg_over_time:
    case FunctionId::sum_over_time: return Takes::one_type;
    case FunctionId::irate: case FunctionId::idelta: return Takes::last_two;
    case FunctionId::changes: case FunctionId::resets: case FunctionId::count_over_time: case FunctionId::first_over_time:
    case FunctionId::last_over_time: case FunctionId::present_over_time: case FunctionId::ts_of_first_over_time:
    case FunctionId::ts_of_last_over_time: return Takes::anything;
    default: return Takes::floats;
  }
}

bool is_histogram(const Sample& sample) noexcept { return histogram::is_mark(sample.v); }

bool function_of_floats(FunctionId id, const RangeWindow& window, double& value, RangeRemarks& remarks) {
  std::vector<Sample> floats;
  std::copy_if(window.samples.begin(), window.samples.end(), std::back_inserter(floats),
               [](const Sample& sample) { return !is_histogram(sample); });
  remarks.ignores_histograms = !floats.empty() && floats.size() < window.samples.size();
  RangeWindow of_floats = window;
  of_floats.samples = floats;
  return range_function(id, of_floats, value);
}

}  // namespace

double interpolated_histogram(const Sample& before, const Sample& after, std::int64_t at_ms, histogram::Arena& histograms,
                              RangeRemarks& remarks) {
  const std::array<Sample, 2> samples{before, after};
  RangeWindow window;
  window.samples = samples;
  const Histogram& from = histograms.at(before.v);
  const Histogram& to = histograms.at(after.v);
  if (from.has_custom_bounds() != to.has_custom_bounds()) {
    remarks.mixes_schemas = true;
    return absent_value;
  }
  const bool are_gauges = from.reset_hint == ResetHint::gauge && to.reset_hint == ResetHint::gauge;
  std::optional<Histogram> value = Window(FunctionId::rate, window, histograms, remarks).between(0, at_ms, !are_gauges);
  return value ? histograms.put(std::move(*value)) : absent_value;
}

bool mixed_range_function(FunctionId id, const RangeWindow& window, histogram::Arena& histograms, double& value,
                          RangeRemarks& remarks) {
  const std::span<const Sample> samples = window.samples;
  if (samples.empty()) return false;
  const Takes kind = takes(id);
  if (kind == Takes::floats) return function_of_floats(id, window, value, remarks);
  Window of_histograms(id, window, histograms, remarks);
  if (id == FunctionId::changes || id == FunctionId::resets) {
    value = of_histograms.count_changes();
    return window.extension == RangeExtension::none || !anchored_samples(window).empty();
  }
  if (kind == Takes::anything) return range_function(id, window, value);  // they look at times, or hand a sample on
  const std::span<const Sample> used = kind == Takes::last_two && samples.size() > 2 ? samples.last(2) : samples;
  if (kind == Takes::last_two && used.size() < 2) return false;
  const auto count = std::count_if(used.begin(), used.end(), is_histogram);
  if (count == 0) return range_function(id, window, value);
  if (static_cast<std::size_t>(count) < used.size()) {
    remarks.mixes_types = true;
    return false;
  }
  std::optional<Histogram> result;
  if (id == FunctionId::sum_over_time) result = of_histograms.gather<histogram::Sum>();
  else if (id == FunctionId::avg_over_time) result = of_histograms.gather<histogram::Mean>();
  else if (kind == Takes::last_two) result = of_histograms.instant_change();
  else if (window.extension != RangeExtension::none) result = of_histograms.anchored_change();
  else result = of_histograms.rate();
  if (!result) return false;
  value = histograms.put(std::move(*result));
  return true;
}

}  // namespace watchbill::metrics::promql
