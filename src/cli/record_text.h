// Records and events as people read them: one line each, every field named.
#pragma once

#include <string>
#include <vector>

#include "model/record.h"

namespace watchbill::cli {

// One event of a record, with what a list shows of it.
struct EventLine {
  EventReference reference;
  Instant time;
  std::string type;
  std::string area;
  std::string subject;
  std::string fields;  // "by=ana reason="looking at the disks" scope=all"
  std::optional<std::uint32_t> after;
};

// All events of a record. Fails (corrupt) when the payload cannot be read.
[[nodiscard]] Result<std::vector<EventLine>> event_lines(const StoredRecord& record);

// One event as a JSON object with its place: what `journal list -o json` and `journal follow` print.
[[nodiscard]] std::string event_json(const StoredRecord& record, std::size_t index);

}  // namespace watchbill::cli
