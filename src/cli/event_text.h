// Events as `why` tells them: a line for each, times and durations as people write them, digests short where nobody asks by them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/record.h"

namespace watchbill::cli {

// What a telling looks up beside the journal's records. Each may give nothing.
struct TellingSources {
  std::string_view asked;  // the object of the story: it need not stand in every line
  std::size_t samples_max{4};  // of one series
  // The PromQL text of this rule as the bill of that time had it, by name, group and digest.
  std::function<std::string(const std::string& name, const std::string& group, const Digest& expression)> expression;
  std::function<std::optional<std::string>(const Digest& digest)> blob;
};

// The first line is `TYPE  what happened`; the others stand below it: labels and samples of an alert, what a message said.
[[nodiscard]] std::vector<std::string> event_story(const Event& event, const TellingSources& sources);

// Who made the record be written, with what: "ana (operator) asked SetHold scope=all reason=disks". What the events say
// themselves is left out for the controller's own reports.
[[nodiscard]] std::string cause_story(const RecordBody& body, const TellingSources& sources);

}  // namespace watchbill::cli
