// Starts the keeper's program, which detaches itself and outlives us. Source: domain/supervision.md §8.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ports/io_loop.h"

namespace watchbill::drivers::agent {

// An entry "NAME=VALUE" of the environment that a keeper gives to what it starts, a guarded controller among them. It is passed
// on to nobody: a keeper that carried it would be taken for a member of that process's group.
[[nodiscard]] bool is_given_by_a_keeper(std::string_view entry);

// One start at a time. Loop thread only.
class KeeperStart {
 public:
  explicit KeeperStart(ports::IoLoop& loop) noexcept : loop_(loop) {}
  ~KeeperStart();
  KeeperStart(const KeeperStart&) = delete;
  KeeperStart& operator=(const KeeperStart&) = delete;

  // Runs `program DATA` in a session of its own, with no signal blocked. `done` comes once, on the loop, never from within this
  // call: success when a keeper answers (ours, or another that was faster), else why there is none. Holds: is_running() is false.
  void begin(const std::string& program, const std::string& data, std::function<void(Status)> done);
  [[nodiscard]] bool is_running() const noexcept { return pid_ != 0; }
  // The child whose exit is waited for here; 0: none.
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  void ended();

  ports::IoLoop& loop_;
  pid_t pid_{0};    // of the starter; the keeper is its child
  int pid_fd_{-1};
  std::string program_;
  std::function<void(Status)> done_;
};

}  // namespace watchbill::drivers::agent
