// Plans: those that runs in state execute, those that are only suggested, and any by its digest (domain/plans.md §1, §6.1).
#include <map>

#include "api/page.h"
#include "api/routes.h"
#include "api/run_view.h"
#include "model/codec.h"

namespace watchbill::api {
namespace {

using core::plan::Run;
using core::plan::Suggestion;

constexpr std::string_view digest_prefix = "sha256:";

// What is known of one plan.
struct Use {
  std::string runbook;
  Instant last;  // that it was proposed
  std::int64_t runs{0};
  std::vector<std::string> waiting;    // runs of it that wait for an approval
  std::vector<std::string> suggested;  // by the ids that were proposed
};

std::map<std::string, Use> uses_of(const core::plan::State& state) {
  std::map<std::string, Use> uses;
  const auto use_of = [&uses](const Digest& plan, const std::string& runbook, Instant at) -> Use& {
    Use& use = uses[plan_digest_text(plan)];
    use.runbook = runbook;
    use.last = std::max(use.last, at);
    return use;
  };
  state.runs.each([&](const std::string& id, const Run& run) {
    Use& use = use_of(run.plan, core::plan::plan_of(state, run).name, run.proposed_at);
    ++use.runs;
    if (run.state == core::plan::RunState::awaiting_approval) use.waiting.push_back(id);
    return true;
  });
  state.suggestions.each([&](const std::string& id, const Suggestion& suggestion) {
    use_of(suggestion.plan, suggestion.runbook, suggestion.at).suggested.push_back(id);
    return true;
  });
  return uses;
}

std::string use_json(const core::State& state, const std::string& digest, const Use& use, const Limits& limits) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("last").string(format_rfc3339(use.last)).key("plan").string(digest);
  json.key("runbook").string(use.runbook).key("runs").integer(use.runs);
  if (!use.suggested.empty()) {
    json.key("suggested").begin_array();
    for (const std::string& id : use.suggested) {
      json.begin_object();
      write_suggestion(json, state, id, limits);
      json.end_object();
    }
    json.end_array();
  }
  if (!use.waiting.empty()) {
    json.key("waiting").begin_array();
    for (const std::string& id : use.waiting) {
      const Run& run = *state.plan.runs.find(id);
      json.begin_object();
      write_run_overview(json, id, run, core::plan::plan_of(state.plan, run));
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  return out;
}

void list_plans(const CallPointer& call) {
  answer_page(call, Area::plan, [&call](const core::State& state, const std::string& after, auto item) {
    const std::map<std::string, Use> uses = uses_of(state.plan);
    for (auto at = uses.lower_bound(after); at != uses.end(); ++at)
      if (!item(at->first, [&] { return use_json(state, at->first, at->second, call->services.limits); })) return;
  });
}

std::string plan_json(const Digest& digest, const std::string& bytes) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("digest").string(plan_digest_text(digest)).key("plan").raw(bytes).end_object();
  return out;
}

// From the journal: also the plan of a dry run, or of a run that is archived.
void show_plan(const CallPointer& call) {
  const std::optional<Digest> digest = plan_digest_of(call->path("digest"));
  if (!digest)
    return call->refuse(Refused{Refusal::bad_argument, "the digest: expected sha256: and 64 hex digits"}, Area::plan);
  const bool is_taken = call->services.history.run([call, digest = *digest] {
    const Result<std::unique_ptr<ports::JournalPort>> journal = call->services.history.open();
    if (!journal) return call->fail(journal.error());
    const Result<std::optional<std::string>> bytes = (*journal)->blob(digest);
    if (!bytes) return call->fail(bytes.error());
    // Bills and messages are blobs too.
    if (!*bytes || !read_plan(**bytes, call->services.limits))
      return call->refuse(Refused{Refusal::unknown_plan, "there is no plan " + plan_digest_text(digest)}, Area::plan);
    call->answer(plan_json(digest, **bytes));
  });
  if (!is_taken) call->refuse(Refused{Refusal::busy, "too many questions to the journal wait"}, Area::plan);
}

}  // namespace

std::optional<Digest> plan_digest_of(std::string_view text) {
  if (text.starts_with(digest_prefix)) text.remove_prefix(digest_prefix.size());
  Digest digest;
  return digest.assign_hex(text) ? std::optional(digest) : std::nullopt;
}

Routes plan_routes() {
  return {
      {"GET",
       "/api/watchbill/v1/plans",
       "the plans that runs in state execute, and those that are only suggested, with the command that takes each",
       "viewer",
       {limit_member, cursor_member},
       {},
       {},
       list_plans},
      {"GET", "/api/watchbill/v1/plans/{digest}", "a resolved plan", "viewer", {}, {}, {Refusal::unknown_plan}, show_plan},
  };
}

}  // namespace watchbill::api
