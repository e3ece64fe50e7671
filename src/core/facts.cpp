#include "core/facts.h"

namespace watchbill::core {

alert::Facts alert_facts(const Actor& actor) { return {actor.kind == ActorKind::engine}; }

control::Facts control_facts(const Actor& actor) { return {has_role(actor, "operator"), has_role(actor, "approver")}; }

route::Facts route_facts(const Actor& actor) { return {has_role(actor, "operator"), actor.kind == ActorKind::engine}; }

workload::Facts workload_facts(const Actor& actor) {
  return {has_role(actor, "operator"), actor.kind == ActorKind::engine, actor.kind == ActorKind::caller};
}

}  // namespace watchbill::core
