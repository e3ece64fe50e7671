#include "api/event_feed.h"

#include <algorithm>

namespace watchbill::api {
namespace {

constexpr std::size_t readers_max = 64;             // each may hold 4 MiB of unsent events
constexpr std::size_t recent_records_max = 4096;    // a reader that stumbles for a second is served from memory
constexpr std::size_t recent_bytes_max = 8U << 20;
constexpr std::size_t portion_records = 512;
constexpr Duration portion_pause = Duration::milliseconds(20);  // 25,000 records/s: what a reader on the same host takes in
constexpr Duration comment_interval = Duration::seconds(15);
constexpr std::string_view comment = ":\n\n";
constexpr std::string_view farewell = "event: lagged\ndata: {}\n\n";

std::string chunk_of(const RecordHeader& header, const RecordedEvent& event, std::size_t index, const std::string& source) {
  const std::string id = std::to_string(header.sequence) + "." + std::to_string(index);
  std::string fields;
  JsonWriter event_writer(fields);
  encode_event(event_writer, event);
  std::string data;
  JsonWriter json(data);
  json.begin_object().key("specversion").string("1.0").key("id").string(id).key("source").string(source);
  json.key("type").string(type_of(event.event)).key("time").string(format_rfc3339(header.time));
  if (const std::string subject = subject_of(event.event); !subject.empty()) json.key("subject").string(subject);
  json.key("area").string(word(area_of(event.event))).key("datacontenttype").string("application/json");
  json.key("data").raw(fields).end_object();
  std::string chunk = "id: " + id + "\nevent: ";
  chunk.append(type_of(event.event)).append("\ndata: ").append(data).append("\n\n");
  return chunk;
}

}  // namespace

EventFeed::EventFeed(History history, ports::IoLoop& loop, Counters& counters, Sequence head)
    : history_(std::move(history)), loop_(loop), counters_(counters), head_(head), counted_(head) {}

void EventFeed::publish(std::span<const StoredRecord> records) {
  {
    const std::lock_guard lock(mutex_);
    for (const StoredRecord& record : records) {
      recent_bytes_ += record.header.size() + (record.payload ? record.payload->size() : 0);
      recent_.push_back(std::make_shared<const StoredRecord>(record));
      head_ = record.sequence;
    }
    while (recent_.size() > recent_records_max || (recent_bytes_ > recent_bytes_max && recent_.size() > 1)) {
      const StoredRecord& oldest = *recent_.front();
      recent_bytes_ -= oldest.header.size() + (oldest.payload ? oldest.payload->size() : 0);
      recent_.pop_front();
    }
  }
  wake();
}

void EventFeed::wake() {
  if (is_awake_.exchange(true)) return;
  // Refused only when the queue is full of new readers, each of which pumps.
  if (!history_.run([this] { pump(); })) is_awake_ = false;
}

void EventFeed::subscribe(CallPointer call, Wanted wanted) {
  if (!history_.run([this, call, wanted] { begin(call, wanted); }))
    call->refuse(Refused{Refusal::busy, "too many readers of events begin at once"});
}

void EventFeed::begin(const CallPointer& call, Wanted wanted) {
  if (readers_.size() >= readers_max)
    std::erase_if(readers_, [](Reader& reader) {
      return reader.responder->write(std::string(comment)) == ports::HttpStreamState::closed;
    });
  if (readers_.size() >= readers_max)
    return call->refuse(Refused{Refusal::busy, std::to_string(readers_max) + " readers of events are connected"});
  Sequence head = 0;
  {
    const std::lock_guard lock(mutex_);
    head = head_;
  }
  Sequence next = head + 1;
  if (wanted.after) {
    // Behind an event of a record means: that record again, without what was seen of it.
    next = std::max<Sequence>(wanted.after->sequence + (wanted.after->index == whole_record ? 1 : 0), 1);
    if (next > head + 1)
      return call->refuse(Refused{Refusal::position_gone, "the journal ends at record " + std::to_string(head)});
    const Result<std::vector<Record>> first = records_from(next);
    if (!first) return call->fail(first.error());
    if (next <= head && (first->empty() || first->front()->sequence != next))
      return call->refuse(Refused{Refusal::position_gone, "record " + std::to_string(next) + " is not kept any more"});
  }
  ports::HttpResponse answer{200,
                             {{"Content-Type", "text/event-stream"}, {"X-Watchbill-Sequence", std::to_string(head)}},
                             std::string(comment)};
  Reader reader{call->take_responder(), std::move(wanted), next, false};
  reader.responder->begin_stream(std::move(answer), ports::HttpStreamRules{std::string(farewell), std::string(comment),
                                                                           comment_interval});
  readers_.push_back(std::move(reader));
  pump();
}

void EventFeed::pump() {
  is_awake_ = false;  // before looking: what comes meanwhile wakes again
  count_new();
  bool is_behind = false;
  for (Reader& reader : readers_) {
    const Result<std::vector<Record>> records = records_from(reader.next);
    if (!records) {
      reader.is_closed = true;  // the journal cannot be read: the reader resumes where it was
      reader.responder->end();
      continue;
    }
    feed(reader, *records);
    is_behind = is_behind || (!reader.is_closed && records->size() == portion_records);
  }
  std::erase_if(readers_, [](const Reader& reader) { return reader.is_closed; });
  if (is_behind)
    loop_.post([this] {
      loop_.after(portion_pause, [this] { wake(); });
    });
}

void EventFeed::count_new() {
  while (true) {
    const Result<std::vector<Record>> records = records_from(counted_ + 1);
    if (!records || records->empty()) return;
    for (const Record& record : *records) {
      counted_ = record->sequence;
      const Result<RecordEvents, DecodeFailure> body = decode_events(*record->payload);
      if (!body) continue;
      for (const RecordedEvent& recorded : body->events) {
        counters_.count_event(area_of(recorded.event));
        counters_.deliveries.take(recorded.event);
        if (const auto* restarted = std::get_if<RestartDecided>(&recorded.event))
          counters_.count_restart(restarted->workload, word(restarted->reason));
      }
    }
  }
}

// The next portion: from memory when it is there, else from the journal.
Result<std::vector<EventFeed::Record>> EventFeed::records_from(Sequence next) {
  if (std::optional<std::vector<Record>> recent = recent_from(next)) return std::move(*recent);
  Result<std::unique_ptr<ports::JournalPort>> journal = history_.open();
  if (!journal) return journal.error();
  std::vector<Record> records;
  const Status read = (*journal)->read(next, next + portion_records - 1, [&records](const StoredRecord& record) {
    records.push_back(std::make_shared<const StoredRecord>(record));
    return true;
  });
  if (!read) return read.error();
  return records;
}

std::optional<std::vector<EventFeed::Record>> EventFeed::recent_from(Sequence next) {
  const std::lock_guard lock(mutex_);
  if (next > head_) return std::vector<Record>{};
  if (recent_.empty() || recent_.front()->sequence > next) return std::nullopt;
  const auto first = recent_.begin() + static_cast<std::ptrdiff_t>(next - recent_.front()->sequence);
  const auto count = std::min<std::ptrdiff_t>(recent_.end() - first, portion_records);
  return std::vector<Record>(first, first + count);
}

void EventFeed::feed(Reader& reader, std::span<const Record> records) {
  for (const Record& record : records) {
    reader.next = record->sequence + 1;
    if (!record->payload) continue;  // erased by retention: there is nothing to tell
    const std::optional<RecordHeader> header = decode_header(record->header);
    const Result<RecordEvents, DecodeFailure> body = decode_events(*record->payload);
    if (!header || !body) {
      reader.is_closed = true;
      return reader.responder->end();
    }
    for (std::size_t index = 0; index < body->events.size(); ++index) {
      const Event& event = body->events[index].event;
      const Wanted& wanted = reader.wanted;
      if (wanted.after && *wanted.after >= EventReference{record->sequence, static_cast<std::uint32_t>(index)}) continue;
      if ((!wanted.type.empty() && type_of(event) != wanted.type) || (wanted.area && area_of(event) != *wanted.area)) continue;
      if (reader.responder->write(chunk_of(*header, body->events[index], index, wanted.source)) != ports::HttpStreamState::open) {
        reader.is_closed = true;
        return;
      }
    }
  }
}

}  // namespace watchbill::api
