// What the handlers of Alertmanager's paths share: its answers, its errors, its parameters and the alerts that they show.
// Source: Alertmanager 0.25 api/v2 (api.go, compat.go), asked over HTTP.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "base/pattern/pattern.h"
#include "model/matcher/matcher.h"
#include "outside/reading.h"

namespace watchbill::api {

// Clients choose what they ask for by this version: it is the one whose API is answered.
inline constexpr std::string_view alertmanager_version = "0.25.0";

// A JSON string and its line's end: how Alertmanager says what is wrong.
[[nodiscard]] std::string alertmanager_error(std::string_view text);
// The same of a refusal of ours: "REASON: MESSAGE".
[[nodiscard]] std::string alertmanager_error(const Refused& refused);

// Answers so, with this status; 429 and 503 ask to come again in 5 s.
void answer_alertmanager(Call& call, std::uint32_t status, std::string_view text);
// {"code":…,"message":…}: what its validation of bodies and paths answers.
void answer_fault(Call& call, const outside::BodyFault& fault);
// Answers JSON.
void answer_json(Call& call, std::string json);
// 415 when the body does not call itself JSON; true when it was answered.
[[nodiscard]] bool refuse_other_media(Call& call);

// Runs `work` on the evaluation pool, which then answers by itself; answers 503 when too many wait.
void answer_beside(const CallPointer& call, std::function<void(const CallPointer&)> work);

// All `filter`; as there several must all match. Fails with the text of the answer.
[[nodiscard]] Result<std::vector<LabelMatcher>, std::string> filter_parameters(const Call& call);
// A truth of the query: "true", "1", "yes", "on" and the like are true, what is not given is `true`, all else is false.
[[nodiscard]] bool truth_parameter(const Call& call, std::string_view name);

// What `alerts` and `alerts/groups` ask for.
struct AlertAsk {
  Matchers filter;
  std::optional<Pattern> receiver;
  bool active{true}, inhibited{true}, silenced{true};
  Duration validity;  // of own alerts, which last as long as nobody looks: so long, as other Alertmanagers are told
};
[[nodiscard]] Result<AlertAsk, std::string> alert_ask(const Call& call);

// An alert's place in one of the groups that it is told in.
struct ShownGroup {
  std::uint32_t route{0};
  Labels labels;
  std::string receiver;
};
// A firing alert as its clients see it.
struct ShownAlert {
  std::map<std::string, std::string> annotations;
  Instant ends_at, starts_at, updated_at;
  std::string fingerprint;
  std::string generator_url;
  std::vector<ShownGroup> groups;  // by route; one for each route that it takes
  Labels labels;
  std::vector<std::string> inhibited_by;  // fingerprints
  std::vector<std::string> silenced_by;
};
// Those that are asked for, each label set once. `with_groups` is false: of groups only receivers are looked for, and those that
// take another receiver's route stay. Any thread, but not within a reader of the follower.
[[nodiscard]] std::vector<ShownAlert> shown_alerts(const Services& services, const AlertAsk& ask, bool with_groups);
// `receivers` as they are written, in this order.
void write_alert(JsonWriter& json, const ShownAlert& alert, const std::vector<std::string>& receivers);

}  // namespace watchbill::api
