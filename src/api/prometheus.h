// What the handlers of Prometheus' paths share: its envelope, its numbers and times, its parameters and its errors.
// Source: Prometheus 2.42 web/api/v1 (api.go, json_codec.go) and util/jsonutil.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "metrics/tsdb/matcher.h"

namespace watchbill::api {

enum class PrometheusErrorType : std::uint8_t { bad_data, canceled, execution, not_found, timeout, unavailable };

// One error as its API tells it.
struct PrometheusError {
  PrometheusErrorType type{PrometheusErrorType::bad_data};
  std::string message;
};

// What is answered to one who is seen to have left; most likely nobody reads it.
extern const PrometheusError caller_left;

// `invalid parameter "NAME": MESSAGE`
[[nodiscard]] PrometheusError invalid_parameter(std::string_view name, std::string_view message);

// {"status":"error","errorType":…,"error":…} of a refusal of ours: "REASON: MESSAGE".
[[nodiscard]] std::string prometheus_error(const Refused& refused);

// Answers with the error and its status: 400, 422, 404, 503.
void answer_error(Call& call, const PrometheusError& error);
// Answers {"status":"success","data":DATA}, with "warnings" when there are any. `data` is JSON.
void answer_data(Call& call, std::string_view data, const std::vector<std::string>& warnings = {});
// Answers as remote write and remote read do: `text` and a newline; nothing with 204. 429 and 503 ask to come again in 5 s.
void answer_text(Call& call, std::uint32_t status, const std::string& text);
// How that answer begins: what has megabytes to tell is written behind it, without a copy, and ends with one more brace.
inline constexpr std::string_view data_begin = R"({"status":"success","data":)";

// A time as seconds, and a sample's value as text: 1435781451.781, "0.25", "1e+21", "NaN".
void write_time(JsonWriter& json, std::int64_t ms);
void write_value(JsonWriter& json, double value);
// A label set as an object.
void write_labels(JsonWriter& json, const Labels& labels);
// Seconds as a JSON number.
void write_seconds(JsonWriter& json, Duration duration);
void write_microseconds(JsonWriter& json, std::int64_t us);
// RFC 3339; what never happened is Go's zero time.
void write_instant(JsonWriter& json, Instant at);

// Parameters of the query and of a form together; the form's come first, as in Go.
[[nodiscard]] const std::string* parameter(const Call& call, std::string_view name);
[[nodiscard]] std::vector<std::string> parameters(const Call& call, std::string_view name);

// Seconds since 1970 or RFC 3339; nothing when it is neither.
[[nodiscard]] std::optional<Instant> parse_time(std::string_view text);
// Seconds, or a duration as Prometheus writes it.
[[nodiscard]] std::optional<Duration> parse_seconds(std::string_view text);
// The parameter as a time; `otherwise` when it is not given.
[[nodiscard]] Result<Instant, PrometheusError> time_parameter(const Call& call, std::string_view name, Instant otherwise);
// A whole number from 0; `otherwise` when it is not given.
[[nodiscard]] Result<std::size_t, PrometheusError> count_parameter(const Call& call, std::string_view name,
                                                                   std::size_t otherwise);

using MatcherSets = std::vector<std::vector<metrics::tsdb::Matcher>>;
// All `match[]`: selectors of which each has a matcher that does not match the empty text.
[[nodiscard]] Result<MatcherSets, PrometheusError> matcher_sets(const Call& call);

// Runs `work` on the evaluation pool, which then answers the call on the loop by itself; answers `unavailable` when too many
// wait, and `canceled` instead of the work when the caller has left meanwhile.
void answer_from_pool(const CallPointer& call, std::function<void(const CallPointer&)> work);
// The same for who reads samples; answers `unavailable` while the stored ones are loaded: an answer without them would be wrong.
void answer_from_store(const CallPointer& call, std::function<void(const CallPointer&)> work);
// Why that is, if it is.
[[nodiscard]] std::optional<std::string> store_fault(const Watch& watch);

}  // namespace watchbill::api
