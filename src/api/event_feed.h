// Server-sent events: every reader gets each durable event that it asked for, once and in order, from where it wants to begin
// (design/http.md §6).
//
// The newest records are kept in memory, older ones are read from the journal; a reader that comes up from behind is fed in
// portions, one that does not keep up is told `lagged` and closed.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/call.h"
#include "api/counters.h"
#include "model/record.h"

namespace watchbill::api {

class EventFeed {
 public:
  // `history` runs tasks on a thread that serves the feed alone; `head` is the last record that was durable before publish().
  EventFeed(History history, ports::IoLoop& loop, Counters& counters, Sequence head);

  // Takes durable records, in order, and returns at once. Engine's thread.
  void publish(std::span<const StoredRecord> records);

  static constexpr std::uint32_t whole_record = ~std::uint32_t{0};
  struct Wanted {
    // Begin behind this event, or with index `whole_record` behind this record; none: with what happens from now on.
    std::optional<EventReference> after;
    std::string type;                     // only this type of event; empty: all
    std::optional<Area> area;
    std::string source;  // of the CloudEvents envelope: "/watchbill/LINEAGE"
  };
  // Answers the call with a stream. Refuses position_gone when the journal does not have the position, busy when there are too
  // many readers. Any thread.
  void subscribe(CallPointer call, Wanted wanted);

 private:
  using Record = std::shared_ptr<const StoredRecord>;
  struct Reader {
    std::unique_ptr<ports::HttpResponder> responder;
    Wanted wanted;
    Sequence next{1};
    bool is_closed{false};
  };

  void wake();
  void pump();
  void begin(const CallPointer& call, Wanted wanted);
  [[nodiscard]] Result<std::vector<Record>> records_from(Sequence next);
  [[nodiscard]] std::optional<std::vector<Record>> recent_from(Sequence next);
  void feed(Reader& reader, std::span<const Record> records);
  void count_new();

  History history_;
  ports::IoLoop& loop_;
  Counters& counters_;
  std::mutex mutex_;
  std::deque<Record> recent_;
  std::size_t recent_bytes_{0};
  Sequence head_;
  std::atomic<bool> is_awake_{false};
  std::vector<Reader> readers_;  // history's thread only, like counted_
  Sequence counted_;             // the last record that the counters know
};

}  // namespace watchbill::api
