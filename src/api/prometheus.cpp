#include "api/prometheus.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/seconds.h"
#include "metrics/exposition/number.h"
#include "metrics/promql/print.h"
#include "metrics/promql/series_selector.h"

namespace watchbill::api {

namespace promql = metrics::promql;
namespace tsdb = metrics::tsdb;

namespace {

std::string_view word(PrometheusErrorType type) noexcept {
  switch (type) {
    case PrometheusErrorType::bad_data: return "bad_data";
    case PrometheusErrorType::canceled: return "canceled";
    case PrometheusErrorType::execution: return "execution";
    case PrometheusErrorType::not_found: return "not_found";
    case PrometheusErrorType::timeout: return "timeout";
    case PrometheusErrorType::unavailable: return "unavailable";
  }
  return "";
}

std::uint32_t status_of(PrometheusErrorType type) noexcept {
  switch (type) {
    case PrometheusErrorType::bad_data: return 400;
    case PrometheusErrorType::canceled: return 503;
    case PrometheusErrorType::execution: return 422;
    case PrometheusErrorType::not_found: return 404;
    case PrometheusErrorType::timeout: return 503;
    case PrometheusErrorType::unavailable: return 503;
  }
  return 500;
}

std::string error_body(const PrometheusError& error) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("status").string("error").key("errorType").string(word(error.type));
  json.key("error").string(error.message).end_object();
  return out + "\n";
}

ports::HttpResponse json_response(std::uint32_t status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

Result<std::vector<tsdb::Matcher>, PrometheusError> matchers_of(const std::string& text) {
  auto matchers = promql::parse_series_selector(text);
  if (!matchers) return PrometheusError{PrometheusErrorType::bad_data, matchers.error().text()};
  if (std::all_of(matchers->begin(), matchers->end(), [](const tsdb::Matcher& matcher) { return matcher.matches(""); }))
    return PrometheusError{PrometheusErrorType::bad_data, "match[] must contain at least one non-empty matcher"};
  return std::move(*matchers);
}

// So many parts of a second, as seconds.
struct Parts {
  std::int64_t of_a_second{0};
  std::size_t digits{0};
};
void write_parts(JsonWriter& json, std::int64_t count, Parts parts) {
  const std::int64_t magnitude = count < 0 ? -count : count;
  std::string text = (count < 0 ? "-" : "") + std::to_string(magnitude / parts.of_a_second);
  if (const std::int64_t fraction = magnitude % parts.of_a_second; fraction != 0) {
    const std::string digits = std::to_string(fraction);
    text += "." + std::string(parts.digits - digits.size(), '0') + digits;
  }
  json.raw(text);
}

}  // namespace

PrometheusError invalid_parameter(std::string_view name, std::string_view message) {
  return {PrometheusErrorType::bad_data, "invalid parameter \"" + std::string(name) + "\": " + std::string(message)};
}

std::string prometheus_error(const Refused& refused) {
  const RefusalFamily family = family_of(refused.reason);
  PrometheusError error{PrometheusErrorType::unavailable, std::string(word(refused.reason)) + ": " + refused.message};
  if (family == RefusalFamily::cannot_be_read) error.type = PrometheusErrorType::bad_data;
  if (family == RefusalFamily::not_there) error.type = PrometheusErrorType::not_found;
  return error_body(error);
}

void answer_error(Call& call, const PrometheusError& error) {
  call.answer(json_response(status_of(error.type), error_body(error)));
}

void answer_text(Call& call, std::uint32_t status, const std::string& text) {
  constexpr std::uint32_t no_content = 204, too_many_requests = 429, unavailable = 503;
  ports::HttpResponse response{status, {}, {}};
  if (status != no_content) {
    response.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}};
    response.body = text + "\n";
  }
  if (status == too_many_requests || status == unavailable) response.headers.push_back({"Retry-After", "5"});
  call.answer(std::move(response));
}

void answer_data(Call& call, std::string_view data, const std::vector<std::string>& warnings) {
  std::string out;
  out.reserve(data.size() + 64);
  JsonWriter json(out);
  json.begin_object().key("status").string("success").key("data").raw(data);
  if (!warnings.empty()) {
    json.key("warnings").begin_array();
    for (const std::string& warning : warnings) json.string(warning);
    json.end_array();
  }
  json.end_object();
  call.answer(std::move(out));
}

void write_time(JsonWriter& json, std::int64_t ms) { write_parts(json, ms, {1000, 3}); }

void write_value(JsonWriter& json, double value) {
  const double magnitude = std::abs(value);
  if (!std::isfinite(value) || magnitude == 0 || (magnitude >= 1e-6 && magnitude < 1e21)) {
    json.string(promql::format_value(value));
    return;
  }
  std::string text;
  metrics::exposition::append_number(text, value);
  json.string(text);
}

void write_labels(JsonWriter& json, const Labels& labels) {
  json.begin_object();
  for (const auto& [name, value] : labels) json.key(name).string(value);
  json.end_object();
}

void write_seconds(JsonWriter& json, Duration duration) { write_time(json, duration.ms); }
void write_microseconds(JsonWriter& json, std::int64_t us) { write_parts(json, us, {1'000'000, 6}); }

void write_instant(JsonWriter& json, Instant at) {
  json.string(at == Instant{} ? "0001-01-01T00:00:00Z" : format_rfc3339(at));
}

const std::string* parameter(const Call& call, std::string_view name) {
  const std::string* of_form = ports::find_parameter(call.request.form, name);
  return of_form != nullptr ? of_form : call.query(name);
}

std::vector<std::string> parameters(const Call& call, std::string_view name) {
  std::vector<std::string> out;
  for (const ports::HttpParameters* list : {&call.request.form, &call.request.query})
    for (const auto& [key, value] : *list)
      if (key == name) out.push_back(value);
  return out;
}

std::optional<Instant> parse_time(std::string_view text) {
  if (const auto ms = parse_plain_seconds(text)) return Instant{*ms};
  if (const auto instant = parse_rfc3339(text)) return *instant;
  return std::nullopt;
}

std::optional<Duration> parse_seconds(std::string_view text) {
  if (const auto ms = parse_plain_seconds(text)) return Duration{*ms};
  if (const auto duration = parse_duration(text)) return *duration;
  return std::nullopt;
}

Result<Instant, PrometheusError> time_parameter(const Call& call, std::string_view name, Instant otherwise) {
  const std::string* text = parameter(call, name);
  if (text == nullptr || text->empty()) return otherwise;
  const std::optional<Instant> at = parse_time(*text);
  if (!at)
    return invalid_parameter(name, "Invalid time value for '" + std::string(name) + "': cannot parse " + quoted(*text) +
                                       " to a valid timestamp");
  return *at;
}

Result<std::size_t, PrometheusError> count_parameter(const Call& call, std::string_view name, std::size_t otherwise) {
  const std::string* text = parameter(call, name);
  if (text == nullptr || text->empty()) return otherwise;
  std::size_t count = 0;
  const char* const end = text->data() + text->size();
  const auto [after, failure] = std::from_chars(text->data(), end, count);
  if (failure != std::errc{} || after != end)
    return invalid_parameter(name, "cannot parse " + quoted(*text) + " to a whole number from 0");
  return count;
}

Result<MatcherSets, PrometheusError> matcher_sets(const Call& call) {
  MatcherSets sets;
  for (const std::string& text : parameters(call, "match[]")) {
    auto matchers = matchers_of(text);
    if (!matchers) return matchers.error();
    sets.push_back(std::move(*matchers));
  }
  return sets;
}

const PrometheusError caller_left{PrometheusErrorType::canceled, "query was canceled: its client ended the connection"};

void answer_from_pool(const CallPointer& call, std::function<void(const CallPointer&)> work) {
  const auto task = [call, work = std::move(work)] {
    if (call->has_left()) answer_error(*call, caller_left);
    else work(call);
  };
  if (call->services.watch.run(task)) return;
  answer_error(*call, {PrometheusErrorType::unavailable, "busy: too many queries are waiting"});
}

void answer_from_store(const CallPointer& call, std::function<void(const CallPointer&)> work) {
  if (const auto fault = store_fault(call->services.watch))
    return answer_error(*call, {PrometheusErrorType::unavailable, *fault});
  answer_from_pool(call, std::move(work));
}

std::optional<std::string> store_fault(const Watch& watch) {
  if (watch.is_ready()) return std::nullopt;
  return watch.is_ending() ? "the controller is closing" : "stored samples are being loaded";
}

}  // namespace watchbill::api
