#include "sim/world.h"

#include <deque>
#include <memory>
#include <set>

#include "engine/engine.h"
#include "engine/engine_clock.h"
#include "engine/follower.h"
#include "sim/checkers.h"
#include "sim/detector.h"
#include "sim/disk.h"
#include "sim/executors.h"
#include "sim/fleet.h"
#include "sim/operators.h"
#include "sim/people.h"
#include "sim/receivers.h"
#include "sim/run_checkers.h"

namespace watchbill::sim {
namespace {

constexpr Instant world_start{1'772'366'400'000};  // 2026-03-01T12:00:00Z
constexpr Duration settle_max = Duration::hours(30);  // pages are given up after 24 h
constexpr std::size_t timeline_lines_max = 200;
constexpr std::uint64_t snapshot_every_records = 150;
constexpr int turns_at_one_instant_max = 10'000;

Limits limits_for(const WorldOptions& options) {
  Limits limits;
  limits.digest_every_records = 64;
  if (options.shrinks_limits) {
    limits.batch_commands_max = 8;
    limits.deliveries_in_flight_max = 2;
    limits.orders_in_flight_max = 2;
    limits.outcomes_in_flight_max = 4;
    limits.people_max = 2;
    limits.deadlines_per_batch_max = 2;
    limits.holds_max = 2;
    limits.suggestions_max = 2;
    limits.refusals_per_binding_max = 2;
    limits.open_runs_max = 3;
    limits.open_runs_of_bindings_max = 2;
    limits.runs_waiting_for_approval_max = 2;
    limits.waiting_per_target_max = 1;
    limits.run_effects_in_flight_max = 2;
    limits.run_age_max = Duration::minutes(10);
    limits.segment_bytes_max = 64U << 10;
    limits.refusal_counters_max = 4;
    limits.follower_queue_records_max = 3;
  }
  if (options.plant == Plant::request_ids_are_forgotten) limits.request_id_age_max = Duration{};
  return limits;
}

// Each effect goes to the part of the world that it is for.
class SimulatedOutside final : public ports::EffectPort {
 public:
  SimulatedOutside(SimulatedReceivers& receivers, Fleet& fleet, SimulatedExecutors& executors)
      : receivers_(receivers), fleet_(fleet), executors_(executors) {}
  void begin(const Effect& effect, Epoch fence) override {
    if (const auto* order = std::get_if<CarryOutOrder>(&effect.what)) fleet_.begin(*order);
    else if (std::holds_alternative<SendMessage>(effect.what)) receivers_.begin(effect, fence);
    else executors_.begin(effect);
  }

 private:
  SimulatedReceivers& receivers_;
  Fleet& fleet_;
  SimulatedExecutors& executors_;
};

class World {
 public:
  explicit World(const WorldOptions& options)
      : options_(options), limits_(limits_for(options)), random_(options.seed), disk_(random_.fork("disk"), options.plant),
        entropy_(random_.fork("entropy")), faults_random_(random_.fork("faults")), wall_(world_start),
        receivers_(receiver_links(), random_.fork("receivers"), options.plant), people_(people_links(), random_.fork("people")),
        detector_(detector_links(), random_.fork("detector"), options.plant,
                  {options.more_workloads, options.probe_every, options.looks_early}),
        fleet_(fleet_links(), random_.fork("fleet"), options.plant),
        executors_(executor_links(), random_.fork("executors"), options.plant),
        operators_(operator_links(), random_.fork("operators"), options.more_workloads),
        full_replay_(limits_) {}

  WorldResult run() {
    start_controller();
    people_.start();
    fleet_.start();
    operators_.start();
    plan_fault();
    const Instant end{options_.length.ms};
    live_until(end);
    people_.stop();
    operators_.stop();
    heal();
    settle();
    if (!found_) check_all("end");
    result_.simulated = now_ - Instant{};
    result_.records = disk_.records().size();
    result_.violation = found_;
    result_.timeline.assign(timeline_.begin(), timeline_.end());
    return std::move(result_);
  }

 private:
  SimulatedReceivers::Links receiver_links() {
    return {agenda_, [this] { return now_; }, [this] { return life_; }, [this](const NoteDelivery& outcome) { report(outcome); },
            [this](const DeliveryId& id) {
              ++result_.messages;
              if (!intents_.has(disk_.records(), id))
                find("intent", "delivery " + id.text + " was sent without a durable intent");
            },
            [this](const Digest& digest) {
              const auto blob = disk_.blobs().find(digest);
              if (blob != disk_.blobs().end()) return blob->second;
              find("intent", "the bytes of message " + digest.hex() + " are not stored");
              return std::string();
            }};
  }

  SimulatedExecutors::Links executor_links() {
    return {
        agenda_, [this] { return now_; }, [this] { return life_; },
        [this](Command command, std::function<void(const core::Answer&)> reply) { ask(std::move(command), std::move(reply)); }};
  }

  Operators::Links operator_links() {
    return {
        agenda_, [this] { return now_; },
        [this](Command command, std::function<void(const core::Answer&)> reply) { ask(std::move(command), std::move(reply)); },
        [this] { return open_runs(); }};
  }

  [[nodiscard]] std::vector<Operators::OpenRun> open_runs() const {
    if (!follower_) return {};
    return follower_->read([](const core::State& state, const ChainHead&) {
      std::vector<Operators::OpenRun> out;
      for (const std::string& id : state.plan.open) {
        const core::plan::Run& run = *state.plan.runs.find(id);
        const auto step = core::plan::present_step(run);
        const Plan& plan = core::plan::plan_of(state.plan, run);
        out.push_back({id, std::string(word(run.state)), step ? plan.steps[*step].path : std::string(), run.plan});
      }
      return out;
    });
  }

  People::Links people_links() {
    return {
        agenda_, [this] { return now_; },
        [this](Command command, std::function<void(const core::Answer&)> reply) { ask(std::move(command), std::move(reply)); },
        [this] { return dead_letters(); }, [this] { return silences(); }};
  }

  [[nodiscard]] std::vector<std::string> silences() const {
    std::vector<std::string> ids;
    if (!follower_) return ids;
    follower_->read([&](const core::State& state, const ChainHead&) {
      state.route.silences.each([&](const std::string& id, const core::route::Silence&) {
        ids.push_back(id);
        return true;
      });
      return true;
    });
    return ids;
  }

  SimulatedDetector::Links detector_links() {
    return {
        agenda_, [this] { return now_; }, [this] { return engine_time(); }, [this] { return life_; },
        [this](Command command, std::function<void(const core::Answer&)> reply) { ask(std::move(command), std::move(reply)); }};
  }

  SimulatedHost::Links fleet_links() {
    return {
        agenda_, [this] { return now_; }, [this] { return life_; },
        [this](Command command, std::function<void(const core::Answer&)> reply) { ask(std::move(command), std::move(reply)); },
        [this](std::string line) { note(std::move(line)); }};
  }

  [[nodiscard]] ports::ClockReading reading() const { return ports::ClockReading{wall_ + (now_ - Instant{}), now_.ms}; }

  void note(std::string line) {
    timeline_.push_back(format_rfc3339(wall_ + (now_ - Instant{})) + "  " + std::move(line));
    if (timeline_.size() > timeline_lines_max) timeline_.pop_front();
  }

  void find(std::string checker, std::string what) {
    if (found_) return;
    note("VIOLATION " + checker + ": " + what);
    found_ = Violation{std::move(checker), std::move(what), now_};
  }

  void start_controller() {
    journal_ = std::make_unique<SimulatedJournal>(disk_);
    Result<engine::Recovered, engine::RecoveryFailure> recovered = engine::recover(*journal_, limits_);
    if (!recovered) return find("start", recovered.error().text());
    std::string replay = full_replay_.catch_up(*journal_);
    if (replay.empty()) replay = full_replay_.compare_with(recovered->state, "snapshot with tail");
    if (!replay.empty()) return find("snapshot", replay);
    check_messages();
    clock_ = std::make_unique<engine::EngineClock>(reading(), recovered->head.time);
    engine::Recovered copy = *recovered;
    follower_ = std::make_unique<engine::Follower>(std::move(copy), *journal_, limits_, snapshot_every_records);
    engine::EnginePorts ports{
        *journal_, outside_, entropy_,
        [this](std::span<const StoredRecord> records) {
          follower_->offer(records);
          check_alert_ends(records);
        }};
    engine_ = std::make_unique<engine::Engine>(std::move(ports), std::move(*recovered), limits_);
    engine_->begin_epoch("simulated", clock_->started_ahead());
    detector_.start_life(engine_->state());
    ++result_.starts;
    note("controller starts, record " + std::to_string(engine_->head().sequence));
    const std::vector<Acknowledged>& answers = people_.acknowledged();
    if (std::string what = missing_acknowledgement(disk_.records(), answers, answers_checked_); !what.empty())
      find("acknowledged", what);
    answers_checked_ = answers.size();
    fleet_.controller_started();
    operators_.controller_started();
  }

  void end_controller(const std::string& why) {
    note("controller ends: " + why);
    ++life_;
    engine_.reset();
    follower_.reset();
    journal_.reset();
    disk_.crash();
    intents_.lost_behind(disk_.records());
    if (order_checked_ >= disk_.records().size()) order_checked_ = std::max<std::size_t>(disk_.records().size(), 1) - 1;
  }

  void restart(const std::string& why) {
    end_controller(why);
    agenda_.plan(now_ + Duration::milliseconds(faults_random_.between(10, 20'000)), [this] {
      if (!engine_) start_controller();
    });
  }

  void ask(Command command, std::function<void(const core::Answer&)> reply) {
    if (!engine_) return;  // nobody answers
    const auto refused = engine_->inbox().offer(std::move(command), reply);
    if (refused) reply(core::Answer{0, refused, {}, false});
  }

  void report(const NoteDelivery& outcome) {
    if (!engine_) return;
    const auto again = [this, outcome, life = life_] {
      agenda_.plan(now_ + Duration::seconds(1), [this, outcome, life] {
        if (life == life_) report(outcome);
      });
    };
    const auto refused = engine_->inbox().offer(Command{outcome, engine_actor("notify"), std::nullopt, std::nullopt, {}},
                                                [again](const core::Answer& answer) {
                                                  if (answer.refused) again();
                                                });
    if (refused) again();
  }

  [[nodiscard]] std::vector<std::string> dead_letters() const {
    if (!follower_) return {};
    return follower_->read([](const core::State& state, const ChainHead&) {
      std::vector<std::string> ids;
      state.route.deliveries.each([&](const std::string& id, const core::route::Delivery& delivery) {
        if (delivery.state == core::route::DeliveryState::given_up) ids.push_back(id);
        return ids.size() < 8;
      });
      return ids;
    });
  }

  void plan_fault() {
    agenda_.plan(now_ + options_.fault_every, [this] {
      if (is_healed_) return;
      make_fault();
      plan_fault();
    });
  }

  void make_fault() {
    ++result_.faults;
    switch (faults_random_.below(9)) {
      case 0: note("fault: the process ends before its next write"); disk_.arm(DiskFault::lost); return;
      case 1: note("fault: the process ends after its next write"); disk_.arm(DiskFault::written); return;
      case 2: if (engine_) restart("killed"); return;
      case 3: outage(DiskFault::full, "the disk is full"); return;
      case 4: outage(DiskFault::read_only, "the disk is read-only"); return;
      case 5: {
        const Duration step = Duration::seconds(faults_random_.between(-7200, 7200));
        note("fault: the wall clock is set by " + format_duration(step));
        wall_ = wall_ + step;
        return;
      }
      case 6: {
        const Duration step = Duration::milliseconds(faults_random_.between(-20'000, 20'000));
        note("fault: the wall clock is off by " + format_duration(step));
        wall_ = wall_ + step;
        return;
      }
      case 7: case 8: return fleet_.make_fault();
      default: return;
    }
  }

  void outage(DiskFault fault, const std::string& what) {
    note("fault: " + what);
    disk_.arm(fault);
    agenda_.plan(now_ + Duration::seconds(faults_random_.between(1, 90)), [this] {
      note("the disk takes writes again");
      disk_.heal();
    });
  }

  void heal() {
    is_healed_ = true;
    fleet_.heal();
    disk_.heal();
    receivers_.heal();
    detector_.heal();
    executors_.heal();
    note("all faults end");
    if (!engine_ && !found_) start_controller();
  }

  // One turn of everything that is due now; false when nothing was.
  bool turn() {
    if (agenda_.run_one(now_)) return true;
    if (!engine_) return false;
    const Instant engine_now = engine_time();
    const bool has_work = inbox_depth() > 0 || engine_->next_due() <= engine_now;
    if (!has_work) return false;
    take_clock_jump();
    plant_before_step();
    check_order();
    const Sequence before = engine_->head().sequence;
    const engine::StepResult step = engine_->step(engine_now);
    if (step.has_failed) {
      restart(step.failure);
      return true;
    }
    after_step(before);
    // A step that could do nothing (no seat, no writing) must wait for the next instant.
    return step.commands > 0 || engine_->head().sequence != before;
  }

  [[nodiscard]] std::size_t inbox_depth() const {
    std::size_t sum = 0;
    for (const std::size_t depth : engine_->inbox().depths()) sum += depth;
    return sum;
  }

  Instant engine_time() { return clock_->at(reading()); }

  void take_clock_jump() {
    const auto jump = clock_->take_jump();
    if (!jump) return;
    static_cast<void>(engine_->inbox().offer(
        Command{NoteClockJump{jump->by, jump->wall}, engine_actor("clock"), std::nullopt, std::nullopt, {}}, {}));
  }

  void plant_before_step() {
    if (options_.plant == Plant::index_forgets_an_effect && result_.faults > 2) {
      auto& state = const_cast<core::State&>(engine_->state());
      std::optional<Subject> first;
      const auto look = [&](Instant, const Subject& subject) {
        if (!engine_->in_flight().contains(subject)) first = subject;
        return !first;
      };
      std::string queue;
      for (const auto& [place, index] : state.schedule.ready.queues())
        if (!first) {
          index.each_due(Instant::never() - Duration{1}, look);
          queue = place.name;
        }
      if (first) state.schedule.ready.remove(*first, queue);
    }
    if (options_.plant == Plant::page_is_taken_back && result_.faults > 2) take_a_page_back();
    const bool writes_behind = options_.plant == Plant::old_controller_writes_on || options_.plant == Plant::clock_runs_back;
    if (writes_behind && result_.starts > 2 && !has_written_behind_) {
      has_written_behind_ = true;
      const bool is_old_epoch = options_.plant == Plant::old_controller_writes_on;
      append_from_the_past(*journal_, disk_.records(), entropy_, is_old_epoch ? 1 : 0,
                           is_old_epoch ? Duration{} : Duration::minutes(5));
    }
  }

  void take_a_page_back() {
    const core::State& state = engine_->state();
    for (const std::string& run : state.plan.open)
      if (core::alert::firing_built_in(state.alert, "RunHeld", "run", run) != nullptr) {
        static_cast<void>(engine_->inbox().offer(
            Command{ClearAlert{"RunHeld", run, "run"}, engine_actor("page"), std::nullopt, std::nullopt, {}}, {}));
        return;
      }
  }

  void after_step(Sequence before) {
    while (follower_->run(64) > 0) {
    }
    if (const auto failure = follower_->failure()) return find("follower", failure->text());
    Digest digest;
    if (auto snapshot = follower_->take_snapshot(digest)) {
      if (options_.plant == Plant::snapshot_is_altered) alter(*snapshot, digest);
      static_cast<void>(journal_->save_snapshot(*snapshot));
      static_cast<void>(engine_->inbox().offer(
          Command{NoteSnapshot{digest, snapshot->head.sequence}, engine_actor(), std::nullopt, std::nullopt, {}}, {}));
    }
    if (engine_->head().sequence / 64 != before / 64) {
      check_indexes();
      check_pages();
    }
  }

  // A number of the last delivery becomes another number: the snapshot still reads, and the journal will vouch for it.
  void alter(ports::StoredSnapshot& snapshot, Digest& digest) const {
    const std::size_t at = snapshot.text.rfind("\"attempts\":");
    if (at == std::string::npos) return;
    snapshot.text[at + 11] = snapshot.text[at + 11] == '7' ? '8' : '7';
    if (auto state = core::read_snapshot(snapshot.text, limits_)) digest = core::digest_of(*state);
  }

  void check_order() {
    if (std::string what = time_or_epoch_going_back(disk_.records(), order_checked_); !what.empty()) find("order", what);
    if (!disk_.records().empty()) order_checked_ = disk_.records().size() - 1;
  }

  void check_indexes() {
    if (!full_replay_.catch_up(*journal_).empty()) return;  // damage is found by the next start, or at the end
    if (std::string what = full_replay_.compare_indexes(engine_->state()); !what.empty()) find("indexes", what);
    check_messages();
  }

  void check_messages() {
    if (!full_replay_.wrong_message().empty()) find("muted", full_replay_.wrong_message());
  }

  void check_pages() {
    if (std::string what = unpaged(engine_->state()); !what.empty()) find("paged", what);
  }

  void check_alert_ends(std::span<const StoredRecord> records) {
    for (const StoredRecord& record : records) {
      const bool has_end = record.payload->find("\"AlertResolved\"") != std::string::npos;
      if (!has_end && record.payload->find("\"AlertFired\"") == std::string::npos) continue;
      const auto body = decode_events(*record.payload);
      if (!body) continue;  // damage is the chain checker's
      for (const RecordedEvent& recorded : body->events) {
        if (const auto* end = std::get_if<AlertResolved>(&recorded.event))
          if (std::string what = detector_.false_end(*end); !what.empty()) find("alert_end", what);
        if (const auto* start = std::get_if<AlertFired>(&recorded.event))
          if (std::string what = detector_.false_start(*start); !what.empty()) find("alert_start", what);
      }
    }
  }

  void check_all(const std::string& when) {
    if (!engine_) return find("settled", "no controller runs at the " + when);
    check_indexes();
    check_order();
    check_pages();
    if (std::string what = broken_chain(*journal_); !what.empty()) find("chain", what);
    // The chain says that these are the records that were applied from start to start: only the last ones are left.
    core::State live = engine_->state();
    std::string replay = full_replay_.catch_up(*journal_);
    if (replay.empty()) replay = full_replay_.compare_with(live, "live state");
    if (!replay.empty()) find("replay", replay);
    check_messages();
    const ReadJournal journal = read_journal(disk_.records());
    if (std::string what = doubled_request(journal); !what.empty()) find("once", what);
    if (std::string what = missing_acknowledgement(disk_.records(), people_.acknowledged(), 0); !what.empty())
      find("acknowledged", what);
    if (!people_.contradiction().empty()) find("answers", people_.contradiction());
    if (std::string what = differs_when_decided_again(*journal_, limits_); !what.empty()) find("redecide", what);
    const auto count = [this](const std::string& id) { return receivers_.accepted(id); };
    check_runs(journal);
    if (std::string what = unfinished_delivery(engine_->state(), count); !what.empty()) find("settled", what);
    if (std::string what = detector_.wrong_alerts(engine_->state()); !what.empty()) find("alerts", what);
    if (std::string what = told_otherwise(engine_->state(), receivers_.heard()); !what.empty()) find("told", what);
    check_fleet(journal);
  }

  void check_fleet(const ReadJournal& journal) {
    const SimulatedHost& host = fleet_.host();
    if (std::string what = exits_not_recorded_once(journal, host); !what.empty()) find("exits", what);
    if (std::string what = adopted_another(journal); !what.empty()) find("adopted", what);
    if (std::string what = started_what_was_lost(journal, host); !what.empty()) find("lost", what);
    if (std::string what = disturbed_sibling(host); !what.empty()) find("sibling", what);
    if (std::string what = differs_from_keeper(engine_->state(), host); !what.empty()) find("workloads", what);
  }

  void check_runs(const ReadJournal& journal) {
    if (!executors_.stale().empty()) find("fence", executors_.stale());
    if (std::string what = done_twice(journal, executors_.done()); !what.empty()) find("runs once", what);
    if (std::string what = done_without_intent(journal, executors_.done()); !what.empty()) find("run intent", what);
    if (std::string what = unsettled_run(engine_->state()); !what.empty()) find("runs settled", what);
    result_.actions = executors_.done().size();
  }

  void live_until(Instant end) {
    while (!found_) {
      int turns = 0;
      while (!found_ && turn())
        if (++turns > turns_at_one_instant_max) return find("progress", "the controller turns without end at one instant");
      if (found_ || !advance(end)) return;
    }
  }

  // Moves time to the next thing that happens; false when that is after `end`.
  bool advance(Instant end) {
    Instant next = agenda_.next();
    if (engine_) {
      const Instant due = engine_->next_due();
      const Instant engine_now = engine_time();
      // The engine's clock and the world's run at nearly one pace; never stand still.
      if (due != Instant::never()) next = std::min(next, now_ + std::max(due - engine_now, Duration{1}));
    }
    if (next > end) {
      now_ = std::max(now_, std::min(end, next));
      return false;
    }
    now_ = std::max(next, now_);
    return true;
  }

  void settle() {
    const Instant end = now_ + settle_max;
    live_until(end);
  }

  const WorldOptions options_;
  const Limits limits_;
  Random random_;
  SimulatedDisk disk_;
  SimulatedEntropy entropy_;
  Random faults_random_;
  Instant now_;   // of the world: what CLOCK_BOOTTIME shows
  Instant wall_;  // what the wall shows at now_ = 0, moved by faults
  Agenda agenda_;
  std::uint64_t life_{0};
  SimulatedReceivers receivers_;
  People people_;
  SimulatedDetector detector_;
  Fleet fleet_;
  SimulatedExecutors executors_;
  Operators operators_;
  SimulatedOutside outside_{receivers_, fleet_, executors_};
  std::unique_ptr<SimulatedJournal> journal_;
  std::unique_ptr<engine::EngineClock> clock_;
  std::unique_ptr<engine::Follower> follower_;
  std::unique_ptr<engine::Engine> engine_;
  bool is_healed_{false};
  bool has_written_behind_{false};
  std::size_t order_checked_{0};
  std::size_t answers_checked_{0};
  DurableIntents intents_;
  FullReplay full_replay_;
  std::optional<Violation> found_;
  std::deque<std::string> timeline_;
  WorldResult result_;
};

}  // namespace

WorldResult run_world(const WorldOptions& options) { return World(options).run(); }

}  // namespace watchbill::sim
