// Records and causes, as they are stored (design/events.md). What is asked here may wait for the disk: it runs on the history's
// thread.
#include <charconv>

#include "api/page.h"
#include "api/routes.h"
#include "engine/names.h"
#include "engine/story.h"

namespace watchbill::api {
namespace {

// A question looks at this many records at most; a page that found less than its limit says with `next` where to go on.
constexpr Sequence scanned_records_max = 20'000;
constexpr std::size_t meanings_named_max = 8;  // of a name that is no id

// Runs `ask(journal)` where it may wait; refuses when too many questions wait.
template <class Ask>
void ask_history(const CallPointer& call, Ask ask) {
  const bool is_taken = call->services.history.run([call, ask = std::move(ask)] {
    const Result<std::unique_ptr<ports::JournalPort>> journal = call->services.history.open();
    if (!journal) return call->fail(journal.error());
    ask(**journal);
  });
  if (!is_taken) call->refuse(Refused{Refusal::busy, "too many questions to the journal wait"});
}

// Only what readers see: an append under way may still turn out not to be there.
std::string record_json(const StoredRecord& record, const RecordHeader& header) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("sequence").integer(static_cast<std::int64_t>(record.sequence));
  json.key("time").string(format_rfc3339(header.time)).key("hash").string(record.hash().hex());
  json.key("header").string(record.header);
  if (record.payload) json.key("payload").raw(*record.payload);
  json.end_object();
  return out;
}

std::optional<Sequence> parse_sequence(std::string_view text) {
  Sequence sequence = 0;
  const char* const end = text.data() + text.size();
  const auto [after, failure] = std::from_chars(text.data(), end, sequence);
  const bool is_number = failure == std::errc{} && after == end && sequence <= static_cast<Sequence>(json_integer_max);
  return is_number ? std::optional(sequence) : std::nullopt;
}

struct EventQuestion {
  EventReference from;  // the first that counts
  std::size_t limit{page_limit_default};
  std::string type;
  std::optional<Area> area;
};

// The events of one record into the page; false when it is full. `next` is then the first that did not fit.
Result<bool> add_events(const StoredRecord& record, const EventQuestion& question, Page& page, EventReference& next) {
  next = EventReference{record.sequence + 1, 0};
  if (!record.payload) return true;
  const std::optional<RecordHeader> header = decode_header(record.header);
  const Result<RecordEvents, DecodeFailure> body = decode_events(*record.payload);
  if (!header || !body)
    return Error{ErrorKind::corrupt, "read record", std::to_string(record.sequence), body ? "its header" : body.error().what};
  for (std::size_t index = 0; index < body->events.size(); ++index) {
    const EventReference place{record.sequence, static_cast<std::uint32_t>(index)};
    const Event& event = body->events[index].event;
    const bool is_wanted = place >= question.from && (question.type.empty() || type_of(event) == question.type) &&
                           (!question.area || area_of(event) == *question.area);
    if (!is_wanted) continue;
    if (page.size() == question.limit) {
      next = place;
      return false;
    }
    page.add(engine::event_json(*header, body->events[index], index));
  }
  return true;
}

void answer_events(const CallPointer& call, const EventQuestion& question, ports::JournalPort& journal) {
  const Sequence head = head_of(call->services);
  const Sequence from = question.from.sequence;
  const Sequence to = std::min(head, from + scanned_records_max - 1);
  Page page;
  if (from > head) return call->answer(page.finish(head, ""), head);
  EventReference next{to + 1, 0};
  std::optional<Error> failure;
  bool is_full = false;
  const Status read = journal.read(from, to, [&](const StoredRecord& record) {
    const Result<bool> more = add_events(record, question, page, next);
    if (!more) failure = more.error();
    is_full = more && !*more;
    return more && *more;
  });
  if (!read || failure) return call->fail(failure ? *failure : read.error());
  const bool has_more = is_full || to < head;
  call->answer(page.finish(head, has_more ? std::to_string(next.sequence) + "." + std::to_string(next.index) : ""), head);
}

void list_events(const CallPointer& call) {
  const Result<PageRequest, Refused> request = page_of(*call);
  const Result<std::uint64_t, Refused> since = call->number("since", 1);
  if (!request || !since) return call->refuse(request ? since.error() : request.error());
  EventQuestion question{{*since, 0}, request->limit, {}, std::nullopt};
  if (!request->after.empty()) {
    const std::optional<EventReference> place = parse_event_reference(request->after);
    if (!place) return call->refuse(Refused{Refusal::bad_argument, "cursor: expected `next` of the page before"});
    question.from = *place;
  }
  if (const std::string* type = call->query("type")) question.type = *type;
  if (const std::string* area = call->query("area")) {
    question.area = from_word<Area>(*area);
    if (!question.area) return call->refuse(Refused{Refusal::bad_argument, "area " + *area + " is not one of events"});
  }
  ask_history(call, [call, question](ports::JournalPort& journal) { answer_events(call, question, journal); });
}

void show_record(const CallPointer& call) {
  const std::optional<Sequence> wanted = parse_sequence(call->path("seq"));
  if (!wanted || *wanted == 0)
    return call->refuse(Refused{Refusal::bad_argument, "the record's number: expected a whole number from 1"});
  ask_history(call, [call, sequence = *wanted](ports::JournalPort& journal) {
    const Sequence head = head_of(call->services);
    if (sequence > head)
      return call->refuse(Refused{Refusal::unknown_record, "the journal ends at record " + std::to_string(head)});
    std::optional<std::string> found;
    const Status read = journal.read(sequence, sequence, [&](const StoredRecord& record) {
      if (const auto header = decode_header(record.header)) found = record_json(record, *header);
      return false;
    });
    if (!read) return call->fail(read.error());
    if (!found) return call->refuse(Refused{Refusal::unknown_record, "there is no record " + std::to_string(sequence)});
    call->answer(std::move(*found), head);
  });
}

// What the journal has of a name that is no id. Refuses `unknown_record` where that is nothing, or more than one thing.
Result<std::string, Refused> id_of_name(const std::string& name, Sequence head, ports::JournalPort& journal,
                                        ports::JournalPort& blobs, std::optional<Error>& failure) {
  const BlobLookup blob = [&blobs](const Digest& digest) -> std::optional<std::string> {
    const Result<std::optional<std::string>> bytes = blobs.blob(digest);
    return bytes ? *bytes : std::nullopt;
  };
  engine::Names names(name);
  const Status read = journal.read(1, head, [&](const StoredRecord& record) {
    if (const Status taken = names.take(record, blob); !taken) failure = taken.error();
    return !failure;
  });
  if (!read && !failure) failure = read.error();
  const std::vector<engine::Meaning> meanings = names.meanings();
  if (meanings.size() == 1) return meanings.front().id;
  if (meanings.empty()) return Refused{Refusal::unknown_record, "nothing in the journal is about " + name};
  std::string message = name + " means " + std::to_string(meanings.size()) + " things; the last of them:";
  for (std::size_t i = meanings.size() - std::min(meanings.size(), meanings_named_max); i < meanings.size(); ++i)
    message += " " + meanings[i].id;
  return Refused{Refusal::unknown_record, std::move(message)};
}

struct WhyPage {
  Page page;
  bool has_story{false};  // there are records of it, on this page or another
  bool has_more{false};
  Sequence last{0};
  std::optional<Error> failure;
};

// The whole story is gone through for each page: what follows from a record is only known to who has seen that record.
WhyPage page_of_story(const std::string& id, std::size_t limit, Sequence after, Sequence head, ports::JournalPort& journal) {
  engine::Story story(id);
  WhyPage out;
  out.last = after;
  const Status read = journal.read(1, head, [&](const StoredRecord& record) {
    const auto taken = story.take(record);
    if (!taken) out.failure = taken.error();
    out.has_story = out.has_story || (taken && *taken);
    if (!taken || !*taken || record.sequence <= after) return taken.has_value();
    out.has_more = out.page.size() == limit;
    if (out.has_more) return false;
    if (const auto header = decode_header(record.header)) out.page.add(record_json(record, *header));
    out.last = record.sequence;
    return true;
  });
  if (!read && !out.failure) out.failure = read.error();
  return out;
}

void answer_why(const CallPointer& call, const PageRequest& request, Sequence after, ports::JournalPort& journal) {
  const Sequence head = head_of(call->services);
  WhyPage told = page_of_story(call->path("id"), request.limit, after, head, journal);
  if (!told.failure && !told.has_story) {
    const auto blobs = call->services.history.open();  // asked while the other one walks
    if (!blobs) return call->fail(blobs.error());
    const auto id = id_of_name(call->path("id"), head, journal, **blobs, told.failure);
    if (!told.failure && !id) return call->refuse(id.error());
    if (!told.failure) told = page_of_story(*id, request.limit, after, head, journal);
  }
  if (told.failure) return call->fail(*told.failure);
  call->answer(told.page.finish(head, told.has_more ? std::to_string(told.last) : ""), head);
}

void tell_why(const CallPointer& call) {
  const Result<PageRequest, Refused> request = page_of(*call);
  if (!request) return call->refuse(request.error());
  const std::optional<Sequence> after = request->after.empty() ? 0 : parse_sequence(request->after);
  if (!after) return call->refuse(Refused{Refusal::bad_argument, "cursor: expected `next` of the page before"});
  ask_history(call, [call, request = *request, after = *after](ports::JournalPort& journal) {
    answer_why(call, request, after, journal);
  });
}

}  // namespace

Routes journal_routes() {
  return {
      {"GET",
       "/api/watchbill/v1/journal",
       "the events of all records, oldest first",
       "viewer",
       {limit_member, cursor_member, {"since", ValueKind::number, "the first record [1]"},
        {"type", ValueKind::text, "only events of this type"}, {"area", ValueKind::text, "only events of this area"}},
       {},
       {},
       list_events},
      {"GET", "/api/watchbill/v1/journal/{seq}", "one record: header, hash, cause and events", "viewer", {}, {},
       {Refusal::unknown_record}, show_record},
      {"GET",
       "/api/watchbill/v1/why/{id}",
       "the records that tell what happened to a record or an object, with their causes and what followed",
       "viewer",
       {limit_member, cursor_member},
       {},
       {Refusal::unknown_record},
       tell_why},
  };
}

}  // namespace watchbill::api
