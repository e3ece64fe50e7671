#include "app/controller.h"

#include <algorithm>
#include <cstdlib>

#include "api/clock_warning.h"

namespace watchbill::app {
namespace {

// The wall clock is looked at this often even when nothing happens, so that a jump is seen soon.
constexpr Duration idle_wait_max = Duration::seconds(5);
constexpr std::size_t follower_batch = 512;

}  // namespace

Controller::Controller(Parts parts, engine::Recovered recovered, const Limits& limits)
    : parts_(std::move(parts)), limits_(limits), clock_(parts_.clock.now(), recovered.head.time),
      follower_(recovered, *parts_.follower_journal, limits, parts_.snapshot_every_records),
      engine_(engine::EnginePorts{*parts_.journal, parts_.effects, parts_.entropy,
                                  [this](std::span<const StoredRecord> records) {
                                    follower_.offer(records);
                                    if (parts_.on_durable) parts_.on_durable(records);
                                  }},
              std::move(recovered), limits) {}

Controller::~Controller() { stop(); }

void Controller::start() {
  engine_.begin_epoch(parts_.build, clock_.started_ahead());
  follower_thread_ = std::thread([this] { run_follower(); });
  engine_thread_ = std::thread([this] { run_engine(); });
}

void Controller::stop() {
  is_stopping_ = true;
  engine_.inbox().close();
  if (engine_thread_.joinable()) engine_thread_.join();
  follower_.stop();
  if (follower_thread_.joinable()) follower_thread_.join();
}

Instant Controller::now() {
  const std::lock_guard lock(clock_mutex_);
  return clock_.at(parts_.clock.now());
}

std::optional<engine::ClockJump> Controller::take_jump() {
  const std::lock_guard lock(clock_mutex_);
  return clock_.take_jump();
}

std::string Controller::read_only_reason() const {
  const std::lock_guard lock(reason_mutex_);
  return read_only_reason_;
}

// Tells the log when the store stops taking records, and when it goes on.
void Controller::note_write_mode() {
  const engine::WriteMode before = write_mode_;
  const engine::WriteMode after = engine_.write_mode();
  if (before == after) return;
  {
    const std::lock_guard lock(reason_mutex_);
    read_only_reason_ = after == engine::WriteMode::normal ? "" : engine_.read_only_reason();
  }
  write_mode_ = after;
  switch (after) {
    case engine::WriteMode::normal: return parts_.log("journal: it is written again");
    case engine::WriteMode::outcomes_and_people:
      return parts_.log("journal: read-only: " + engine_.read_only_reason() +
                        ". Outcomes and what people ask for are still recorded; it goes on by itself when its disk has room");
    case engine::WriteMode::nothing:
      return parts_.log("journal: read-only: " + engine_.read_only_reason() +
                        ". Nothing is recorded or decided; it goes on by itself when its disk has room");
  }
}

// Tells the log once that samples and records have another time than this host's clock, and again when that has changed much.
void Controller::note_clock(Duration ahead) {
  const Duration change = ahead - told_ahead_;
  if (std::abs(change.ms) <= api::clock_off_max.ms) return;
  told_ahead_ = std::abs(ahead.ms) <= api::clock_off_max.ms ? Duration{} : ahead;
  if (told_ahead_ == Duration{}) return parts_.log("clock: the engine's time and this host's clock agree");
  parts_.log(api::clock_warning(ahead));
}

void Controller::run_engine() {
  while (true) {
    const Instant now = this->now();
    note_clock(now - parts_.clock.now().wall);
    if (const auto jump = take_jump())
      static_cast<void>(engine_.inbox().offer(
          Command{NoteClockJump{jump->by, jump->wall}, engine_actor("clock"), std::nullopt, std::nullopt, {}}, {}));
    const engine::StepResult step = engine_.step(now);
    note_write_mode();
    if (step.has_failed) return parts_.on_failure(7, "journal: " + step.failure);
    if (step.commands > 0) continue;
    if (is_stopping_) return;
    const Instant due = engine_.next_due();
    const Duration wait = due == Instant::never() ? idle_wait_max : std::clamp(due - now, Duration{1}, idle_wait_max);
    engine_.inbox().wait(wait);
  }
}

void Controller::run_follower() {
  while (follower_.wait()) {
    follower_.run(follower_batch);
    if (parts_.on_applied) parts_.on_applied();
    if (const auto failure = follower_.failure()) return parts_.on_failure(7, failure->text());
    Digest digest;
    const auto snapshot = follower_.take_snapshot(digest);
    if (!snapshot || !parts_.follower_journal->save_snapshot(*snapshot)) continue;
    static_cast<void>(engine_.inbox().offer(
        Command{NoteSnapshot{digest, snapshot->head.sequence}, engine_actor(), std::nullopt, std::nullopt, {}}, {}));
  }
}

}  // namespace watchbill::app
