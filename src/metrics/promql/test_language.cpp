#include "metrics/promql/test_language.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include <fmt/core.h>

#include "base/pattern/pattern.h"
#include "base/time.h"
#include "metrics/histogram/text.h"
#include "metrics/promql/ast_walk.h"
#include "metrics/promql/evaluate.h"
#include "metrics/promql/lexer.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"
#include "metrics/promql/test_classic.h"
#include "metrics/promql/test_series.h"
#include "metrics/tsdb/head.h"
#include "metrics/tsdb/start_times.h"

namespace watchbill::metrics::promql {
namespace {

// `msg:` and `regex:` of an expectation; neither: any text.
struct TextExpectation {
  enum class Kind : std::uint8_t { any, equal, regex } kind{Kind::any};
  std::string text;

  [[nodiscard]] bool matches(const std::string& other) const {
    switch (kind) {
      case Kind::any: return true;
      case Kind::equal: return other == text;
      case Kind::regex: {
        const auto pattern = Pattern::compile(text, {tsdb::pattern_memory_bytes_max, true, true});
        return pattern && pattern->occurs_in(other);
      }
    }
    return false;
  }
};

struct Eval {
  std::size_t line{0};
  bool is_range{false};
  QueryTime time;
  std::string query;
  std::optional<TextExpectation> failure;
  std::vector<TextExpectation> warnings;
  std::vector<TextExpectation> infos;
  bool wants_no_warning{false};
  bool wants_no_info{false};
  bool is_ordered{false};
  std::optional<std::string> string;
  std::optional<double> scalar;
  std::optional<QueryTime> range_vector;  // the times of the points of a range vector
  std::vector<SeriesLine> series;
};

// The reference's tolerance: relative 1e-6, absolute next to zero.
bool almost_equal(double a, double b) noexcept {
  constexpr double tolerance = 1e-6;
  constexpr double smallest = std::numeric_limits<double>::min();
  if (tsdb::is_stale(a) || tsdb::is_stale(b)) return tsdb::is_stale(a) && tsdb::is_stale(b);
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  const double sum = std::abs(a) + std::abs(b);
  const double distance = std::abs(a - b);
  if (a == 0 || b == 0 || sum < smallest) return distance < tolerance * smallest;
  return distance / std::min(sum, std::numeric_limits<double>::max()) < tolerance;
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// Takes the next word off the front of `text`.
std::string_view take_word(std::string_view& text) noexcept {
  text = trimmed(text);
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text = trimmed(text.substr(end));
  return word;
}

bool is_word(std::string_view text, std::string_view lower_word) noexcept {
  return text.size() == lower_word.size() && std::equal(text.begin(), text.end(), lower_word.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

class Script {
 public:
  Script(std::string_view text, const ScriptLimits& limits, const ScriptSemantics& semantics) : limits_(limits) {
    options_.semantics = semantics.semantics;
    options_.removes_names_late = semantics.removes_names_late;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string_view line = trimmed(text.substr(0, end));
      lines_.push_back(line.starts_with('#') ? std::string_view() : line);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    clear();
  }

  Result<ScriptResult> run() {
    while (at_ < lines_.size()) {
      std::string_view rest = lines_[at_];
      if (rest.empty()) {
        ++at_;
        continue;
      }
      const std::string_view command = take_word(rest);
      Result<void> done;
      if (is_word(command, "clear")) {
        ++at_;
        clear();
      } else if (is_word(command, "load") || is_word(command, "load_with_nhcb")) {
        done = load(rest, command.size() > 4);
      } else if (is_word(command.substr(0, 4), "eval")) {
        done = eval(command, rest);
      } else {
        done = wrong(fmt::format("unknown command \"{}\"", command));
      }
      if (!done) return done.error();
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] Error wrong(std::string detail) const {
    return Error{ErrorKind::invalid, "read", "the test script", fmt::format("line {}: {}", at_ + 1, detail)};
  }

  void clear() {
    tsdb::HeadLimits limits;
    limits.retention = Duration::days(365'000);  // scripts count time from 1970, and go below
    limits.ahead_max = Duration::days(365'000);
    limits.takes_companions = true;
    head_ = std::make_unique<tsdb::Head>(limits);
    not_stored_.clear();
    sample_count_ = 0;
  }

  // --- load

  Result<void> load(std::string_view step_text, bool makes_histograms) {
    const auto step = parse_duration(step_text);
    if (!step) return wrong(step.error().detail);
    std::optional<SeriesLine> starts;    // of the line that comes next
    std::map<Labels, SeriesLine> lines;  // of two lines of one series the later counts
    std::map<Labels, SeriesLine> start_lines;
    for (++at_; at_ < lines_.size() && !lines_[at_].empty(); ++at_) {
      auto series = read_series_line(lines_[at_], limits_.points_of_line_max);
      if (!series) return wrong(series.error().text());
      sample_count_ += series->points.size();
      if (sample_count_ > limits_.samples_max) return wrong(fmt::format("more than {} samples", limits_.samples_max));
      if (starts && (starts->labels != series->labels || series->holds_start_times))
        return wrong(fmt::format("expected the samples of {} behind its start times", starts->labels.text()));
      if (starts && starts->points.size() != series->points.size())
        return wrong(fmt::format("expected {} samples, as many as start times", starts->points.size()));
      if (series->holds_start_times) {
        starts = std::move(*series);
        continue;
      }
      start_lines.erase(series->labels);
      if (starts) start_lines.emplace(series->labels, *std::exchange(starts, std::nullopt));
      lines.insert_or_assign(series->labels, std::move(*series));
    }
    if (starts) return wrong(fmt::format("expected the samples of {} behind its start times", starts->labels.text()));
    for (const auto& [labels, series] : lines) {
      if (!store(series, *step)) not_stored_.push_back(labels);
      if (const auto at = start_lines.find(labels); at != start_lines.end() && !store_starts(at->second, *step))
        not_stored_.push_back(labels);
      if (makes_histograms) classic_.add(series);
    }
    if (!makes_histograms) return {};
    for (const SeriesLine& made : classic_.take())
      if (!store(made, *step)) not_stored_.push_back(made.labels);
    return {};
  }

  bool store_starts(const SeriesLine& starts, Duration step) {
    const Labels companion = tsdb::companion_of(starts.labels);
    double held_ms = 0;
    bool is_whole = true;
    for (std::size_t i = 0; i < starts.points.size(); ++i) {
      const Instant at = Instant{} + step * static_cast<std::int64_t>(i);
      const double start_ms = starts.points[i] ? static_cast<double>(at.ms) + *starts.points[i] : 0;
      if (start_ms != held_ms) is_whole = head_->append(companion, at, start_ms).has_value() && is_whole;
      held_ms = start_ms;
    }
    return is_whole;
  }

  bool store(const SeriesLine& series, Duration step) {
    bool is_whole = true;
    for (std::size_t i = 0; i < series.points.size(); ++i) {
      if (!series.points[i]) continue;
      const Instant at = Instant{} + step * static_cast<std::int64_t>(i);
      const double value = *series.points[i];
      const bool is_taken = histogram::is_mark(value)
                                ? head_->append(series.labels, at, series.histograms.at(value)).has_value()
                                : head_->append(series.labels, at, value).has_value();
      is_whole = is_whole && is_taken;
    }
    return is_whole;
  }

  // --- eval: reading

  Result<void> eval(std::string_view command, std::string_view rest) {
    Eval eval;
    eval.line = at_ + 1;
    if (command.find('_') != std::string_view::npos) {
      const std::string_view what = command.substr(5);
      if (is_word(what, "fail")) eval.failure.emplace();
      else if (is_word(what, "warn")) eval.warnings.emplace_back();
      else if (is_word(what, "info")) eval.infos.emplace_back();
      else if (is_word(what, "ordered")) eval.is_ordered = true;
      else return wrong(fmt::format("unknown command \"{}\"", command));
    }
    if (!read_times(eval, rest)) return wrong("expected `instant at TIME QUERY` or `range from TIME to TIME step STEP QUERY`");
    eval.query = std::string(rest);
    for (++at_; at_ < lines_.size() && !lines_[at_].empty(); ++at_) {
      const auto done = expectation(eval, lines_[at_]);
      if (!done) return done;
      if (eval.scalar) break;
    }
    if (eval.scalar && at_ < lines_.size()) ++at_;
    judge(eval);
    return {};
  }

  static bool read_times(Eval& eval, std::string_view& rest) {
    const std::string_view kind = take_word(rest);
    const auto time = [&rest](std::string_view keyword, std::int64_t& ms) {
      if (!is_word(take_word(rest), keyword)) return false;
      std::string_view text = take_word(rest);
      const bool is_negative = text.starts_with('-');
      if (is_negative) text.remove_prefix(1);
      const auto read = parse_duration(text);
      if (read) ms = is_negative ? -read->ms : read->ms;
      return static_cast<bool>(read);
    };
    eval.is_range = is_word(kind, "range");
    if (eval.is_range)
      return time("from", eval.time.start.ms) && time("to", eval.time.end.ms) && time("step", eval.time.step.ms);
    if (!is_word(kind, "instant") || !time("at", eval.time.start.ms)) return false;
    eval.time.end = eval.time.start;
    return true;
  }

  Result<void> expectation(Eval& eval, std::string_view line) {
    std::string_view rest = line;
    const std::string_view first = take_word(rest);
    if (is_word(first, "expect")) return expect(eval, rest);
    if (is_word(first, "expected_fail_message") || is_word(first, "expected_fail_regexp")) {
      const bool is_regex = is_word(first, "expected_fail_regexp");
      eval.failure = TextExpectation{is_regex ? TextExpectation::Kind::regex : TextExpectation::Kind::equal, std::string(rest)};
      return {};
    }
    double value = 0;
    if (rest.empty() && read_signed_number(first, value)) {
      eval.scalar = value;
      return {};
    }
    auto series = read_series_line(line, limits_.points_of_line_max);
    if (!series) return wrong(series.error().text());
    eval.series.push_back(std::move(*series));
    return {};
  }

  Result<void> expect(Eval& eval, std::string_view rest) {
    const std::string_view what = take_word(rest);
    TextExpectation text;
    if (rest.starts_with("msg:")) text = {TextExpectation::Kind::equal, std::string(trimmed(rest.substr(4)))};
    if (rest.starts_with("regex:")) text = {TextExpectation::Kind::regex, std::string(trimmed(rest.substr(6)))};
    if (what == "fail") eval.failure = text;
    else if (what == "warn") eval.warnings.push_back(text);
    else if (what == "info") eval.infos.push_back(text);
    else if (what == "no_warn") eval.wants_no_warning = true;
    else if (what == "no_info") eval.wants_no_info = true;
    else if (what == "ordered") eval.is_ordered = true;
    else if (what == "string") {
      auto literal = unquote(rest);
      if (!literal) return wrong("expected a quoted string");
      eval.string = std::move(*literal);
    } else if (what == "range" && is_word(take_word(rest), "vector")) {
      Eval times;
      std::string range = "range " + std::string(rest);
      std::string_view view = range;
      if (!read_times(times, view)) return wrong("expected `from TIME to TIME step STEP`");
      eval.range_vector = times.time;
    } else {
      return wrong(fmt::format("unknown expectation \"{}\"", what));
    }
    return {};
  }

  // --- eval: judging

  void judge(const Eval& eval) {
    const auto note = [&](std::vector<ScriptDifference>& list, std::string text) {
      if (list.size() < limits_.differences_max) list.push_back(ScriptDifference{eval.line, eval.query, std::move(text)});
    };
    if (const std::string reason = why_refused(eval); !reason.empty()) {
      ++result_.refused;
      note(result_.refusals, reason);
      return;
    }
    const std::string difference = difference_of(eval);
    difference.empty() ? ++result_.passed : ++result_.failed;
    if (!difference.empty()) note(result_.differences, difference);
  }

  // Empty when the eval can be judged.
  std::string why_refused(const Eval& eval) const {
    const auto expression = parse(eval.query);
    if (!expression) return {};
    for (const Node& node : expression->nodes) {
      const VectorSelector* selector = std::get_if<VectorSelector>(&node.of);
      if (selector == nullptr) continue;
      std::vector<tsdb::Matcher> matchers;
      for (const SelectorMatcher& part : selector->matchers)
        if (auto matcher = tsdb::Matcher::create(part.name, static_cast<tsdb::MatchKind>(part.op), part.value); matcher)
          matchers.push_back(std::move(*matcher));
      for (const Labels& labels : not_stored_)
        if (std::all_of(matchers.begin(), matchers.end(),
                        [&](const tsdb::Matcher& m) { return m.matches(labels.get(m.name())); }))
          return "the store does not hold " + labels.text();
    }
    return {};
  }

  std::string difference_of(const Eval& eval) const {
    const auto expression = parse(eval.query);
    if (!expression) return failure_difference(eval, expression.error().message);
    const tsdb::Snapshot snapshot = head_->snapshot();
    const auto answer = evaluate(*expression, snapshot, eval.time, options_);
    if (!answer) return failure_difference(eval, answer.error().message);
    if (eval.failure) return "expected a failure, got an answer";
    if (std::string annotations = annotation_difference(eval, *answer); !annotations.empty()) return annotations;
    if (eval.string) return answer->text == *eval.string ? "" : "expected another string than " + quoted(answer->text);
    if (std::string result = result_difference(eval, *answer); !result.empty()) return result;
    if (std::string repeated = repeated_difference(eval, *expression, snapshot); !repeated.empty()) return repeated;
    return pinned_difference(eval, *expression, snapshot);
  }

  static std::string failure_difference(const Eval& eval, const std::string& message) {
    if (!eval.failure) return "expected an answer, got the failure: " + message;
    return eval.failure->matches(message) ? ""
                                          : fmt::format("expected the failure \"{}\", got \"{}\"", eval.failure->text, message);
  }

  static std::string annotation_difference(const Eval& eval, const Answer& answer) {
    std::string out;
    const auto check = [&](AnnotationLevel level, const std::vector<TextExpectation>& expected, bool wants_none) {
      std::vector<std::string> texts;
      for (const Annotation& annotation : answer.annotations)
        if (annotation.level == level) texts.push_back(annotation.text);
      if (wants_none && !texts.empty()) out = "unexpected annotation: " + texts.front();
      if (expected.empty()) return;
      for (const TextExpectation& line : expected)
        if (std::none_of(texts.begin(), texts.end(), [&](const std::string& text) { return line.matches(text); }))
          out = "missing annotation: " + (line.text.empty() ? "any" : line.text);
      for (const std::string& text : texts)
        if (std::none_of(expected.begin(), expected.end(), [&](const TextExpectation& line) { return line.matches(text); }))
          out = "unexpected annotation: " + text;
    };
    check(AnnotationLevel::warning, eval.warnings, eval.wants_no_warning);
    check(AnnotationLevel::info, eval.infos, eval.wants_no_info);
    return out;
  }

  static std::string result_difference(const Eval& eval, const Answer& answer) {
    if (eval.scalar) {
      const bool is_equal = answer.type == ValueType::scalar && almost_equal(answer.scalar, *eval.scalar);
      return is_equal ? "" : fmt::format("expected {}, got {}", format_value(*eval.scalar), shown(answer));
    }
    if (!eval.is_range && answer.type == ValueType::scalar) return "expected no scalar, got " + shown(answer);
    std::vector<bool> is_met(answer.series.size(), false);
    for (std::size_t i = 0; i < eval.series.size(); ++i) {
      const SeriesLine& expected = eval.series[i];
      std::size_t found = 0;
      while (found < answer.series.size() && answer.series[found].labels != expected.labels) ++found;
      if (found == answer.series.size()) return fmt::format("missing {}; got {}", expected.labels.text(), shown(answer));
      if (eval.is_ordered && found != i)
        return fmt::format("{} is at another place; got {}", expected.labels.text(), shown(answer));
      is_met[found] = true;
      if (!points_match(eval, expected, answer, answer.series[found]))
        return fmt::format("other values of {}; got {}", expected.labels.text(), shown(answer));
    }
    if (std::find(is_met.begin(), is_met.end(), false) != is_met.end()) return "unexpected series; got " + shown(answer);
    return {};
  }

  static bool points_match(const Eval& eval, const SeriesLine& expected, const Answer& answer, const AnswerSeries& got) {
    const QueryTime time = eval.range_vector.value_or(eval.time);
    std::size_t next = 0;
    for (std::size_t i = 0; i < expected.points.size(); ++i) {
      if (!expected.points[i]) continue;
      if (next == got.samples.size()) return false;
      const tsdb::Sample& sample = got.samples[next++];
      if (sample.t_ms != (time.start + time.step * static_cast<std::int64_t>(i)).ms) return false;
      if (!values_match(expected, *expected.points[i], answer, sample.v)) return false;
    }
    return next == got.samples.size();
  }

  static bool values_match(const SeriesLine& line, double expected, const Answer& answer, double got) {
    if (histogram::is_mark(expected) != histogram::is_mark(got)) return false;
    if (!histogram::is_mark(expected)) return almost_equal(got, expected);
    histogram::Histogram left = line.histograms.at(expected);
    histogram::Histogram right = answer.histograms.at(got);
    compact(left);
    compact(right);
    const bool names_hint = line.names_hint[static_cast<std::size_t>(histogram::number_of(expected))];
    return is_almost_equal(left, right, almost_equal) && (!names_hint || left.reset_hint == right.reset_hint);
  }

  static std::string shown(const Answer& answer) {
    if (answer.type == ValueType::scalar && answer.series.empty()) return format_value(answer.scalar);
    constexpr std::size_t series_shown_max = 20;
    std::string out = answer.series.empty() ? "nothing" : "";
    for (std::size_t i = 0; i < std::min(series_shown_max, answer.series.size()); ++i) {
      out += "\n    " + answer.series[i].labels.text();
      for (const tsdb::Sample& sample : answer.series[i].samples)
        out += fmt::format(
            " {}@{}", histogram::is_mark(sample.v) ? histogram::notation(answer.histograms.at(sample.v)) : format_value(sample.v),
            sample.t_ms);
    }
    return out;
  }

  // An instant answer must not depend on how it is asked: the same, one step of a range.
  std::string repeated_difference(const Eval& eval, const Expression& expression, const tsdb::Snapshot& snapshot) const {
    if (eval.is_range || eval.range_vector || eval.is_ordered || eval.scalar || reads_query_range(expression)) return {};
    Eval around = eval;
    around.is_range = true;
    around.time = QueryTime{eval.time.start - Duration::minutes(1), eval.time.start + Duration::minutes(1), Duration::minutes(1)};
    auto answer = evaluate(expression, snapshot, around.time, options_);
    if (!answer) return {};  // the neighbours may fail where this instant does not
    for (AnswerSeries& series : answer->series)
      std::erase_if(series.samples, [&](const tsdb::Sample& sample) { return sample.t_ms != eval.time.start.ms; });
    std::erase_if(answer->series, [](const AnswerSeries& series) { return series.samples.empty(); });
    Eval single = eval;
    const std::string difference = result_difference(single, *answer);
    return difference.empty() ? "" : "inside a range query: " + difference;
  }

  // Nor may it depend on the time of asking when every selector says `@`.
  std::string pinned_difference(const Eval& eval, const Expression& expression, const tsdb::Snapshot& snapshot) const {
    if (eval.is_range || eval.range_vector || reads_query_range(expression) || reads_time(expression)) return {};
    Expression pinned = expression;
    pin(pinned, pinned.root, eval.time.start.ms);
    const Duration at = eval.time.start - Instant{};
    for (const Duration other : {Duration{}, at / 5, at, at * 10, at * -10}) {
      const auto answer = evaluate(pinned, snapshot, QueryTime::at(Instant{} + other), options_);
      if (!answer) return "with @: the failure " + answer.error().message;
      Answer moved = *answer;
      for (AnswerSeries& series : moved.series) series.samples.front().t_ms = eval.time.start.ms;
      if (std::string difference = result_difference(eval, moved); !difference.empty())
        return fmt::format("with @ and asked at {}: {}", format_duration(other), difference);
    }
    return {};
  }

  // Recursion is bounded by the parser's depth limit. What is inside a subquery moves with it.
  static void pin(Expression& expression, NodeIndex index, std::int64_t at_ms) {
    Node& node = expression.nodes[index];
    const auto pin_shift = [at_ms](TimeShift& shift) {
      if (shift.at != AtKind::none) return;
      shift.at = AtKind::instant;
      shift.at_ms = at_ms;
    };
    if (VectorSelector* selector = std::get_if<VectorSelector>(&node.of)) pin_shift(selector->shift);
    if (Subquery* subquery = std::get_if<Subquery>(&node.of)) pin_shift(subquery->shift);
    if (!std::holds_alternative<Subquery>(node.of)) each_child(node, [&](NodeIndex child) { pin(expression, child, at_ms); });
  }

  static bool reads_time(const Expression& expression) {
    return std::any_of(expression.nodes.begin(), expression.nodes.end(), [](const Node& node) {
      const Call* call = std::get_if<Call>(&node.of);
      if (call == nullptr) return false;
      const FunctionId id = call->function->id;
      const bool is_calendar = call->function->count_min == 0 && call->function->count_max == 1;
      return id == FunctionId::time || id == FunctionId::timestamp || id == FunctionId::predict_linear ||
             (is_calendar && call->arguments.empty());
    });
  }

  // start(), end(), range() and step() mean something else in a range query.
  static bool reads_query_range(const Expression& expression) {
    return std::any_of(expression.nodes.begin(), expression.nodes.end(), [](const Node& node) {
      if (const Call* call = std::get_if<Call>(&node.of)) {
        const FunctionId id = call->function->id;
        return id == FunctionId::start || id == FunctionId::end || id == FunctionId::range || id == FunctionId::step ||
               id == FunctionId::sort || id == FunctionId::sort_desc;
      }
      if (const VectorSelector* selector = std::get_if<VectorSelector>(&node.of))
        return selector->shift.at == AtKind::start || selector->shift.at == AtKind::end;
      if (const Subquery* subquery = std::get_if<Subquery>(&node.of))
        return subquery->shift.at == AtKind::start || subquery->shift.at == AtKind::end;
      const DurationOperation* operation = std::get_if<DurationOperation>(&node.of);
      return operation != nullptr && (operation->op == DurationOperator::step || operation->op == DurationOperator::range);
    });
  }

  const ScriptLimits limits_;
  EvaluationOptions options_;
  std::vector<std::string_view> lines_;
  std::size_t at_{0};
  std::unique_ptr<tsdb::Head> head_;
  std::vector<Labels> not_stored_;
  ClassicSeries classic_;  // of the load at hand
  std::size_t sample_count_{0};
  ScriptResult result_;
};

}  // namespace

std::string ScriptResult::text() const {
  std::string out = fmt::format("passed {}, failed {}, refused {}", passed, failed, refused);
  if (!differences.empty())
    out +=
        fmt::format("\nline {}: {}\n  {}", differences.front().line, differences.front().query, differences.front().difference);
  return out;
}

Result<ScriptResult> run_script(std::string_view script, const ScriptLimits& limits, const ScriptSemantics& semantics) {
  return Script(script, limits, semantics).run();
}

}  // namespace watchbill::metrics::promql
