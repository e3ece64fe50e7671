// Runs of runbooks, their plans and their approvals (domain/plans.md §10).
#include "api/page.h"
#include "api/routes.h"
#include "api/run_view.h"
#include "core/plan/owed.h"
#include "core/plan/resolution.h"
#include "model/codec.h"

namespace watchbill::api {
namespace {

using core::plan::Run;
using core::plan::RunState;
using core::plan::StepProgress;

constexpr std::string_view below_runs = "/api/watchbill/v1/runs/";

std::string overview_json(const std::string& id, const Run& run, const Plan& plan) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_run_overview(json, id, run, plan);
  json.end_object();
  return out;
}

void write_step(JsonWriter& json, const Run& run, const Plan& plan, std::size_t index) {
  const PlanStep& step = plan.steps[index];
  const StepProgress& progress = run.steps[index];
  json.begin_object().key("path").string(step.path).key("name").string(step.name).key("verb").string(word(step.verb));
  json.key("state").string(word(core::plan::state_of_step(run, plan, index)));
  if (progress.verdict) json.key("verdict").string(word(*progress.verdict));
  write_text(json, "reason", progress.reason);
  if (progress.before) json.key("before").string(word(*progress.before));
  if (!progress.former.empty()) json.key("former").raw(canonical_text(progress.former));
  if (progress.captured) json.key("captured").string(*progress.captured);
  write_text(json, "irreversible", step.irreversible);
  json.end_object();
}

// What else a person needs who has to decide on this run.
std::string run_json(const core::State& state, const std::string& id, const Run& run, const Plan& plan) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_run_overview(json, id, run, plan);
  json.key("mode").string(run.approvals > 0 ? "approve" : "auto");
  json.key("approvals").begin_object().key("needed").integer(run.approvals);
  write_texts(json, "given_by", run.approved_by);
  write_texts(json, "roles", run.approver_roles);
  json.end_object();
  write_text(json, "cause", run.cause);
  json.key("parameters").raw(canonical_text(plan.parameters));
  if (run.effect) {
    json.key("effect").begin_object().key("id").string(run.effect->id.text).key("phase").string(word(run.effect->phase));
    json.key("direction").string(word(run.effect->direction)).key("attempt").integer(run.effect->attempt);
    json.key("fence").integer(static_cast<std::int64_t>(run.effect->fence)).key("at").string(format_rfc3339(run.effect->at));
    if (const PlanAction* action = core::plan::open_action(run, plan)) json.key("action").raw(canonical_text(*action));
    json.end_object();
  }
  json.key("leases").begin_array();
  for (const std::string& target : plan.targets) {
    const core::lease::Target* lease = state.lease.targets.find(target);
    if (lease == nullptr || lease->run != id) continue;
    json.begin_object().key("target").string(target).key("fence").integer(static_cast<std::int64_t>(lease->fence));
    json.key("since").string(format_rfc3339(lease->since)).end_object();
  }
  json.end_array();
  write_texts(json, "undone", run.undone);
  json.key("steps").begin_array();
  for (std::size_t i = 0; i < plan.steps.size(); ++i) write_step(json, run, plan, i);
  json.end_array().end_object();
  return out;
}

// The runs for which `is_wanted` holds, in the order of their ids: oldest first.
template <class Wanted>
void list_where(const CallPointer& call, Wanted is_wanted) {
  answer_page(call, Area::plan, [is_wanted](const core::State& state, const std::string& after, auto item) {
    state.plan.runs.each_from(after, [&](const std::string& id, const Run& run) {
      if (!is_wanted(run)) return true;
      return item(id, [&] { return overview_json(id, run, core::plan::plan_of(state.plan, run)); });
    });
  });
}

void list_runs(const CallPointer& call) {
  const std::string* state = call->query("state");
  if (state == nullptr) return list_where(call, [](const Run&) { return true; });
  if (*state == "open") return list_where(call, [](const Run& run) { return !core::plan::is_terminal(run.state); });
  const std::optional<RunState> wanted = from_word<RunState>(*state);
  if (!wanted) return call->refuse(Refused{Refusal::bad_argument, "state: expected open, or a state such as held"}, Area::plan);
  list_where(call, [wanted](const Run& run) { return run.state == *wanted; });
}

void list_approvals(const CallPointer& call) {
  list_where(call, [](const Run& run) { return run.state == RunState::awaiting_approval; });
}

void show_run(const CallPointer& call) {
  const std::string& id = call->path("id");
  std::string text;
  const Sequence sequence = call->services.follower.read([&](const core::State& state, const ChainHead& head) {
    if (const Run* run = state.plan.runs.find(id)) text = run_json(state, id, *run, core::plan::plan_of(state.plan, *run));
    return head.sequence;
  });
  if (text.empty()) return call->refuse(Refused{Refusal::unknown_run, "there is no run " + id}, Area::plan);
  call->answer(std::move(text), sequence);
}

// --- what is asked ---

std::map<std::string, std::string> parameters_of(const Call& call) {
  std::map<std::string, std::string> out;
  const JsonValue* parameters = call.body.find("parameters");
  if (parameters == nullptr) return out;
  for (const auto& [name, value] : *parameters->as_object()) out[name] = *value.as_string();
  return out;
}

std::string dry_run_json(const DryRunCompleted& completed, Sequence sequence) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("dry_run").boolean(true).key("runbook").string(completed.runbook);
  json.key("plan").string(plan_digest_text(completed.plan));
  json.key("answers").begin_array();
  for (const DryRunAnswer& each : completed.answers) {
    json.begin_object().key("step").string(each.step).key("asked").string(each.verify ? "verify" : "step");
    json.key("answer").string(word(each.answer));
    if (!each.reason.empty()) json.key("reason").string(each.reason);
    json.end_object();
  }
  json.end_array();
  write_texts(json, "refusals", completed.refusals);
  write_texts(json, "unknown", completed.unknown);
  // design/commands.md: 3 something would refuse, 5 unknowns only.
  json.key("exit_code").integer(!completed.refusals.empty() ? 3 : !completed.unknown.empty() ? 5 : 0);
  json.key("sequence").integer(static_cast<std::int64_t>(sequence)).end_object();
  return out;
}

// What was found stands in the record alone: nothing of it is state.
void answer_dry_run(const CallPointer& call, Sequence sequence) {
  const bool is_taken = call->services.history.run([call, sequence] {
    const Result<std::unique_ptr<ports::JournalPort>> journal = call->services.history.open();
    if (!journal) return call->fail(journal.error());
    std::string text;
    const Status read = (*journal)->read(sequence, sequence, [&](const StoredRecord& record) {
      const auto body = record.payload ? decode_events(*record.payload) : DecodeFailure{false, "its payload"};
      if (!body) return false;
      for (const RecordedEvent& each : body->events)
        if (const auto* completed = std::get_if<DryRunCompleted>(&each.event)) text = dry_run_json(*completed, sequence);
      return false;
    });
    if (!read) return call->fail(read.error());
    if (text.empty()) return call->refuse(Refused{Refusal::unknown_record, "record " + std::to_string(sequence)}, Area::plan);
    call->answer(std::move(text), sequence);
  });
  if (!is_taken) call->refuse(Refused{Refusal::busy, "too many questions to the journal wait"}, Area::plan);
}

void dry_run(const CallPointer& call, StartRun start) {
  call->offer(std::move(start), {}, [call](const core::Answer& answer) {
    if (answer.refused) return call->refuse(*answer.refused, Area::plan, answer.sequence);
    answer_dry_run(call, answer.sequence);
  });
}

// The plan that a start would have now, and where its questions are asked.
struct Prospective {
  Plan plan;
  RunPlace place;
};
std::optional<Prospective> prospective_of(const Call& call, const StartRun& start) {
  std::optional<Prospective> out;
  static_cast<void>(call.services.follower.read([&](const core::State& state, const ChainHead& head) {
    const RunbookConfiguration* configuration = core::plan::configuration_of(state.plan);
    if (configuration == nullptr) return head.sequence;
    auto plan = core::plan::resolve(*configuration, {start.runbook, start.parameters, {}, false}, call.services.limits);
    if (!plan) return head.sequence;
    RunPlace place;
    place.run = "dry-run";
    place.account = configuration->exec_user;
    place.folder = configuration->folder;
    place.plan = sha256(plan_bytes(*plan));
    out = Prospective{std::move(*plan), std::move(place)};
    return head.sequence;
  }));
  return out;
}

void start_run(const CallPointer& call) {
  StartRun start;
  start.dry_run = call->truth("dry_run");
  start.parameters = parameters_of(*call);
  start.reason = call->text("reason");
  start.runbook = call->text("runbook");
  if (!start.dry_run) return call->begin(std::move(start), below_runs);
  // Whoever may not start it has nothing asked for him; the core refuses him, and says why there is no plan.
  if (!has_role(call->actor, "operator")) return dry_run(call, std::move(start));
  const std::optional<Prospective> prospective = prospective_of(*call, start);
  if (!prospective) return dry_run(call, std::move(start));
  start.answered_plan = prospective->place.plan;
  call->services.ask_beforehand(prospective->plan, prospective->place, [call, start](std::vector<DryRunAnswer> answers) {
    StartRun answered = start;
    answered.answers = std::move(answers);
    dry_run(call, std::move(answered));
  });
}

void cancel_run(const CallPointer& call) { call->command(CancelRun{call->text("reason"), call->path("id")}); }

void resume_run(const CallPointer& call) { call->command(ResumeRun{call->text("reason"), call->path("id")}); }

void resolve_run(const CallPointer& call) {
  const std::optional<OutcomeAnswer> answer = from_word<OutcomeAnswer>(call->text("answer"));
  if (!answer) return call->refuse(Refused{Refusal::bad_argument, "answer: expected done, not_done or leave"}, Area::plan);
  call->command(ResolveRun{*answer, call->text("reason"), call->path("id"), call->text("step")});
}

void give_approval(const CallPointer& call) {
  if (call->truth("reject")) return call->command(RejectApproval{call->text("reason"), call->path("id")});
  const std::optional<Digest> digest = plan_digest_of(call->text("digest"));
  if (!digest)
    return call->refuse(Refused{Refusal::bad_argument, "digest: expected that of the plan, sha256: and 64 hex digits"},
                        Area::approval);
  GiveApproval approval;
  approval.accept_irreversible = call->truth("accept_irreversible");
  approval.plan = *digest;
  approval.run = call->path("id");
  call->command(std::move(approval));
}

void withdraw_approval(const CallPointer& call) { call->command(WithdrawApproval{call->path("id")}); }

const Member reason_member{"reason", ValueKind::text, "why"};
const Member needed_reason{"reason", ValueKind::text, "why, for whoever reads it later", true};

Route route_on_run(std::string_view pattern, std::string_view summary, std::vector<Member> body, std::vector<Refusal> refusals,
                   void (*handle)(const CallPointer&)) {
  refusals.push_back(Refusal::unknown_run);
  refusals.push_back(Refusal::illegal_transition);
  return {"POST", pattern, summary, "operator", {}, std::move(body), std::move(refusals), handle, Decides::core};
}

Routes approval_routes() {
  return {
      {"GET", "/api/watchbill/v1/approvals", "runs that wait for a yes", "viewer", {limit_member, cursor_member}, {}, {},
       list_approvals},
      {"GET", "/api/watchbill/v1/approvals/{id}", "one of them, as /runs/{id} shows it", "viewer", {}, {},
       {Refusal::unknown_run}, show_run},
      {"POST",
       "/api/watchbill/v1/approvals/{id}",
       "a yes to this plan, or with `reject` a no, which ends the run",
       "approver",
       {},
       {{"digest", ValueKind::text, "of the plan that was read; of a yes"},
        {"accept_irreversible", ValueKind::truth, "the steps that cannot be taken back are accepted [false]"},
        {"reject", ValueKind::truth, "it is a no [false]"}, reason_member},
       {Refusal::unknown_run, Refusal::approval_digest_mismatch, Refusal::approval_expired, Refusal::approver_is_requester,
        Refusal::irreversible_needs_approval, Refusal::illegal_transition},
       give_approval,
       Decides::core},
      {"DELETE", "/api/watchbill/v1/approvals/{id}", "take one's own yes back, while the run has not started", "approver", {},
       {}, {Refusal::unknown_run, Refusal::illegal_transition, Refusal::nothing_to_answer}, withdraw_approval, Decides::core},
  };
}

}  // namespace

Routes run_routes() {
  Routes routes{
      {"GET",
       "/api/watchbill/v1/runs",
       "runs, oldest first",
       "viewer",
       {limit_member, cursor_member, {"state", ValueKind::text, "only those that are `open`, or in this state"}},
       {},
       {},
       list_runs},
      {"POST",
       "/api/watchbill/v1/runs",
       "start a runbook, or say what starting it now would do",
       "operator",
       {},
       {{"runbook", ValueKind::text, "its name in the bill", true},
        {"parameters", ValueKind::texts, "its parameters, by name"},
        {"dry_run", ValueKind::truth, "nothing is started [false]"}, reason_member},
       {Refusal::unknown_runbook, Refusal::parameter_missing, Refusal::parameter_invalid, Refusal::too_many_runs,
        Refusal::queue_full},
       start_run,
       Decides::core,
       Dialect::own,
       true},
      {"GET", "/api/watchbill/v1/runs/{id}", "one run: its steps, what is open, what it holds", "viewer", {}, {},
       {Refusal::unknown_run}, show_run},
      route_on_run("/api/watchbill/v1/runs/{id}/cancel", "end a run at its next safe point, and take back what it did",
                   {reason_member}, {Refusal::outcome_needs_answer}, cancel_run),
      route_on_run("/api/watchbill/v1/runs/{id}/resume", "let a held run go on", {needed_reason},
                   {Refusal::note_required, Refusal::hold_active, Refusal::outcome_needs_answer}, resume_run),
      route_on_run("/api/watchbill/v1/runs/{id}/resolve", "answer what became of an effect that nobody can tell",
                   {{"step", ValueKind::text, "its path", true},
                    {"answer", ValueKind::text, "done, not_done or leave", true},
                    needed_reason},
                   {Refusal::note_required, Refusal::nothing_to_answer}, resolve_run),
  };
  for (Route& route : approval_routes()) routes.push_back(std::move(route));
  return routes;
}

}  // namespace watchbill::api
