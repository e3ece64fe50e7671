// One request on its way to its answer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/route.h"
#include "api/services.h"
#include "base/json.h"
#include "model/command.h"
#include "ports/http.h"

namespace watchbill::api {

// Given to a handler on the loop; may be kept and answered from another thread, by one thread at a time. Exactly one answer: who
// lets go of a call without one answers 500 `internal`.
class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(Services& seen, ports::HttpRequest sent, std::unique_ptr<ports::HttpResponder> responder)
      : services(seen), request(std::move(sent)), responder_(std::move(responder)) {}

  Services& services;
  const ports::HttpRequest request;
  Actor actor;     // set before the handler runs
  Dialect dialect{Dialect::own};  // of errors
  JsonValue body;  // of a route that takes one: an object whose members were checked

  // Whether the caller ended the connection: nobody needs what is computed for him. Whoever holds the call.
  [[nodiscard]] bool has_left() const noexcept { return responder_ != nullptr && responder_->has_left(); }

  // The value of a query parameter, or null.
  [[nodiscard]] const std::string* query(std::string_view name) const { return ports::find_parameter(request.query, name); }
  // A query parameter that must be a whole number from 1; `otherwise` when it is not given. Refused: bad_argument.
  [[nodiscard]] Result<std::uint64_t, Refused> number(std::string_view name, std::uint64_t otherwise) const;
  // The value of the path's `{name}`; asserts that the pattern has it.
  [[nodiscard]] const std::string& path(std::string_view name) const;
  // Members of the body.
  [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise = {}) const;
  [[nodiscard]] bool truth(std::string_view name) const;

  // Answers with X-Watchbill-Sequence: `sequence`, or 0 for the newest record that readers see.
  void answer(std::string json, Sequence sequence = 0);
  void answer(ports::HttpResponse response, Sequence sequence = 0);
  // Answers with the one body of http.md §5 and counts it under `area`.
  void refuse(const Refused& refused, Area area = Area::engine, Sequence sequence = 0);
  void fail(const Error& error);  // of the world: 500 `internal` with what was tried

  // Offers a command, with the caller's request id, and answers {"sequence":…,"subject":…} when it is durable.
  void command(CommandBody body, std::vector<std::string> blobs = {});
  // The same for what then goes on: 202 and a Location, `below` and the id of what was begun.
  void begin(CommandBody body, std::string_view below);
  // Offers a command, with the caller's request id; `done` comes on the loop when it is durable or refused. A full inbox refuses
  // the call itself.
  void offer(CommandBody body, std::vector<std::string> blobs, std::function<void(const core::Answer&)> done);

  // The way back, for a stream; the call has then nothing more to answer.
  [[nodiscard]] std::unique_ptr<ports::HttpResponder> take_responder() { return std::move(responder_); }

 private:
  void answer_command(Area area, const core::Answer& answer, std::string_view below);

  std::unique_ptr<ports::HttpResponder> responder_;
};

using CallPointer = std::shared_ptr<Call>;

// The newest record that readers see.
[[nodiscard]] Sequence head_of(const Services& services);

// The body of a refusal (design/http.md §5), with a newline. `findings`: the JSON array of that member, or none.
[[nodiscard]] std::string refusal_body(const Refused& refused, Sequence sequence, std::string_view findings = {});

}  // namespace watchbill::api
