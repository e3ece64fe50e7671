#include "engine/story.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"

namespace watchbill::engine {

std::string event_json(const RecordHeader& header, const RecordedEvent& event, std::size_t index) {
  std::string object;
  JsonWriter event_writer(object);
  encode_event(event_writer, event);
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("area").string(word(area_of(event.event))).key("event").raw(object);
  writer.key("id").string(std::to_string(header.sequence) + "." + std::to_string(index));
  writer.key("time").string(format_rfc3339(header.time)).end_object();
  return out;
}

Story::Story(std::string_view id) {
  std::string_view digits = id.substr(!id.empty() && id.front() == '#' ? 1 : 0);
  digits = digits.substr(0, digits.find('.'));
  const char* const end = digits.data() + digits.size();
  const auto [after, failure] = std::from_chars(digits.data(), end, sequence_);
  if (failure == std::errc{} && after == end && !digits.empty()) return;
  object_ = id;
  sequence_ = 0;
}

Result<bool> Story::take(const StoredRecord& record) {
  if (!record.payload) return false;
  const Result<RecordBody, DecodeFailure> body = decode_payload(*record.payload);
  if (!body) return Error{ErrorKind::corrupt, "read record", std::to_string(record.sequence), body.error().what};
  const bool is_asked = object_.empty() && sequence_ == record.sequence;
  const bool speaks_of_it = !object_.empty() && std::any_of(body->events.begin(), body->events.end(), [this](const auto& event) {
    return subject_of(event.event) == object_;
  });
  const bool follows = body->cause.because && told_.contains(body->cause.because->sequence);
  if (!is_asked && !speaks_of_it && !follows) return false;
  told_.insert(record.sequence);
  return true;
}

}  // namespace watchbill::engine
