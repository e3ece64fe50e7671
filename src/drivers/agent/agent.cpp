#include "drivers/agent/agent.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace watchbill::drivers::agent {

namespace wire = model::wire;

namespace {

constexpr Duration busy_pause = Duration::milliseconds(100);
// One part may become more events than a decision holds: it is told again until it says nothing new.
constexpr int part_repeats_max = 64;
constexpr Duration figures_interval = Duration::seconds(10);
constexpr Duration figures_interval_max = Duration::minutes(1);
constexpr std::int64_t figures_rest = 200;  // times as long as the last look took: at most 0.5 % of one core
constexpr Duration figures_pause = Duration::seconds(1);  // until there is something to look at

Instant steady_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

// What the keeper writes before the id of an effect where workloads have their name; it stands in no workload's name.
constexpr std::string_view effect_mark = "!";

// "4711 4712"
std::string pids_text(const wire::StopAdvanced& advanced) {
  std::string text;
  for (const std::int32_t pid : advanced.pids.all()) text += (text.empty() ? "" : " ") + std::to_string(pid);
  return text;
}

wire::EndReason reason_of(const CarryOutOrder& order) {
  if (order.reason == WorkloadReason::deadline) return wire::EndReason::deadline;
  return order.directive == OrderDirective::judge ? wire::EndReason::liveness : wire::EndReason::cancelled;
}

wire::Afterwards afterwards_of(OrderDirective directive) {
  if (directive == OrderDirective::restart) return wire::Afterwards::start_again;
  return directive == OrderDirective::judge ? wire::Afterwards::judge : wire::Afterwards::stay_stopped;
}

// Whether the order is of any use when its terms cannot be given: what runs must be stopped all the same.
bool goes_without_terms(OrderDirective directive) {
  return directive == OrderDirective::stop || directive == OrderDirective::restart || directive == OrderDirective::judge;
}

// The word alone where the core looks at it; else with what people need.
std::string refusal_text(const wire::Refused& refused) {
  std::string text(word(refused.reason));
  const bool is_for_core = refused.reason == wire::Refusal::stale_incarnation ||
                           refused.reason == wire::Refusal::already_running ||
                           refused.reason == wire::Refusal::group_not_empty;
  if (!is_for_core && !refused.detail.empty()) text.append(": ").append(refused.detail);
  return text;
}

// Name and incarnation that a report about a workload begins with.
std::optional<wire::ReportHead> head_of(const wire::Frame& frame) {
  const bool is_of_workload = frame.type >= wire::MessageType::started && frame.type <= wire::MessageType::adopted &&
                              frame.type != wire::MessageType::effect_done;
  if (!is_of_workload) return std::nullopt;
  wire::Reader reader(frame.body);
  wire::ReportHead head;
  reader(head);
  if (!reader.ok()) return std::nullopt;
  return head;
}

}  // namespace

Agent::Agent(KeeperLink::Settings settings, Parts parts)
    : parts_(std::move(parts)),
      link_(parts_.loop, std::move(settings),
            {[this] { connected(); }, [this] { lost(); }, [this](const wire::Frame& frame) { reported(frame); },
             [this](const std::string& line) { complain(line); }}),
      reports_({parts_.loop, parts_.offer,
                [this](std::uint64_t through) {
                  if (link_.is_ready()) link_.ask(wire::Acknowledge{through}, [](KeeperLink::Outcome, const wire::Frame&) {});
                }}),
      one_shots_({parts_.loop, link_, parts_.run_elsewhere, [this](std::uint64_t report) { reports_.settle(report); }}),
      probes_(probe_parts()) {}

Agent::~Agent() = default;

Probes::Parts Agent::probe_parts() {
  const auto ready_changed = [this](const std::string& workload, std::uint64_t incarnation, bool is_ready) {
    if (link_.is_ready())
      link_.ask(wire::TellStable{workload, incarnation, is_ready}, [](KeeperLink::Outcome, const wire::Frame&) {});
  };
  const auto has_said_ready = [this](const std::string& workload, std::uint64_t incarnation) {
    const auto seen = seen_.find(workload);
    return seen != seen_.end() && seen->second.incarnation == incarnation && seen->second.is_ready;
  };
  return {parts_.loop, link_, parts_.connect, parts_.http, parts_.offer, parts_.run_elsewhere, parts_.query, parts_.sampled,
          ready_changed, has_said_ready};
}

void Agent::open(ControllerIdentity identity, bool is_needed) {
  parts_.loop.post([this, identity = std::move(identity), is_needed] {
    if (is_needed) need();
    link_.open(identity);
  });
}

void Agent::need() {
  if (link_.is_needed()) return;
  {
    const std::lock_guard lock(status_mutex_);
    status_.is_needed = true;
  }
  link_.need();
}

// The keeper that is missed is said once, and stands in the status until it is back.
void Agent::complain(const std::string& line) {
  {
    const std::lock_guard lock(status_mutex_);
    status_.problem = link_.problem();
  }
  parts_.log(line);
}

void Agent::set_targets(std::vector<ProbeTarget> targets) {
  const bool asks_by_exec = std::any_of(targets.begin(), targets.end(),
                                        [](const ProbeTarget& target) { return target.probe.kind == ProbeKind::exec; });
  if (asks_by_exec) need();
  probes_.set_targets(std::move(targets));
}

AgentStatus Agent::status() const {
  const std::lock_guard lock(status_mutex_);
  return status_;
}

// ---- the keeper comes and goes

void Agent::connected() {
  ++connection_;
  reports_.begin();
  seen_.clear();
  kept_.clear();
  {
    const std::lock_guard lock(status_mutex_);
    status_ = {true, link_.is_needed(), {}, link_.keeper().shares_cgroup, 0, link_.keeper().pid};
  }
  link_.ask(wire::AskSnapshot{}, [this](KeeperLink::Outcome outcome, const wire::Frame& frame) {
    if (outcome == KeeperLink::Outcome::answered) take_snapshot(frame);
  });
}

void Agent::lost() {
  ++connection_;
  is_adopted_ = false;
  one_shots_.disconnected();
  const std::lock_guard lock(status_mutex_);
  status_.is_connected = false;
  status_.problem = "the connection to the keeper was lost";
}

void Agent::take_snapshot(const wire::Frame& frame) {
  wire::WorkloadState state;
  if (frame.type == wire::MessageType::workload_state) {
    if (!wire::read_message(frame.body, state)) return;
    kept_.push_back(kept_by(state));
    Seen& seen = see(state.name, state.incarnation);
    seen.pid = kept_.back().pid;
    seen.is_ready = state.is_ready;
    if (state.has_beaten && state.last_beat_age) seen.beat_at = steady_now() - *state.last_beat_age;
    return;
  }
  tell_kept(0, part_repeats_max);
}

// Tells the part that begins at this index, until it says nothing new, and then the next.
void Agent::tell_kept(std::size_t begin, int times_left) {
  const std::size_t end = std::min(begin + kept_part_max, kept_.size());
  NoteKeeper note;
  note.boot_id = link_.keeper().boot_id;
  note.memory = link_.keeper().memory;
  note.pid = link_.keeper().pid;
  note.replaced_count = link_.keeper().replaced_count;
  if (begin > 0) note.after = kept_[begin - 1].name;
  if (end < kept_.size()) note.through = kept_[end - 1].name;
  note.kept.assign(kept_.begin() + static_cast<std::ptrdiff_t>(begin), kept_.begin() + static_cast<std::ptrdiff_t>(end));
  const auto go_on = [this, begin, end, times_left](OfferOutcome outcome) {
    if (outcome == OfferOutcome::again) {
      parts_.loop.after(offer_pause, [this, connection = connection_, begin, times_left] {
        if (connection == connection_) tell_kept(begin, times_left);
      });
      return;
    }
    if (outcome == OfferOutcome::recorded && times_left > 0) return tell_kept(begin, times_left - 1);
    if (end < kept_.size()) return tell_kept(end, part_repeats_max);
    adopted();
  };
  parts_.offer(std::move(note), {}, [this, connection = connection_, go_on](OfferOutcome outcome) {
    parts_.loop.post([this, connection, go_on, outcome] {
      if (connection == connection_) go_on(outcome);
    });
  });
}

void Agent::adopted() {
  is_adopted_ = true;
  kept_.clear();
  reports_.open();
  one_shots_.connected();
  probes_.tell_stable_again();
  read_figures();
  std::vector<std::string> waiting;
  for (const auto& [workload, order] : orders_)
    if (!order.is_under_way) waiting.push_back(workload);
  for (const std::string& workload : waiting) carry(workload);
}

// What belongs to an earlier incarnation ends with it.
Agent::Seen& Agent::see(std::string_view name, std::uint64_t incarnation) {
  auto at = seen_.find(name);
  if (at == seen_.end()) at = seen_.emplace(name, Seen{}).first;
  if (incarnation > at->second.incarnation) at->second = Seen{incarnation, 0, false, std::nullopt, std::nullopt};
  return at->second;
}

void Agent::see_report(const wire::Frame& frame) {
  const auto head = head_of(frame);
  if (!head) return;
  Seen& seen = see(head->name, head->incarnation);
  if (head->incarnation != seen.incarnation) return;
  wire::Started started;
  if (frame.type == wire::MessageType::started && wire::read_message(frame.body, started)) seen.pid = started.pid;
  if (frame.type == wire::MessageType::exited || frame.type == wire::MessageType::settled) seen.pid = 0;
  if (frame.type == wire::MessageType::beat) seen.beat_at = steady_now();
  if (frame.type != wire::MessageType::became_ready) return;
  seen.is_ready = true;
  probes_.note_ready(std::string(head->name));
}

// At once, and then again and again while there is a keeper; thousands of processes take a moment, so elsewhere.
void Agent::read_figures() {
  parts_.loop.cancel(figures_timer_);
  std::set<std::int64_t> leaders;
  for (const auto& [name, seen] : seen_)
    if (seen.pid != 0) leaders.insert(seen.pid);
  const auto task = [this, leaders] {
    const Instant begun = steady_now();
    auto figures = read_group_figures(leaders);
    parts_.loop.post([this, figures = std::move(figures), took = steady_now() - begun] {
      figures_took_ = took;
      for (auto& [name, seen] : seen_)
        if (const auto found = figures.find(seen.pid); found != figures.end()) seen.figures = found->second;
    });
  };
  if (!leaders.empty()) (void)parts_.run_elsewhere(task);
  const Duration pause = std::clamp(figures_took_ * figures_rest, figures_interval, figures_interval_max);
  figures_timer_ = parts_.loop.after(leaders.empty() ? figures_pause : pause, [this] {
    if (link_.is_ready()) read_figures();
  });
}

LiveWorkload Agent::live(const std::string& workload) const {
  const auto seen = seen_.find(workload);
  if (seen == seen_.end()) return {};
  LiveWorkload live;
  if (seen->second.beat_at) live.last_beat_age = steady_now() - *seen->second.beat_at;
  live.figures = seen->second.figures;
  if (live.figures) live.figures_age = steady_now() - live.figures->read_at;
  return live;
}

void Agent::reported(const wire::Frame& frame) {
  see_report(frame);
  wire::Unlogged unlogged;
  if (frame.type == wire::MessageType::unlogged && wire::read_message(frame.body, unlogged)) {
    const std::lock_guard lock(status_mutex_);
    status_.unlogged_count = unlogged.count;
  }
  if (frame.number == 0) return;
  wire::EffectDone done;
  if (frame.type == wire::MessageType::effect_done && wire::read_message(frame.body, done)) {
    reports_.take_foreign(frame.number);
    return one_shots_.ended(frame.number, done);
  }
  wire::StopAdvanced advanced;
  const bool is_stuck_effect = frame.type == wire::MessageType::stop_advanced && wire::read_message(frame.body, advanced) &&
                               advanced.head.name.starts_with(effect_mark);
  if (is_stuck_effect) {
    // Nothing of it is kept here: once it ends, its outcome is a report of its own.
    reports_.take_foreign(frame.number);
    reports_.settle(frame.number);
    const std::string id(advanced.head.name.substr(effect_mark.size()));
    return one_shots_.cannot_be_killed(id, static_cast<std::uint32_t>(advanced.head.incarnation), pids_text(advanced));
  }
  if (auto told = told_by(frame, link_.keeper().memory)) reports_.take(frame.number, std::move(*told));
}

// ---- orders

void Agent::begin(const Effect& effect, Epoch) {
  parts_.loop.post([this, order = std::get<CarryOutOrder>(effect.what)] {
    const std::string workload = order.workload;
    orders_[workload] = Order{order, false};
    need();
    if (is_adopted_) carry(workload);
  });
}

Agent::Order* Agent::order_of(const std::string& workload, std::uint64_t number) {
  const auto at = orders_.find(workload);
  return at != orders_.end() && at->second.effect.number == number ? &at->second : nullptr;
}

// Terms are made where that may wait.
void Agent::carry(const std::string& workload) {
  Order& order = orders_.at(workload);
  const std::uint64_t number = order.effect.number;
  order.is_under_way = true;
  if (order.effect.directive == OrderDirective::forget) return direct(workload, number, {});
  const auto task = [this, workload, number, effect = order.effect] {
    auto terms = std::make_shared<const Result<OrderTerms, TermsProblem>>(make_terms(effect, parts_.unit_program));
    parts_.loop.post([this, workload, number, terms] {
      if (order_of(workload, number) != nullptr) give(workload, number, terms);
    });
  };
  if (parts_.run_elsewhere(task)) return;
  parts_.loop.after(busy_pause, [this, workload, number] {
    if (order_of(workload, number) != nullptr) carry(workload);
  });
}

void Agent::give(const std::string& workload, std::uint64_t number,
                 std::shared_ptr<const Result<OrderTerms, TermsProblem>> terms) {
  const bool goes_on = goes_without_terms(order_of(workload, number)->effect.directive);
  if (!*terms) {
    const std::string refusal = terms->error().reason + ": " + terms->error().detail;
    return goes_on ? direct(workload, number, refusal) : tell_outcome(workload, number, refusal);
  }
  ask(workload, number, (*terms)->give, [this, workload, number, goes_on](Verdict verdict, const std::string& refusal) {
    if (verdict == Verdict::taken || goes_on) return direct(workload, number, refusal);
    tell_outcome(workload, number, refusal);
  });
}

// Does what the order says now, its terms being given. `terms_refusal`: why they were not.
void Agent::direct(const std::string& workload, std::uint64_t number, const std::string& terms_refusal) {
  const CarryOutOrder& order = order_of(workload, number)->effect;
  const auto end = [this, workload, number, terms_refusal](Verdict, const std::string& refusal) {
    tell_outcome(workload, number, refusal.empty() ? terms_refusal : refusal);
  };
  switch (order.directive) {
    case OrderDirective::keep: return tell_outcome(workload, number, terms_refusal);
    case OrderDirective::start:
      return ask(workload, number, wire::Start{order.workload, order.incarnation, order.resets_budget}, end);
    case OrderDirective::stop: case OrderDirective::restart: case OrderDirective::judge:
      return ask(workload, number,
                 wire::Stop{order.workload, order.incarnation, reason_of(order), afterwards_of(order.directive)}, end);
    case OrderDirective::signal:
      return ask(workload, number, wire::Signal{order.workload, order.incarnation, order.configuration.reload_signal}, end);
    case OrderDirective::forget: return ask(workload, number, wire::ForgetOrder{order.workload}, end);
  }
}

// Asks for an order; `done` gets the keeper's answer, and never comes when the connection is lost: the order is then carried
// again with the next one, which changes nothing that is done already.
template <class Request>
void Agent::ask(const std::string& workload, std::uint64_t number, const Request& request,
                std::function<void(Verdict, const std::string&)> done) {
  if (!is_adopted_) {
    order_of(workload, number)->is_under_way = false;
    return;
  }
  link_.ask(request, [this, workload, number, done = std::move(done)](KeeperLink::Outcome outcome, const wire::Frame& frame) {
    Order* const order = order_of(workload, number);
    if (order == nullptr) return;
    switch (outcome) {
      case KeeperLink::Outcome::answered: break;
      case KeeperLink::Outcome::lost: order->is_under_way = false; return;
      case KeeperLink::Outcome::busy:
        parts_.loop.after(busy_pause, [this, workload, number] {
          if (order_of(workload, number) != nullptr) carry(workload);
        });
        return;
      case KeeperLink::Outcome::too_large: return done(Verdict::refused, "too_large");
    }
    wire::Refused refused;
    if (frame.type != wire::MessageType::refused || !wire::read_message(frame.body, refused)) return done(Verdict::taken, {});
    done(Verdict::refused, refusal_text(refused));
  });
}

void Agent::tell_outcome(const std::string& workload, std::uint64_t number, const std::string& refusal) {
  const CarryOutOrder& order = order_of(workload, number)->effect;
  if (refusal.empty() && order.directive == OrderDirective::start) (void)see(workload, order.incarnation);
  NoteOrder note;
  const auto known = seen_.find(workload);
  note.keeper_incarnation = known == seen_.end() ? 0 : known->second.incarnation;
  note.number = number;
  note.refusal = refusal;
  note.workload = workload;
  if (refusal.empty() && order.directive == OrderDirective::forget) seen_.erase(workload);
  parts_.offer(note, {}, [this, workload, number, refusal](OfferOutcome outcome) {
    parts_.loop.post([this, workload, number, refusal, outcome] {
      if (order_of(workload, number) == nullptr) return;
      if (outcome != OfferOutcome::again) {
        orders_.erase(workload);
        return;
      }
      parts_.loop.after(offer_pause, [this, workload, number, refusal] {
        if (order_of(workload, number) != nullptr) tell_outcome(workload, number, refusal);
      });
    });
  });
}

// ---- effects of plans

void Agent::run(ports::OneShot shot, std::function<void(ports::OneShotOutcome)> done) {
  parts_.loop.post([this, shot = std::move(shot), done = std::move(done)] {
    need();
    one_shots_.run(shot, done);
  });
}

void Agent::recorded(const std::string& effect_id, std::uint32_t attempt) {
  parts_.loop.post([this, effect_id, attempt] { one_shots_.recorded(effect_id, attempt); });
}

void Agent::end(const std::string& effect_id) {
  parts_.loop.post([this, effect_id] { one_shots_.end(effect_id); });
}

void Agent::look(std::string effect_id, std::function<void(ports::OneShotKnown)> done) {
  parts_.loop.post([this, effect_id = std::move(effect_id), done = std::move(done)] { one_shots_.look(effect_id, done); });
}

}  // namespace watchbill::drivers::agent
