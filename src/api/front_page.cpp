// What somebody finds who opens the address in a browser. There is no console yet: the page says what this is, and where things
// are.
#include <string>

#include "api/call.h"
#include "api/routes.h"

namespace watchbill::api {
namespace {

constexpr std::string_view page = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>watchbill</title></head><body>
<h1>watchbill</h1>
<p>A self-hosted operations control plane. This release has no console and no expression browser: it is asked by its
command line (<code>watchbill status</code>, <code>watchbill query 'up'</code>), and by what speaks to a Prometheus, such as
Grafana, at this address.</p>
<ul>
<li><a href="/api/watchbill/v1/openapi.json">/api/watchbill/v1</a>: its own API, as OpenAPI 3.1</li>
<li><a href="/api/v1/query?query=up">/api/v1</a>: Prometheus' API; <a href="/api/v1/targets">targets</a>,
<a href="/api/v1/rules">rules</a>, <a href="/api/v1/alerts">alerts</a>, <a href="/api/v1/status/config">configuration</a></li>
<li><a href="/metrics">/metrics</a>, <a href="/-/ready">/-/ready</a>, <a href="/-/healthy">/-/healthy</a></li>
</ul>
<p>The documents are in the folder <code>docs</code> of its source; docs/migrating-from-prometheus.md is for who
comes from Prometheus.</p>
</body></html>
)";

void show_page(const CallPointer& call) {
  call->answer(ports::HttpResponse{200, {{"Content-Type", "text/html; charset=utf-8"}}, std::string(page)});
}

}  // namespace

Routes front_page_routes() {
  const auto route = [](std::string_view pattern) {
    return Route{"GET", pattern, "a page for people: what this is, and where things are", "none", {}, {}, {}, show_page,
                 Decides::route, Dialect::prometheus};
  };
  // /graph is where Prometheus' messages lead to.
  return {route("/"), route("/graph")};
}

}  // namespace watchbill::api
