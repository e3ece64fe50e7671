// Which records and events tell the story of one thing, and how an event is shown outside: shared by the command line and the
// API.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/record.h"

namespace watchbill::engine {

// One event with its place, as JSON: {"area":…,"event":{…},"id":"SEQ.INDEX","time":…}.
[[nodiscard]] std::string event_json(const RecordHeader& header, const RecordedEvent& event, std::size_t index);

// One record of a story. A record may hold what became of five hundred alerts: `shown` says which events belong here.
struct Chapter {
  RecordHeader header;
  RecordBody body;
  std::vector<bool> shown;  // one for each event
};

// What somebody asks about: a record "4107" or "#4107", an event "4107.2", or the name of an object. Records are shown to it in
// the order of the journal.
//
// A record belongs to the story when it is the one asked for, speaks of the object, or follows from one that does. Of it are
// shown the events that speak of the object, what they followed from, and what followed. What the object began joins the story:
// the run that an alert asked for, the message that told of it, the page that was raised.
class Story {
 public:
  explicit Story(std::string_view id);

  // Nothing when the record is no part of the story, or its payload was erased. Fails (corrupt) when it cannot be read.
  [[nodiscard]] Result<std::optional<Chapter>> take(const StoredRecord& record);

 private:
  [[nodiscard]] bool may_speak_of_it(std::string_view payload) const;
  [[nodiscard]] bool speaks_of_it(const RecordedEvent& event) const;
  [[nodiscard]] std::vector<bool> own_events_of(const std::vector<RecordedEvent>& events) const;
  [[nodiscard]] static std::vector<bool> with_causes(const std::vector<RecordedEvent>& events, std::vector<bool> own);
  void join(const Event& event);

  std::string object_;           // empty: a record was asked for
  Sequence sequence_{0};
  std::set<std::string, std::less<>> ids_;  // the object when its name is an id, and what it began
  std::set<Sequence> told_;
};

}  // namespace watchbill::engine
