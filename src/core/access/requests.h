// Who asked what: request ids with their recorded answers, and the counting of equal refusals.
// Source: design/http.md §4 (Idempotency-Key) and §5 (one record a minute).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

#include "model/command.h"
#include "model/decide.h"
#include "model/event.h"
#include "model/schedule.h"
#include "model/table.h"

namespace watchbill::core::access {

// The recorded answer to one request id.
struct KeptRequest {
  Instant at;
  Digest body;
  std::string caller;
  std::string id;
  std::string message;             // of the refusal
  std::optional<Refusal> refusal;  // none: it was done
  std::string subject;             // what was made or changed
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("at_ms", &KeptRequest::at),        field("body", &KeptRequest::body),
              field("caller", &KeptRequest::caller),   field("id", &KeptRequest::id),
              field("message", &KeptRequest::message), field("refusal", &KeptRequest::refusal),
              field("subject", &KeptRequest::subject));
  }
};

// Refusals of one caller that are equal in command and reason; key: caller, command, reason, separated by zero bytes.
struct RefusalCounter {
  Instant counted_at;        // when the last record was made
  std::uint64_t total{0};    // in records so far
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("counted_at_ms", &RefusalCounter::counted_at), field("total", &RefusalCounter::total));
  }
};

struct State {
  Table<Sequence, KeptRequest> requests;  // by the record that answered: the oldest first
  Table<std::string, RefusalCounter> refusals;
  // Derived: (caller, id) → record, and how many each caller has.
  std::unordered_map<std::string, Sequence> by_id;  // only ever asked for one
  std::map<std::string, std::size_t> count_of;
};

// Refusals since the last record of each counter: seen, not recorded, gone with a restart.
struct Seen {
  std::map<std::string, std::uint64_t> uncounted;
};

// What to do with a command that carries a request id.
struct Answered {
  Sequence sequence{0};
  KeptRequest request;
};
// Nothing: the id is new, go on. Answered: give this answer again. Refused: idempotency_key_reused or too_many_request_ids.
[[nodiscard]] std::variant<std::monostate, Answered, Refused> look_up(const State& state, const Actor& actor,
                                                                      const Request& request, Instant at, const Limits& limits);

// Whether this refusal becomes a record now (the first of its kind within the interval, or one that answers a request id). When
// it does not, it is counted in `seen` and appears with the next one.
[[nodiscard]] std::optional<CommandRefused> record_refusal(const State& state, Seen& seen, const Command& command,
                                                           const Refused& refused, const Limits& limits);

// Takes what was counted since the counter's last record, for the command that meets its deadline.
[[nodiscard]] std::uint64_t take_uncounted(Seen& seen, const std::string& counter);

// The interval of a counter is over: CommandRefused with what was seen meanwhile, or ObjectArchived when there were none.
[[nodiscard]] Decision decide(const State& state, const MeetDeadline& deadline, const Context& context);

void apply(State& state, const CommandRefused& event, const Applying& applying);
void apply_archived(State& state, const std::string& counter, const Applying& applying);

// Keeps the answer to a request, and forgets at most two whose time is over: bounded work, decided by the record's time alone.
void keep(State& state, Sequence sequence, KeptRequest request, const Limits& limits);

// Rebuilds what is derived, after a snapshot was read.
void rebuild(State& state, Schedule& schedule, const Limits& limits);

}  // namespace watchbill::core::access
