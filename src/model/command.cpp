#include "model/command.h"

#include "model/tagged.h"

namespace watchbill {

std::string_view type_of(const CommandBody& body) noexcept {
  return std::visit([]<class T>(const T&) -> std::string_view { return T::type; }, body);
}

Area area_of(const CommandBody& body) noexcept {
  return std::visit([]<class T>(const T&) { return T::area; }, body);
}

Lane lane_of(const CommandBody& body) noexcept {
  return std::visit([]<class T>(const T&) { return T::lane; }, body);
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

Result<CommandBody, DecodeFailure> decode_body(CanonicalReader& in) {
  std::string_view object;
  tagged::Tag tag;
  if (!in.raw(object) || !tagged::read_tag(object, tag)) return DecodeFailure{false, "a command object"};
  CommandBody body;
  const std::string name = "command " + tag.type + " version " + std::to_string(tag.version);
  switch (tagged::read(object, tag, body)) {
    case tagged::Outcome::read: return body;
    case tagged::Outcome::unknown_type: case tagged::Outcome::newer_version: return DecodeFailure{true, name};
    case tagged::Outcome::malformed: break;
  }
  return DecodeFailure{false, name};
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
  const DecodeFailure malformed{false, "a record's cause"};
  Command command;
  std::string_view key;
  if (!in.begin_object()) return malformed;
  while (in.next_key(key)) {
    bool read = false;
    if (key == "actor") read = decode(in, command.actor);
    else if (key == "because") read = decode(in, command.because);
    else if (key == "request") read = decode(in, command.request);
    else if (key == "command") {
      Result<CommandBody, DecodeFailure> body = decode_body(in);
      if (!body) return body.error();
      command.body = std::move(*body);
      read = true;
    }
    if (!read) return malformed;
  }
  if (!in.ok()) return malformed;
  return command;
}

}  // namespace watchbill
