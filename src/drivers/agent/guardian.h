// The foreground program of `serve --supervised` towards the keeper: has it run the controller, and again whenever that crashes.
// Source: domain/supervision.md §8, model/wire/guard.h.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "drivers/agent/keeper_client.h"
#include "drivers/agent/keeper_start.h"
#include "drivers/agent/terms.h"
#include "model/wire/guard.h"
#include "ports/io_loop.h"

namespace watchbill::drivers::agent {

// How the controller is run.
struct ControllerProgram {
  std::vector<std::string> command;      // the first is an absolute path
  std::vector<std::string> environment;  // NAME=VALUE
  std::string directory;                 // absolute
  std::uint32_t umask{0022};
  model::wire::RestartTerms restart;
  std::vector<std::int32_t> final_exit_codes;  // at most 32
  Duration stop_grace;
};

// Loop thread only; callbacks come on the loop.
class Guardian {
 public:
  struct Settings {
    std::string data;
    std::string keeper;  // its program, which is started whenever none answers
  };
  struct Events {
    std::function<void(const model::wire::ControllerState&)> changed;  // also after each new connection
    std::function<void(const model::wire::ControllerOutput&)> printed;
    // The controller could not be guarded, and nothing was started; `busy`: one is, and another guardian follows it. The last
    // callback.
    std::function<void(const Error&)> failed;
    std::function<void(const std::string&)> log;  // one line for people
  };

  Guardian(ports::IoLoop& loop, Settings settings, Events events);
  ~Guardian();
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

  // Finds a keeper or starts one, and gives it the controller. Once.
  void begin(const ControllerProgram& program);
  // Passes a signal on to the controller, if one runs.
  void signal(int number);
  // Asks for the controller's end, now and of every keeper that comes after this one. What becomes of it is told by `changed`, or
  // by `failed` when nothing was started yet.
  void end();
  // Takes the exits of orphans that became our children, which happens to the first process of a container when its keeper dies.
  void reap_orphans();
  // Of the present or last keeper.
  [[nodiscard]] std::int64_t keeper_pid() const noexcept { return keeper_pid_; }

 private:
  void connect();
  void start_keeper();
  void greet();
  void serve(ports::Readiness readiness);
  void take_frame(const model::wire::Frame& frame);
  void take_refusal(const model::wire::Frame& frame);
  void take_state(const model::wire::ControllerState& state);
  void ask_for_end();
  template <class Request>
  std::uint64_t ask(const Request& request);
  void flush();
  void lose(const std::string& problem);
  void drop_client();
  void try_again();
  void fail(Error error);

  ports::IoLoop& loop_;
  const Settings settings_;
  const Events events_;
  KeeperStart start_;
  Texts texts_;
  model::wire::GuardController request_;  // points into texts_
  std::optional<KeeperClient> client_;
  std::optional<ports::TimerId> timer_;
  std::optional<ports::TimerId> deadline_;  // of the first start
  std::string problem_;
  std::string logged_problem_;
  Duration pause_;
  std::int64_t keeper_pid_{0};
  std::uint64_t connection_count_{0};  // what was posted for an earlier one means nothing
  std::uint64_t hello_number_{0};
  std::uint64_t guard_number_{0};      // on this connection; 0: not asked
  bool was_asked_{false};              // on any: what fails from then on is tried again
  bool is_guarded_{false};
  bool ends_{false};
  bool is_end_asked_{false};  // on this connection
  bool is_over_{false};
  bool watches_write_{false};
};

// The controller that the keeper of this data directory guards. No value when none ever was, or when no keeper answers within a
// second. Blocks.
[[nodiscard]] std::optional<model::wire::ControllerState> guarded_controller(const std::string& data);
// It runs, or is about to.
[[nodiscard]] bool is_active(const model::wire::ControllerState& state) noexcept;

// True in a process that a keeper guards as its controller.
[[nodiscard]] bool is_guarded_here();
// Says to the keeper with which code this process ends now: one that did not start it cannot know otherwise. Only where
// is_guarded_here().
void tell_exit_code(int code);

}  // namespace watchbill::drivers::agent
