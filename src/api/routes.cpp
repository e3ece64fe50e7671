#include "api/routes.h"

#include <algorithm>

#include "api/access.h"
#include "api/call.h"
#include "api/counters.h"
#include "api/prometheus.h"
#include "base/spelling.h"

namespace watchbill::api {
namespace {

constexpr Duration sequence_wait_max = Duration::seconds(5);
constexpr Duration sequence_look_interval = Duration::milliseconds(5);
constexpr std::string_view min_sequence = "min_sequence";

// --- checks before a handler ---

Result<Actor, Refused> actor_of(const Services& services, const Route& route, const ports::HttpRequest& request) {
  Result<Actor, Refused> actor = services.access.identify(request);
  // The neighbours ask nobody who he is; the command names who came and what the path needs.
  if (actor && actor->name == anonymous && services.access.opens(request, route.pattern))
    actor->roles = {std::string(route.role)};
  if (actor && actor->name == anonymous && route.is_open_to_readers && !actor->roles.empty())
    actor->roles = {std::string(route.role)};
  return actor;
}

std::optional<Refused> check_role(const Route& route, const Actor& actor) {
  if (is_allowed(actor, route.role)) return std::nullopt;
  if (actor.name == anonymous)
    return Refused{Refusal::not_authenticated, "this needs a token with the role " + std::string(route.role)};
  if (route.decides == Decides::core) return std::nullopt;
  return Refused{Refusal::role_missing, actor.name + " lacks the role " + std::string(route.role)};
}

// Whether dispatch() will let this caller in.
bool is_admitted(const Services& services, const Route& route, const ports::HttpRequest& request) {
  const Result<Actor, Refused> actor = actor_of(services, route, request);
  return actor && !check_role(route, *actor);
}

Refused unknown_member(std::string_view what, const std::string& name, const std::vector<Member>& known) {
  std::vector<std::string_view> names;
  for (const Member& member : known) names.push_back(member.name);
  std::string message = std::string(what) + " " + name.substr(0, 128) + " is not known here";
  if (const std::string_view near = nearest_spelling(name, names); !near.empty())
    message.append(", did you mean ").append(near).append("?");
  return Refused{Refusal::bad_argument, std::move(message)};
}

const Member* find_member(const std::vector<Member>& members, std::string_view name) {
  const auto at = std::find_if(members.begin(), members.end(), [name](const Member& member) { return member.name == name; });
  return at == members.end() ? nullptr : &*at;
}

std::optional<Refused> check_query(const Route& route, const Call& call) {
  if (route.dialect != Dialect::own) return std::nullopt;
  for (const auto& [name, value] : call.request.query) {
    if (name == min_sequence && route.method == "GET") continue;
    if (find_member(route.query, name) == nullptr) return unknown_member("the parameter", name, route.query);
  }
  for (const Member& member : route.query)
    if (member.is_required && call.query(member.name) == nullptr)
      return Refused{Refusal::bad_argument, std::string(member.name) + ": expected in the query"};
  return std::nullopt;
}

bool is_of(const JsonValue& value, ValueKind kind) {
  switch (kind) {
    case ValueKind::text: return value.as_string() != nullptr;
    case ValueKind::number: return value.as_integer() != nullptr;
    case ValueKind::truth: return std::holds_alternative<bool>(value.value);
    case ValueKind::texts:
      return value.as_object() != nullptr &&
             std::all_of(value.as_object()->begin(), value.as_object()->end(),
                         [](const auto& member) { return member.second.as_string() != nullptr; });
  }
  return false;
}

std::string_view expected(ValueKind kind) {
  switch (kind) {
    case ValueKind::text: return ": expected a string";
    case ValueKind::number: return ": expected a whole number";
    case ValueKind::truth: return ": expected true or false";
    case ValueKind::texts: return ": expected an object of strings";
  }
  return "";
}

std::optional<Refused> read_body(const Route& route, Call& call) {
  call.body.value = JsonValue::Object{};
  if (route.dialect != Dialect::own) return std::nullopt;
  if (route.body.empty()) {
    if (call.request.body.empty()) return std::nullopt;
    return Refused{Refusal::bad_argument, "expected no body here"};
  }
  if (!call.request.body.empty()) {
    Result<JsonValue> parsed = parse_json(call.request.body);
    if (!parsed) return Refused{Refusal::bad_argument, "the body: " + parsed.error().detail};
    if (parsed->as_object() == nullptr) return Refused{Refusal::bad_argument, "the body: expected a JSON object"};
    call.body = std::move(*parsed);
  }
  for (const auto& [name, value] : *call.body.as_object()) {
    const Member* member = find_member(route.body, name);
    if (member == nullptr) return unknown_member("the member", name, route.body);
    if (!is_of(value, member->kind)) return Refused{Refusal::bad_argument, name + std::string(expected(member->kind))};
  }
  for (const Member& member : route.body)
    if (member.is_required && call.body.find(member.name) == nullptr)
      return Refused{Refusal::bad_argument, std::string(member.name) + ": expected in the body"};
  return std::nullopt;
}

// --- from the server to a handler ---

// Time for waiting, which nobody can set.
Instant even_time(const Services& services) { return Instant{services.clock.now().boot_ms}; }

// Runs the handler once readers see record `wanted`; looks again and again without holding the loop.
void handle_from(const Route& route, const CallPointer& call, Sequence wanted, Instant until) {
  if (head_of(call->services) >= wanted) return route.handle(call);
  if (even_time(call->services) >= until)
    return call->refuse(Refused{Refusal::busy, "record " + std::to_string(wanted) + " is not there after " +
                                                   format_duration(sequence_wait_max)});
  call->services.loop.after(sequence_look_interval, [&route, call, wanted, until] { handle_from(route, call, wanted, until); });
}

void refuse_stranger(const CallPointer& call, const Refused& refused) {
  const Duration delay = call->services.access.count_failure(call->request.peer_address, even_time(call->services));
  call->services.loop.after(delay, [call, refused] { call->refuse(refused, Area::access); });
}

void dispatch(const Route& route, const CallPointer& call) {
  call->dialect = route.dialect;
  Result<Actor, Refused> actor = actor_of(call->services, route, call->request);
  if (!actor) return refuse_stranger(call, actor.error());
  call->actor = std::move(*actor);
  if (const auto refused = check_role(route, call->actor)) return call->refuse(*refused, Area::access);
  if (const auto refused = check_query(route, *call)) return call->refuse(*refused);
  if (const auto refused = read_body(route, *call)) return call->refuse(*refused);
  if (route.method != "GET") return route.handle(call);
  const Result<std::uint64_t, Refused> wanted = call->number(min_sequence, 0);
  if (!wanted) return call->refuse(wanted.error());
  if (*wanted == 0) return route.handle(call);
  handle_from(route, call, *wanted, even_time(call->services) + sequence_wait_max);
}

// The neighbours' clients read the neighbours' error bodies.
std::string unbuilt_body(std::string_view pattern, const Refused& refused, Sequence sequence) {
  return pattern.starts_with("/api/v1/") ? prometheus_error(refused) : refusal_body(refused, sequence);
}

ports::HttpRoute unbuilt_route(Services& services, const Unbuilt& unbuilt) {
  const Refused refused{Refusal::not_yet_supported, std::string(unbuilt.method) + " " + std::string(unbuilt.pattern)};
  const auto handler = [&services, refused, pattern = unbuilt.pattern](ports::HttpRequest, auto responder) {
    services.counters.count_refusal(Area::engine, refused.reason);
    const Sequence sequence = head_of(services);
    responder->answer({501,
                       {{"Content-Type", "application/json"}, {"X-Watchbill-Sequence", std::to_string(sequence)}},
                       unbuilt_body(pattern, refused, sequence)});
  };
  return {std::string(unbuilt.method), std::string(unbuilt.pattern), handler};
}

}  // namespace

Routes all_routes() {
  Routes routes;
  for (Routes (*list)() :
       {overview_routes, journal_routes, event_routes, hold_routes, alert_routes, notification_routes, run_routes,
        plan_routes, operation_routes, reload_routes, workload_routes, prometheus_query_routes, prometheus_series_routes,
        prometheus_rule_routes, prometheus_expression_routes, prometheus_status_routes, prometheus_write_routes,
        prometheus_read_routes, pushgateway_routes, alertmanager_alert_routes, alertmanager_silence_routes,
        alertmanager_status_routes, federation_routes, front_page_routes})
    for (Route& route : list()) routes.push_back(std::move(route));
  Route openapi{"GET", "/api/watchbill/v1/openapi.json", "this document, OpenAPI 3.1", "viewer", {}, {}, {}, {}};
  Routes documented = routes;
  documented.push_back(openapi);
  openapi.handle = [text = openapi_text(documented)](const CallPointer& call) { call->answer(text); };
  routes.push_back(std::move(openapi));
  return routes;
}

std::vector<ports::HttpRoute> http_routes(Services& services) {
  // The handlers share one table that lives as long as any of them.
  const auto table = std::make_shared<const Routes>(all_routes());
  std::vector<ports::HttpRoute> routes;
  for (const Route& route : *table) {
    const auto handler = [&services, table, &route](ports::HttpRequest request, auto responder) {
      dispatch(route, std::make_shared<Call>(services, std::move(request), std::move(responder)));
    };
    const auto admits = [&services, table, &route](const ports::HttpRequest& head) { return is_admitted(services, route, head); };
    routes.push_back(
        {std::string(route.method), std::string(route.pattern), handler, route.body_bytes_max, route.reads_forms, admits});
  }
  for (const Unbuilt& unbuilt : unbuilt_paths(*table)) routes.push_back(unbuilt_route(services, unbuilt));
  return routes;
}

}  // namespace watchbill::api
