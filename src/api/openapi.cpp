#include <algorithm>
#include <map>
#include <set>

#include "api/routes.h"
#include "base/json.h"

namespace watchbill::api {
namespace {

std::string_view type_of(ValueKind kind) {
  switch (kind) {
    case ValueKind::text: return "string";
    case ValueKind::number: return "integer";
    case ValueKind::truth: return "boolean";
    case ValueKind::texts: return "object";
  }
  return "";
}

void write_parameter(JsonWriter& json, std::string_view in, const Member& member) {
  json.begin_object().key("name").string(member.name).key("in").string(in);
  json.key("required").boolean(member.is_required || in == "path");
  if (!member.meaning.empty()) json.key("description").string(member.meaning);
  json.key("schema").begin_object().key("type").string(type_of(member.kind)).end_object().end_object();
}

// The names in braces of a pattern.
std::vector<std::string> path_names(std::string_view pattern) {
  std::vector<std::string> names;
  for (std::size_t at = pattern.find('{'); at != std::string_view::npos; at = pattern.find('{', at + 1))
    names.emplace_back(pattern.substr(at + 1, pattern.find('}', at) - at - 1));
  return names;
}

void write_parameters(JsonWriter& json, const Route& route) {
  json.key("parameters").begin_array();
  for (const std::string& name : path_names(route.pattern)) write_parameter(json, "path", Member{name});
  for (const Member& member : route.query) write_parameter(json, "query", member);
  if (route.method == "GET") {
    const Member least{"min_sequence", ValueKind::number, "waits, at most 5 s, until the answer is at least that new"};
    write_parameter(json, "query", least);
  } else {
    const Member key{"Idempotency-Key", ValueKind::text, "the same key and body gets the recorded answer for 24 h"};
    write_parameter(json, "header", key);
  }
  json.end_array();
}

void write_body(JsonWriter& json, const Route& route) {
  if (!route.takes.empty()) {
    json.key("requestBody").begin_object().key("required").boolean(true).key("content").begin_object();
    json.key(route.takes).begin_object().end_object().end_object().end_object();
  }
  if (route.body.empty()) return;
  const bool is_required =
      std::any_of(route.body.begin(), route.body.end(), [](const Member& member) { return member.is_required; });
  json.key("requestBody").begin_object().key("required").boolean(is_required);
  json.key("content").begin_object().key("application/json").begin_object().key("schema").begin_object();
  json.key("type").string("object").key("additionalProperties").boolean(false).key("properties").begin_object();
  for (const Member& member : route.body) {
    json.key(member.name).begin_object().key("type").string(type_of(member.kind));
    json.key("description").string(member.meaning).end_object();
  }
  json.end_object().key("required").begin_array();
  for (const Member& member : route.body)
    if (member.is_required) json.string(member.name);
  json.end_array().end_object().end_object().end_object().end_object();
}

// What any route may answer before or instead of its handler.
std::set<Refusal> refusals_of(const Route& route) {
  std::set<Refusal> refusals(route.refusals.begin(), route.refusals.end());
  refusals.insert({Refusal::bad_argument, Refusal::not_authenticated, Refusal::host_not_allowed, Refusal::busy});
  if (route.method == "GET") return refusals;
  refusals.insert({Refusal::role_missing, Refusal::origin_not_allowed, Refusal::body_too_large});
  if (route.decides == Decides::core)
    refusals.insert({Refusal::idempotency_key_reused, Refusal::too_many_request_ids, Refusal::journal_full, Refusal::closing});
  return refusals;
}

void write_success(JsonWriter& json, const Route& route) {
  json.key(std::to_string(route.success_status)).begin_object();
  json.key("description").string(route.begins ? "nothing was begun" : "done").end_object();
  if (!route.begins) return;
  json.key("202").begin_object().key("description").string("begun, and goes on").key("headers").begin_object();
  json.key("Location").begin_object().key("description").string("where to ask how it goes").key("schema").begin_object();
  json.key("type").string("string").end_object().end_object().end_object().end_object();
}

void write_responses(JsonWriter& json, const Route& route) {
  std::map<int, std::string> by_status;
  for (const Refusal reason : refusals_of(route)) {
    std::string& names = by_status[http_status(reason)];
    names.append(names.empty() ? "" : ", ").append(word(reason));
  }
  json.key("responses").begin_object();
  write_success(json, route);
  for (const auto& [status, names] : by_status) {
    json.key(std::to_string(status)).begin_object().key("description").string("refused: " + names);
    json.key("content").begin_object().key("application/json").begin_object().key("schema").begin_object();
    json.key("$ref").string("#/components/schemas/Refusal").end_object().end_object().end_object().end_object();
  }
  json.end_object();
}

void write_components(JsonWriter& json) {
  json.key("components").begin_object().key("schemas").begin_object().key("Refusal").begin_object();
  json.key("type").string("object").key("properties").begin_object();
  for (const std::string_view name : {"reason", "message", "fix"})
    json.key(name).begin_object().key("type").string("string").end_object();
  for (const std::string_view name : {"exit_code", "sequence"})
    json.key(name).begin_object().key("type").string("integer").end_object();
  json.key("refused").begin_object().key("type").string("boolean").end_object().end_object().end_object().end_object();
  json.key("securitySchemes").begin_object().key("token").begin_object().key("type").string("http");
  json.key("scheme").string("bearer").end_object().end_object().end_object();
}

}  // namespace

std::string openapi_text(const Routes& routes) {
  std::map<std::string_view, std::vector<const Route*>> by_pattern;
  for (const Route& route : routes) by_pattern[route.pattern].push_back(&route);
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("openapi").string("3.1.0").key("info").begin_object().key("title").string("watchbill");
  json.key("version").string("1").end_object().key("paths").begin_object();
  for (const auto& [pattern, methods] : by_pattern) {
    json.key(pattern).begin_object();
    for (const Route* route : methods) {
      std::string method(route->method);
      std::transform(method.begin(), method.end(), method.begin(), [](char c) { return static_cast<char>(c | 0x20); });
      json.key(method).begin_object().key("summary").string(route->summary).key("x-watchbill-role").string(route->role);
      write_parameters(json, *route);
      write_body(json, *route);
      write_responses(json, *route);
      json.end_object();
    }
    json.end_object();
  }
  json.end_object();
  write_components(json);
  json.key("security").begin_array().begin_object().end_object().begin_object().key("token").begin_array().end_array();
  json.end_object().end_array().end_object();
  out.push_back('\n');
  return out;
}

}  // namespace watchbill::api
