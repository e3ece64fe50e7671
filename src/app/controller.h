// A running controller: engine and follower on their threads over one data directory. What serves people and programs sits on top
// of it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "engine/engine.h"
#include "engine/engine_clock.h"
#include "engine/follower.h"
#include "ports/clock.h"

namespace watchbill::app {

class Controller {
 public:
  struct Parts {
    std::unique_ptr<ports::JournalPort> journal;           // the engine's thread
    std::unique_ptr<ports::JournalPort> follower_journal;  // the follower's thread: snapshots, blobs, what its queue did not hold
    ports::ClockPort& clock;
    ports::EffectPort& effects;
    ports::EntropyPort& entropy;
    std::string build;
    std::uint64_t snapshot_every_records{100'000};
    // Each batch that is durable, on the engine's thread; must return at once. May be empty.
    std::function<void(std::span<const StoredRecord>)> on_durable;
    // After durable records were applied to the follower's state, on its thread; must return at once. May be empty.
    std::function<void()> on_applied;
    // One line for people, on the engine's thread.
    std::function<void(const std::string&)> log;
    // Called once, on the thread it happened on, when the process must end at once: exit code and reason.
    std::function<void(int, const std::string&)> on_failure;
  };

  // `recovered` is what the journal holds; commands are taken as soon as start() returned.
  Controller(Parts parts, engine::Recovered recovered, const Limits& limits);
  ~Controller();

  void start();
  // Closes the inbox, ends the batch under way and both threads. Idempotent.
  void stop();

  [[nodiscard]] engine::Inbox& inbox() noexcept { return engine_.inbox(); }
  [[nodiscard]] const engine::Follower& follower() const noexcept { return follower_; }
  [[nodiscard]] engine::WriteMode write_mode() const noexcept { return write_mode_; }
  // Why it is not the normal one. Any thread.
  [[nodiscard]] std::string read_only_reason() const;
  // The engine clock. Any thread.
  [[nodiscard]] Instant now();

 private:
  [[nodiscard]] std::optional<engine::ClockJump> take_jump();
  void note_write_mode();
  void note_clock(Duration ahead);
  void run_engine();
  void run_follower();

  Parts parts_;
  const Limits limits_;
  std::mutex clock_mutex_;  // readings come in order
  engine::EngineClock clock_;
  engine::Follower follower_;
  engine::Engine engine_;
  std::atomic<bool> is_stopping_{false};
  std::atomic<engine::WriteMode> write_mode_{engine::WriteMode::normal};
  mutable std::mutex reason_mutex_;
  std::string read_only_reason_;  // under reason_mutex_
  Duration told_ahead_;           // engine's thread: what the log was told
  std::thread engine_thread_;
  std::thread follower_thread_;
};

}  // namespace watchbill::app
