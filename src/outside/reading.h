// The bodies that clients of Alertmanager post: alerts, and a silence. Strict JSON; members that nobody knows are passed over, as
// there. Source: Alertmanager 0.25 api/v2/openapi.yaml (postableAlert, postableSilence) and what its validation answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/configuration_routing.h"
#include "outside/alert_desk.h"

namespace watchbill::outside {

// Why a body was not read: `code` is the one that its clients see, an HTTP status or a number from 600, which goes with 422.
struct BodyFault {
  int code{400};
  std::string message;  // with the place: "line 1, column 3: …", or "0.labels in body is required"
};

// All alerts of a body, or none. Bodies of a megabyte take some 20 ms.
[[nodiscard]] Result<std::vector<PostedAlert>, BodyFault> read_alerts(std::string_view body);

struct PostedSilence {
  std::string comment;
  std::string created_by;
  Instant ends_at;
  std::string id;  // "": a new one
  std::vector<LabelMatcher> matchers;
  Instant starts_at;
};
[[nodiscard]] Result<PostedSilence, BodyFault> read_silence(std::string_view body);

// Whether the text is a UUID as paths and filters write it.
[[nodiscard]] bool is_uuid(std::string_view text) noexcept;

}  // namespace watchbill::outside
