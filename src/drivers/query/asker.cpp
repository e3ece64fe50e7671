#include "drivers/query/asker.h"

#include <algorithm>
#include <chrono>
#include <map>

namespace watchbill::drivers::query {

namespace rules = metrics::rules;

// `evaluator` belongs to whoever holds the seat; all else to the mutex.
struct Asker::Group {
  Group(rules::RuleGroup what, Asker::Surroundings around, Instant now)
      : surroundings(std::move(around)), key(what.key), interval(what.interval),
        clock(what.interval, rules::slot_offset(what.file, what.name, what.interval), now), last_good(now),
        health(what.rules.size()),
        evaluator(std::move(what), *surroundings, now) {}

  Asker::Surroundings surroundings;
  std::string key;
  Duration interval;
  rules::SlotClock clock;
  std::uint64_t failure_count{0};
  Instant last_good;
  Instant evaluated_at;
  std::int64_t took_us{0};
  std::vector<rules::RuleHealth> health;
  bool is_silent{false};        // as the core was told
  bool is_telling_silence{false};
  std::size_t waiting{0};       // the job under way and the commands that are not answered yet: the seat
  rules::GroupEvaluator evaluator;
};

void Asker::configure(std::vector<rules::RuleGroup> groups, std::function<InheritedRule(const RuleId&)> inherit,
                      Surroundings surroundings) {
  {
    const std::lock_guard lock(mutex_);
    next_ = Configured{std::move(groups), std::move(inherit), std::move(surroundings)};
  }
  links_.wake();
}

// With the mutex held and no seat taken.
void Asker::take_configuration(Instant now) {
  std::map<std::string, std::shared_ptr<Group>> former;
  for (std::shared_ptr<Group>& group : groups_) former.emplace(group->key, std::move(group));
  groups_.clear();
  early_ = rules::EarlyLooks(limits_.debounce);
  if (next_->surroundings != nullptr) surroundings_ = std::move(next_->surroundings);
  for (rules::RuleGroup& source : next_->groups) {
    auto group = std::make_shared<Group>(std::move(source), surroundings_, now);
    // A rule of a group that goes on takes its memory along; of all others the journal knows best.
    for (const rules::Rule& rule : group->evaluator.group().rules) {
      const InheritedRule known = next_->inherit(rule.id);
      group->evaluator.inherit(rule.id, known.alerts, known.is_failing);
    }
    if (const auto at = former.find(group->key); at != former.end()) {
      group->evaluator.take_over(at->second->evaluator);
      group->last_good = at->second->last_good;
      group->is_silent = at->second->is_silent;
      group->failure_count = at->second->failure_count;
      group->evaluated_at = at->second->evaluated_at;
      group->took_us = at->second->took_us;
      for (std::size_t i = 0; i < group->health.size(); ++i) group->health[i] = group->evaluator.health(i);
      if (group->interval == at->second->interval) group->clock = at->second->clock;
    }
    groups_.push_back(std::move(group));
  }
  for (const auto& [key, group] : former) group->evaluator.end_series(now, links_.head);
  next_.reset();
}

Instant Asker::plan(Instant now) {
  std::vector<std::shared_ptr<Group>> silent;
  Instant next = Instant::never();
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_) return next;
    const bool is_anyone_at_work =
        std::any_of(groups_.begin(), groups_.end(), [](const auto& group) { return group->waiting > 0; });
    if (next_ && !is_anyone_at_work) take_configuration(now);
    if (next_) return next;  // the last seat that is given back wakes us
    for (const std::shared_ptr<Group>& group : groups_) {
      if (group->is_silent != (now - group->last_good > rules::silence_max(group->interval)) && !group->is_telling_silence) {
        group->is_telling_silence = true;
        silent.push_back(group);
      }
      // A group that is still at work keeps its slot: the next one that is taken counts those between as missed.
      if (group->waiting > 0) continue;
      if (const auto slot = group->clock.take_due(now)) {
        group->waiting = 1;
        push([this, group, slot] { run_slot(group, *slot); });
      }
      next = std::min(next, group->clock.next());
    }
    plan_early(now);
    next = std::min(next, early_.next());
  }
  for (const std::shared_ptr<Group>& group : silent) tell_silence(group, now);
  // Silence has no slot of its own; it is looked at as often as the shortest one may begin.
  return std::min(next, now + Duration::seconds(15));
}

void Asker::plan_early(Instant now) {
  std::map<std::size_t, std::vector<std::size_t>> by_group;
  for (const rules::RulePlace& place : early_.take_due(now)) {
    if (place.group >= groups_.size()) continue;
    const std::vector<rules::Rule>& its = groups_[place.group]->evaluator.group().rules;
    // Who tells of samples may still have the places of the configuration before.
    if (place.rule < its.size() && its[place.rule].looks_early) by_group[place.group].push_back(place.rule);
  }
  for (auto& [index, places] : by_group) {
    const std::shared_ptr<Group>& group = groups_[index];
    if (group->waiting > 0) {
      for (const std::size_t rule : places) early_.arrived(std::vector<rules::RulePlace>{{index, rule}}, now);
      continue;
    }
    group->waiting = 1;
    push([this, group, looked = std::move(places)] { run_early(group, looked); });
  }
}

void Asker::tell_silence(const std::shared_ptr<Group>& group, Instant now) {
  const bool was_silent = group->is_silent;
  CommandBody body;
  if (was_silent) {
    body = ClearAlert{"RuleGroupSilent", group->key, "rule_group"};
  } else {
    RaiseAlert raise;
    raise.name = "RuleGroupSilent";
    raise.subject = group->key;
    raise.subject_label = "rule_group";
    raise.annotations = {{"summary", "rule group " + group->key + " had no good evaluation for " +
                                         format_duration(now - group->last_good)}};
    body = std::move(raise);
  }
  links_.offer(Command{std::move(body), engine_actor("rules"), std::nullopt, std::nullopt, {}},
               [this, group, was_silent](bool taken) {
                 const std::lock_guard lock(mutex_);
                 group->is_telling_silence = false;
                 if (taken) group->is_silent = !was_silent;
               });
}

void Asker::run_slot(const std::shared_ptr<Group>& group, Instant slot) {
  rules::Evaluation done = group->evaluator.evaluate(slot, links_.head, links_.readiness());
  {
    const std::lock_guard lock(mutex_);
    group->evaluated_at = slot;
    group->took_us = done.took_us;
    for (std::size_t i = 0; i < group->health.size(); ++i) group->health[i] = group->evaluator.health(i);
    group->failure_count += done.failure_count;
    if (done.failure_count == 0) group->last_good = slot;
  }
  tell(group, std::move(done));
}

void Asker::run_early(const std::shared_ptr<Group>& group, const std::vector<std::size_t>& rules) {
  tell(group, group->evaluator.look_early(rules, links_.now(), links_.head.snapshot()));
}

// The job itself holds one of `waiting` until everything is offered.
void Asker::tell(const std::shared_ptr<Group>& group, rules::Evaluation evaluation) {
  const auto offer = [&](CommandBody body, std::function<void()> confirm) {
    {
      const std::lock_guard lock(mutex_);
      ++group->waiting;
    }
    links_.offer(Command{std::move(body), engine_actor("rules"), std::nullopt, std::nullopt, {}},
                 [this, group, confirmed = std::move(confirm)](bool taken) {
                   if (taken) {
                     const std::lock_guard lock(mutex_);
                     confirmed();
                   }
                   answered(group);
                 });
  };
  for (rules::RuleOutcome& outcome : evaluation.outcomes) {
    rules::GroupEvaluator& evaluator = group->evaluator;
    const std::size_t rule = outcome.rule;
    if (outcome.failure) offer(std::move(*outcome.failure), [&evaluator, rule] { evaluator.confirm_failure(rule); });
    for (NoteRuleAnswer& answer : outcome.answers) {
      const std::uint32_t part = answer.part;
      offer(std::move(answer), [&evaluator, rule, part] { evaluator.confirm(rule, part); });
    }
  }
  answered(group);
}

void Asker::answered(const std::shared_ptr<Group>& group) {
  bool is_free = false;
  {
    const std::lock_guard lock(mutex_);
    is_free = --group->waiting == 0;
  }
  if (is_free) links_.wake();
}

void Asker::arrived(std::span<const rules::RulePlace> places, Instant now) {
  if (places.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    early_.arrived(places, now);
  }
  links_.wake();
}

void Asker::ask(Question question, std::function<void(Finding)> done) {
  bool is_full = false;
  {
    const std::lock_guard lock(mutex_);
    is_full = is_stopped_ || question_count_ >= limits_.questions_max;
    if (!is_full) {
      ++question_count_;
      push([this, asked = std::move(question), done] {
        {
          const std::lock_guard taken(mutex_);
          --question_count_;
        }
        answer(asked, done);
      });
    }
  }
  if (!is_full) return;
  Finding busy;
  busy.reason = "busy";
  done(std::move(busy));
}

void Asker::answer(const Question& question, const std::function<void(Finding)>& done) {
  const auto is_late = [this, deadline = question.deadline] { return deadline && links_.now() > *deadline; };
  Finding finding;
  if (!is_late()) {
    metrics::promql::EvaluationOptions options = options_;
    options.should_stop = is_late;
    finding = find_answer(question, links_.head.snapshot(), question.at.value_or(links_.now()), options);
  }
  // What was found in time and told late is late: the caller has gone on.
  if (is_late()) {
    finding = Finding{};
    finding.reason = "timed_out";
  }
  done(std::move(finding));
}

bool Asker::run(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (is_stopped_ || tasks_.size() >= limits_.tasks_max) return false;
  tasks_.push_back(std::move(task));
  changed_.notify_one();
  return true;
}

// With the mutex held.
bool Asker::has_work() const { return !jobs_.empty() || (!tasks_.empty() && tasks_running_ < limits_.tasks_at_once_max); }

// With the mutex held.
void Asker::push(Job job) {
  jobs_.push_back(std::move(job));
  changed_.notify_one();
}

bool Asker::run_one(Duration longest) {
  Job job;
  bool is_task = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(longest.ms), [this] { return is_stopped_ || has_work(); });
    if (is_stopped_ || !has_work()) return false;
    is_task = jobs_.empty();
    std::deque<Job>& queue = is_task ? tasks_ : jobs_;
    job = std::move(queue.front());
    queue.pop_front();
    tasks_running_ += is_task ? 1U : 0U;
  }
  job();
  if (!is_task) return true;
  job = {};  // what it holds may end here
  const std::lock_guard lock(mutex_);
  --tasks_running_;
  changed_.notify_one();
  return true;
}

void Asker::stop() {
  const std::lock_guard lock(mutex_);
  is_stopped_ = true;
  changed_.notify_all();
}

std::vector<GroupStatus> Asker::statuses() const {
  const std::lock_guard lock(mutex_);
  std::vector<GroupStatus> out;
  for (const std::shared_ptr<Group>& group : groups_)
    out.push_back(GroupStatus{group->key, group->clock.missed_count(), group->failure_count, group->is_silent,
                              group->evaluated_at, group->took_us, group->health});
  return out;
}

}  // namespace watchbill::drivers::query
