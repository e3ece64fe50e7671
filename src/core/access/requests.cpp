#include "core/access/requests.h"

#include <algorithm>

namespace watchbill::core::access {
namespace {

constexpr std::size_t request_id_bytes_max = 128;  // design/http.md §4
constexpr char separator = '\0';

std::string counter_key(std::string_view caller, std::string_view command, Refusal reason) {
  std::string key(caller);
  key.push_back(separator);
  key.append(command).push_back(separator);
  return key.append(word(reason));
}

// One text for both. The last byte is the length of the id, at most 128: no two pairs share a key, whatever bytes they hold.
std::string request_key(std::string_view caller, std::string_view id) {
  std::string key;
  key.reserve(caller.size() + id.size() + 1);
  return key.append(caller).append(id).append(1, static_cast<char>(id.size()));
}

Subject subject_for(const std::string& counter) { return {Area::access, counter}; }

// The three parts of a counter's key.
struct CounterParts {
  std::string caller, command;
  Refusal reason{Refusal::internal};
};
CounterParts parts_of(const std::string& key) {
  // From the end: command and reason are words of ours, a caller's name may hold any byte.
  const std::size_t second = key.rfind(separator);
  WB_ASSERT(second != std::string::npos && second > 0, "counter keys have three parts");
  const std::size_t first = key.rfind(separator, second - 1);
  WB_ASSERT(first != std::string::npos, "counter keys have three parts");
  const std::optional<Refusal> reason = from_word<Refusal>(std::string_view(key).substr(second + 1));
  WB_ASSERT(reason.has_value(), "the third part of a counter's key is a reason");
  return {key.substr(0, first), key.substr(first + 1, second - first - 1), *reason};
}

void forget(State& state, Sequence sequence) {
  const KeptRequest* request = state.requests.find(sequence);
  WB_ASSERT(request != nullptr, "only a kept request is forgotten");
  state.by_id.erase(request_key(request->caller, request->id));
  const auto count = state.count_of.find(request->caller);
  if (--count->second == 0) state.count_of.erase(count);
  state.requests.erase(sequence);
}

// The oldest request that is kept, if its time is over.
std::optional<Sequence> oldest_is_over(const State& state, Instant now, const Limits& limits) {
  std::optional<Sequence> over;
  state.requests.each([&](Sequence oldest, const KeptRequest& kept) {
    if (now - kept.at >= limits.request_id_age_max) over = oldest;
    return false;
  });
  return over;
}

void derive(State& state, Sequence sequence, const KeptRequest& request) {
  state.by_id[request_key(request.caller, request.id)] = sequence;
  ++state.count_of[request.caller];
}

}  // namespace

std::variant<std::monostate, Answered, Refused> look_up(const State& state, const Actor& actor, const Request& request,
                                                        Instant at, const Limits& limits) {
  if (request.id.empty() || request.id.size() > request_id_bytes_max)
    return Refused{Refusal::bad_argument, "request id: expected 1 to " + std::to_string(request_id_bytes_max) + " bytes"};
  const auto known = state.by_id.find(request_key(actor.name, request.id));
  if (known != state.by_id.end()) {
    const KeptRequest* kept = state.requests.find(known->second);
    WB_ASSERT(kept != nullptr, "by_id names kept requests");
    if (kept->body != request.body)
      return Refused{Refusal::idempotency_key_reused, "request id " + request.id + " belongs to another request, record " +
                                                          std::to_string(known->second)};
    return Answered{known->second, *kept};
  }
  const auto count = state.count_of.find(actor.name);
  // keep() forgets two ids whose time is over for each that it takes, so then there is room, whoever had them.
  if (count != state.count_of.end() && count->second >= limits.request_ids_per_caller_max && !oldest_is_over(state, at, limits))
    return Refused{Refusal::too_many_request_ids, std::to_string(count->second) + " request ids of " + actor.name + " are kept"};
  return std::monostate{};
}

std::optional<CommandRefused> record_refusal(const State& state, Seen& seen, const Command& command, const Refused& refused,
                                             const Limits& limits) {
  if (command.actor.kind != ActorKind::caller) return std::nullopt;
  const std::string key = counter_key(command.actor.name, type_of(command.body), refused.reason);
  const bool is_counting = state.refusals.contains(key);
  const bool is_full = !is_counting && state.refusals.size() >= limits.refusal_counters_max;
  if ((is_counting || is_full) && !command.request) {
    if (is_counting) ++seen.uncounted[key];
    return std::nullopt;
  }
  if (is_full) return std::nullopt;
  return CommandRefused{command.actor.name, std::string(type_of(command.body)), 1, refused.message, refused.reason};
}

std::uint64_t take_uncounted(Seen& seen, const std::string& counter) {
  const auto waiting = seen.uncounted.find(counter);
  if (waiting == seen.uncounted.end()) return 0;
  const std::uint64_t count = waiting->second;
  seen.uncounted.erase(waiting);
  return count;
}

Decision decide(const State& state, const MeetDeadline& deadline, const Context&) {
  WB_ASSERT(state.refusals.contains(deadline.subject), "the index names only counters that exist");
  if (deadline.seen == 0) return Events{ObjectArchived{"refusals", deadline.subject, Area::access}};
  CounterParts parts = parts_of(deadline.subject);
  return Events{CommandRefused{std::move(parts.caller), std::move(parts.command), deadline.seen, {}, parts.reason}};
}

void apply(State& state, const CommandRefused& event, const Applying& applying) {
  const std::string key = counter_key(event.caller, event.command, event.reason);
  RefusalCounter& counter = state.refusals.edit_or_insert(key);
  counter.counted_at = applying.at;
  counter.total += event.count;
  applying.schedule.deadlines.set(subject_for(key), applying.at + applying.limits.refusal_interval);
}

void apply_archived(State& state, const std::string& counter, const Applying& applying) {
  const bool erased = state.refusals.erase(counter);
  WB_ASSERT(erased, "only a counter that exists is archived");
  applying.schedule.deadlines.remove(subject_for(counter));
}

void keep(State& state, Sequence sequence, KeptRequest request, const Limits& limits) {
  for (int forgotten = 0; forgotten < 2; ++forgotten) {
    const std::optional<Sequence> over = oldest_is_over(state, request.at, limits);
    if (!over) break;
    forget(state, *over);
  }
  derive(state, sequence, request);
  const bool inserted = state.requests.insert(sequence, std::move(request));
  WB_ASSERT(inserted, "one record answers one request");
}

void rebuild(State& state, Schedule& schedule, const Limits& limits) {
  state.by_id.clear();
  state.count_of.clear();
  state.requests.each([&](Sequence sequence, const KeptRequest& request) {
    derive(state, sequence, request);
    return true;
  });
  state.refusals.each([&](const std::string& key, const RefusalCounter& counter) {
    schedule.deadlines.set(subject_for(key), counter.counted_at + limits.refusal_interval);
    return true;
  });
}

}  // namespace watchbill::core::access
