// Holds: a person stops every mutation, of everything or of a scope (domain/rollout.md §3).
#include "api/page.h"
#include "api/routes.h"
#include "model/codec.h"

namespace watchbill::api {
namespace {

std::string hold_json(const std::string& scope, const core::control::Hold& hold) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("scope").string(scope).key("by").string(hold.by).key("reason").string(hold.reason);
  json.key("restarts").boolean(hold.restarts).key("since").string(format_rfc3339(hold.since)).end_object();
  return out;
}

void list_holds(const CallPointer& call) {
  const Result<PageRequest, Refused> request = page_of(*call);
  if (!request) return call->refuse(request.error(), Area::control);
  Page page;
  std::string last;
  bool has_more = false;
  const Sequence sequence = call->services.follower.read([&](const core::State& state, const ChainHead& head) {
    state.control.holds.each_from(request->after, [&](const std::string& scope, const core::control::Hold& hold) {
      if (scope == request->after) return true;
      has_more = page.size() == request->limit;
      if (has_more) return false;
      page.add(hold_json(scope, hold));
      last = scope;
      return true;
    });
    return head.sequence;
  });
  call->answer(page.finish(sequence, has_more ? last : ""), sequence);
}

void set_hold(const CallPointer& call) {
  call->command(SetHold{call->text("reason"), call->truth("restarts"), call->text("scope", "all")});
}

void release_hold(const CallPointer& call) {
  const std::string* scope = call->query("scope");
  const std::string* reason = call->query("reason");
  call->command(ReleaseHold{reason == nullptr ? "" : *reason, scope == nullptr ? "all" : *scope});
}

}  // namespace

Routes hold_routes() {
  const Member scope{"scope", ValueKind::text, "\"all\", or KIND/NAME such as binding/WebDown [all]"};
  return {
      {"GET", "/api/watchbill/v1/hold", "the holds in force", "viewer", {limit_member, cursor_member}, {}, {}, list_holds},
      {"PUT",
       "/api/watchbill/v1/hold",
       "stop every mutation within a scope until a person releases it",
       "operator",
       {},
       {scope, {"reason", ValueKind::text, "why, for whoever meets it", true},
        {"restarts", ValueKind::truth, "whether keepers suspend their standing orders too [false]"}},
       {Refusal::note_required, Refusal::hold_active, Refusal::too_many_holds},
       set_hold,
       Decides::core},
      {"DELETE",
       "/api/watchbill/v1/hold",
       "release a hold",
       "approver",
       {scope, {"reason", ValueKind::text, "why"}},
       {},
       {Refusal::not_held},
       release_hold,
       Decides::core},
  };
}

}  // namespace watchbill::api
