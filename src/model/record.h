// One record of the journal: a header line that is chained by hashes, and the payload it names by digest.
//
//   watchbill/record/1 SEQ TIME_MS EPOCH SEGMENT PAYLOAD_SHA256 PREVIOUS_SHA256\n
//
// One blank between words, decimal numbers without leading zeros, lower-case hex. A record's hash is sha256(header with its \n).
// The payload is canonical JSON {"cause":…,"events":[…],"nonce":…}; in some records also "pending": the reactions that this
// record left for the next one, and "state": the digest of the whole state before it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "base/time.h"
#include "model/command.h"
#include "model/event.h"
#include "model/ids.h"

namespace watchbill {

struct RecordHeader {
  Sequence sequence{0};
  Instant time;
  Epoch epoch{0};
  Segment segment{0};
  Digest payload;
  Digest previous;  // zeros in the first record

  friend bool operator==(const RecordHeader&, const RecordHeader&) = default;
};

// The header line with its newline: at most 256 bytes.
[[nodiscard]] std::string encode_header(const RecordHeader& header);

// Reads exactly what encode_header writes; nothing on any other text (leading zeros, upper case, missing newline, …).
[[nodiscard]] std::optional<RecordHeader> decode_header(std::string_view line) noexcept;

// The bytes of a record as every store keeps them.
struct StoredRecord {
  Sequence sequence{0};  // the store's row id; must equal the header's
  std::string header;
  std::optional<std::string> payload;  // none: erased by retention

  // The hash that the next record names as its previous.
  [[nodiscard]] Digest hash() const noexcept { return sha256(header); }
};

// A large value, stored once under its digest.
struct Blob {
  Digest digest;
  std::string bytes;
};

struct RecordBody {
  std::string nonce;  // 32 lower-case hex digits: an erased payload cannot be guessed from its digest
  Command cause;
  std::vector<RecordedEvent> events;
  std::vector<Command> pending;  // the whole list after this record
  std::optional<Digest> state;
};

// The canonical payload of a record.
[[nodiscard]] std::string encode_payload(const RecordBody& body);

// Without the cause: replay applies events and needs of the cause only the request that it answers.
struct RecordEvents {
  std::string caller;
  std::optional<Request> request;
  std::vector<RecordedEvent> events;
  std::vector<Command> pending;
  std::optional<Digest> state;
};

// What deciding a record again needs: its events only as the text that they must give again.
struct RecordCause {
  Command cause;
  std::string_view events;  // a view into the payload
  std::vector<Command> pending;
  std::optional<Digest> state;
};

// Read a payload back: without its cause, with it, and with its events left as they stand there.
[[nodiscard]] Result<RecordEvents, DecodeFailure> decode_events(std::string_view payload);
[[nodiscard]] Result<RecordBody, DecodeFailure> decode_payload(std::string_view payload);
[[nodiscard]] Result<RecordCause, DecodeFailure> decode_record_cause(std::string_view payload);

// Why a record does not continue the chain; the text names what differs.
struct ChainFailure {
  Sequence sequence{0};
  std::string what;
};

// The end of a chain: what the next record must continue.
struct ChainHead {
  Sequence sequence{0};
  Digest hash;
  Instant time;
  Epoch epoch{0};
  Segment segment{0};

  friend bool operator==(const ChainHead&, const ChainHead&) = default;
};

// Checks that `record` continues `head` (row id, form of the header, sequence, previous hash, payload digest, time,
// epoch and segment never falling) and gives the head after it. Cost: two SHA-256 computations.
[[nodiscard]] Result<ChainHead, ChainFailure> continue_chain(const ChainHead& head, const StoredRecord& record);

}  // namespace watchbill
