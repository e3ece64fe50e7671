#include "drivers/net/loop.h"

#include <sys/stat.h>

#include <boost/asio/post.hpp>

#include <cerrno>
#include <chrono>
#include <utility>

#include "base/assert.h"
#include "drivers/net/loop_context.h"

namespace watchbill::drivers::net {
namespace {

using boost::system::error_code;
using Watch = LoopContext::Watch;

void wait_readable(const std::shared_ptr<Watch>& watch) {
  watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, [watch](error_code error) {
    if (error || watch->is_stopped) return;
    watch->ready(
        ports::Readiness{.readable = true, .writable = false});  // may replace or end this watch, which `watch` keeps alive
    if (!watch->is_stopped) wait_readable(watch);
  });
}

void wait_writable(const std::shared_ptr<Watch>& watch) {
  watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_write, [watch](error_code error) {
    if (error || watch->is_stopped) return;
    watch->ready(ports::Readiness{.readable = false, .writable = true});
    if (!watch->is_stopped) wait_writable(watch);
  });
}

void end_watch(Watch& watch) {
  watch.is_stopped = true;
  watch.descriptor.release();  // the descriptor is the caller's; this only takes it out of epoll
}

}  // namespace

bool LoopDoor::enter(std::function<void()> task) {
  {
    const std::lock_guard lock{mutex_};
    if (context_ == nullptr) return false;
    if (!context_->io.get_executor().running_in_this_thread()) {
      asio::post(context_->io, std::move(task));
      return true;
    }
  }
  task();
  return true;
}

bool LoopDoor::post(std::function<void()> task) {
  const std::lock_guard lock{mutex_};
  if (context_ != nullptr) asio::post(context_->io, std::move(task));
  return context_ != nullptr;
}

Loop::Loop() : context_(std::make_unique<LoopContext>()), door_(std::make_shared<LoopDoor>()) {
  door_->context_ = context_.get();
}

Loop::~Loop() {
  {
    const std::lock_guard lock{door_->mutex_};
    door_->context_ = nullptr;
  }
  for (auto& [fd, watch] : context_->watches) end_watch(*watch);
}

void Loop::run() { context_->io.run(); }
void Loop::stop() { context_->io.stop(); }
void Loop::post(std::function<void()> task) { asio::post(context_->io, std::move(task)); }

ports::TimerId Loop::after(Duration delay, std::function<void()> task) {
  const ports::TimerId id{++context_->timer_count};
  auto timer = std::make_unique<asio::steady_timer>(context_->io, std::chrono::milliseconds{delay.ms});
  timer->async_wait([this, id, run = std::move(task)](error_code) {
    // Not in the map: cancelled, perhaps after it had expired and this was already queued.
    if (context_->timers.erase(id) != 0) run();
  });
  context_->timers.emplace(id, std::move(timer));
  return id;
}

void Loop::cancel(ports::TimerId timer) { context_->timers.erase(timer); }

Status Loop::watch(int fd, ports::Readiness wanted, std::function<void(ports::Readiness)> ready) {
  WB_ASSERT(wanted.readable || wanted.writable, "a watch waits for something");
  unwatch(fd);
  struct stat info {};
  if (::fstat(fd, &info) != 0) return Error{ErrorKind::invalid, "watch descriptor", std::to_string(fd), "it is not open"};
  // epoll refuses these, and asio would then report them as ready for ever.
  if (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))
    return Error{ErrorKind::invalid, "watch descriptor", std::to_string(fd), "a file or folder cannot be waited for"};
  std::shared_ptr<Watch> watch;
  try {
    watch = std::make_shared<Watch>(context_->io, fd);
  } catch (const boost::system::system_error& error) {
    return Error{ErrorKind::invalid, "watch descriptor", std::to_string(fd), error.code().message()};
  }
  watch->wanted = wanted;
  watch->ready = std::move(ready);
  context_->watches[fd] = watch;
  if (wanted.readable) wait_readable(watch);
  if (wanted.writable) wait_writable(watch);
  return {};
}

void Loop::unwatch(int fd) {
  const auto found = context_->watches.find(fd);
  if (found == context_->watches.end()) return;
  const std::shared_ptr<Watch> watch = found->second;
  context_->watches.erase(found);
  end_watch(*watch);
}

}  // namespace watchbill::drivers::net
