#include "cli/record_text.h"

#include "base/json.h"
#include "model/labels.h"

namespace watchbill::cli {
namespace {

std::string value_text(const JsonValue& value) {
  if (const std::string* text = value.as_string()) {
    const bool is_plain = !text->empty() && text->find_first_of(" \t\n\"=") == std::string::npos;
    return is_plain ? *text : quoted(*text);
  }
  std::string out;
  append_json(out, value);
  return out;
}

// "name=value …" of an object, without the keys that the line shows elsewhere.
std::string fields_text(std::string_view object) {
  const Result<JsonValue> parsed = parse_json(object);
  std::string out;
  if (!parsed || parsed->as_object() == nullptr) return out;
  for (const auto& [name, value] : *parsed->as_object()) {
    if (name == "type" || name == "version" || name == "after") continue;
    if (!out.empty()) out.push_back(' ');
    out.append(name).append("=").append(value_text(value));
  }
  return out;
}

std::string event_object(const RecordedEvent& event) {
  std::string out;
  JsonWriter writer(out);
  encode_event(writer, event);
  return out;
}

Error unreadable(const StoredRecord& record, const DecodeFailure& failure) {
  return Error{ErrorKind::corrupt, "read record", std::to_string(record.sequence), failure.what};
}

}  // namespace

Result<std::vector<EventLine>> event_lines(const StoredRecord& record) {
  std::vector<EventLine> lines;
  const std::optional<RecordHeader> header = decode_header(record.header);
  if (!header) return unreadable(record, DecodeFailure{false, "its header is not a record header"});
  if (!record.payload) return lines;
  const auto body = decode_events(*record.payload);
  if (!body) return unreadable(record, body.error());
  for (std::size_t i = 0; i < body->events.size(); ++i) {
    const RecordedEvent& event = body->events[i];
    lines.push_back(EventLine{EventReference{record.sequence, static_cast<std::uint32_t>(i)}, header->time,
                              std::string(type_of(event.event)), std::string(word(area_of(event.event))), subject_of(event.event),
                              fields_text(event_object(event)), event.after});
  }
  return lines;
}

std::string event_json(const StoredRecord& record, std::size_t index) {
  const auto body = decode_events(*record.payload);
  const auto header = decode_header(record.header);
  std::string out;
  if (!body || !header || index >= body->events.size()) return out;
  const RecordedEvent& event = body->events[index];
  JsonWriter writer(out);
  writer.begin_object().key("area").string(word(area_of(event.event))).key("event").raw(event_object(event));
  writer.key("id").string(std::to_string(record.sequence) + "." + std::to_string(index));
  writer.key("time").string(format_rfc3339(header->time)).end_object();
  return out;
}

}  // namespace watchbill::cli
