#include "api/call.h"

#include <charconv>

#include "api/alertmanager.h"
#include "api/counters.h"
#include "api/prometheus.h"
#include "base/assert.h"

namespace watchbill::api {
namespace {

constexpr std::string_view sequence_header = "X-Watchbill-Sequence";
constexpr std::string_view request_id_header = "Idempotency-Key";

std::string body_of(Dialect dialect, const Refused& refused, Sequence sequence) {
  switch (dialect) {
    case Dialect::own: return refusal_body(refused, sequence);
    case Dialect::prometheus: return prometheus_error(refused);
    case Dialect::alertmanager: return alertmanager_error(refused);
  }
  return {};
}

}  // namespace

Sequence head_of(const Services& services) { return services.follower.head_sequence(); }

std::string refusal_body(const Refused& refused, Sequence sequence, std::string_view findings) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("refused").boolean(true).key("reason").string(word(refused.reason));
  json.key("exit_code").integer(exit_code(refused.reason)).key("message").string(refused.message);
  json.key("fix").string(fix_of(refused.reason));
  if (!findings.empty()) json.key("findings").raw(findings);
  json.key("sequence").integer(static_cast<std::int64_t>(sequence)).end_object();
  out.push_back('\n');
  return out;
}

Result<std::uint64_t, Refused> Call::number(std::string_view name, std::uint64_t otherwise) const {
  const std::string* text = query(name);
  if (text == nullptr) return otherwise;
  std::uint64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto [after, failure] = std::from_chars(text->data(), end, value);
  if (failure != std::errc{} || after != end || value == 0 || value > static_cast<std::uint64_t>(json_integer_max))
    return Refused{Refusal::bad_argument, std::string(name) + ": expected a whole number from 1"};
  return value;
}

const std::string& Call::path(std::string_view name) const {
  const std::string* value = ports::find_parameter(request.path_parameters, name);
  WB_ASSERT(value != nullptr, "handlers ask for parameters of their own pattern");
  return *value;
}

std::string Call::text(std::string_view name, std::string_view otherwise) const {
  const JsonValue* member = body.find(name);
  return std::string(member == nullptr ? otherwise : std::string_view(*member->as_string()));
}

bool Call::truth(std::string_view name) const {
  const JsonValue* member = body.find(name);
  return member != nullptr && std::get<bool>(member->value);
}

void Call::answer(std::string json, Sequence sequence) {
  if (json.empty() || json.back() != '\n') json.push_back('\n');
  answer(ports::HttpResponse{200, {{"Content-Type", "application/json"}}, std::move(json)}, sequence);
}

void Call::answer(ports::HttpResponse response, Sequence sequence) {
  WB_ASSERT(responder_ != nullptr, "a call is answered once");
  if (sequence == 0) sequence = head_of(services);
  response.headers.push_back({std::string(sequence_header), std::to_string(sequence)});
  const std::unique_ptr<ports::HttpResponder> responder = take_responder();
  responder->answer(std::move(response));
}

void Call::refuse(const Refused& refused, Area area, Sequence sequence) {
  services.counters.count_refusal(area, refused.reason);
  if (sequence == 0) sequence = head_of(services);
  ports::HttpResponse response{static_cast<std::uint32_t>(http_status(refused.reason)),
                               {{"Content-Type", "application/json"}},
                               body_of(dialect, refused, sequence)};
  if (response.status == 429 || response.status == 503) response.headers.push_back({"Retry-After", "1"});
  if (response.status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer"});
  answer(std::move(response), sequence);
}

void Call::fail(const Error& error) { refuse(Refused{Refusal::internal, error.text()}); }

void Call::command(CommandBody command_body, std::vector<std::string> blobs) {
  const Area area = area_of(command_body);
  offer(std::move(command_body), std::move(blobs), [self = shared_from_this(), area](const core::Answer& answer) {
    self->answer_command(area, answer, {});
  });
}

void Call::begin(CommandBody command_body, std::string_view below) {
  const Area area = area_of(command_body);
  offer(std::move(command_body), {}, [self = shared_from_this(), area, below = std::string(below)](const core::Answer& answer) {
    self->answer_command(area, answer, below);
  });
}

void Call::offer(CommandBody command_body, std::vector<std::string> blobs, std::function<void(const core::Answer&)> done) {
  const Area area = area_of(command_body);
  if (ports::find_field(request.headers, "If-Match") != nullptr)
    return refuse(Refused{Refusal::not_yet_supported, "If-Match on this path"}, area);
  Command command{std::move(command_body), actor, std::nullopt, std::nullopt, std::move(blobs)};
  if (const std::string* id = ports::find_field(request.headers, request_id_header))
    command.request = Request{sha256(canonical_body(command.body)), *id};
  const CallPointer self = shared_from_this();
  // The engine's thread only hands the answer over. It is given when readers see what it tells of: who asks next finds it.
  const std::optional<Refused> refused =
      services.inbox.offer(std::move(command), [self, done = std::move(done)](const core::Answer& answer) {
        self->services.follower.when_applied(answer.sequence, [self, done, answer] {
          self->services.loop.post([self, done, answer] { done(answer); });
        });
      });
  if (refused) refuse(*refused, area);
}

void Call::answer_command(Area area, const core::Answer& done, std::string_view below) {
  if (done.refused && !done.is_replayed) return refuse(*done.refused, area, done.sequence);
  ports::HttpResponse response{200, {{"Content-Type", "application/json"}}, {}};
  if (!below.empty() && !done.refused) {
    response.status = 202;
    response.headers.push_back({"Location", std::string(below) + done.subject});
  }
  if (done.is_replayed) response.headers.push_back({"Idempotency-Replayed", "true"});
  if (done.refused) {
    response.status = static_cast<std::uint32_t>(http_status(done.refused->reason));
    response.body = refusal_body(*done.refused, done.sequence);
  } else {
    JsonWriter json(response.body);
    json.begin_object().key("sequence").integer(static_cast<std::int64_t>(done.sequence));
    json.key("subject").string(done.subject).end_object();
    response.body.push_back('\n');
  }
  answer(std::move(response), done.sequence);
}

}  // namespace watchbill::api
