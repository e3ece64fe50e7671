// Which records tell the story of one thing, and how an event is shown outside: shared by the command line and the API.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "model/record.h"

namespace watchbill::engine {

// One event with its place, as JSON: {"area":…,"event":{…},"id":"SEQ.INDEX","time":…}.
[[nodiscard]] std::string event_json(const RecordHeader& header, const RecordedEvent& event, std::size_t index);

// What somebody asks about: a record "4107" or "#4107", an event "4107.2", or the name of an object.
class Story {
 public:
  explicit Story(std::string_view id);

  // Whether this record belongs to the story: it is the one asked for, speaks of the object, or follows from one that does.
  // Records are shown to it in the order of the journal. False for one whose payload was erased. Fails (corrupt) when the record
  // cannot be read.
  [[nodiscard]] Result<bool> take(const StoredRecord& record);

 private:
  std::string object_;
  Sequence sequence_{0};
  std::set<Sequence> told_;
};

}  // namespace watchbill::engine
