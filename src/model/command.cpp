#include "model/command.h"

#include "model/storable.h"
#include "model/tagged.h"

namespace watchbill {

CommandBody::CommandBody() = default;
CommandBody::CommandBody(const CommandBody& other) = default;
CommandBody::CommandBody(CommandBody&& other) noexcept = default;
CommandBody& CommandBody::operator=(const CommandBody& other) = default;
CommandBody& CommandBody::operator=(CommandBody&& other) noexcept = default;
CommandBody::~CommandBody() = default;

std::string_view type_of(const CommandBody& body) noexcept {
  return std::visit([]<class T>(const T&) -> std::string_view { return T::type; }, body);
}

Area area_of(const CommandBody& body) noexcept {
  return std::visit([]<class T>(const T&) { return T::area; }, body);
}

Lane lane_of(const CommandBody& body) noexcept {
  return std::visit([]<class T>(const T&) { return T::lane; }, body);
}

bool is_storable(const Command& command) noexcept {
  const bool is_body_storable = std::visit([](const auto& body) { return is_storable(body); }, command.body);
  return is_body_storable && is_storable(command.actor) && is_storable(command.request);
}

Actor engine_actor(std::string_view name) { return Actor{ActorKind::engine, std::string(name), {}}; }

bool has_role(const Actor& actor, std::string_view role) noexcept {
  if (actor.kind == ActorKind::engine) return true;
  return std::any_of(actor.roles.begin(), actor.roles.end(),
                     [&](const std::string& own) { return own == role || own == "admin"; });
}

namespace {

void encode_body(JsonWriter& out, const CommandBody& body) {
  std::visit(
      [&]<class T>(const T& command) {
        out.begin_object();
        codec::encode_members(out, command, std::array<std::string_view, 2>{"type", "version"}, [&](std::size_t key) {
          if (key == 0) out.string(T::type);
          else out.integer(T::version);
        });
        out.end_object();
      },
      body);
}

// Reads the next object into `body`, or says why not.
std::optional<DecodeFailure> decode_body(CanonicalReader& in, CommandBody& body) {
  tagged::Scanned scanned;
  if (!tagged::scan(in, scanned) || scanned.after) return DecodeFailure{false, "a command object"};
  const tagged::Outcome outcome = tagged::read<AnyCommandBody>(scanned, body);
  if (outcome == tagged::Outcome::read) return std::nullopt;
  return DecodeFailure{outcome != tagged::Outcome::malformed, tagged::name_of("command ", scanned)};
}

}  // namespace

std::string canonical_body(const CommandBody& body) {
  std::string out;
  JsonWriter writer(out);
  encode_body(writer, body);
  return out;
}

void encode_cause(JsonWriter& out, const Command& command) {
  out.begin_object().key("actor");
  encode(out, command.actor);
  if (command.because) {
    out.key("because");
    encode(out, *command.because);
  }
  out.key("command");
  encode_body(out, command.body);
  if (command.request) {
    out.key("request");
    encode(out, *command.request);
  }
  out.end_object();
}

Result<Command, DecodeFailure> decode_cause(CanonicalReader& in) {
  constexpr std::string_view what = "a record's cause";
  Command command;
  std::string_view key;
  if (!in.begin_object()) return DecodeFailure{false, std::string(what)};
  while (in.next_key(key)) {
    bool read = false;
    if (key == "actor") read = decode(in, command.actor);
    else if (key == "because") read = decode(in, command.because);
    else if (key == "request") read = decode(in, command.request);
    else if (key == "command") {
      if (std::optional<DecodeFailure> failure = decode_body(in, command.body)) return std::move(*failure);
      read = true;
    }
    if (!read) return DecodeFailure{false, std::string(what)};
  }
  if (!in.ok()) return DecodeFailure{false, std::string(what)};
  return command;
}

}  // namespace watchbill
