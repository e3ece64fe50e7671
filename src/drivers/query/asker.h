// The evaluation pool's work: rule groups at their slots, early looks, questions. Each job runs against one snapshot of the
// store; what it finds goes to the engine as commands that carry the values.
//
// Threads: app starts them. One calls plan() when it says; the pool's threads call run_one(), which waits. Every function may be
// called on any thread; one mutex guards queue and seats, and is not held while anything is evaluated. A group has one seat: it
// is taken until the engine has answered all that its evaluation told.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "drivers/query/question.h"
#include "metrics/rules/early.h"
#include "metrics/rules/group.h"
#include "metrics/rules/slots.h"
#include "model/command.h"

namespace watchbill::drivers::query {

// A rule's alerts as the journal has them.
struct InheritedRule {
  std::vector<metrics::rules::InheritedAlert> alerts;
  bool is_failing{false};
};

struct GroupStatus {
  std::string key;  // FILE;GROUP
  std::uint64_t missed_count{0};
  std::uint64_t failure_count{0};
  bool is_silent{false};
  Instant evaluated_at;                           // the last slot; 0 before the first
  std::int64_t took_us{0};                        // its evaluation
  std::vector<metrics::rules::RuleHealth> rules;  // by their place
};

class Asker {
 public:
  struct Links {
    metrics::tsdb::Head& head;
    std::function<Instant()> now;  // the engine clock
    // Offers a command to the engine. `done` comes once, on any thread: true when it is durable or changed nothing, false when it
    // was refused or the engine is gone.
    std::function<void(Command, std::function<void(bool)>)> offer;
    std::function<metrics::rules::StoreReadiness()> readiness;
    std::function<void()> wake;    // plan() has something new to do
  };
  struct Limits {
    std::size_t questions_max{1024};  // waiting; one more is answered no_data (busy) at once
    std::size_t tasks_max{64};        // waiting, see run()
    std::size_t tasks_at_once_max{1};  // fewer than there are threads: a reader's dear query must not hold up the rules
    Duration debounce{Duration::milliseconds(100)};
  };
  using Surroundings = std::shared_ptr<const metrics::rules::Surroundings>;
  // `links` outlive it.
  Asker(Links links, const metrics::rules::Surroundings& surroundings, const Limits& limits)
      : links_(std::move(links)), options_(surroundings.options), limits_(limits),
        surroundings_(std::make_shared<const metrics::rules::Surroundings>(surroundings)), early_(limits.debounce) {}

  // From the next plan() on that finds no group at work: these groups. Rules that stay keep their memory; the others' start with
  // what `inherit` gives. `surroundings`: of these groups; null: as before.
  void configure(std::vector<metrics::rules::RuleGroup> groups, std::function<InheritedRule(const RuleId&)> inherit,
                 Surroundings surroundings = nullptr);

  // Puts what is due into the queue. Gives the instant at which it is to be called again, unless wake() asks sooner.
  [[nodiscard]] Instant plan(Instant now);

  // Samples that these rules rest on have arrived (rules::early_readers of the groups as configured). For a moment after
  // configure() places of the groups before may come: they count for the rule that looks early there now, if one does.
  void arrived(std::span<const metrics::rules::RulePlace> rules, Instant now);

  // Answers on a pool thread, exactly once (not at all when stop() comes before its turn).
  void ask(Question question, std::function<void(Finding)> done);

  // Runs what a reader wants computed on a pool thread, after rules and questions. False, and nothing happens, when too many
  // wait.
  bool run(std::function<void()> task);

  // Runs one job; waits for one up to `longest`. False when there was none.
  bool run_one(Duration longest);
  // run_one() returns at once from now on, and nothing new is planned.
  void stop();

  [[nodiscard]] std::vector<GroupStatus> statuses() const;

 private:
  struct Group;
  struct Configured {
    std::vector<metrics::rules::RuleGroup> groups;
    std::function<InheritedRule(const RuleId&)> inherit;
    Surroundings surroundings;
  };
  using Job = std::function<void()>;

  void take_configuration(Instant now);
  void plan_early(Instant now);
  void tell_silence(const std::shared_ptr<Group>& group, Instant now);
  void run_slot(const std::shared_ptr<Group>& group, Instant slot);
  void run_early(const std::shared_ptr<Group>& group, const std::vector<std::size_t>& rules);
  void tell(const std::shared_ptr<Group>& group, metrics::rules::Evaluation evaluation);
  void answered(const std::shared_ptr<Group>& group);
  void answer(const Question& question, const std::function<void(Finding)>& done);
  [[nodiscard]] bool has_work() const;
  void push(Job job);

  Links links_;
  const metrics::promql::EvaluationOptions options_;
  const Limits limits_;
  mutable std::mutex mutex_;
  Surroundings surroundings_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::deque<Job> tasks_;
  std::size_t tasks_running_{0};
  std::size_t question_count_{0};
  std::vector<std::shared_ptr<Group>> groups_;
  std::optional<Configured> next_;
  metrics::rules::EarlyLooks early_;
  bool is_stopped_{false};
};

}  // namespace watchbill::drivers::query
