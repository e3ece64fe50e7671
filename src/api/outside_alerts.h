// Alerts that others post, on their way to the core: one round at a time, and who posts meanwhile waits for the next, so that
// what was answered 200 is durable whatever came of the post before. A round takes all that waits of one caller; commands have
// at most limits.rule_answer_changes_max alerts and a megabyte. The desk says what is worth a command (outside/alert_desk.h); a
// round without changes ends at once.
// Threads: the loop's, unless a member says otherwise; start() before the loop runs.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/follower.h"
#include "engine/inbox.h"
#include "model/command.h"
#include "outside/alert_desk.h"
#include "ports/io_loop.h"

namespace watchbill::api {

class OutsideAlerts {
 public:
  struct Links {
    ports::IoLoop& loop;
    engine::Inbox& inbox;
    const engine::Follower& follower;
    std::function<Instant()> now;  // the engine clock
    const Limits& limits;
  };
  explicit OutsideAlerts(Links links);
  OutsideAlerts(const OutsideAlerts&) = delete;
  OutsideAlerts& operator=(const OutsideAlerts&) = delete;

  static constexpr Duration resolve_timeout_otherwise = Duration::minutes(5);
  static constexpr std::size_t posts_max = 256;                        // that wait
  static constexpr std::size_t waiting_bytes_max = std::size_t{64} << 20;  // of their bodies

  // Fills the desk with what the journal has as firing, and from then on ends what nobody speaks of any more.
  void start(Duration resolve_timeout);
  // How long an alert lasts whose sender gave no end.
  void configure(Duration resolve_timeout) { resolve_timeout_ = resolve_timeout; }
  // Nothing is taken or ended any more; who waits gets no answer from here.
  void stop();

  // What came of a post.
  struct Outcome {
    std::vector<std::string> faults;   // see AlertDesk::Receipt
    std::vector<std::string> crowded;
    std::optional<Refused> refused;    // by the inbox or the core: part of it, or all, is as if it had not been posted
  };
  struct Post {
    std::vector<outside::PostedAlert> alerts;
    std::size_t bytes{0};  // of its body
    Actor actor;
    std::function<void(const Outcome&)> done;  // once, on the loop, when what it changed is durable
  };
  // False, and nothing happens, when too many wait.
  [[nodiscard]] bool post(Post post);
  // Ends what is due and begins the next round, when none is on its way.
  void look();

  // What is known of an alert from outside. Any thread.
  [[nodiscard]] std::optional<outside::Heard> find(const Labels& labels) const;
  // Any thread.
  [[nodiscard]] Duration resolve_timeout() const noexcept { return resolve_timeout_; }

 private:
  // One round on its way.
  struct Asked {
    std::function<void(const Outcome&)> done;
    Outcome outcome;
    std::vector<std::size_t> changes;
  };
  struct Round {
    std::vector<Asked> posts;
    std::vector<std::optional<Refused>> refused;  // by number of the change
    std::size_t open_count{0};                    // commands without an answer
  };
  using RoundPointer = std::shared_ptr<Round>;

  void take_posts(Round& round, Actor& actor);
  void send(const RoundPointer& round, std::vector<outside::AlertDesk::Change> changes, const Actor& actor);
  void offer(const RoundPointer& round, NoteAlerts command, std::vector<std::size_t> numbers, const Actor& actor);
  void settle(const RoundPointer& round, const std::vector<std::size_t>& numbers, const std::optional<Refused>& refused);
  void end(const RoundPointer& round);
  void plan();

  const Links links_;
  std::atomic<Duration> resolve_timeout_{resolve_timeout_otherwise};
  std::deque<Post> waiting_;
  std::size_t waiting_bytes_{0};
  bool is_asking_{false};  // a round is on its way
  bool is_stopped_{false};
  std::optional<ports::TimerId> timer_;
  Instant timer_at_;
  mutable std::mutex mutex_;
  outside::AlertDesk desk_;  // under mutex_
};

}  // namespace watchbill::api
