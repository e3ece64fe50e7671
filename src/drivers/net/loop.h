// The I/O loop: one asio context, run by one thread that `app` starts.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "ports/io_loop.h"

namespace watchbill::drivers::net {

struct LoopContext;  // holds the asio::io_context; loop_context.h, for the files that include asio

// The way into a loop for those who may outlive it.
class LoopDoor {
 public:
  // Runs `task` on the loop: at once when called on it, else posted. False, and `task` is dropped, when the loop is gone. Any
  // thread.
  bool enter(std::function<void()> task);
  // The same, but always posted: `task` never runs within this call.
  bool post(std::function<void()> task);

 private:
  friend class Loop;
  std::mutex mutex_;
  LoopContext* context_{nullptr};  // null: gone
};

class Loop final : public ports::IoLoop {
 public:
  Loop();
  // Holds: no thread is in run(), and everything that was built on this loop (server, client, prober) is gone.
  ~Loop() override;

  // Runs callbacks until stop(). Once. The thread that calls it is the loop's thread.
  void run();
  // Makes run() return after the callback in progress; what waits is dropped. Any thread. For a graceful end stop the server
  // first.
  void stop();

  void post(std::function<void()> task) override;
  ports::TimerId after(Duration delay, std::function<void()> task) override;
  void cancel(ports::TimerId timer) override;
  Status watch(int fd, ports::Readiness wanted, std::function<void(ports::Readiness)> ready) override;
  void unwatch(int fd) override;

  [[nodiscard]] LoopContext& context() noexcept { return *context_; }
  [[nodiscard]] std::shared_ptr<LoopDoor> door() const noexcept { return door_; }

 private:
  std::unique_ptr<LoopContext> context_;
  std::shared_ptr<LoopDoor> door_;
};

}  // namespace watchbill::drivers::net
