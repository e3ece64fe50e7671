#include "metrics/promql/evaluation.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>

#include "metrics/histogram/text.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"

namespace watchbill::metrics::promql {
namespace {

using Refusal = EvaluationRefusal;

bool any_present(const Series& series) noexcept {
  return std::any_of(series.values.begin(), series.values.end(), [](double value) { return !is_absent(value); });
}

}  // namespace

Result<Answer, EvaluationError> evaluate(const Expression& expression, const tsdb::Snapshot& snapshot, const QueryTime& time,
                                         const EvaluationOptions& options, const CommonUse& common) {
  Answer answer;
  if (const Done done = Evaluation(expression, snapshot, time, options, common, answer).run(); !done) return done.error();
  return answer;
}

std::string value_text(double value, const histogram::Arena& histograms) {
  return histogram::is_mark(value) ? histogram::text(histograms.at(value)) : format_value(value);
}

std::optional<Semantics> semantics_of(std::string_view word) noexcept {
  if (word == "prometheus_3") return Semantics::prometheus_3;
  if (word == "prometheus_2") return Semantics::prometheus_2;
  return std::nullopt;
}

std::string_view word(EvaluationRefusal refusal) noexcept {
  switch (refusal) {
    case Refusal::wrong_type: return "wrong_type";
    case Refusal::bad_duration: return "bad_duration";
    case Refusal::bad_parameter: return "bad_parameter";
    case Refusal::duplicate_series: return "duplicate_series";
    case Refusal::many_to_many: return "many_to_many";
    case Refusal::too_many_samples: return "too_many_samples";
    case Refusal::too_many_steps: return "too_many_steps";
    case Refusal::too_many_series: return "too_many_series";
    case Refusal::label_value_too_long: return "label_value_too_long";
    case Refusal::too_many_label_bytes: return "too_many_label_bytes";
    case Refusal::out_of_time: return "out_of_time";
  }
  return "";
}

Done Evaluation::run() {
  const NodeIndex root = expression_.root;
  const bool is_range = time_.step.ms > 0;
  Steps steps{time_.start.ms, time_.step.ms, 1};
  if (is_range) {
    const auto further = static_cast<std::uint64_t>((time_.end - time_.start).ms / time_.step.ms);
    if (further >= options_.limits.steps_max)
      return refuse(root, Refusal::too_many_steps, fmt::format("the range has more than {} steps", options_.limits.steps_max));
    steps.count = static_cast<std::size_t>(further) + 1;
  }
  answer_.type = expression_.type();
  for (NodeIndex i = 0; i < expression_.nodes.size(); ++i)
    if (std::holds_alternative<VectorSelector>(expression_.nodes[i].of)) answer_.found.push_back(SelectorFound{i, 0, {}});
  find_count_readers(root, false);
  if (is_range && (answer_.type == ValueType::string || answer_.type == ValueType::range_vector))
    return refuse(root, Refusal::wrong_type,
                  fmt::format("invalid expression type \"{}\" for range query, must be Scalar or instant Vector",
                              documented_name(answer_.type)));
  if (answer_.type == ValueType::range_vector) {
    if (const Done done = finish_range_vector(steps); !done) return done;
  } else {
    auto value = evaluate_node(root, steps);
    if (!value) return value.error();
    if (const Done done = finish_vector(std::move(*value), steps); !done) return done;
  }
  answer_.annotations.assign(annotations_.begin(), annotations_.end());
  answer_.samples_touched = touched_;
  return {};
}

Done Evaluation::finish_range_vector(const Steps& steps) {
  auto source = range_source(expression_.root, steps);
  if (!source) return source.error();
  std::vector<tsdb::Sample> buffer;
  for (std::size_t i = 0; i < source->series.size(); ++i) {
    const auto samples = read_range(*source, i, steps, buffer);
    if (const Done done = touch(samples.size(), expression_.root); !done) return done;
    if (samples.empty()) continue;
    AnswerSeries series{*source->series[i].labels, {samples.begin(), samples.end()}};
    if (source->series[i].drops_name) series.labels = without_identity(series.labels);
    answer_.series.push_back(std::move(series));
  }
  return {};
}

Done Evaluation::finish_vector(Value value, const Steps& steps) {
  const bool is_range = time_.step.ms > 0;
  answer_.text = std::move(value.text);
  if (answer_.type == ValueType::scalar) {
    if (!is_range) {
      answer_.scalar = value.scalar.front();
      return {};
    }
    AnswerSeries series;
    for (std::size_t i = 0; i < steps.count; ++i) series.samples.push_back({steps.at(i), value.scalar[i]});
    answer_.series.push_back(std::move(series));
    return {};
  }
  std::erase_if(value.series, [](const Series& series) { return !any_present(series); });
  for (Series& series : value.series) {
    if (!series.drops_name) continue;
    if (const Done done = go_on(cells_of_a_series, expression_.root); !done) return done;
    series.labels = keep(without_identity(*series.labels));
    series.drops_name = false;
  }
  const auto by_labels = [](const Series& a, const Series& b) { return *a.labels < *b.labels; };
  const auto same_labels = [](const Series& a, const Series& b) { return *a.labels == *b.labels; };
  const bool keeps_order = value.is_ordered && !is_range;
  if (!keeps_order) std::stable_sort(value.series.begin(), value.series.end(), by_labels);
  // Equal label sets stand side by side now; most answers have none and need no look-up of each.
  if (keeps_order || std::adjacent_find(value.series.begin(), value.series.end(), same_labels) != value.series.end())
    if (const Done joined = join_equal(value.series, expression_.root, false); !joined) return joined;
  for (const Series& series : value.series) {
    AnswerSeries& out = answer_.series.emplace_back();
    out.labels = *series.labels;
    for (std::size_t i = 0; i < steps.count; ++i)
      if (!is_absent(series.values[i])) out.samples.push_back({steps.at(i), series.values[i]});
  }
  return {};
}

Evaluated Evaluation::evaluate_node(NodeIndex index, const Steps& steps) {
  // Each node costs at least its steps, also one that reads no samples: a million steps of sums of constants take time too.
  if (const Done done = touch(steps.count, index); !done) return done.error();
  if (common_.parts == nullptr || steps.count != 1 || steps.start_ms != time_.start.ms) return evaluate_part(index, steps);
  const CommonParts::Use* const use = common_.parts->find(common_.expression, index);
  return use == nullptr ? evaluate_part(index, steps) : evaluate_common(*use, index, steps);
}

Evaluated Evaluation::evaluate_part(NodeIndex index, const Steps& steps) {
  const Node& node = expression_.at(index);
  if (const NumberLiteral* number = std::get_if<NumberLiteral>(&node.of)) {
    Value value;
    value.scalar.assign(steps.count, number->value);
    return value;
  }
  if (const StringLiteral* string = std::get_if<StringLiteral>(&node.of)) {
    Value value;
    value.text = string->value;
    return value;
  }
  if (std::holds_alternative<VectorSelector>(node.of)) return instant_selector(index, steps, Gives::value);
  if (const Paren* paren = std::get_if<Paren>(&node.of)) return evaluate_node(paren->inner, steps);
  if (const Unary* part = std::get_if<Unary>(&node.of)) return unary(*part, index, steps);
  if (const Binary* part = std::get_if<Binary>(&node.of)) return binary(*part, index, steps);
  if (const Aggregate* part = std::get_if<Aggregate>(&node.of)) return aggregate(*part, index, steps);
  if (const Call* part = std::get_if<Call>(&node.of)) return call(*part, index, steps);
  return refuse(index, Refusal::wrong_type, "a range vector has no value of its own here");
}

EvaluationError Evaluation::refuse(NodeIndex at, EvaluationRefusal reason, std::string message) const {
  return EvaluationError{reason, position_of(expression_.text, expression_.at(at).span.begin), std::move(message)};
}

void Evaluation::annotate(AnnotationLevel level, NodeIndex at, std::string_view text) {
  ++remark_count_;
  // Ten thousand series of one metric give the same remark.
  if (last_remark_.first == at && last_remark_.second == text) return;
  last_remark_ = {at, std::string(text)};
  const Position position = position_of(expression_.text, expression_.at(at).span.begin);
  const auto remark = [&](std::string_view what) {
    const std::string_view kind = level == AnnotationLevel::warning ? "warning" : "info";
    return Annotation{level, fmt::format("PromQL {}: {} ({}:{})", kind, what, position.line, position.column)};
  };
  // There is one for each metric name that an expression reads, and names may be long.
  if (annotation_bytes_ + text.size() > options_.limits.annotation_bytes_max) {
    annotations_.insert(remark("further remarks are left out (annotation_bytes_max)"));
    return;
  }
  if (annotations_.insert(remark(text)).second) annotation_bytes_ += text.size();
}

void Evaluation::annotate(const RangeRemarks& remarks, NodeIndex at, const Labels& labels) {
  const std::string name = quoted(labels.get(metric_name_label));
  const auto say = [&](bool is_so, AnnotationLevel level, std::string_view text, bool names_metric) {
    if (is_so) annotate(level, at, names_metric ? fmt::format("{} {}", text, name) : std::string(text));
  };
  constexpr auto warning = AnnotationLevel::warning;
  constexpr auto info = AnnotationLevel::info;
  say(remarks.mixes_types, warning, "encountered a mix of histograms and floats for metric name", true);
  say(remarks.mixes_schemas, warning,
      "vector contains a mix of histograms with exponential and custom buckets schemas for metric name", true);
  say(remarks.is_no_counter, warning, "this native histogram metric is not a counter:", true);
  say(remarks.is_no_gauge, warning, "this native histogram metric is not a gauge:", true);
  say(remarks.resets_conflict, warning, "conflicting counter resets during histogram aggregation", false);
  say(remarks.has_overlapping_starts, warning, "sample has start time that overlaps with previous sample timestamp for metric",
      true);
  say(remarks.ignores_histograms, info, "ignored histograms in a range containing both floats and histograms for metric name",
      true);
  say(remarks.reconciles_sum, info, "mismatched custom buckets were reconciled during addition", false);
  say(remarks.reconciles_difference, info, "mismatched custom buckets were reconciled during subtraction", false);
  say(remarks.reconciles_aggregation, info, "mismatched custom buckets were reconciled during aggregation", false);
}

Done Evaluation::touch(std::uint64_t samples, NodeIndex at) {
  touched_ += samples;
  // A histogram counts as the samples that its size would hold.
  if (touched_ + histograms_.size_in_samples() > options_.limits.samples_max)
    return refuse(
        at, Refusal::too_many_samples,
        fmt::format("query processing would load too many samples into memory: more than {}", options_.limits.samples_max));
  return go_on(samples, at);
}

Done Evaluation::go_on(std::uint64_t cells, NodeIndex at) {
  if (label_bytes_ > options_.limits.label_bytes_max)
    return refuse(at, Refusal::too_many_label_bytes,
                  fmt::format("query processing would make too many labels: more than {} bytes (label_bytes_max)",
                              options_.limits.label_bytes_max));
  unasked_ += cells;
  if (!options_.should_stop || unasked_ < cells_between_questions) return {};
  unasked_ = 0;
  if (options_.should_stop()) return refuse(at, Refusal::out_of_time, "the evaluation took longer than it may");
  return {};
}

Done Evaluation::check_label_value(std::uint64_t bytes, std::string_view what, NodeIndex at) const {
  if (bytes <= options_.limits.label_value_bytes_max) return {};
  return refuse(at, Refusal::label_value_too_long,
                fmt::format("{} would make a label value of more than {} bytes (label_value_bytes_max)", what,
                            options_.limits.label_value_bytes_max));
}

const Labels* Evaluation::keep(Labels labels) {
  label_bytes_ += label_overhead_bytes;
  for (const auto& [name, value] : labels) label_bytes_ += label_overhead_bytes + name.size() + value.size();
  return &own_labels_->emplace_back(std::move(labels));
}

std::string_view Evaluation::visible_value(const Series& series, std::string_view name) const noexcept {
  return name_is_gone(series) && is_identity_label(name) ? std::string_view() : series.labels->get(name);
}

Labels Evaluation::visible(const Series& series) const {
  return name_is_gone(series) ? without_identity(*series.labels) : *series.labels;
}

Labels Evaluation::without_identity(const Labels& labels) {
  std::vector<Labels::Pair> pairs;
  for (const auto& pair : labels)
    if (!is_identity_label(pair.first)) pairs.push_back(pair);
  return Labels(std::move(pairs));
}

bool Grouping::keeps(std::string_view name) const {
  const bool is_listed = std::binary_search(labels.begin(), labels.end(), name, std::less<>{});
  return keeps_listed ? is_listed : !is_listed && name != metric_name_label;
}

void Evaluation::append_key(std::string& key, const Series& series, const Grouping& grouping) const {
  const bool hides_name = name_is_gone(series);
  // 0xFF is in no UTF-8 text, so keys of different labels differ.
  const auto put = [&key](std::string_view name, std::string_view value) {
    key.append(name).push_back('\xFF');
    key.append(value).push_back('\xFF');
  };
  if (grouping.keeps_listed) {
    for (const std::string& name : grouping.labels)
      put(name, hides_name && is_identity_label(name) ? std::string_view() : series.labels->get(name));
    return;
  }
  for (const auto& [name, value] : *series.labels)
    if (grouping.keeps(name) && !(hides_name && is_identity_label(name))) put(name, value);
}

Labels Evaluation::group_labels(const Series& series, const Grouping& grouping) const {
  std::vector<Labels::Pair> pairs;
  for (const auto& [name, value] : *series.labels)
    if (grouping.keeps(name) && !(name_is_gone(series) && is_identity_label(name))) pairs.emplace_back(name, value);
  return Labels(std::move(pairs));
}

Done Evaluation::join_equal(std::vector<Series>& series, NodeIndex at, bool strictly) {
  std::unordered_map<std::string, std::size_t> seen;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (const Done done = go_on(cells_of_a_series, at); !done) return done;
    std::string key;
    for (const auto& [name, value] : *series[i].labels)
      if (!(name_is_gone(series[i]) && is_identity_label(name))) key.append(name).append("\xFF").append(value).append("\xFF");
    const auto [found, is_new] = seen.emplace(std::move(key), kept);
    if (is_new) {
      if (kept != i) series[kept] = std::move(series[i]);
      ++kept;
      continue;
    }
    Series& first = series[found->second];
    const bool both_are_there = strictly && any_present(first) && any_present(series[i]);
    for (std::size_t step = 0; step < first.values.size(); ++step) {
      const double value = series[i].values[step];
      if (!both_are_there && is_absent(value)) continue;
      if (both_are_there || !is_absent(first.values[step]))
        return refuse(at, Refusal::duplicate_series, "vector cannot contain metrics with the same labelset");
      first.values[step] = value;
    }
    first.drops_name = first.drops_name || series[i].drops_name;
  }
  series.resize(kept);
  return {};
}

}  // namespace watchbill::metrics::promql
