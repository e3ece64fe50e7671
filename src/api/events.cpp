// The stream of events (design/http.md §6).
#include "api/event_feed.h"
#include "api/page.h"
#include "api/routes.h"

namespace watchbill::api {
namespace {

void stream_events(const CallPointer& call) {
  EventFeed::Wanted wanted;
  const Result<std::uint64_t, Refused> since = call->number("since", 0);
  if (!since) return call->refuse(since.error());
  if (*since > 0) wanted.after = EventReference{*since - 1, EventFeed::whole_record};
  // A browser that reconnects sends its old URL and where it was: that counts.
  if (const std::string* last = ports::find_field(call->request.headers, "Last-Event-ID"); last != nullptr && !last->empty()) {
    wanted.after = parse_event_reference(*last);
    if (!wanted.after) return call->refuse(Refused{Refusal::bad_argument, "Last-Event-ID: expected SEQ.INDEX"});
  }
  if (const std::string* type = call->query("type")) wanted.type = *type;
  if (const std::string* area = call->query("area")) {
    wanted.area = from_word<Area>(*area);
    if (!wanted.area) return call->refuse(Refused{Refusal::bad_argument, "area " + *area + " is not one of events"});
  }
  wanted.source = call->services.follower.read(
      [](const core::State& state, const ChainHead&) { return "/watchbill/" + state.progress.lineage.text; });
  call->services.feed.subscribe(call, std::move(wanted));
}

}  // namespace

Routes event_routes() {
  return {{"GET",
           "/api/watchbill/v1/events",
           "server-sent events: each a CloudEvents 1.0 envelope with the id SEQ.INDEX; resume by Last-Event-ID",
           "viewer",
           {{"type", ValueKind::text, "only events of this type"},
            {"area", ValueKind::text, "only events of this area"},
            {"since", ValueKind::number, "begin with this record instead of with what happens from now on"}},
           {},
           {Refusal::position_gone},
           stream_events}};
}

}  // namespace watchbill::api
