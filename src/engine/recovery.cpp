#include "engine/recovery.h"

#include <algorithm>

#include "base/json.h"
#include "core/decide.h"
#include "core/process.h"

namespace watchbill::engine {
namespace {

// Which release wrote the newest epoch: named when a journal is newer than this build. Best effort, for the message only.
std::string writer_of(ports::JournalPort& journal) {
  std::string build;
  const Status read = journal.read(1, ~Sequence{0}, [&build](const StoredRecord& record) {
    if (!record.payload || record.payload->find("\"type\":\"EpochStarted\"") == std::string::npos) return true;
    // As plain JSON: the very record that begins the newest epoch may be of a version that this build does not know.
    const Result<JsonValue> payload = parse_json(*record.payload);
    const JsonValue* events = payload ? payload->find("events") : nullptr;
    if (events == nullptr || events->as_array() == nullptr) return true;
    for (const JsonValue& event : *events->as_array()) {
      const JsonValue* type = event.find("type");
      const JsonValue* by = event.find("build");
      const bool is_start = type != nullptr && type->as_string() != nullptr && *type->as_string() == EpochStarted::type;
      if (is_start && by != nullptr && by->as_string() != nullptr) build = *by->as_string();
    }
    return true;
  });
  return read ? build : std::string();
}

// Whether the journal itself vouches for the snapshot: it ends with this very record, and a later record holds the digest of its
// state.
bool is_vouched_for(ports::JournalPort& journal, const ports::StoredSnapshot& stored, const Digest& digest) {
  bool is_same = false, is_noted = false;
  const std::string noted = "\"digest\":\"" + digest.hex() + "\",\"sequence\":" + std::to_string(stored.head.sequence) +
                            ",\"type\":\"SnapshotWritten\"";
  const Status read = journal.read(stored.head.sequence, ~Sequence{0}, [&](const StoredRecord& record) {
    if (record.sequence == stored.head.sequence) is_same = record.hash() == stored.head.hash;
    else is_noted = record.payload && record.payload->find(noted) != std::string::npos;
    return is_same && !is_noted;
  });
  return read && is_same && is_noted;
}

// Starts from the newest snapshot that reads back as what the journal says it is; none is a start from the first record.
void start_from_snapshot(ports::JournalPort& journal, const Limits& limits, const RecoverFrom& from, Recovered& out) {
  for (std::size_t skip = 0; skip < 2; ++skip) {
    const auto stored = journal.load_snapshot(skip);
    if (!stored || !*stored || (*stored)->head.sequence > from.to) continue;
    auto state = core::read_snapshot((*stored)->text, limits);
    const bool is_usable = state && state->progress.sequence == (*stored)->head.sequence && is_our_format(*state);
    if (!is_usable || !is_vouched_for(journal, **stored, core::digest_of(*state))) continue;
    out.state = std::move(*state);
    out.head = (*stored)->head;
    out.from_snapshot = out.head.sequence;
    return;
  }
}

}  // namespace

Result<Recovered, RecoveryFailure> recover(ports::JournalPort& journal, const Limits& limits, RecoverFrom from) {
  Recovered out;
  if (from.use_snapshot) start_from_snapshot(journal, limits, from, out);
  std::optional<RecoveryFailure> failure =
      each_checked(journal, out.head, from.to, from.reading, [&](const CheckedRecord& record) {
        std::optional<RecoveryFailure> differs = apply_checked(out.state, record, limits, out.digests_compared);
        if (!differs) out.events += record.body.events.size(), out.head = record.head;
        return differs;
      });
  if (failure && failure->fault == RecoveryFault::journal_newer) {
    if (const std::string build = writer_of(journal); !build.empty()) failure->what += "; it was written by " + build;
  }
  if (failure) return *failure;
  const Result<ports::JournalEnd> end = journal.end();
  if (!end) return from_error(out.head.sequence + 1, end.error());
  if (from.to >= end->head.sequence && end->head.sequence != out.head.sequence)
    return broken(out.head.sequence + 1, "it is missing; the store ends with record " + std::to_string(end->head.sequence));
  out.segment_bytes = end->segment_bytes;
  out.segment_since = end->segment_since;
  return out;
}

namespace {

// Record n + 1 does not name record n as its previous: one of the two headers was changed. Record n + 1 is as it was written when
// the record after it, or a witness, knows its hash; then it was n.
RecoveryFailure blame(ports::JournalPort& journal, RecoveryFailure failure, std::span<const RecordHeader> witnesses) {
  const Sequence suspect = failure.sequence;
  if (suspect < 2) return failure;
  std::optional<Digest> hash;
  bool is_known = false;
  const Status read = journal.read(suspect, suspect + 1, [&](const StoredRecord& record) {
    if (record.sequence == suspect) hash = record.hash();
    const std::optional<RecordHeader> header = decode_header(record.header);
    if (hash && header && header->sequence == suspect + 1) is_known = header->previous == *hash;
    return true;
  });
  for (const RecordHeader& witness : witnesses)
    is_known = is_known || (hash && witness.sequence == suspect && sha256(encode_header(witness)) == *hash);
  if (!read || !is_known) return failure;
  return broken(suspect - 1, "its header is not the one that record " + std::to_string(suspect) + " continues");
}

}  // namespace

Result<ChainHead, RecoveryFailure> verify_chain(ports::JournalPort& journal, std::span<const RecordHeader> witnesses) {
  ChainHead head;
  std::optional<RecoveryFailure> failure;
  bool is_unlinked = false;
  const Status read = journal.read(1, ~Sequence{0}, [&](const StoredRecord& record) {
    const Result<ChainHead, ChainFailure> next = continue_chain(head, record);
    if (!next) {
      failure = broken(next.error().sequence, next.error().what);
      const std::optional<RecordHeader> header = decode_header(record.header);
      is_unlinked = header && header->sequence == head.sequence + 1 && header->previous != head.hash;
    } else {
      head = *next;
    }
    for (const RecordHeader& witness : witnesses)
      if (!failure && witness.sequence == head.sequence && sha256(encode_header(witness)) != head.hash)
        failure = broken(head.sequence, "it is not the one that the witness has seen");
    return !failure;
  });
  if (failure) return is_unlinked ? blame(journal, std::move(*failure), witnesses) : *failure;
  if (!read) return from_error(head.sequence + 1, read.error());
  const Result<ports::JournalEnd> stored = journal.end();
  if (!stored) return from_error(head.sequence + 1, stored.error());
  Sequence last = stored->head.sequence;
  for (const RecordHeader& witness : witnesses) last = std::max(last, witness.sequence);
  if (last > head.sequence) return broken(head.sequence + 1, "it is missing");
  return head;
}

namespace {

std::string events_text(const std::vector<RecordedEvent>& events) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_array();
  for (const RecordedEvent& event : events) encode_event(writer, event);
  writer.end_array();
  return out;
}

// Decides record after record, and keeps what differs.
class Redeciding {
 public:
  Redeciding(ports::JournalPort& journal, const Limits& limits, std::size_t differences_max)
      : journal_(journal), limits_(limits), differences_max_(differences_max), blobs_(blobs_of(journal)) {}

  Result<Redecided, RecoveryFailure> run() {
    while (goes_on_) {  // once, and once more after each difference
      goes_on_ = false;
      const Status read = journal_.read(head_.sequence + 1, ~Sequence{0}, [this](const StoredRecord& record) {
        failure_ = take(record);
        return !failure_ && !goes_on_ && head_.sequence == record.sequence;
      });
      if (failure_) return *failure_;
      if (!read) return from_error(head_.sequence + 1, read.error());
    }
    return std::move(out_);
  }

 private:
  std::optional<RecoveryFailure> take(const StoredRecord& record) {
    const Result<ChainHead, ChainFailure> chained = continue_chain(head_, record);
    if (!chained) return broken(chained.error().sequence, chained.error().what);
    if (!record.payload) return broken(record.sequence, "its payload was erased");
    const Result<RecordCause, DecodeFailure> body = decode_record_cause(*record.payload);
    if (!body) return unreadable(record.sequence, body.error());
    const core::Processed decided =
        core::process(state_, seen_, body->cause, {chained->time, limits_, core::reactions(), blobs_});
    std::string again = events_text(decided.events);
    if (again != body->events) {
      // Perhaps only as an older release wrote them.
      const Result<RecordEvents, DecodeFailure> recorded = decode_events(*record.payload);
      if (!recorded) return unreadable(record.sequence, recorded.error());
      if (std::string text = events_text(recorded->events); text != again)
        return differ(record.sequence, recorded->events.size(), std::move(text), std::move(again));
    }
    out_.events += decided.events.size();
    ++out_.causes;
    RecordHeader header;
    header.sequence = chained->sequence;
    header.time = chained->time;
    const core::RecordEnd end{header, body->cause.actor.name, body->cause.request, decided.events, body->pending};
    core::apply_end(state_, end, limits_);
    head_ = *chained;
    return std::nullopt;
  }

  // The state has taken the other path: it comes back to what really happened before going on.
  std::optional<RecoveryFailure> differ(Sequence sequence, std::size_t events, std::string recorded, std::string again) {
    out_.events += events;
    ++out_.causes;
    out_.differences.push_back({sequence, std::move(recorded), std::move(again)});
    if (out_.differences.size() >= differences_max_) return std::nullopt;
    Result<Recovered, RecoveryFailure> back = recover(journal_, limits_, RecoverFrom{false, sequence});
    if (!back) return back.error();
    state_ = std::move(back->state);
    head_ = back->head;
    goes_on_ = true;
    return std::nullopt;
  }

  ports::JournalPort& journal_;
  const Limits& limits_;
  const std::size_t differences_max_;
  const BlobLookup blobs_;
  core::State state_;
  core::Seen seen_;
  ChainHead head_;
  std::optional<RecoveryFailure> failure_;
  bool goes_on_{true};
  Redecided out_;
};

}  // namespace

Result<Redecided, RecoveryFailure> redecide(ports::JournalPort& journal, const Limits& limits, std::size_t differences_max) {
  return Redeciding(journal, limits, differences_max).run();
}

}  // namespace watchbill::engine
