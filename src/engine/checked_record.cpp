#include "engine/checked_record.h"

#include <utility>

#include "core/decide.h"

namespace watchbill::engine {

std::string RecoveryFailure::text() const {
  return sequence == 0 ? what : "record " + std::to_string(sequence) + ": " + what;
}

RecoveryFailure broken(Sequence sequence, std::string what) { return {RecoveryFault::chain_broken, sequence, std::move(what)}; }

RecoveryFailure unreadable(Sequence sequence, const DecodeFailure& failure) {
  if (!failure.is_newer) return broken(sequence, "its payload cannot be read: " + failure.what);
  return {RecoveryFault::journal_newer, sequence, "it holds " + failure.what + ", which this release does not know"};
}

RecoveryFailure from_error(Sequence sequence, const Error& error) {
  return {error.kind == ErrorKind::corrupt ? RecoveryFault::chain_broken : RecoveryFault::store_failed, sequence, error.text()};
}

bool is_our_format(const core::State& state) { return state.progress.state_format == core::state_format; }

BlobLookup blobs_of(ports::JournalPort& journal) {
  return [&journal](const Digest& digest) -> std::optional<std::string> {
    Result<std::optional<std::string>> blob = journal.blob(digest);
    if (!blob || !*blob || sha256(**blob) != digest) return std::nullopt;
    return std::move(**blob);
  };
}

Result<CheckedRecord, RecoveryFailure> check_record(const ChainHead& head, const StoredRecord& record, const BlobLookup& blobs) {
  Result<ChainHead, ChainFailure> next = continue_chain(head, record);
  if (!next) return broken(next.error().sequence, std::move(next.error().what));
  if (!record.payload) return broken(record.sequence, "its payload was erased, and no base covers it");
  Result<RecordEvents, DecodeFailure> body = decode_events(*record.payload);
  if (!body) return unreadable(record.sequence, body.error());
  CheckedRecord checked{*next, std::move(*body), {}};
  for (const RecordedEvent& each : checked.body.events) {
    const std::optional<Digest> digest = state_blob_of(each.event);
    if (!digest) continue;
    std::optional<std::string> bytes = blobs(*digest);
    if (!bytes) return broken(record.sequence, "the blob " + digest->hex() + " that it names is missing or damaged");
    checked.blobs.push_back({*digest, std::move(*bytes)});
  }
  return checked;
}

std::optional<RecoveryFailure> apply_checked(core::State& state, const CheckedRecord& record, const Limits& limits,
                                             std::uint64_t& digests_compared) {
  const RecordEvents& body = record.body;
  if (body.state && is_our_format(state)) {
    ++digests_compared;
    if (const Digest own = core::digest_of(state); own != *body.state)
      return RecoveryFailure{RecoveryFault::digest_differs, record.head.sequence,
                             "the state before it has the digest " + own.hex() + ", the journal recorded " + body.state->hex()};
  }
  const BlobLookup blobs = [&record](const Digest& digest) -> std::optional<std::string> {
    for (const Blob& blob : record.blobs)
      if (blob.digest == digest) return blob.bytes;
    return std::nullopt;
  };
  for (const RecordedEvent& each : body.events)
    core::apply(state, each.event, core::RecordPlace{record.head.time, record.head.sequence, limits, blobs});
  RecordHeader header;
  header.sequence = record.head.sequence;
  header.time = record.head.time;
  core::apply_end(state, core::RecordEnd{header, body.caller, body.request, body.events, body.pending}, limits);
  return std::nullopt;
}

}  // namespace watchbill::engine
