// All routes of the API, and how they become what the HTTP server dispatches. One function for each file of routes.
#pragma once

#include <string>
#include <vector>

#include "api/route.h"
#include "api/services.h"
#include "ports/http.h"

namespace watchbill::api {

[[nodiscard]] Routes overview_routes();      // /status, /metrics-catalogue
[[nodiscard]] Routes journal_routes();       // /journal, /journal/{seq}, /why/{id}
[[nodiscard]] Routes event_routes();         // /events
[[nodiscard]] Routes hold_routes();          // /hold
[[nodiscard]] Routes alert_routes();         // /alerts, /alerts/{id}
[[nodiscard]] Routes notification_routes();  // /notifications
[[nodiscard]] Routes run_routes();           // /runs, /approvals
[[nodiscard]] Routes plan_routes();          // /plans
[[nodiscard]] Routes operation_routes();     // /-/healthy, /-/ready, /metrics
[[nodiscard]] Routes reload_routes();        // /-/reload, /reload
[[nodiscard]] Routes workload_routes();      // /workloads, /workloads/{name}
// Prometheus' own paths, below /api/v1.
[[nodiscard]] Routes prometheus_query_routes();   // query, query_range
[[nodiscard]] Routes prometheus_series_routes();  // series, labels, label/{name}/values, metadata, targets/metadata
[[nodiscard]] Routes prometheus_rule_routes();    // rules, alerts, targets
[[nodiscard]] Routes prometheus_expression_routes();  // format_query, parse_query, query_exemplars
[[nodiscard]] Routes prometheus_status_routes();  // status/…, scrape_pools, alertmanagers
[[nodiscard]] Routes prometheus_write_routes();   // write
[[nodiscard]] Routes prometheus_read_routes();    // read
[[nodiscard]] Routes pushgateway_routes();        // /metrics/job/…, and metrics, status of a Pushgateway
// Alertmanager's own paths, below /api/v2.
[[nodiscard]] Routes alertmanager_alert_routes();    // alerts, alerts/groups
[[nodiscard]] Routes alertmanager_silence_routes();  // silences, silence/{id}
[[nodiscard]] Routes alertmanager_status_routes();   // status, receivers
[[nodiscard]] Routes federation_routes();         // /federate
[[nodiscard]] Routes front_page_routes();         // /, /graph

// Every route that is built, in the order of the lists above; openapi.json, which is made of them, is the last.
[[nodiscard]] Routes all_routes();

// The routes as the server takes them: each call is identified, checked against its row and counted before its handler runs, and
// the documented paths that are not built yet answer `not_yet_supported`. `services` must outlive them.
[[nodiscard]] std::vector<ports::HttpRoute> http_routes(Services& services);

// OpenAPI 3.1 of these routes, from their rows alone.
[[nodiscard]] std::string openapi_text(const Routes& routes);

// A path of design/http.md that has no handler yet.
struct Unbuilt {
  std::string_view method;
  std::string_view pattern;
};
// All of them but those among `routes`.
[[nodiscard]] std::vector<Unbuilt> unbuilt_paths(const Routes& routes);

}  // namespace watchbill::api
