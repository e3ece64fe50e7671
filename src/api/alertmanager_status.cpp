// Alertmanager's /api/v2/status and /api/v2/receivers. There is no cluster: what is durable here is so without peers.
#include "api/alertmanager.h"
#include "api/routes.h"
#include "core/route/membership.h"

namespace watchbill::api {
namespace {

void show_status(const CallPointer& call) {
  const std::string& build = call->services.build;
  const std::size_t plus = build.find('+');
  const Result<ProcessFigures> process = call->services.process();
  constexpr double ms_of_second = 1000;
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("cluster").begin_object().key("peers").begin_array().end_array();
  json.key("status").string("disabled").end_object();
  json.key("config").begin_object().key("original").string(call->services.running().alertmanager).end_object();
  json.key("uptime").string(
      format_rfc3339(Instant{process ? static_cast<std::int64_t>(process->start_seconds * ms_of_second) : 0}));
  json.key("versionInfo").begin_object().key("branch").string("watchbill-" + build.substr(0, plus));
  json.key("buildDate").string("").key("buildUser").string("").key("goVersion").string("");
  json.key("revision").string(plus == std::string::npos ? "unknown" : build.substr(plus + 1));
  json.key("version").string(alertmanager_version).end_object().end_object();
  answer_json(*call, std::move(out));
}

void list_receivers(const CallPointer& call) {
  std::vector<std::string> names;
  call->services.follower.read([&names](const core::State& state, const ChainHead&) {
    for (const auto& [name, receiver] : core::route::routing_of(state.route).receivers) names.push_back(name);
  });
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const std::string& name : names) json.begin_object().key("name").string(name).end_object();
  json.end_array();
  answer_json(*call, std::move(out));
}

Route status_route(std::string_view pattern, std::string_view summary, void (*handle)(const CallPointer&)) {
  return {"GET", pattern, summary, "viewer", {}, {}, {}, handle, Decides::route, Dialect::alertmanager};
}

}  // namespace

Routes alertmanager_status_routes() {
  return {status_route("/api/v2/status", "version, start and file of an Alertmanager", show_status),
          status_route("/api/v2/receivers", "the receivers of Alertmanager's file, by name", list_receivers)};
}

}  // namespace watchbill::api
