// Starts the keeper's program, which detaches itself and outlives us. Source: domain/supervision.md §8.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "base/result.h"
#include "ports/io_loop.h"

namespace watchbill::drivers::agent {

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

 private:
  void ended();

  ports::IoLoop& loop_;
  pid_t pid_{0};    // of the starter; the keeper is its child
  int pid_fd_{-1};
  std::string program_;
  std::function<void(Status)> done_;
};

}  // namespace watchbill::drivers::agent
