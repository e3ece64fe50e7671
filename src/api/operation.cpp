// What load balancers, Prometheus and init systems ask: whether it lives, whether it takes writes, what it measures.
#include "api/call.h"
#include "api/metrics.h"
#include "api/routes.h"
#include "metrics/exposition/page.h"

namespace watchbill::api {
namespace {

void answer_text(const CallPointer& call, std::string text) {
  call->answer(ports::HttpResponse{200, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(text)});
}

void say_healthy(const CallPointer& call) { answer_text(call, "watchbill is healthy.\n"); }

void say_ready(const CallPointer& call) {
  if (call->services.write_mode() != engine::WriteMode::normal)
    return call->refuse(Refused{Refusal::journal_full, "the journal takes no ordinary records"});
  answer_text(call, "watchbill is ready.\n");
}

void show_metrics(const CallPointer& call) {
  call->answer(ports::HttpResponse{200,
                                   {{"Content-Type", std::string(metrics::exposition::Page::content_type)}},
                                   metrics_page(call->services)});
}

// Until a bill can be read there is none to read again.
void reload(const CallPointer& call) {
  call->refuse(Refused{Refusal::not_yet_supported, std::string(call->request.method) + " " + call->request.path});
}

}  // namespace

Routes operation_routes() {
  const std::string_view again = "read the bill again, all or none";
  return {
      {"GET", "/-/healthy", "whether the process answers", "none", {}, {}, {}, say_healthy},
      {"GET", "/-/ready", "whether commands are taken", "none", {}, {}, {Refusal::journal_full}, say_ready},
      {"GET", "/metrics", "our own metrics in Prometheus' text format", "viewer", {}, {}, {}, show_metrics},
      {"POST", "/-/reload", again, "admin", {}, {}, {Refusal::not_yet_supported}, reload},
      {"PUT", "/-/reload", again, "admin", {}, {}, {Refusal::not_yet_supported}, reload},
      {"POST", "/api/watchbill/v1/reload", again, "admin", {}, {}, {Refusal::not_yet_supported}, reload},
  };
}

}  // namespace watchbill::api
