#include "model/event.h"

#include "model/tagged.h"

namespace watchbill {

Event::Event() = default;
Event::Event(const Event& other) = default;
Event::Event(Event&& other) noexcept = default;
Event& Event::operator=(const Event& other) = default;
Event& Event::operator=(Event&& other) noexcept = default;
Event::~Event() = default;

std::string_view type_of(const Event& event) noexcept {
  return std::visit([]<class T>(const T&) -> std::string_view { return T::type; }, event);
}

Area area_of(const Event& event) noexcept {
  return std::visit([]<class T>(const T&) { return T::area; }, event);
}

std::string subject_of(const Event& event) {
  return std::visit(
      []<class T>(const T& alternative) -> std::string {
        if constexpr (requires { alternative.run; }) return alternative.run;
        else if constexpr (requires { alternative.delivery; }) return alternative.delivery.text;
        else if constexpr (requires { alternative.alert.text; }) return alternative.alert.text;
        else if constexpr (requires { alternative.rule.text; }) return alternative.rule.text;
        else if constexpr (requires { alternative.silence.text; }) return alternative.silence.text;
        else if constexpr (requires { alternative.scope; }) return alternative.scope;
        else if constexpr (requires { alternative.workload; }) return alternative.workload;
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

std::optional<DecodeFailure> decode_event(CanonicalReader& in, RecordedEvent& event) {
  tagged::Scanned scanned;
  if (!tagged::scan(in, scanned)) return DecodeFailure{false, "an event object"};
  event.after = scanned.after;
  const tagged::Outcome outcome = tagged::read<AnyEvent>(scanned, event.event);
  if (outcome == tagged::Outcome::read) return std::nullopt;
  return DecodeFailure{outcome != tagged::Outcome::malformed, tagged::name_of("event ", scanned)};
}

}  // namespace watchbill
