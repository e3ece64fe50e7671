// The bill, read again: all of it is taken or nothing changes (design/bill.md §1).
#include "api/call.h"
#include "api/counters.h"
#include "api/routes.h"

namespace watchbill::api {
namespace {

std::string findings_json(const std::vector<config::Finding>& findings) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const config::Finding& finding : findings) json.raw(finding.json());
  json.end_array();
  return out;
}

void answer_reloaded(Call& call, const Reloaded& done) {
  if (done.refused) {
    if (done.findings.empty()) return call.refuse(*done.refused);
    return call.answer(ports::HttpResponse{static_cast<std::uint32_t>(http_status(done.refused->reason)),
                                           {{"Content-Type", "application/json"}},
                                           refusal_body(*done.refused, head_of(call.services), findings_json(done.findings))});
  }
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("configuration").string(done.configuration.hex());
  json.key("findings").raw(findings_json(done.findings)).key("keys_for_restart").begin_array();
  for (const std::string& key : done.keys_for_restart) json.string(key);
  json.end_array().key("sequence").integer(static_cast<std::int64_t>(done.sequence)).end_object();
  call.answer(std::move(out), done.sequence);
}

void reload(const CallPointer& call) {
  call->services.reload(call->actor, [call](const Reloaded& done) { answer_reloaded(*call, done); });
}

// As Prometheus answers it: nothing, or one text.
void reload_as_neighbour(const CallPointer& call) {
  call->services.reload(call->actor, [call](const Reloaded& done) {
    if (!done.refused) return call->answer(ports::HttpResponse{200, {}, {}}, done.sequence);
    if (done.findings.empty()) call->services.counters.count_refusal(Area::engine, done.refused->reason);
    std::string text = "failed to reload config: " + done.refused->message + "\n";
    for (const config::Finding& finding : done.findings) text += finding.line() + "\n";
    call->answer(ports::HttpResponse{500, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(text)});
  });
}

}  // namespace

Routes reload_routes() {
  const std::string_view again = "read the bill again, all or none";
  const std::vector<Refusal> refusals{Refusal::config_invalid, Refusal::busy, Refusal::not_yet_supported};
  return {
      {"POST", "/-/reload", again, "admin", {}, {}, refusals, reload_as_neighbour},
      {"PUT", "/-/reload", again, "admin", {}, {}, refusals, reload_as_neighbour},
      {"POST", "/api/watchbill/v1/reload", again, "admin", {}, {}, refusals, reload},
  };
}

}  // namespace watchbill::api
