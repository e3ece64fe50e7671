#include "engine/story.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"

namespace watchbill::engine {
namespace {

// Names that nothing else is called by accident: alerts (64 hex digits), deliveries and effects (32), runs ("run-" and 26). They
// count wherever they stand; any other name counts as the subject of an event only.
constexpr std::size_t id_bytes_min = 30;

bool is_of_id(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

bool is_id(std::string_view name) { return name.size() >= id_bytes_min && std::all_of(name.begin(), name.end(), is_of_id); }

bool names_one_of(std::string_view text, const std::set<std::string, std::less<>>& ids) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && is_of_id(text[i])) continue;
    if (i - begin >= id_bytes_min && ids.contains(text.substr(begin, i - begin))) return true;
    begin = i + 1;
  }
  return false;
}

std::string text_of(const RecordedEvent& event) {
  std::string text;
  JsonWriter json(text);
  encode_event(json, event);
  return text;
}

// What one answer of a rule says of several alerts is a chain, and most of them are no part of the story.
bool is_next_in_chain(const Event& event, const Event& before) {
  const Area area = area_of(before);
  return area_of(event) == Area::alert && (area == Area::alert || area == Area::rule);
}

}  // namespace

std::string event_json(const RecordHeader& header, const RecordedEvent& event, std::size_t index) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("area").string(word(area_of(event.event))).key("event").raw(text_of(event));
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
  if (is_id(id)) ids_.emplace(id);
}

// Most records are dismissed by their bytes alone.
bool Story::may_speak_of_it(std::string_view payload) const {
  if (names_one_of(payload, ids_) || payload.find("\"because\"") != std::string_view::npos) return true;
  // A name that JSON writes with escapes is looked for in the events themselves.
  const bool is_plain = object_.find_first_of("\"\\") == std::string::npos;
  return !object_.empty() && !is_id(object_) && (!is_plain || payload.find(object_) != std::string_view::npos);
}

bool Story::speaks_of_it(const RecordedEvent& event) const {
  const bool is_name = !object_.empty() && !is_id(object_);
  return (is_name && subject_of(event.event) == object_) || names_one_of(text_of(event), ids_);
}

// The events that speak of it, with what followed from them.
std::vector<bool> Story::own_events_of(const std::vector<RecordedEvent>& events) const {
  std::vector<bool> own(events.size(), false);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::optional<std::uint32_t> after = events[i].after;
    const bool follows = after && *after < i && own[*after] && !is_next_in_chain(events[i].event, events[*after].event);
    own[i] = follows || speaks_of_it(events[i]);
  }
  return own;
}

// The same, with what each followed from: of each area the nearest.
std::vector<bool> Story::with_causes(const std::vector<RecordedEvent>& events, std::vector<bool> own) {
  std::vector<bool> shown = own;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (!own[i]) continue;
    std::set<Area> areas{area_of(events[i].event)};
    std::size_t effect = i;
    for (auto cause = events[i].after; cause && *cause < effect; cause = events[*cause].after) {
      effect = *cause;
      if (areas.insert(area_of(events[effect].event)).second) shown[effect] = true;
    }
  }
  return shown;
}

void Story::join(const Event& event) {
  if (const auto* proposed = std::get_if<PlanProposed>(&event)) ids_.insert(proposed->run);
  if (const auto* triggered = std::get_if<BindingTriggered>(&event))
    if (!triggered->joined.empty()) ids_.insert(triggered->joined);
  if (const auto* intended = std::get_if<NotificationIntended>(&event)) ids_.insert(intended->delivery.text);
  if (const auto* fired = std::get_if<AlertFired>(&event))
    if (fired->source == AlertSource::built_in) ids_.insert(fired->alert.text);
}

Result<std::optional<Chapter>> Story::take(const StoredRecord& record) {
  const bool is_asked = object_.empty() && sequence_ == record.sequence;
  if (!record.payload) return std::optional<Chapter>();
  if (!is_asked && !may_speak_of_it(*record.payload)) return std::optional<Chapter>();
  Result<RecordBody, DecodeFailure> body = decode_payload(*record.payload);
  const std::optional<RecordHeader> header = decode_header(record.header);
  if (!body || !header)
    return Error{ErrorKind::corrupt, "read record", std::to_string(record.sequence), body ? "its header" : body.error().what};
  const bool follows = body->cause.because && told_.contains(body->cause.because->sequence);
  Chapter chapter{*header, std::move(*body), {}};
  const std::vector<RecordedEvent>& events = chapter.body.events;
  std::vector<bool> own = own_events_of(events);
  const bool speaks = std::find(own.begin(), own.end(), true) != own.end();
  // Who asked something of it and was refused: the command names it, the refusal need not.
  const bool is_asked_of = !speaks && names_one_of(canonical_body(chapter.body.cause.body), ids_);
  if (!is_asked && !follows && !speaks && !is_asked_of) return std::optional<Chapter>();
  if (is_asked || follows || is_asked_of) own.assign(events.size(), true);
  told_.insert(record.sequence);
  for (std::size_t i = 0; i < events.size(); ++i)
    if (own[i] && !object_.empty()) join(events[i].event);
  chapter.shown = with_causes(events, std::move(own));
  return std::optional<Chapter>(std::move(chapter));
}

}  // namespace watchbill::engine
