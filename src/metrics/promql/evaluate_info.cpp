// info(): adds the labels of info series (`target_info`) to series of the same `instance` and `job`.
#include <algorithm>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "metrics/promql/evaluation.h"

namespace watchbill::metrics::promql {
namespace {

using Refusal = EvaluationRefusal;
using tsdb::Matcher;
using tsdb::MatchKind;

// The labels that say which target a series is of; the reference has these two and no way to name others.
const Grouping& target_labels() {
  static const Grouping grouping{{"instance", "job"}, true};
  return grouping;
}

bool meets(const std::vector<Matcher>& matchers, std::string_view value) {
  return std::all_of(matchers.begin(), matchers.end(), [value](const Matcher& matcher) { return matcher.matches(value); });
}

}  // namespace

class InfoRun {
 public:
  InfoRun(Evaluation& run, const Call& call, NodeIndex at, const Steps& steps, Value base)
      : run_(run), call_(call), at_(at), steps_(steps), base_(std::move(base)) {}

  Evaluated run() {
    if (const Done done = read_selector(); !done) return done.error();
    if (const Done done = find_shift(call_.arguments[0]); !done) return done.error();
    if (const Done done = read_info_series(); !done) return done.error();
    Value out;
    for (Series& series : base_.series) {
      const Series& input = series;
      if (meets(names_, series.labels->get(metric_name_label)) || target_key(*series.labels).empty()) {
        out.series.push_back(std::move(series));
        continue;
      }
      if (const Done done = enrich(input, out); !done) return done.error();
    }
    if (const Done joined = run_.join_equal(out.series, at_, false); !joined) return joined.error();
    return out;
  }

 private:
  struct InfoSeries {
    const Labels* labels;
    std::vector<std::int64_t> sample_ms;  // of the sample in reach at each step; none_ms without
  };
  static constexpr std::int64_t none_ms = INT64_MIN;

  // Which series are info series, and which of their labels are wanted. Without a name it is target_info; with none but negative
  // ones it is whatever ends in _info.
  Done read_selector() {
    if (call_.arguments.size() > 1) {
      const Node& node = run_.expression_.at(run_.expression_.without_parens(call_.arguments[1]));
      for (const SelectorMatcher& part : std::get<VectorSelector>(node.of).matchers) {
        auto matcher = Matcher::create(part.name, static_cast<MatchKind>(part.op), part.value);
        if (!matcher) return run_.refuse(at_, Refusal::bad_parameter, matcher.error().detail);
        (part.name == metric_name_label ? names_ : data_).push_back(std::move(*matcher));
      }
    }
    const bool has_positive = std::any_of(names_.begin(), names_.end(), [](const Matcher& m) { return !m.is_negative(); });
    if (names_.empty()) {
      names_.push_back(Matcher::equal(std::string(metric_name_label), "target_info"));
    } else if (!has_positive) {
      auto any_info = Matcher::create(std::string(metric_name_label), MatchKind::regex, ".+_info");
      names_.push_back(std::move(*any_info));
    }
    return {};
  }

  // Info series are read as of the time that the samples of the argument are of: offset and @ of its first selector, and of the
  // subqueries around it.
  Done find_shift(NodeIndex index) {
    const Node& node = run_.expression_.at(run_.expression_.without_parens(index));
    if (const VectorSelector* selector = std::get_if<VectorSelector>(&node.of)) return apply_shift(selector->shift);
    if (const MatrixSelector* matrix = std::get_if<MatrixSelector>(&node.of)) return find_shift(matrix->selector);
    if (const Subquery* subquery = std::get_if<Subquery>(&node.of)) {
      if (const Done done = apply_shift(subquery->shift); !done) return done;
      return find_shift(subquery->inner);
    }
    if (const Unary* unary = std::get_if<Unary>(&node.of)) return find_shift(unary->inner);
    if (const Aggregate* aggregate = std::get_if<Aggregate>(&node.of)) return find_shift(aggregate->inner);
    if (const Call* call = std::get_if<Call>(&node.of))
      for (const NodeIndex argument : call->arguments)
        if (const ValueType type = run_.expression_.at(argument).type;
            type == ValueType::instant_vector || type == ValueType::range_vector)
          return find_shift(argument);
    return {};
  }
  Done apply_shift(const TimeShift& shift) {
    RangeSource resolved;
    if (const Done done = run_.resolve(shift, resolved); !done) return done;
    // An inner @ makes what is outside meaningless.
    if (resolved.fixed_at_ms) shift_ = RangeSource{};
    if (resolved.fixed_at_ms) shift_.fixed_at_ms = resolved.fixed_at_ms;
    shift_.offset_ms += resolved.offset_ms;
    return {};
  }

  // The identifying labels as one text; empty when there are none.
  static std::string target_key(const Labels& labels) {
    std::string key;
    for (const std::string& name : target_labels().labels)
      if (labels.has(name)) key.append(name).append("\xFF").append(labels.get(name)).append("\xFF");
    return key;
  }

  Done read_info_series() {
    std::vector<Matcher> matchers = names_;
    matchers.insert(matchers.end(), data_.begin(), data_.end());
    const std::int64_t reach_ms = run_.options_.lookback.ms - (run_.options_.semantics == Semantics::prometheus_3 ? 1 : 0);
    const Instant from{shift_.end_at(steps_.start_ms) - reach_ms};
    const Instant to{shift_.end_at(steps_.last())};
    std::vector<tsdb::Sample> samples;
    for (const tsdb::SeriesView& view : run_.snapshot_.select(matchers, from, to)) {
      samples.clear();
      view.read(from, to, samples);
      if (const Done done = run_.touch(samples.size() + steps_.count, at_); !done) return done;
      InfoSeries info{&view.labels(), std::vector<std::int64_t>(steps_.count, none_ms)};
      for (std::size_t step = 0, next = 0; step < steps_.count; ++step) {
        const std::int64_t reference_ms = shift_.end_at(steps_.at(step));
        if (shift_.fixed_at_ms) next = 0;
        while (next < samples.size() && samples[next].t_ms <= reference_ms) ++next;
        if (next == 0 || samples[next - 1].t_ms < reference_ms - reach_ms || tsdb::is_stale(samples[next - 1].v)) continue;
        info.sample_ms[step] = samples[next - 1].t_ms;
      }
      by_target_[target_key(view.labels())].push_back(std::move(info));
    }
    return {};
  }

  // Splits one series by the labels that it gets at each step.
  Done enrich(const Series& series, Value& out) {
    const bool accepts_nothing = std::all_of(data_.begin(), data_.end(), [](const Matcher& m) { return m.matches_empty(); });
    const auto found = by_target_.find(target_key(*series.labels));
    std::map<Labels, std::size_t> outputs;
    for (std::size_t step = 0; step < steps_.count; ++step) {
      if (is_absent(series.values[step])) continue;
      if (const Done done = run_.go_on(cells_of_a_series, at_); !done) return done;
      std::map<std::string_view, const InfoSeries*> newest;  // by metric name
      if (found != by_target_.end())
        for (const InfoSeries& info : found->second) {
          if (info.sample_ms[step] == none_ms) continue;
          const InfoSeries*& seat = newest[info.labels->get(metric_name_label)];
          if (seat == nullptr || info.sample_ms[step] > seat->sample_ms[step]) seat = &info;
        }
      if (newest.empty() && !accepts_nothing) continue;
      Labels labels = *series.labels;
      for (const auto& [name, info] : newest)
        if (const Done done = add_labels(*info->labels, *series.labels, labels); !done) return done;
      const auto [at, is_new] = outputs.emplace(std::move(labels), out.series.size());
      if (is_new) {
        if (const Done done = run_.touch(steps_.count, at_); !done) return done;
        std::vector<double> values(steps_.count, absent_value);
        out.series.push_back(Series{run_.keep(at->first), series.drops_name, std::move(values)});
      }
      out.series[at->second].values[step] = series.values[step];
    }
    return {};
  }

  Done add_labels(const Labels& info, const Labels& base, Labels& out) const {
    for (const auto& [name, value] : info) {
      if (name == metric_name_label || base.has(name) || target_labels().keeps(name)) continue;
      const auto names_it = [&name = name](const Matcher& matcher) { return matcher.name() == name; };
      if (!data_.empty() && std::none_of(data_.begin(), data_.end(), names_it)) continue;
      if (out.has(name) && out.get(name) != value)
        return run_.refuse(at_, Refusal::duplicate_series, fmt::format("conflicting label: {}", name));
      out.set(name, value);
    }
    return {};
  }

  Evaluation& run_;
  const Call& call_;
  const NodeIndex at_;
  const Steps& steps_;
  Value base_;
  std::vector<Matcher> names_;
  std::vector<Matcher> data_;
  RangeSource shift_;
  std::map<std::string, std::vector<InfoSeries>> by_target_;
};

Evaluated Evaluation::info(const Call& call, NodeIndex at, const Steps& steps) {
  auto base = evaluate_node(call.arguments[0], steps);
  if (!base) return base;
  return InfoRun(*this, call, at, steps, std::move(*base)).run();
}

}  // namespace watchbill::metrics::promql
