// Aggregations: sum by (…) and its kin. Groups are found once, as labels do not change over the steps.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>

#include "base/json.h"
#include "base/sha256.h"
#include "metrics/histogram/arithmetic.h"
#include "metrics/promql/evaluation.h"
#include "metrics/promql/kahan.h"
#include "metrics/promql/print.h"

namespace watchbill::metrics::promql {
namespace {

using Refusal = EvaluationRefusal;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// A number in [0, 1) that depends on the labels only, for limit_ratio: the same series are chosen at each step and on each host.
double share_of(const Labels& labels) {
  const Digest digest = sha256(labels.text());
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i) bits = bits << 8U | digest.bytes[i];
  return static_cast<double>(bits >> 11U) / 9007199254740992.0;  // 53 bits, 2^53
}

// What sum and avg gather of histograms.
struct GatheredHistograms {
  histogram::Sum sum;
  histogram::Mean mean;
};

// What one group gathers at one step.
class Gathered {
 public:
  explicit Gathered(Semantics semantics) noexcept : is_plain_(semantics == Semantics::prometheus_2) {}

  // For sum, avg, count and group. False: the histogram does not go with those before it, and the group has no value.
  bool add(AggregateOperator op, const histogram::Histogram& value) {
    ++count_;
    if (op != AggregateOperator::sum && op != AggregateOperator::avg) return true;
    if (!histograms_) histograms_ = std::make_unique<GatheredHistograms>();
    if (has_float_ || is_incompatible()) return true;
    op == AggregateOperator::sum ? histograms_->sum.add(value) : histograms_->mean.add(value);
    return !is_incompatible();
  }
  // Of sum and avg.
  [[nodiscard]] bool mixes_types() const noexcept { return has_float_ && histograms_ != nullptr; }
  [[nodiscard]] bool is_histogram() const noexcept { return !has_float_ && histograms_ != nullptr; }
  [[nodiscard]] bool is_incompatible() const noexcept {
    return histograms_ != nullptr &&
           (histograms_->sum.notes().is_incompatible || histograms_->mean.notes().is_incompatible);
  }
  // Holds: is_histogram(), and not is_incompatible().
  template <class Use>
  void with_histograms(AggregateOperator op, const Use& use) const {
    op == AggregateOperator::sum ? use(histograms_->sum) : use(histograms_->mean);
  }

  void add(AggregateOperator op, double value) {
    ++count_;
    has_float_ = true;
    switch (op) {
      case AggregateOperator::sum: is_plain_ ? add_to_plain_sum(value) : sum_.add(value); break;
      case AggregateOperator::avg: is_plain_ ? add_to_plain_mean(value) : mean_.add(value); break;
      case AggregateOperator::min:
        if (count_ == 1 || value < extreme_ || std::isnan(extreme_)) extreme_ = value;
        break;
      case AggregateOperator::max:
        if (count_ == 1 || value > extreme_ || std::isnan(extreme_)) extreme_ = value;
        break;
      case AggregateOperator::stddev:
      case AggregateOperator::stdvar: is_plain_ ? add_plain_deviation(value) : add_deviation(value); break;
      case AggregateOperator::quantile: values_.push_back(value); break;
      case AggregateOperator::count: case AggregateOperator::group: case AggregateOperator::topk: case AggregateOperator::bottomk:
      case AggregateOperator::count_values: case AggregateOperator::limitk: case AggregateOperator::limit_ratio: break;
    }
  }
  [[nodiscard]] double result(AggregateOperator op, double parameter) {
    if (count_ == 0) return absent_value;
    switch (op) {
      case AggregateOperator::sum: return is_plain_ ? sum_.sum : sum_.value();
      case AggregateOperator::avg: return is_plain_ ? sum_.sum : mean_.value();
      case AggregateOperator::min: case AggregateOperator::max: return extreme_;
      case AggregateOperator::count: return count_;
      case AggregateOperator::group: return 1;
      case AggregateOperator::stddev: return std::sqrt(variance());
      case AggregateOperator::stdvar: return variance();
      case AggregateOperator::quantile: return quantile_of(parameter, values_);
      case AggregateOperator::topk: case AggregateOperator::bottomk: case AggregateOperator::count_values:
      case AggregateOperator::limitk: case AggregateOperator::limit_ratio: break;
    }
    return absent_value;
  }

 private:
  void add_deviation(double value) noexcept {
    const double delta = value - sum_.value();  // sum_ is the mean here
    sum_.add(delta / count_);
    squares_.add(std::isfinite(value) ? delta * (value - sum_.value()) : nan);
  }

  // Prometheus 2.42 adds up without compensation: sums and means stand in sum_.sum, the squared differences from them in
  // squares_.sum.
  void add_to_plain_sum(double value) noexcept { sum_.sum = count_ == 1 ? value : sum_.sum + value; }  // -0 stays -0
  void add_to_plain_mean(double value) noexcept {
    if (count_ == 1) sum_.sum = value;
    else if (!keeps_infinite_mean(sum_.sum, value)) sum_.sum += value / count_ - sum_.sum / count_;
  }
  void add_plain_deviation(double value) noexcept {
    if (count_ == 1) {
      sum_.sum = value;
      return;
    }
    const double delta = value - sum_.sum;
    sum_.sum += delta / count_;
    squares_.sum += delta * (value - sum_.sum);
  }
  [[nodiscard]] double variance() const noexcept { return (is_plain_ ? squares_.sum : squares_.value()) / count_; }

  bool is_plain_;
  bool has_float_{false};
  double count_{0};
  double extreme_{0};
  KahanSum sum_;
  KahanSum squares_;
  KahanMean mean_;
  std::vector<double> values_;
  std::unique_ptr<GatheredHistograms> histograms_;
};

// Of what the operator leaves histograms out.
bool ignores_histograms(AggregateOperator op) noexcept {
  return op == AggregateOperator::min || op == AggregateOperator::max || op == AggregateOperator::stddev ||
         op == AggregateOperator::stdvar || op == AggregateOperator::quantile || op == AggregateOperator::topk ||
         op == AggregateOperator::bottomk;
}

}  // namespace

class AggregateRun {
 public:
  AggregateRun(Evaluation& run, const Aggregate& aggregate, NodeIndex at, const Steps& steps, Value inner)
      : run_(run), aggregate_(aggregate), at_(at), steps_(steps), inner_(std::move(inner)),
        grouping_{aggregate.grouping, !aggregate.is_without} {
    std::sort(grouping_.labels.begin(), grouping_.labels.end());
  }

  Evaluated run() {
    if (aggregate_.op == AggregateOperator::count_values) return count_values();
    if (aggregate_.parameter != no_node) {
      auto parameter = run_.evaluate_node(aggregate_.parameter, steps_);
      if (!parameter) return parameter;
      parameter_ = std::move(parameter->scalar);
      if (const Done checked = check_parameter(); !checked) return checked.error();
    }
    if (const Done done = group(); !done) return done.error();
    switch (aggregate_.op) {
      case AggregateOperator::topk: case AggregateOperator::bottomk: case AggregateOperator::limitk:
      case AggregateOperator::limit_ratio: return select();
      case AggregateOperator::sum: case AggregateOperator::avg: case AggregateOperator::min: case AggregateOperator::max:
      case AggregateOperator::count: case AggregateOperator::group: case AggregateOperator::stddev:
      case AggregateOperator::stdvar: case AggregateOperator::quantile: case AggregateOperator::count_values: break;
    }
    return gather();
  }

 private:
  Done check_parameter() {
    const bool is_count = aggregate_.op == AggregateOperator::topk || aggregate_.op == AggregateOperator::bottomk ||
                          aggregate_.op == AggregateOperator::limitk;
    const std::string_view ratio_bounds = "ratio value should be between -1 and 1, got {}, capping to {}";
    for (double& value : parameter_) {
      if (aggregate_.op == AggregateOperator::quantile) {
        if (std::isnan(value) || value < 0 || value > 1)
          run_.annotate(AnnotationLevel::warning, aggregate_.parameter,
                        fmt::format("quantile value should be between 0 and 1, got {}", format_value(value)));
        continue;
      }
      if (std::isnan(value)) return run_.refuse(at_, Refusal::bad_parameter, "Parameter value is NaN");
      if (is_count && (value >= 9.3e18 || value <= -9.3e18))
        return run_.refuse(at_, Refusal::bad_parameter,
                           fmt::format("Scalar value {} {} int64", format_value(value), value > 0 ? "overflows" : "underflows"));
      if (is_count || (value >= -1 && value <= 1)) continue;
      const double capped = value > 1 ? 1 : -1;
      run_.annotate(AnnotationLevel::warning, aggregate_.parameter,
                    fmt::format(fmt::runtime(ratio_bounds), format_value(value), format_value(capped)));
      value = capped;
    }
    return {};
  }

  Done group() {
    std::unordered_map<std::string, std::size_t> numbers;
    std::string key;
    for (const Series& series : inner_.series) {
      if (const Done done = run_.go_on(cells_of_a_series, at_); !done) return done;
      key.clear();
      run_.append_key(key, series, grouping_);
      const auto [found, is_new] = numbers.emplace(key, first_of_group_.size());
      if (is_new) {
        first_of_group_.push_back(&series);
        drops_name_.push_back(false);
      }
      if (series.drops_name) drops_name_[found->second] = true;
      group_of_.push_back(found->second);
    }
    return {};
  }

  [[nodiscard]] std::vector<std::vector<std::size_t>> members() const {
    std::vector<std::vector<std::size_t>> members(first_of_group_.size());
    for (std::size_t i = 0; i < group_of_.size(); ++i) members[group_of_[i]].push_back(i);
    return members;
  }

  Evaluated gather() {
    Value out;
    out.series.reserve(first_of_group_.size());
    const auto groups = members();
    for (std::size_t group = 0; group < groups.size(); ++group) {
      std::vector<Gathered> cells;
      cells.reserve(steps_.count);
      for (std::size_t step = 0; step < steps_.count; ++step) cells.emplace_back(run_.options_.semantics);
      for (const std::size_t i : groups[group]) {
        if (const Done done = run_.go_on(steps_.count, at_); !done) return done.error();
        const std::vector<double>& values = inner_.series[i].values;
        for (std::size_t step = 0; step < steps_.count; ++step)
          if (is_float(values[step])) cells[step].add(aggregate_.op, values[step]);
          else if (!is_absent(values[step])) add_histogram(cells[step], inner_.series[i], values[step]);
      }
      Series series{run_.keep(run_.group_labels(*first_of_group_[group], grouping_)), false, {}};
      series.drops_name = drops_name_[group] && run_.options_.removes_names_late && series.labels->has(metric_name_label);
      series.values.reserve(steps_.count);
      for (std::size_t step = 0; step < steps_.count; ++step)
        series.values.push_back(result(cells[step], parameter_.empty() ? 0 : parameter_[step]));
      out.series.push_back(std::move(series));
    }
    return out;
  }

  void add_histogram(Gathered& cell, const Series& series, double mark) {
    if (ignores_histograms(aggregate_.op)) {
      note_ignored(aggregate_.inner);
      return;
    }
    if (cell.add(aggregate_.op, run_.histograms_.at(mark))) return;
    RangeRemarks remarks;
    remarks.mixes_schemas = true;
    run_.annotate(remarks, aggregate_.inner, *series.labels);
  }

  void note_ignored(NodeIndex at) {
    run_.annotate(AnnotationLevel::info, at, fmt::format("ignored histogram in {} aggregation", text_of(aggregate_.op)));
  }

  double result(Gathered& cell, double parameter) {
    if (cell.mixes_types())
      run_.annotate(AnnotationLevel::warning, aggregate_.inner, "encountered a mix of histograms and floats for aggregation");
    if (cell.mixes_types() || cell.is_incompatible()) return absent_value;
    if (!cell.is_histogram()) return cell.result(aggregate_.op, parameter);
    double mark = absent_value;
    cell.with_histograms(aggregate_.op, [&](const auto& gathered) {
      RangeRemarks remarks;
      remarks.resets_conflict = gathered.notes().has_reset_collision;
      remarks.reconciles_aggregation = gathered.notes().has_reconciled_bounds;
      run_.annotate(remarks, aggregate_.inner, {});
      histogram::Histogram value = gathered.value();
      compact(value);
      mark = run_.histograms_.put(std::move(value));
    });
    return mark;
  }

  // topk and its kin keep some of the series as they are, for each step anew.
  Evaluated select() {
    const auto groups = members();
    std::vector<double> shares;
    if (aggregate_.op == AggregateOperator::limit_ratio)
      for (const Series& series : inner_.series) shares.push_back(share_of(*series.labels));
    std::vector<std::size_t> order;
    std::vector<bool> is_chosen(inner_.series.size());
    for (std::size_t step = 0; step < steps_.count; ++step)
      for (const auto& group : groups) {
        if (const Done done = run_.go_on(group.size(), at_); !done) return done.error();
        std::vector<std::size_t> chosen;
        for (const std::size_t i : group)
          if (is_candidate(inner_.series[i].values[step], step)) chosen.push_back(i);
        choose(chosen, step, shares);
        for (const std::size_t i : chosen) is_chosen[i] = true;
        for (const std::size_t i : group) {
          if (!is_chosen[i]) inner_.series[i].values[step] = absent_value;
          is_chosen[i] = false;
        }
        if (steps_.count == 1) order.insert(order.end(), chosen.begin(), chosen.end());
      }
    if (steps_.count != 1) return std::move(inner_);
    Value out;
    for (const std::size_t i : order) out.series.push_back(std::move(inner_.series[i]));
    out.is_ordered = aggregate_.op == AggregateOperator::topk || aggregate_.op == AggregateOperator::bottomk;
    return out;
  }

  bool is_candidate(double value, std::size_t step) {
    if (!histogram::is_mark(value) || !ignores_histograms(aggregate_.op)) return !is_absent(value);
    if (parameter_[step] >= 1) note_ignored(at_);
    return false;
  }

  void choose(std::vector<std::size_t>& chosen, std::size_t step, const std::vector<double>& shares) const {
    const double parameter = parameter_[step];
    if (aggregate_.op == AggregateOperator::limit_ratio) {
      std::erase_if(chosen,
                    [&](std::size_t i) { return parameter >= 0 ? !(shares[i] < parameter) : !(shares[i] >= 1 + parameter); });
      return;
    }
    const bool is_top = aggregate_.op == AggregateOperator::topk;
    const auto value = [&](std::size_t i) { return inner_.series[i].values[step]; };
    const std::size_t count = parameter < 1                                     ? 0
                              : parameter >= static_cast<double>(chosen.size()) ? chosen.size()
                                                                                : static_cast<std::size_t>(parameter);
    if (aggregate_.op != AggregateOperator::limitk)
      std::stable_sort(chosen.begin(), chosen.end(), [&](std::size_t a, std::size_t b) {
        if (std::isnan(value(a)) || std::isnan(value(b))) return !std::isnan(value(a)) && std::isnan(value(b));
        return is_top ? value(a) > value(b) : value(a) < value(b);
      });
    chosen.resize(count);
  }

  Evaluated count_values() {
    const NodeIndex parameter = run_.expression_.without_parens(aggregate_.parameter);
    const std::string& name = std::get<StringLiteral>(run_.expression_.at(parameter).of).value;
    if (name.empty() || find_invalid_utf8(name) != std::string::npos)
      return run_.refuse(at_, Refusal::bad_parameter, fmt::format("invalid label name {}", quoted_bytes(name)));
    Grouping grouping = grouping_;
    if (grouping.keeps_listed) std::erase(grouping.labels, name);
    std::map<Labels, Series> counts;  // by result labels
    for (const Series& series : inner_.series) {
      const Labels base = run_.group_labels(series, grouping);
      for (std::size_t step = 0; step < steps_.count; ++step) {
        if (is_absent(series.values[step])) continue;
        if (const Done done = run_.go_on(cells_of_a_series, at_); !done) return done.error();
        Labels labels = base;
        if (grouping_.keeps_listed || grouping_.keeps(name)) {
          const std::string text = value_text(series.values[step], run_.histograms_);
          if (const Done done = run_.check_label_value(text.size(), "count_values()", at_); !done) return done.error();
          labels.set(name, text);
        }
        const auto [found, is_new] = counts.try_emplace(std::move(labels), Series{nullptr, false, {}});
        Series& out = found->second;
        if (is_new) {
          out.labels = run_.keep(found->first);
          if (const Done done = run_.touch(steps_.count, at_); !done) return done.error();
          out.values.assign(steps_.count, absent_value);
        }
        out.values[step] = is_absent(out.values[step]) ? 1 : out.values[step] + 1;
      }
    }
    Value value;
    for (auto& [labels, series] : counts) value.series.push_back(std::move(series));
    return value;
  }
  // Go's quoting of bytes that are not UTF-8.
  static std::string quoted_bytes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte < 0x7F) out.push_back(c);
      else out += fmt::format("\\x{:02x}", byte);
    }
    return out + "\"";
  }

  Evaluation& run_;
  const Aggregate& aggregate_;
  const NodeIndex at_;
  const Steps& steps_;
  Value inner_;
  Grouping grouping_;
  std::vector<double> parameter_;
  std::vector<const Series*> first_of_group_;
  std::vector<bool> drops_name_;
  std::vector<std::size_t> group_of_;
};

Evaluated Evaluation::aggregate(const Aggregate& aggregate, NodeIndex at, const Steps& steps) {
  auto inner = evaluate_node(aggregate.inner, steps);
  if (!inner) return inner;
  if (const Done done = touch(inner->series.size() * steps.count, at); !done) return done.error();
  return AggregateRun(*this, aggregate, at, steps, std::move(*inner)).run();
}

}  // namespace watchbill::metrics::promql
