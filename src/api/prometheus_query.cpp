// /api/v1/query and /api/v1/query_range, as Prometheus 2.42 answers them. Expressions mean what they mean in our rules: windows
// leave out their left end, as in Prometheus 3, unless a request asks for `semantics=prometheus_2`.
#include <algorithm>
#include <utility>

#include "api/prometheus.h"
#include "api/routes.h"
#include "metrics/histogram/buckets.h"
#include "metrics/promql/evaluate.h"
#include "metrics/promql/functions.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"

namespace watchbill::api {
namespace {

namespace histogram = metrics::histogram;
namespace promql = metrics::promql;

constexpr std::int64_t points_max = 11'000;                   // of one series, as in Prometheus

// One query, ready to be evaluated.
struct Query {
  promql::Expression expression;
  promql::QueryTime time;
  promql::EvaluationOptions options;
  bool is_range{false};
};

// --- the parameters ---

Result<Query, PrometheusError> common_parts(const Call& call) {
  const std::string* text = parameter(call, "query");
  auto expression = promql::parse(text == nullptr ? std::string() : *text);
  if (!expression) return invalid_parameter("query", expression.error().text());
  Query query{std::move(*expression), {}, {}, false};
  Duration timeout = promql::query_time_max;
  if (const std::string* wanted = parameter(call, "timeout"); wanted != nullptr && !wanted->empty()) {
    const auto parsed = parse_seconds(*wanted);
    if (!parsed) return invalid_parameter("timeout", "cannot parse " + quoted(*wanted) + " to a valid duration");
    timeout = std::min(timeout, *parsed);
  }
  if (const std::string* wanted = parameter(call, "lookback_delta"); wanted != nullptr && !wanted->empty()) {
    const auto parsed = parse_seconds(*wanted);
    if (!parsed || *parsed <= Duration{})
      return invalid_parameter("lookback_delta", "cannot parse " + quoted(*wanted) + " to a positive duration");
    query.options.lookback = *parsed;
  }
  if (const std::string* wanted = parameter(call, "semantics"); wanted != nullptr && !wanted->empty()) {
    const std::optional<promql::Semantics> semantics = promql::semantics_of(*wanted);
    if (!semantics)
      return invalid_parameter("semantics", "cannot parse " + quoted(*wanted) + " to prometheus_3 or prometheus_2");
    query.options.semantics = *semantics;
  }
  const Instant until = call.services.watch.now() + timeout;
  // The call outlives the evaluation: it is what is answered.
  query.options.should_stop = [&call, until] {
    const Watch& watch = call.services.watch;
    return call.has_left() || watch.is_ending() || watch.now() > until;
  };
  return query;
}

Result<Query, PrometheusError> instant_query(const Call& call) {
  const auto at = time_parameter(call, "time", call.services.watch.now());
  if (!at) return at.error();
  auto query = common_parts(call);
  if (query) query->time = promql::QueryTime::at(*at);
  return query;
}

Result<Duration, PrometheusError> step_of(const Call& call) {
  const std::string* text = parameter(call, "step");
  const std::optional<Duration> step = text == nullptr ? std::nullopt : parse_seconds(*text);
  if (!step)
    return invalid_parameter("step", "cannot parse " + quoted(text == nullptr ? "" : *text) + " to a valid duration");
  if (*step <= Duration{})
    return invalid_parameter("step",
                             "zero or negative query resolution step widths are not accepted. Try a positive integer");
  return *step;
}

Result<Instant, PrometheusError> required_time(const Call& call, std::string_view name) {
  const std::string* text = parameter(call, name);
  const std::optional<Instant> at = text == nullptr ? std::nullopt : parse_time(*text);
  if (!at) return invalid_parameter(name, "cannot parse " + quoted(text == nullptr ? "" : *text) + " to a valid timestamp");
  return *at;
}

Result<Query, PrometheusError> range_query(const Call& call) {
  const auto start = required_time(call, "start");
  if (!start) return start.error();
  const auto end = required_time(call, "end");
  if (!end) return end.error();
  if (*end < *start) return invalid_parameter("end", "end timestamp must not be before start time");
  const auto step = step_of(call);
  if (!step) return step.error();
  if ((*end - *start).ms / step->ms > points_max)
    return PrometheusError{PrometheusErrorType::bad_data,
                           "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
                           "(?step=XX)"};
  auto query = common_parts(call);
  if (!query) return query;
  const promql::ValueType type = query->expression.type();
  if (type != promql::ValueType::scalar && type != promql::ValueType::instant_vector)
    return PrometheusError{PrometheusErrorType::bad_data, "invalid expression type \"" +
                                                              std::string(promql::documented_name(type)) +
                                                              "\" for range query, must be Scalar or instant Vector"};
  query->time = {*start, *end, *step};
  query->is_range = true;
  return query;
}

// --- the answer ---

// Count, sum, and the buckets that hold something: rule of the bounds, lower, upper, count.
void write_histogram(JsonWriter& json, const histogram::Histogram& value) {
  json.begin_object().key("count");
  write_value(json, value.count);
  json.key("sum");
  write_value(json, value.sum);
  bool has_bucket = false;
  for (histogram::BucketWalk walk(value); walk.next();) {
    const histogram::Bucket& bucket = walk.bucket();
    if (bucket.count == 0) continue;
    if (!std::exchange(has_bucket, true)) json.key("buckets").begin_array();
    json.begin_array().integer(boundary_rule(bucket));
    for (const double number : {bucket.lower, bucket.upper, bucket.count}) write_value(json, number);
    json.end_array();
  }
  if (has_bucket) json.end_array();
  json.end_object();
}

void write_sample(JsonWriter& json, const promql::Answer& answer, const metrics::tsdb::Sample& sample) {
  json.begin_array();
  write_time(json, sample.t_ms);
  if (histogram::is_mark(sample.v)) write_histogram(json, answer.histograms.at(sample.v));
  else write_value(json, sample.v);
  json.end_array();
}

void write_series(JsonWriter& json, const promql::Answer& answer, const promql::AnswerSeries& series, bool is_vector) {
  json.begin_object().key("metric");
  write_labels(json, series.labels);
  if (is_vector) {
    const metrics::tsdb::Sample& sample = series.samples.front();
    json.key(histogram::is_mark(sample.v) ? "histogram" : "value");
    write_sample(json, answer, sample);
  } else {
    for (const bool is_histogram : {false, true}) {
      bool has_sample = false;
      for (const metrics::tsdb::Sample& sample : series.samples) {
        if (histogram::is_mark(sample.v) != is_histogram) continue;
        if (!std::exchange(has_sample, true)) json.key(is_histogram ? "histograms" : "values").begin_array();
        write_sample(json, answer, sample);
      }
      if (has_sample) json.end_array();
    }
  }
  json.end_object();
}

std::string data_of(const Query& query, const promql::Answer& answer) {
  std::string out;
  JsonWriter json(out);
  const std::int64_t at_ms = query.time.start.ms;
  const bool is_vector = !query.is_range && answer.type == promql::ValueType::instant_vector;
  if (!query.is_range && answer.type == promql::ValueType::scalar) {
    json.begin_object().key("resultType").string("scalar").key("result").begin_array();
    write_time(json, at_ms);
    json.string(promql::format_value(answer.scalar)).end_array();  // never with an exponent, as there
  } else if (answer.type == promql::ValueType::string) {
    json.begin_object().key("resultType").string("string").key("result").begin_array();
    write_time(json, at_ms);
    json.string(answer.text).end_array();
  } else {
    json.begin_object().key("resultType").string(is_vector ? "vector" : "matrix").key("result").begin_array();
    for (const promql::AnswerSeries& series : answer.series) write_series(json, answer, series, is_vector);
    json.end_array();
  }
  json.end_object();
  return out;
}

PrometheusError error_of(const promql::EvaluationError& error) {
  switch (error.reason) {
    case promql::EvaluationRefusal::out_of_time:
      return {PrometheusErrorType::timeout, "query timed out in expression evaluation"};
    case promql::EvaluationRefusal::wrong_type:
    case promql::EvaluationRefusal::bad_duration:
    case promql::EvaluationRefusal::bad_parameter:
    case promql::EvaluationRefusal::duplicate_series:
    case promql::EvaluationRefusal::many_to_many:
    case promql::EvaluationRefusal::too_many_samples:
    case promql::EvaluationRefusal::too_many_steps:
    case promql::EvaluationRefusal::label_value_too_long:
    case promql::EvaluationRefusal::too_many_label_bytes:
    case promql::EvaluationRefusal::too_many_series: return {PrometheusErrorType::execution, error.message};
  }
  return {PrometheusErrorType::execution, error.message};
}

void evaluate_and_answer(const CallPointer& call, const Query& query) {
  const metrics::tsdb::Snapshot snapshot = call->services.watch.head.snapshot();
  const auto answer = promql::evaluate(query.expression, snapshot, query.time, query.options);
  if (!answer && call->has_left()) return answer_error(*call, caller_left);
  if (!answer) return answer_error(*call, error_of(answer.error()));
  std::vector<std::string> warnings;  // 2.42 remarks on nothing
  if (query.options.semantics == promql::Semantics::prometheus_3)
    for (const promql::Annotation& annotation : answer->annotations)
      if (annotation.level == promql::AnnotationLevel::warning) warnings.push_back(annotation.text);
  for (const std::string& block : snapshot.damaged_blocks())
    warnings.push_back("the block " + block + " is damaged: samples may be missing here");
  answer_data(*call, data_of(query, *answer), warnings);
}

void answer_query(const CallPointer& call, Result<Query, PrometheusError> query) {
  if (!query) return answer_error(*call, query.error());
  answer_from_store(call, [query = std::make_shared<const Query>(std::move(*query))](const CallPointer& asked) {
    evaluate_and_answer(asked, *query);
  });
}

void query_instant(const CallPointer& call) { answer_query(call, instant_query(*call)); }
void query_range(const CallPointer& call) { answer_query(call, range_query(*call)); }

}  // namespace

Routes prometheus_query_routes() {
  const std::vector<Member> shared{{"query", ValueKind::text, "the expression", true},
                                   {"timeout", ValueKind::text, "at most 2m"},
                                   {"lookback_delta", ValueKind::text, "how old the newest sample may be [5m]"},
                                   {"semantics", ValueKind::text, "prometheus_3 or prometheus_2 [prometheus_3]"}};
  std::vector<Member> instant = shared, range = shared;
  instant.push_back({"time", ValueKind::text, "seconds or RFC 3339 [now]"});
  range.push_back({"start", ValueKind::text, "seconds or RFC 3339", true});
  range.push_back({"end", ValueKind::text, "seconds or RFC 3339", true});
  range.push_back({"step", ValueKind::text, "seconds or a duration", true});
  Routes routes;
  for (const std::string_view method : {"GET", "POST"}) {
    routes.push_back({method,
                      "/api/v1/query",
                      "an expression at one instant, as Prometheus answers it",
                      "viewer",
                      instant,
                      {},
                      {},
                      query_instant,
                      Decides::route,
                      Dialect::prometheus});
    routes.push_back({method, "/api/v1/query_range", "an expression over a range, as Prometheus answers it", "viewer", range, {},
                      {}, query_range, Decides::route, Dialect::prometheus});
  }
  return routes;
}

}  // namespace watchbill::api
