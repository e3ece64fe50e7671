#include "model/event.h"

#include "model/tagged.h"

namespace watchbill {

std::string_view type_of(const Event& event) noexcept {
  return std::visit([]<class T>(const T&) -> std::string_view { return T::type; }, event);
}

Area area_of(const Event& event) noexcept {
  return std::visit([]<class T>(const T&) { return T::area; }, event);
}

std::string subject_of(const Event& event) {
  return std::visit(
      []<class T>(const T& alternative) -> std::string {
        if constexpr (requires { alternative.delivery; }) return alternative.delivery.text;
        else if constexpr (requires { alternative.scope; }) return alternative.scope;
        else return {};
      },
      event);
}

std::optional<Digest> state_blob_of(const Event& event) {
  return std::visit(
      []<class T>(const T& alternative) -> std::optional<Digest> {
        if constexpr (requires { T::state_blob; }) return alternative.*T::state_blob;
        else return std::nullopt;
      },
      event);
}

void encode_event(JsonWriter& out, const RecordedEvent& recorded) {
  std::visit(
      [&]<class T>(const T& event) {
        const std::array<std::string_view, 3> envelope{recorded.after ? "after" : "", "type", "version"};
        out.begin_object();
        codec::encode_members(out, event, envelope, [&](std::size_t key) {
          if (key == 0) out.integer(*recorded.after);
          else if (key == 1) out.string(T::type);
          else out.integer(T::version);
        });
        out.end_object();
      },
      recorded.event);
}

namespace {

bool read_after(std::string_view object, std::optional<std::uint32_t>& after) {
  CanonicalReader find(object);
  std::string_view key;
  // "after" sorts before almost every field, so this looks at one key.
  if (!find.begin_object()) return false;
  while (find.next_key(key) && key <= "after") {
    if (key == "after") return decode(find, after);
    if (!find.skip()) return false;
  }
  return find.ok();
}

}  // namespace

Result<RecordedEvent, DecodeFailure> decode_event(CanonicalReader& in) {
  std::string_view object;
  tagged::Tag tag;
  RecordedEvent recorded;
  if (!in.raw(object) || !tagged::read_tag(object, tag) || !read_after(object, recorded.after))
    return DecodeFailure{false, "an event object"};
  const std::string name = "event " + tag.type + " version " + std::to_string(tag.version);
  switch (tagged::read(object, tag, recorded.event)) {
    case tagged::Outcome::read: return recorded;
    case tagged::Outcome::unknown_type: case tagged::Outcome::newer_version: return DecodeFailure{true, name};
    case tagged::Outcome::malformed: break;
  }
  return DecodeFailure{false, name};
}

}  // namespace watchbill
