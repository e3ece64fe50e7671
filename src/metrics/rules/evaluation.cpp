#include "metrics/rules/evaluation.h"

#include <algorithm>
#include <span>

#include "metrics/histogram/codec.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"

namespace watchbill::metrics::rules {
namespace {

// The value of an element, for alerts and templates. As in Prometheus, that of a histogram is 0 there.
double float_of(const promql::AnswerSeries& series) noexcept {
  const double value = series.samples.front().v;
  return histogram::is_mark(value) ? 0 : value;
}

// One label or annotation: a page is no place for more.
constexpr text_template::RenderLimits expansion_limits{200'000, 16U << 10, 200};
// Of one part: its cause and its events stand in one record, which holds 4 MiB.
constexpr std::size_t part_changes_max = 500;
constexpr std::size_t part_bytes_max = 1U << 20;
// Over all changes of an answer: a storm of alerts needs no more evidence than it has alerts.
constexpr std::size_t answer_samples_max = 2000;

std::size_t bytes_of(const Labels& labels) {
  std::size_t sum = 0;
  for (const auto& [name, value] : labels) sum += name.size() + value.size() + 8;
  return sum;
}

std::size_t bytes_of(const ElementChange& change) {
  std::size_t sum = 200 + bytes_of(change.element) + bytes_of(change.labels) + change.value.size();
  for (const auto& [name, text] : change.annotations) sum += name.size() + text.size() + 8;
  for (const SeenSeries& series : change.samples) sum += bytes_of(series.labels) + 48 * series.samples.size();
  return sum;
}

void add_name(Labels& labels, std::string_view name) { labels.set(metric_name_label, name); }

bool is_idle(const Element& element) {
  return element.course.phase == AlertPhase::inactive && element.next.phase == AlertPhase::inactive && !element.shown;
}

}  // namespace

RuleEvaluation::RuleEvaluation(GroupEvaluator& evaluator, std::size_t rule, const Inputs& inputs)
    : group_(evaluator.group_), rule_(evaluator.group_.rules[rule]), memory_(evaluator.memories_[rule]),
      surroundings_(evaluator.surroundings_), inputs_(inputs), query_at_(inputs.at - evaluator.group_.query_offset),
      begun_us_(surroundings_.rule_us_max > 0 ? evaluator.stopwatch_us() : 0) {
  environment_.now = inputs.at;
  environment_.external_url = surroundings_.scope.external_url();
  environment_.query = [this](std::string_view expression) { return query(expression); };
  absences_count_ = is_loaded(rule_.selectors);
}

RuleOutcome RuleEvaluation::run(SampleBatch& batch) {
  RuleOutcome outcome;
  std::vector<Element*> moved;
  Failure failure = ask();
  if (!failure) failure = rule_.is_alert ? judge(moved) : record(batch);
  if (failure) {
    outcome.failure = NoteRuleFailure{inputs_.at, rule_.digest, group_.key, std::move(*failure), rule_.name, rule_.id};
    forget();
    return outcome;
  }
  if (rule_.is_alert && inputs_.kind == LookKind::slot)
    for (auto& [identity, element] : memory_.elements) show(element, batch);
  tell(moved, outcome);
  return outcome;
}

promql::EvaluationOptions RuleEvaluation::options() const {
  promql::EvaluationOptions options = surroundings_.options;
  if (surroundings_.rule_us_max > 0 && surroundings_.stopwatch_us)
    options.should_stop = [&around = surroundings_, until_us = begun_us_ + surroundings_.rule_us_max] {
      return around.stopwatch_us() > until_us;
    };
  return options;
}

std::string RuleEvaluation::text_of(const promql::EvaluationError& error) const {
  const std::string text = std::string(word(error.reason)) + ": " + error.message;
  if (error.reason != promql::EvaluationRefusal::out_of_time || surroundings_.rule_us_max <= 0) return text;
  return text + ": " + format_duration(Duration::milliseconds(surroundings_.rule_us_max / 1000)) + " for a rule";
}

RuleEvaluation::Failure RuleEvaluation::ask() {
  promql::EvaluationOptions asked = options();
  asked.lists_found_series = rule_.is_alert;
  auto answer = promql::evaluate(rule_.expression, inputs_.snapshot, promql::QueryTime::at(query_at_), asked, inputs_.common);
  if (!answer) return text_of(answer.error());
  answer_ = std::move(*answer);
  found_.emplace(answer_.found, rule_.selectors, inputs_.snapshot, query_at_);
  if (answer_.type == promql::ValueType::scalar)
    answer_.series.push_back(promql::AnswerSeries{{}, {tsdb::Sample{query_at_.ms, answer_.scalar}}});
  return std::nullopt;
}

RuleEvaluation::Failure RuleEvaluation::record(SampleBatch& batch) {
  if (group_.limit > 0 && answer_.series.size() > group_.limit)
    return "exceeded limit of " + std::to_string(group_.limit) + " with " + std::to_string(answer_.series.size()) + " series";
  std::map<Labels, RecordedSeries> written;
  for (promql::AnswerSeries& series : answer_.series) {
    Labels labels = std::move(series.labels);
    add_name(labels, rule_.name);
    for (const auto& [name, value] : rule_.plain_labels) labels.set(name, value);
    const auto former = memory_.recorded.find(labels);
    const tsdb::SeriesReference reference = former == memory_.recorded.end() ? tsdb::SeriesReference{} : former->second.reference;
    RecordedSeries recorded{reference, series.samples.front().v, {}};
    if (histogram::is_mark(recorded.value)) recorded.histogram = encode(answer_.histograms.at(recorded.value));
    if (!written.emplace(std::move(labels), std::move(recorded)).second)
      return "vector contains metrics with the same labelset after applying rule labels";
  }
  for (const auto& [labels, series] : memory_.recorded)
    if (!written.contains(labels)) batch.end(labels, series.reference);
  memory_.recorded = std::move(written);
  for (auto& [labels, series] : memory_.recorded) batch.add(labels, series);
  return std::nullopt;
}

RuleEvaluation::Failure RuleEvaluation::judge(std::vector<Element*>& moved) {
  forget();
  for (const promql::AnswerSeries& series : answer_.series)
    if (Failure failure = see(series)) return failure;
  // What stands in a label instead of an answer would be another alert, and the one with the answer over.
  if (over_time_) return over_time_;
  if (Failure failure = ask_recovery()) return failure;
  std::uint64_t alert_count = 0;
  for (auto& [identity, element] : memory_.elements) {
    element.presence = presence_of(element);
    const AlertMove move = next_move(element.course, element.presence, inputs_.at, rule_.timing, inputs_.kind);
    follow(element.next, move, inputs_.at);
    element.is_told = move != AlertMove::none;
    if (element.is_told) moved.push_back(&element);
    if (element.presence == Presence::present) element.is_inherited = false;
    alert_count += element.next.phase != AlertPhase::inactive ? 1 : 0;
    if (surroundings_.keeps_texts) keep_text(element);
  }
  // As in Prometheus, alerts count that go on without their element; unlike there, the alerts stay as they are.
  if (group_.limit > 0 && alert_count > group_.limit)
    return "exceeded limit of " + std::to_string(group_.limit) + " with " + std::to_string(alert_count) + " alerts";
  return std::nullopt;
}

// Asked only while something fires on without its element: a rule at rest costs no second query.
RuleEvaluation::Failure RuleEvaluation::ask_recovery() {
  const auto waits = [](const auto& each) {
    return each.second.course.phase == AlertPhase::firing && each.second.presence != Presence::present;
  };
  if (!rule_.recovery || inputs_.kind != LookKind::slot) return std::nullopt;
  if (std::none_of(memory_.elements.begin(), memory_.elements.end(), waits)) return std::nullopt;
  promql::EvaluationOptions asked = options();
  asked.lists_found_series = true;
  auto answer = promql::evaluate(rule_.recovery->expression, inputs_.snapshot, promql::QueryTime::at(query_at_), asked);
  if (!answer) return "recover: " + text_of(answer.error());
  recovered_.emplace(std::move(*answer), is_loaded(rule_.recovery->selectors), rule_.recovery->selectors, inputs_.snapshot,
                     query_at_);
  return std::nullopt;
}

RuleEvaluation::Recovered::Recovered(promql::Answer answered, bool loaded, const Selectors& selectors,
                                     const tsdb::Snapshot& snapshot, Instant at)
    : answer(std::move(answered)),
      is_loaded(loaded),
      found(answer.found, selectors, snapshot, at),
      agreement(std::span(&elements, 1)) {
  for (const promql::AnswerSeries& series : answer.series) elements.series.push_back(&series.labels);
}

// What a store that lacks samples calls well (`… or absent(x)`, an old sample of another series) ends an alert from before the
// start no more than the absence of its element does.
bool RuleEvaluation::has_recovered(const Element& element) {
  if (!recovered_) return false;
  Labels own = element.element;
  own.remove(metric_name_label);
  const bool counts = !element.is_inherited || recovered_->is_loaded ||
                      is_judged_anew(element, rule_.recovery->selectors, recovered_->found);
  return counts && recovered_->agreement.any(own);
}

// Back to what the journal has, without what is over.
void RuleEvaluation::forget() {
  for (auto at = memory_.elements.begin(); at != memory_.elements.end();) {
    Element& element = at->second;
    element.next = element.course;
    element.is_told = false;
    element.presence = Presence::absent;
    at = is_idle(element) ? memory_.elements.erase(at) : std::next(at);
  }
}

RuleEvaluation::Failure RuleEvaluation::see(const promql::AnswerSeries& series) {
  const double value = float_of(series);
  // Most elements are known, and most rules take nothing off their labels: then nothing is copied.
  auto known = rule_.dynamic_labels.empty() ? memory_.elements.find(series.labels) : memory_.elements.end();
  if (known == memory_.elements.end()) {
    Labels labels = labels_of(series.labels, value);
    Labels identity = identity_of(series.labels, labels);
    const auto [at, is_new] = memory_.elements.try_emplace(std::move(identity));
    if (is_new) {
      at->second.labels = std::move(labels);
      at->second.element = series.labels;
    }
    known = at;
  }
  if (known->second.presence == Presence::present)
    return "vector contains metrics with the same labelset after applying alert labels";
  known->second.presence = Presence::present;
  known->second.value = value;
  return std::nullopt;
}

Labels RuleEvaluation::labels_of(const Labels& element, double value) const {
  std::vector<Labels::Pair> pairs(element.begin(), element.end());
  std::erase_if(pairs, [](const Labels::Pair& pair) { return pair.first == metric_name_label; });
  for (const NamedTemplate& label : rule_.dynamic_labels) pairs.emplace_back(label.name, expand(label.text, element, value));
  pairs.insert(pairs.end(), rule_.plain_labels.begin(), rule_.plain_labels.end());
  return Labels(std::move(pairs));
}

// Alerts of one rule differ in what its plain labels leave of the element; with labels that depend on the value, in all labels.
Labels RuleEvaluation::identity_of(const Labels& element, const Labels& labels) const {
  if (!rule_.dynamic_labels.empty()) return labels;
  Labels identity = element;
  identity.remove(metric_name_label);
  for (const auto& [name, value] : rule_.plain_labels) identity.remove(name);
  return identity;
}

Presence RuleEvaluation::presence_of(const Element& element) {
  if (element.presence == Presence::present) return Presence::present;
  if (element.is_inherited && !absences_count_ && !is_judged_anew(element, rule_.selectors, *found_)) return Presence::unknown;
  const bool goes_on = rule_.recovery && element.course.phase == AlertPhase::firing && !has_recovered(element);
  return goes_on ? Presence::unrecovered : Presence::absent;
}

// Whether the store has all that these selectors can reach, and every target was asked that they may read.
bool RuleEvaluation::is_loaded(const Selectors& selectors) const {
  const auto& unscraped = inputs_.readiness.unscraped_targets;
  return query_at_ - selectors.reach() >= inputs_.readiness.complete_since &&
         std::none_of(unscraped.begin(), unscraped.end(), [&](const Labels& target) { return selectors.may_read(target); });
}

// Whether the answer rests on samples since the start for all that speaks of the element: then it is news, whatever the store
// lost. Only where each selector reads the last sample of the one series with the element's labels: what else an expression does
// (ranges, sums, other series) takes samples that may be missing.
bool RuleEvaluation::is_judged_anew(const Element& element, const Selectors& selectors, FoundSeries& found) const {
  return selectors.reads_instants_only() && !found.is_empty() &&
         found.each_has_sample_since(element.element, inputs_.readiness.started);
}

std::string RuleEvaluation::expand(const text_template::Template& text, const Labels& element, double value) const {
  auto expanded =
      text_template::expand_annotation(text, surroundings_.scope.data(element, value), environment_, expansion_limits);
  return expanded ? std::move(*expanded) : "<error expanding template: " + expanded.error().detail + ">";
}

std::map<std::string, std::string> RuleEvaluation::annotations_of(const Element& element) const {
  std::map<std::string, std::string> out;
  for (const NamedTemplate& annotation : rule_.annotations)
    out.emplace(annotation.name, expand(annotation.text, element.element, element.value));
  return out;
}

// An alert that is kept without its element has the texts of the last one.
void RuleEvaluation::keep_text(const Element& element) {
  if (element.next.phase != AlertPhase::firing) memory_.texts.erase(element.labels);
  else if (element.presence == Presence::present) memory_.texts[element.labels] = annotations_of(element);
}

text_template::Answer RuleEvaluation::query(std::string_view expression) {
  const auto parsed = promql::parse(expression);
  if (!parsed) return text_template::Complaint{parsed.error().text()};
  const promql::EvaluationOptions asked = options();
  // A query of few samples ends before it asks for the time, and there is one for each element.
  if (!over_time_ && asked.should_stop && asked.should_stop())
    over_time_ = text_of({promql::EvaluationRefusal::out_of_time, {}, "no time is left for a query of a template"});
  if (over_time_) return text_template::Complaint{*over_time_};
  // At the slot, as in Prometheus 3: the group's query_offset is for the expression alone.
  const auto answer = promql::evaluate(*parsed, inputs_.snapshot, promql::QueryTime::at(inputs_.at), asked);
  if (!answer && answer.error().reason == promql::EvaluationRefusal::out_of_time) over_time_ = text_of(answer.error());
  if (!answer) return text_template::Complaint{answer.error().message};
  std::vector<text_template::Value> samples;
  if (answer->type == promql::ValueType::scalar) samples.push_back(text_template::sample({}, answer->scalar));
  for (const promql::AnswerSeries& series : answer->series)
    samples.push_back(text_template::sample(series.labels, float_of(series)));
  return text_template::Value::list(std::move(samples));
}

void RuleEvaluation::show(Element& element, SampleBatch& batch) const {
  const bool is_active = element.next.phase != AlertPhase::inactive;
  if (element.shown && (!is_active || *element.shown != element.next.phase)) {
    batch.end(element.alerts.labels, element.alerts.reference);
    if (!is_active) batch.end(element.for_state.labels, element.for_state.reference);
    element.alerts = WrittenSeries{};
  }
  if (is_active && element.shown != element.next.phase) {
    element.alerts.labels = element.labels;
    add_name(element.alerts.labels, alerts_metric);
    element.alerts.labels.set("alertstate", word(element.next.phase));
    element.for_state.labels = element.labels;
    add_name(element.for_state.labels, alerts_for_state_metric);
  }
  element.shown = is_active ? std::optional(element.next.phase) : std::nullopt;
  if (!is_active) return;
  batch.add(element.alerts, 1);
  const std::int64_t active_ms = element.next.active_at.ms;
  batch.add(element.for_state, static_cast<double>(active_ms / 1000));
}

void RuleEvaluation::tell(const std::vector<Element*>& moved, RuleOutcome& outcome) {
  if (moved.empty() && !memory_.is_failing) return;
  std::vector<Element*> ordered = moved;
  std::sort(ordered.begin(), ordered.end(), [](const Element* a, const Element* b) { return a->labels < b->labels; });
  Agreement agreement(answer_.found);
  const std::size_t samples_max =
      std::clamp(answer_samples_max / std::max<std::size_t>(1, moved.size()), std::size_t{1}, seen_samples_max);
  outcome.answers.push_back(new_answer(0));
  std::size_t part_bytes = 0;
  for (Element* element : ordered) {
    ElementChange change = change_of(*element, agreement, samples_max);
    const std::size_t bytes = bytes_of(change);
    const std::size_t count = outcome.answers.back().changes.size();
    if (count > 0 && (count == part_changes_max || part_bytes + bytes > part_bytes_max)) {
      outcome.answers.push_back(new_answer(static_cast<std::uint32_t>(outcome.answers.size())));
      part_bytes = 0;
    }
    part_bytes += bytes;
    element->part = static_cast<std::uint32_t>(outcome.answers.size() - 1);
    outcome.answers.back().changes.push_back(std::move(change));
  }
}

ElementChange RuleEvaluation::change_of(const Element& element, Agreement& agreement, std::size_t samples_max) {
  ElementChange change;
  change.element = element.element;
  change.labels = element.labels;
  change.presence = element.presence;
  if (element.presence != Presence::present) {
    // An expression without selectors has nothing to lose: its silence is an answer.
    const bool is_seen = rule_.selectors.empty() || agreement.any(element.element);
    change.cause = is_seen ? AlertEnd::condition_false : AlertEnd::no_series;
    return change;
  }
  change.annotations = annotations_of(element);
  change.value = promql::format_value(element.value);
  change.samples = samples_of(element, agreement, samples_max);
  return change;
}

// The newest samples of the series that speak of the element, from shortly before it became active.
std::vector<SeenSeries> RuleEvaluation::samples_of(const Element& element, Agreement& agreement, std::size_t samples_max) {
  std::vector<SeenSeries> out;
  const std::vector<const Labels*> series = agreement.first(element.element, samples_max);
  if (series.empty()) return out;
  const std::size_t each_max = samples_max / series.size();
  const Instant from = element.next.active_at - group_.query_offset - group_.interval;
  for (const Labels* labels : series) {
    const std::optional<tsdb::SeriesView> view = found_->view(*labels);
    if (!view) continue;
    std::vector<tsdb::Sample> samples;
    histogram::Arena histograms;
    view->read(from, query_at_, samples, histograms);
    if (const auto last = view->last(query_at_, histograms); samples.empty() && last) samples.push_back(*last);
    std::erase_if(samples, [](const tsdb::Sample& sample) { return tsdb::is_stale(sample.v); });
    SeenSeries seen{*labels, {}};
    for (std::size_t i = samples.size() - std::min(samples.size(), each_max); i < samples.size(); ++i)
      seen.samples.push_back(SeenSample{Instant{samples[i].t_ms}, promql::value_text(samples[i].v, histograms)});
    if (!seen.samples.empty()) out.push_back(std::move(seen));
  }
  return out;
}

NoteRuleAnswer RuleEvaluation::new_answer(std::uint32_t part) const {
  NoteRuleAnswer answer;
  answer.at = inputs_.at;
  answer.count = rule_.timing.count;
  answer.expression = rule_.digest;
  answer.group = group_.key;
  answer.hold = rule_.timing.hold;
  answer.keep_firing_for = rule_.timing.keep_firing_for;
  answer.kind = inputs_.kind;
  answer.name = rule_.name;
  answer.part = part;
  answer.rule = rule_.id;
  return answer;
}

}  // namespace watchbill::metrics::rules
