#include "drivers/agent/one_shots.h"

#include <algorithm>
#include <cstring>

namespace watchbill::drivers::agent {

namespace wire = model::wire;

namespace {

using ports::OneShotEnd;
using ports::OneShotOutcome;

constexpr Duration unreachable_patience = Duration::minutes(1);  // beyond the effect's own time
// What nobody asked for in this time is acknowledged: the keeper remembers it all the same, and others wait behind it.
constexpr Duration unclaimed_patience = Duration::seconds(2);
constexpr Duration busy_pause = Duration::milliseconds(100);
constexpr std::size_t ended_max = 256;  // outcomes kept here, each with at most 128 KiB of output; the keeper has them all

OneShotOutcome refused(std::string reason, std::string detail) {
  OneShotOutcome outcome;
  outcome.end = OneShotEnd::refused;
  outcome.refusal = std::move(reason);
  outcome.detail = std::move(detail);
  return outcome;
}

OneShotOutcome lost(std::string detail) {
  OneShotOutcome outcome;
  outcome.detail = std::move(detail);
  return outcome;
}

OneShotEnd end_of(const wire::EffectDone& done) {
  if (done.timed_out) return OneShotEnd::timed_out;
  switch (done.how) {
    case wire::ExitHow::code: return OneShotEnd::exited;
    case wire::ExitHow::signal: return OneShotEnd::signalled;
    case wire::ExitHow::not_executed: return OneShotEnd::not_executed;
    case wire::ExitHow::unseen: return OneShotEnd::unknown;
  }
  return OneShotEnd::unknown;
}

ports::OneShotStream stream_of(const wire::CapturedStream& stream) {
  return {std::string(stream.head), std::string(stream.tail), stream.bytes_omitted};
}

OneShotOutcome outcome_of(const wire::EffectDone& done) {
  OneShotOutcome outcome;
  outcome.end = end_of(done);
  outcome.value = done.value;
  if (outcome.end == OneShotEnd::not_executed) outcome.detail = std::strerror(done.value);
  if (outcome.end == OneShotEnd::unknown) outcome.detail = "the keeper that started it died before it ended";
  outcome.started_at = done.started_at;
  outcome.ended_at = done.ended_at;
  outcome.out = stream_of(done.out);
  outcome.err = stream_of(done.err);
  return outcome;
}

// Cuts what is kept to `most` bytes: the first quarter from the head, the rest from the end.
void cut(ports::OneShotStream& stream, std::size_t most) {
  if (stream.head.size() + stream.tail.size() <= most) return;
  const std::size_t head = std::min(stream.head.size(), most / 4);
  // Without a tail the head holds everything, and its own end is the end.
  std::string end = stream.head.substr(head) + stream.tail;
  if (stream.bytes_omitted != 0) end = stream.tail;
  const std::size_t before = stream.head.size() + stream.tail.size();
  const std::size_t tail = std::min(end.size(), most - head);
  stream.tail = end.substr(end.size() - tail);
  stream.head.resize(head);
  stream.bytes_omitted += before - stream.head.size() - stream.tail.size();
}

ProgramDescription description_of(const ports::OneShot& shot) {
  ProgramDescription description;
  description.command = shot.argv;
  description.environment = shot.environment;
  description.directory = shot.working_directory;
  description.user = shot.user;
  description.umask = shot.umask;
  description.is_effect = true;
  return description;
}

}  // namespace

void OneShots::run(ports::OneShot shot, std::function<void(OneShotOutcome)> done) {
  const Key key{shot.effect_id, shot.attempt};
  const Duration patience = shot.timeout + unreachable_patience;
  const std::uint64_t order = ++order_;
  runs_[key] = Run{std::move(shot), std::move(done), nullptr, {}, order};
  if (const auto known = ended_.find(key); known != ended_.end()) {
    known->second.is_claimed = true;
    parts_.loop.post([this, key, outcome = known->second.outcome] { finish(key, outcome); });
    return;
  }
  parts_.loop.after(patience, [this, key, order] {
    const auto run = runs_.find(key);
    if (run == runs_.end() || run->second.order != order || parts_.link.is_ready()) return;
    const bool was_sent = !run->second.memory.empty();
    finish(key, was_sent ? lost("the keeper that has it cannot be asked")
                         : refused("keeper_unreachable", parts_.link.problem()));
  });
  make(key);
}

// Accounts are resolved where that may wait.
void OneShots::make(const Key& key) {
  const auto run = runs_.find(key);
  if (run == runs_.end()) return;
  const std::uint64_t order = run->second.order;
  const auto task = [this, key, order, shot = run->second.shot] {
    auto program = std::make_shared<Program>();
    const auto made = make_program(description_of(shot), program->texts);
    if (made) {
      program->exec.effect_id = program->texts.keep(shot.effect_id);
      program->exec.attempt = shot.attempt;
      program->exec.program = *made;
      program->exec.timeout = shot.timeout;
    }
    const auto problem = made ? std::optional<TermsProblem>() : made.error();
    parts_.loop.post([this, key, order, program, problem] {
      const auto at = runs_.find(key);
      if (at == runs_.end() || at->second.order != order) return;
      if (problem) return finish(key, refused(problem->reason, problem->detail));
      at->second.program = program;
      send(key);
    });
  };
  if (!parts_.run_elsewhere(task)) parts_.loop.after(busy_pause, [this, key] { make(key); });
}

bool OneShots::is_waiting(const Key& key, std::uint64_t order) const {
  const auto run = runs_.find(key);
  return run != runs_.end() && run->second.order == order;
}

void OneShots::send(const Key& key) {
  const auto run = runs_.find(key);
  if (run == runs_.end() || !run->second.program || !parts_.link.is_ready()) return;
  // It has not reached the keeper: nothing has run, and nothing shall.
  if (run->second.is_ending && run->second.memory.empty()) return finish(key, refused("cancelled", "ended before it began"));
  run->second.memory = parts_.link.keeper().memory;
  parts_.link.ask(run->second.program->exec,
                  [this, key, order = run->second.order](KeeperLink::Outcome outcome, const wire::Frame& frame) {
                    if (is_waiting(key, order)) answered(key, outcome, frame);
                  });
}

void OneShots::answered(const Key& key, KeeperLink::Outcome outcome, const wire::Frame& frame) {
  switch (outcome) {
    case KeeperLink::Outcome::answered: break;
    case KeeperLink::Outcome::lost: return;  // it is sent again
    case KeeperLink::Outcome::busy:
      runs_.at(key).memory.clear();
      parts_.loop.after(busy_pause, [this, key] { send(key); });
      return;
    case KeeperLink::Outcome::too_large:
      return finish(key, refused("too_large", "its arguments and environment exceed 256 KiB"));
  }
  wire::Refused answer;
  if (frame.type == wire::MessageType::refused && wire::read_message(frame.body, answer))
    return finish(key, refused(std::string(word(answer.reason)), std::string(answer.detail)));
  // Its report follows, unless it had ended, and been acknowledged, before: then the keeper still remembers the outcome.
  look(key.first, [this, key, order = runs_.at(key).order](const ports::OneShotKnown& known) {
    const bool is_it = known.phase == ports::OneShotPhase::ended && known.attempt == key.second;
    if (is_it && is_waiting(key, order)) finish(key, known.outcome);
  });
}

void OneShots::finish(const Key& key, OneShotOutcome outcome) {
  const auto run = runs_.find(key);
  if (run == runs_.end()) return;
  Run ended = std::move(run->second);
  runs_.erase(run);
  cut(outcome.out, ended.shot.output_bytes_max);
  cut(outcome.err, ended.shot.output_bytes_max);
  ended.done(std::move(outcome));
}

void OneShots::connected() {
  const std::string& memory = parts_.link.keeper().memory;
  std::vector<Key> all;
  for (const auto& [key, run] : runs_) all.push_back(key);
  for (const Key& key : all) {
    const std::string sent_to = runs_.at(key).memory;
    // The same id and attempt again runs nothing: whether it was taken before need not be known.
    if (sent_to.empty() || sent_to == memory) send(key);
    else finish(key, lost("the keeper's memory was lost after it was sent"));
    if (is_ending(key.first)) send_end(key.first);
  }
}

void OneShots::disconnected() {
  for (auto& [key, ended] : ended_) ended.report = 0;
}

void OneShots::ended(std::uint64_t report, const wire::EffectDone& done) {
  const Key key{std::string(done.effect_id), done.attempt};
  forget_oldest();
  Ended& ended = ended_[key];
  ended.outcome = outcome_of(done);
  ended.report = report;
  if (ended.is_recorded) {
    settle(ended);
    ended_.erase(key);
    return;
  }
  if (runs_.contains(key)) {
    ended.is_claimed = true;
    return finish(key, ended.outcome);
  }
  parts_.loop.after(unclaimed_patience, [this, key] {
    const auto at = ended_.find(key);
    if (at != ended_.end() && !at->second.is_claimed) settle(at->second);
  });
}

void OneShots::recorded(const std::string& effect_id, std::uint32_t attempt) {
  const auto ended = ended_.find(Key{effect_id, attempt});
  if (ended == ended_.end()) return;
  ended->second.is_recorded = true;
  if (ended->second.report == 0) return;  // of a former connection: it comes again
  settle(ended->second);
  ended_.erase(ended);
}

bool OneShots::is_ending(const std::string& effect_id) const {
  for (auto run = runs_.lower_bound(Key{effect_id, 0}); run != runs_.end() && run->first.first == effect_id; ++run)
    if (run->second.is_ending) return true;
  return false;
}

void OneShots::end(const std::string& effect_id) {
  std::vector<Key> unsent;
  for (auto run = runs_.lower_bound(Key{effect_id, 0}); run != runs_.end() && run->first.first == effect_id; ++run) {
    run->second.is_ending = true;
    if (run->second.memory.empty()) unsent.push_back(run->first);
  }
  for (const Key& key : unsent) finish(key, refused("cancelled", "ended before it began"));
  send_end(effect_id);
}

// While the connection is lost it is put off until the keeper answers again.
void OneShots::send_end(const std::string& effect_id) {
  if (!parts_.link.is_ready()) return;
  parts_.link.ask(wire::EndEffect{effect_id}, [this, effect_id](KeeperLink::Outcome outcome, const wire::Frame&) {
    if (outcome != KeeperLink::Outcome::busy) return;  // refused: it has ended, and that is told
    parts_.loop.after(busy_pause, [this, effect_id] {
      if (is_ending(effect_id)) send_end(effect_id);
    });
  });
}

void OneShots::cannot_be_killed(const std::string& effect_id, std::uint32_t attempt, const std::string& pids) {
  OneShotOutcome outcome;
  outcome.end = OneShotEnd::unkillable;
  outcome.detail = pids;
  finish(Key{effect_id, attempt}, std::move(outcome));
}

void OneShots::settle(Ended& ended) {
  if (ended.report != 0) parts_.settle(std::exchange(ended.report, 0));
}

void OneShots::forget_oldest() {
  if (ended_.size() < ended_max) return;
  auto oldest = ended_.begin();
  for (auto at = ended_.begin(); at != ended_.end(); ++at)
    if (at->second.outcome.ended_at < oldest->second.outcome.ended_at) oldest = at;
  settle(oldest->second);
  ended_.erase(oldest);
}

void OneShots::look(const std::string& effect_id, std::function<void(ports::OneShotKnown)> done) {
  if (!parts_.link.is_ready()) {
    parts_.loop.post([done = std::move(done)] { done({}); });
    return;
  }
  parts_.link.ask(wire::QueryEffect{effect_id},
                  [this, effect_id, done = std::move(done)](KeeperLink::Outcome outcome, const wire::Frame& frame) {
    ports::OneShotKnown known;
    wire::EffectKnown answer;
    const bool is_answered = outcome == KeeperLink::Outcome::answered && frame.type == wire::MessageType::effect_known &&
                             wire::read_message(frame.body, answer);
    if (!is_answered) return done(known);
    const KeeperIdentity& keeper = parts_.link.keeper();
    known.keeper = keeper_name(keeper.memory, keeper.boot_id, keeper.pid);
    known.phase = static_cast<ports::OneShotPhase>(static_cast<int>(answer.phase) + 1);
    if (answer.done) {
      known.attempt = answer.done->attempt;
      const auto kept = ended_.find(Key{effect_id, known.attempt});
      if (kept != ended_.end()) kept->second.is_claimed = true;
      // What the keeper gave up of the output may still be here.
      known.outcome = kept != ended_.end() ? kept->second.outcome : outcome_of(*answer.done);
    }
    done(known);
  });
}

static_assert(static_cast<int>(ports::OneShotPhase::ended) == static_cast<int>(wire::EffectPhase::ended) + 1);

}  // namespace watchbill::drivers::agent
