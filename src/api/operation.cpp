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
  if (!call->services.watch.is_ready()) return call->refuse(Refused{Refusal::busy, "stored samples are being loaded"});
  answer_text(call, "watchbill is ready.\n");
}

void show_metrics(const CallPointer& call) {
  call->answer(ports::HttpResponse{200,
                                   {{"Content-Type", std::string(metrics::exposition::Page::content_type)}},
                                   metrics_page(call->services, PageParts::with_pushed)});
}

}  // namespace

Routes operation_routes() {
  return {
      {"GET", "/-/healthy", "whether the process answers", "none", {}, {}, {}, say_healthy},
      {"GET",
       "/-/ready",
       "whether commands are taken and targets watched",
       "none",
       {},
       {},
       {Refusal::journal_full, Refusal::busy},
       say_ready},
      {"GET",
       "/metrics",
       "our own metrics, and those that were pushed, in Prometheus' text format",
       "viewer",
       {},
       {},
       {},
       show_metrics},
  };
}

}  // namespace watchbill::api
