#include "model/record.h"

#include <array>
#include <charconv>

#include "base/assert.h"
#include "model/codec.h"

namespace watchbill {
namespace {

constexpr std::string_view header_magic = "watchbill/record/1 ";

class HeaderScanner {
 public:
  explicit HeaderScanner(std::string_view rest) : rest_(rest) {}

  bool literal(std::string_view expected) noexcept {
    if (rest_.substr(0, expected.size()) != expected) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  template <class T>
  bool number(T& out) noexcept {
    const char* const end = rest_.data() + rest_.size();
    const auto [after, failure] = std::from_chars(rest_.data(), end, out);
    if (failure != std::errc{} || (after - rest_.data() > 1 && rest_.front() == '0') || rest_.front() == '-') return false;
    // Positions and times become numbers of canonical JSON.
    if (static_cast<std::uint64_t>(out) > static_cast<std::uint64_t>(json_integer_max)) return false;
    rest_.remove_prefix(static_cast<std::size_t>(after - rest_.data()));
    return true;
  }
  bool digest(Digest& out) noexcept {
    if (!out.assign_hex(rest_.substr(0, Digest::hex_size))) return false;
    rest_.remove_prefix(Digest::hex_size);
    return true;
  }
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

std::string encode_header(const RecordHeader& header) {
  WB_ASSERT(header.time.ms >= 0, "the engine clock counts from 1970");
  std::array<char, 256> line{};
  char* at = std::copy(header_magic.begin(), header_magic.end(), line.data());
  const auto number = [&](std::uint64_t value) {
    at = std::to_chars(at, line.data() + line.size(), value).ptr;
    *at++ = ' ';
  };
  number(header.sequence);
  number(static_cast<std::uint64_t>(header.time.ms));
  number(header.epoch);
  number(header.segment);
  header.payload.hex_to(at);
  at += Digest::hex_size;
  *at++ = ' ';
  header.previous.hex_to(at);
  at += Digest::hex_size;
  *at++ = '\n';
  return std::string(line.data(), at);
}

std::optional<RecordHeader> decode_header(std::string_view line) noexcept {
  RecordHeader header;
  HeaderScanner scan(line);
  const bool read = scan.literal(header_magic) && scan.number(header.sequence) && scan.literal(" ") &&
                    scan.number(header.time.ms) && scan.literal(" ") && scan.number(header.epoch) && scan.literal(" ") &&
                    scan.number(header.segment) && scan.literal(" ") && scan.digest(header.payload) && scan.literal(" ") &&
                    scan.digest(header.previous) && scan.literal("\n") && scan.at_end();
  if (!read || header.sequence == 0 || header.segment == 0) return std::nullopt;
  return header;
}

std::string encode_payload(const RecordBody& body) {
  std::string out;
  out.reserve(512);
  JsonWriter writer(out);
  writer.begin_object().key("cause");
  encode_cause(writer, body.cause);
  writer.key("events").begin_array();
  for (const RecordedEvent& event : body.events) encode_event(writer, event);
  writer.end_array().key("nonce").string(body.nonce);
  if (!body.pending.empty()) {
    writer.key("pending").begin_array();
    for (const Command& command : body.pending) encode_cause(writer, command);
    writer.end_array();
  }
  if (body.state) writer.key("state").string(body.state->hex());
  writer.end_object();
  return out;
}

namespace {

// Reads the events of a record, or says in `failure` why not.
bool read_events(CanonicalReader& in, std::vector<RecordedEvent>& events, DecodeFailure& failure) {
  const auto fail = [&failure](DecodeFailure why) {
    failure = std::move(why);
    return false;
  };
  if (!in.begin_array()) return fail({false, "a record's events"});
  while (in.next_element()) {
    RecordedEvent& event = events.emplace_back();
    if (std::optional<DecodeFailure> why = decode_event(in, event)) return fail(std::move(*why));
    // An event can only follow from one that stands before it.
    if (event.after && *event.after >= events.size() - 1) return fail({false, "the cause of an event"});
  }
  return in.ok() || fail({false, "a record's events"});
}

// The same as the text that they are.
bool read_events(CanonicalReader& in, std::string_view& text, DecodeFailure&) { return in.raw(text); }

Result<std::vector<Command>, DecodeFailure> decode_pending(CanonicalReader& in) {
  std::vector<Command> pending;
  if (!in.begin_array()) return DecodeFailure{false, "a record's pending reactions"};
  while (in.next_element()) {
    Result<Command, DecodeFailure> command = decode_cause(in);
    if (!command) return command.error();
    pending.push_back(std::move(*command));
  }
  if (!in.ok()) return DecodeFailure{false, "a record's pending reactions"};
  return pending;
}

// Takes the value of a Result, or keeps its failure.
template <class T>
bool take(Result<T, DecodeFailure> from, T& to, DecodeFailure& failure) {
  if (from) to = std::move(*from);
  else failure = std::move(from.error());
  return from.has_value();
}

// Walks the members of a payload; `read_cause` reads the value of "cause". `Body` is RecordBody, RecordEvents or RecordCause.
template <class Body, class ReadCause>
Result<Body, DecodeFailure> decode_members(std::string_view payload, Body body, std::string& nonce, ReadCause&& read_cause) {
  CanonicalReader in(payload);
  DecodeFailure failure{false, "a record's payload"};
  std::string_view key;
  if (!in.begin_object()) return failure;
  while (in.next_key(key)) {
    bool read = false;
    if (key == "cause") read = read_cause(in, body, failure);
    else if (key == "events") read = read_events(in, body.events, failure);
    else if (key == "nonce") read = in.string(nonce);
    else if (key == "pending") read = take(decode_pending(in), body.pending, failure);
    else if (key == "state") read = decode(in, body.state);
    else failure = DecodeFailure{true, "payload member \"" + std::string(key) + "\""};
    if (!read) return failure;
  }
  if (!in.finished()) return DecodeFailure{false, "a record's payload"};
  return body;
}

// Reads one text member of an object and skips the others.
bool decode_member(CanonicalReader& in, std::string_view name, std::string& out) {
  std::string_view key;
  if (!in.begin_object()) return false;
  while (in.next_key(key))
    if (!(key == name ? in.string(out) : in.skip())) return false;
  return in.ok();
}

}  // namespace

Result<RecordEvents, DecodeFailure> decode_events(std::string_view payload) {
  std::string ignored_nonce;
  return decode_members(payload, RecordEvents{}, ignored_nonce, [](CanonicalReader& in, RecordEvents& body, DecodeFailure&) {
    std::string_view key;
    if (!in.begin_object()) return false;
    while (in.next_key(key)) {
      const bool read = key == "actor"     ? decode_member(in, "name", body.caller)
                        : key == "request" ? decode(in, body.request)
                                           : in.skip();
      if (!read) return false;
    }
    return in.ok();
  });
}

Result<RecordBody, DecodeFailure> decode_payload(std::string_view payload) {
  std::string nonce;
  Result<RecordBody, DecodeFailure> body =
      decode_members(payload, RecordBody{}, nonce, [](CanonicalReader& in, RecordBody& out, DecodeFailure& failure) {
        return take(decode_cause(in), out.cause, failure);
      });
  if (body) body->nonce = std::move(nonce);
  return body;
}

Result<RecordCause, DecodeFailure> decode_record_cause(std::string_view payload) {
  std::string ignored_nonce;
  return decode_members(payload, RecordCause{}, ignored_nonce, [](CanonicalReader& in, RecordCause& out, DecodeFailure& failure) {
    return take(decode_cause(in), out.cause, failure);
  });
}

Result<ChainHead, ChainFailure> continue_chain(const ChainHead& head, const StoredRecord& record) {
  const auto broken = [&](std::string what) { return ChainFailure{head.sequence + 1, std::move(what)}; };
  const std::optional<RecordHeader> header = decode_header(record.header);
  if (!header) return broken("its header is not a record header");
  if (header->sequence == record.sequence && record.sequence > head.sequence + 1)
    return broken("it is missing; record " + std::to_string(record.sequence) + " follows record " +
                  std::to_string(head.sequence));
  if (header->sequence != head.sequence + 1 || record.sequence != header->sequence)
    return broken("it is numbered " + std::to_string(header->sequence) + " in row " + std::to_string(record.sequence));
  if (header->previous != head.hash) return broken("it does not continue the record before it");
  if (record.payload && sha256(*record.payload) != header->payload)
    return broken("its payload is not the one that its header names");
  if (header->time < head.time) return broken("its time is before that of the record before it");
  if (header->epoch < head.epoch) return broken("its epoch is lower than the one before");
  if (header->segment < head.segment || header->segment > head.segment + 1) return broken("its segment does not follow");
  return ChainHead{header->sequence, record.hash(), header->time, header->epoch, header->segment};
}

}  // namespace watchbill
