// Paths of design/http.md that answer `not_yet_supported`. A line goes when its route is built; one that stays is left out.
#include <algorithm>
#include <array>

#include "api/routes.h"

namespace watchbill::api {
namespace {

constexpr std::array<Unbuilt, 105> documented{{
    // the neighbours' paths
    {"POST", "/api/v1/otlp/v1/metrics"}, {"DELETE", "/api/v1/series"},
    {"POST", "/api/v1/admin/tsdb/{path...}"}, {"PUT", "/api/v1/admin/tsdb/{path...}"},
    {"GET", "/api/v1/notifications"}, {"GET", "/api/v1/notifications/live"}, {"GET", "/api/v1/features"},
    {"PUT", "/metrics/job/{path...}"}, {"POST", "/metrics/job/{path...}"}, {"DELETE", "/metrics/job/{path...}"},
    // ours
    {"GET", "/api/watchbill/v1/workloads"}, {"GET", "/api/watchbill/v1/workloads/{name}"},
    {"POST", "/api/watchbill/v1/workloads/{name}/start"}, {"POST", "/api/watchbill/v1/workloads/{name}/stop"},
    {"POST", "/api/watchbill/v1/workloads/{name}/restart"}, {"GET", "/api/watchbill/v1/workloads/{name}/logs"},
    {"POST", "/api/watchbill/v1/workloads/{name}/beat"}, {"PUT", "/api/watchbill/v1/workloads/{name}/tasks/{task}"},
    {"DELETE", "/api/watchbill/v1/workloads/{name}/tasks/{task}"}, {"GET", "/api/watchbill/v1/caches/{name}"},
    {"PUT", "/api/watchbill/v1/caches/{name}"}, {"GET", "/api/watchbill/v1/runs"}, {"POST", "/api/watchbill/v1/runs"},
    {"GET", "/api/watchbill/v1/runs/{id}"}, {"POST", "/api/watchbill/v1/runs/{id}/cancel"},
    {"POST", "/api/watchbill/v1/runs/{id}/resume"}, {"POST", "/api/watchbill/v1/runs/{id}/resolve"},
    {"GET", "/api/watchbill/v1/plans/{digest}"}, {"GET", "/api/watchbill/v1/approvals"},
    {"GET", "/api/watchbill/v1/approvals/{id}"}, {"POST", "/api/watchbill/v1/approvals/{id}"},
    {"DELETE", "/api/watchbill/v1/approvals/{id}"}, {"GET", "/api/watchbill/v1/rollouts"},
    {"POST", "/api/watchbill/v1/rollouts"}, {"GET", "/api/watchbill/v1/rollouts/{id}"},
    {"POST", "/api/watchbill/v1/rollouts/{id}/cancel"}, {"POST", "/api/watchbill/v1/rollouts/{id}/hold"},
    {"POST", "/api/watchbill/v1/rollouts/{id}/resume"}, {"POST", "/api/watchbill/v1/rollouts/{id}/rollback"},
    {"POST", "/api/watchbill/v1/rollouts/{id}/fix-forward"}, {"POST", "/api/watchbill/v1/rollouts/{id}/resolve"},
    {"GET", "/api/watchbill/v1/locks/{scope}"}, {"DELETE", "/api/watchbill/v1/locks/{scope}"},
    {"GET", "/api/watchbill/v1/agents"}, {"POST", "/api/watchbill/v1/agents/{name}/drain"},
    {"POST", "/api/watchbill/v1/agents/join-tokens"}, {"GET", "/api/watchbill/v1/sd/runners"},
    {"GET", "/api/watchbill/v1/incidents"}, {"POST", "/api/watchbill/v1/incidents"},
    {"GET", "/api/watchbill/v1/incidents/{id}"}, {"POST", "/api/watchbill/v1/incidents/{id}/ack"},
    {"POST", "/api/watchbill/v1/incidents/{id}/take"}, {"POST", "/api/watchbill/v1/incidents/{id}/release"},
    {"POST", "/api/watchbill/v1/incidents/{id}/mitigate"}, {"POST", "/api/watchbill/v1/incidents/{id}/resolve"},
    {"POST", "/api/watchbill/v1/incidents/{id}/merge"}, {"POST", "/api/watchbill/v1/incidents/{id}/postmortem"},
    {"GET", "/api/watchbill/v1/oncall/{name}"}, {"GET", "/api/watchbill/v1/readiness"},
    {"GET", "/api/watchbill/v1/readiness/gate"}, {"GET", "/api/watchbill/v1/slos"}, {"GET", "/api/watchbill/v1/drift"},
    {"POST", "/api/watchbill/v1/drift/{metric}/rebase"}, {"POST", "/api/watchbill/v1/readiness/reports/{component}"},
    {"GET", "/api/watchbill/v1/changes"}, {"POST", "/api/watchbill/v1/changes"}, {"GET", "/api/watchbill/v1/changes/{id}"},
    {"POST", "/api/watchbill/v1/changes/{id}/close"}, {"POST", "/api/watchbill/v1/promotions/{name}/promote"},
    {"POST", "/api/watchbill/v1/limiters/{name}/grants"}, {"POST", "/api/watchbill/v1/grants/{id}/rollback"},
    {"GET", "/api/watchbill/v1/worklogs"}, {"POST", "/api/watchbill/v1/worklogs"}, {"GET", "/api/watchbill/v1/gates"},
    {"GET", "/api/watchbill/v1/gates/{name}"}, {"POST", "/api/watchbill/v1/gates/{name}/hold"},
    {"POST", "/api/watchbill/v1/gates/{name}/reset"}, {"GET", "/api/watchbill/v1/drills"},
    {"POST", "/api/watchbill/v1/drills"}, {"GET", "/api/watchbill/v1/rehearsals"}, {"POST", "/api/watchbill/v1/rehearsals"},
    {"POST", "/api/watchbill/v1/rehearsals/{run}/sign-off"}, {"GET", "/api/watchbill/v1/packets"},
    {"POST", "/api/watchbill/v1/packets"}, {"GET", "/api/watchbill/v1/packets/{id}"},
    {"GET", "/api/watchbill/v1/work/{queue}"}, {"POST", "/api/watchbill/v1/work/{queue}/items"},
    {"POST", "/api/watchbill/v1/work/{queue}/claims"}, {"POST", "/api/watchbill/v1/work/{queue}/dispatch"},
    {"POST", "/api/watchbill/v1/work/{queue}/items/{id}/heartbeat"},
    {"POST", "/api/watchbill/v1/work/{queue}/items/{id}/complete"},
    {"POST", "/api/watchbill/v1/work/{queue}/items/{id}/reschedule"},
    {"POST", "/api/watchbill/v1/work/{queue}/items/{id}/resume"},
    {"POST", "/api/watchbill/v1/work/{queue}/items/{id}/cancel"}, {"PUT", "/api/watchbill/v1/work/{queue}/override"},
    {"DELETE", "/api/watchbill/v1/work/{queue}/override"}, {"PUT", "/api/watchbill/v1/work/{queue}/pause"},
    {"DELETE", "/api/watchbill/v1/work/{queue}/pause"}, {"POST", "/api/watchbill/v1/producers/{p}/facts"},
    {"GET", "/api/watchbill/v1/producers/{p}/health"},
    {"POST", "/api/watchbill/v1/producers/{p}/plans/{plan}/backlog/{item}/resume"},
    {"POST", "/api/watchbill/v1/producers/{p}/plans/{plan}/backlog/{item}/block"},
    {"POST", "/api/watchbill/v1/producers/{p}/plans/{plan}/backlog/{item}/return"},
    {"GET", "/api/watchbill/v1/producers/{p}/plans/{plan}/obligations"},
    {"POST", "/api/watchbill/v1/producers/{p}/plans/{plan}/obligations/{id}/resolve"},
}};

// A pattern without the names of its parameters: two that differ in those only are one path.
std::string shape_of(std::string_view pattern) {
  std::string shape;
  bool is_name = false;
  for (const char c : pattern) {
    if (c == '}') is_name = false;
    if (!is_name) shape.push_back(c);
    if (c == '{') is_name = true;
  }
  return shape;
}

}  // namespace

std::vector<Unbuilt> unbuilt_paths(const Routes& routes) {
  std::vector<Unbuilt> left;
  for (const Unbuilt& path : documented) {
    const bool is_built = std::any_of(routes.begin(), routes.end(), [&path](const Route& route) {
      return route.method == path.method && shape_of(route.pattern) == shape_of(path.pattern);
    });
    if (!is_built) left.push_back(path);
  }
  return left;
}

}  // namespace watchbill::api
