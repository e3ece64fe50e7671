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
  answer_page(call, Area::control, [](const core::State& state, const std::string& after, auto item) {
    state.control.holds.each_from(after, [&item](const std::string& scope, const core::control::Hold& hold) {
      return item(scope, [&] { return hold_json(scope, hold); });
    });
  });
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
