// The Pushgateway's paths: PUT, POST and DELETE /metrics/job/JOB{/LABEL/VALUE}, and what it tells of the groups. What is answered
// 200 or 202 survives a crash. Statuses as prom/pushgateway 1.x (handler/push.go, api/v1/api.go); 415, 429 and 503 are ours,
// where it would read what is none of its formats as text, or keep without bounds. Prometheus has neither /api/v1/metrics nor
// /api/v1/status, so both neighbours fit on one address.
#include <string>

#include "api/call.h"
#include "api/prometheus.h"
#include "api/routes.h"
#include "base/time.h"
#include "metrics/push/page.h"

namespace watchbill::api {
namespace {

constexpr std::string_view protobuf_type = "application/vnd.google.protobuf";

void answer_pusher(Call& call, std::uint32_t status, const std::string& text) {
  ports::HttpResponse response{
      status, {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}}, {}};
  if (!text.empty()) response.body = text + "\n";
  constexpr std::uint32_t unavailable = 503;
  if (status == unavailable) response.headers.push_back({"Retry-After", "5"});
  call.answer(std::move(response));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Delimited messages of MetricFamily; all else is read as text, as there: curl calls everything a form.
bool is_protobuf(const ports::HttpRequest& request) {
  const std::string* type = ports::find_field(request.headers, "Content-Type");
  if (type == nullptr) return false;
  std::string plain;  // without blanks and quotes
  for (const char c : *type)
    if (c != ' ' && c != '\t' && c != '"') plain.push_back(c);
  const std::size_t end = plain.find(';');
  if (lower(plain.substr(0, end)) != protobuf_type || end == std::string::npos) return false;
  const std::string parameters = plain.substr(end) + ";";
  return parameters.find(";proto=io.prometheus.client.MetricFamily;") != std::string::npos &&
         parameters.find(";encoding=delimited;") != std::string::npos;
}

void offer(const CallPointer& call, PushAsk ask) {
  const bool is_taken = call->services.watch.pushes.push(std::move(ask), [call](const PushOutcome& outcome) {
    answer_pusher(*call, outcome.status, outcome.text);
  });
  if (!is_taken) answer_pusher(*call, 503, "busy: too many pushes are waiting");
}

// `is_job_base64`: of the path below /metrics/job@base64/.
std::function<void(const CallPointer&)> handler_of(PushKind kind, bool is_job_base64) {
  return [kind, is_job_base64](const CallPointer& call) {
    Result<metrics::push::PushLabels> key = metrics::push::key_of_path(call->path("path"), is_job_base64);
    if (!key) return answer_pusher(*call, 400, key.error().text());
    PushAsk ask;
    ask.kind = kind;
    ask.key = std::move(*key);
    if (kind != PushKind::remove) {
      if (const std::string* coding = ports::find_field(call->request.headers, "Content-Encoding");
          coding != nullptr && !coding->empty() && lower(*coding) != "identity") {
        if (lower(*coding) != "gzip")
          return answer_pusher(*call, 415,
                             "unsupported Content-Encoding " + quoted(coding->substr(0, 100)) + ", expected gzip or none");
        ask.coding = PushCoding::gzip;
      }
      ask.is_protobuf = is_protobuf(call->request);
      ask.body = call->request.body;
    }
    offer(call, std::move(ask));
  };
}

void list_groups(const CallPointer& call) {
  const auto groups = call->services.watch.pushes.groups();
  answer_data(*call, metrics::push::groups_json(groups));
}

// What of a Pushgateway's status there is a counterpart for.
void say_status(const CallPointer& call) {
  std::string out;
  JsonWriter json(out);
  const std::string& build = call->services.build;
  const std::size_t plus = build.find('+');
  const Running running = call->services.running();
  json.begin_object().key("build_information").begin_object();
  json.key("version").string(build.substr(0, plus));
  json.key("revision").string(plus == std::string::npos ? "unknown" : build.substr(plus + 1)).end_object();
  json.key("flags").begin_object();
  for (const auto& [name, value] : running.flags) json.key(name).string(value);
  json.end_object().key("start_time");
  const Result<ProcessFigures> process = call->services.process();
  json.string(format_rfc3339(Instant{process ? static_cast<std::int64_t>(process->start_seconds * 1000) : 0}));
  json.end_object();
  answer_data(*call, out);
}

Route push_route(std::string_view method, std::string_view pattern, std::string_view summary, PushKind kind) {
  const bool is_job_base64 = pattern.find("@base64") != std::string_view::npos;
  Route route{
      method, pattern, summary, "operator", {}, {}, {}, handler_of(kind, is_job_base64), Decides::route, Dialect::prometheus};
  route.reads_forms = false;
  if (kind != PushKind::remove) {
    route.takes = "text/plain";
    route.body_bytes_max = ports::http_ingest_body_bytes_max;
  } else {
    constexpr int accepted = 202;
    route.success_status = accepted;
  }
  return route;
}

}  // namespace

Routes pushgateway_routes() {
  Routes routes;
  for (const std::string_view pattern : {"/metrics/job/{path...}", "/metrics/job@base64/{path...}"}) {
    routes.push_back(push_route("PUT", pattern, "replaces the group of metrics that the path names", PushKind::put));
    routes.push_back(push_route("POST", pattern, "replaces metrics of the same names in the group", PushKind::post));
    routes.push_back(push_route("DELETE", pattern, "removes the group", PushKind::remove));
  }
  routes.push_back({"GET", "/api/v1/metrics", "the groups that were pushed, as a Pushgateway lists them", "viewer", {}, {}, {},
                    list_groups, Decides::route, Dialect::prometheus});
  routes.push_back({"GET", "/api/v1/status", "build, flags and start, as a Pushgateway tells them", "viewer", {}, {}, {},
                    say_status, Decides::route, Dialect::prometheus});
  return routes;
}

}  // namespace watchbill::api
