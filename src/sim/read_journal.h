// The records of a journal, each decoded once for all the checkers that look through them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/record.h"

namespace watchbill::sim {

struct ReadRecord {
  Sequence sequence{0};
  std::optional<RecordEvents> body;  // none: it cannot be read; damage is the chain checker's
};
using ReadJournal = std::vector<ReadRecord>;

// Decodes them all, in their order.
[[nodiscard]] ReadJournal read_journal(const std::vector<StoredRecord>& records);

// Calls visit(event) for every event, in order, until it gives a text; gives that text, with its record. Records that cannot be
// read are passed over.
template <class Visit>
std::string each_event(const ReadJournal& journal, Visit&& visit) {
  for (const ReadRecord& record : journal) {
    if (!record.body) continue;
    for (const RecordedEvent& recorded : record.body->events)
      if (std::string what = visit(recorded.event); !what.empty())
        return "record " + std::to_string(record.sequence) + ": " + what;
  }
  return {};
}

}  // namespace watchbill::sim
