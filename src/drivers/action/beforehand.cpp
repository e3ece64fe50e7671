// The questions of a dry run.
#include <algorithm>

#include "drivers/action/actions.h"
#include "model/late.h"

namespace watchbill::drivers::action {
namespace {

// A person waits for the answers; what has not come by then is not known.
constexpr Duration asking_max = Duration::seconds(20);
constexpr Duration verify_timeout = Duration::seconds(10);

struct Planned {
  const PlanStep* step{nullptr};
  bool verify{false};
};

std::vector<Planned> questions_of(const Plan& plan) {
  std::vector<Planned> out;
  for (const PlanStep& step : plan.steps) {
    const bool is_asked = (step.verb == StepVerb::read || step.verb == StepVerb::probe) && step.actions.size() == 1;
    if (is_asked && !is_late(step.actions.front().args)) out.push_back({&step, false});
    if (step.verify && !is_late(step.verify->args)) out.push_back({&step, true});
  }
  return out;
}

}  // namespace

struct Actions::Beforehand {
  Plan plan;
  RunPlace place;
  std::function<void(std::vector<DryRunAnswer>)> done;
  std::vector<Planned> questions;  // steps of `plan`
  Instant begun;
  std::size_t next{0};
  std::vector<DryRunAnswer> answers;
};

void Actions::ask_beforehand(Plan plan, RunPlace place, std::function<void(std::vector<DryRunAnswer>)> done) {
  auto beforehand = std::make_shared<Beforehand>();
  beforehand->plan = std::move(plan);
  beforehand->place = std::move(place);
  beforehand->done = std::move(done);
  beforehand->questions = questions_of(beforehand->plan);
  to_loop()([this, beforehand] {
    beforehand->begun = parts_.now();
    ask_next(beforehand);
  });
}

void Actions::ask_next(const std::shared_ptr<Beforehand>& beforehand) {
  const Duration left = beforehand->begun + asking_max - parts_.now();
  std::vector<Planned>& questions = beforehand->questions;
  std::size_t& next = beforehand->next;
  while (next < questions.size() && !is_here({{}, {}, questions[next].step->host, {}, {}, {}})) ++next;
  if (next >= questions.size() || left <= Duration{}) return beforehand->done(std::move(beforehand->answers));
  const Planned planned = questions[next++];
  const PlanStep& step = *planned.step;
  RunPlace place = beforehand->place;
  place.step = step.path;
  place.host = step.host;
  const Duration own = planned.verify ? verify_timeout : step.timeout.value_or(verify_timeout);
  const std::string name = "dry-run/" + place.plan.hex() + "/" + step.path + (planned.verify ? "/verify/" : "/ask/") +
                           std::to_string(beforehand->begun.ms);
  Questions::Question question{planned.verify ? step.verify->kind : step.actions.front().kind,
                               planned.verify ? step.verify->args : step.actions.front().args,
                               std::move(place),
                               std::nullopt,
                               std::min(own, left),
                               name,
                               1};
  questions_.ask(std::move(question), [this, live = Live(live_), beforehand, planned](const Answer& answer) {
    if (!live.lock()) return;
    beforehand->answers.push_back(
        {answer.observed, safe_text(answer.reason, {}).text, planned.step->path, planned.verify});
    ask_next(beforehand);
  });
}

}  // namespace watchbill::drivers::action
