#include "drivers/net/stream_queue.h"

#include <utility>

namespace watchbill::drivers::net {
namespace {
constexpr std::size_t take_bytes = 64U << 10;  // one write: large enough for the socket, small enough to notice a stall
}

StreamQueue::Pushed StreamQueue::push(std::string chunk) {
  const std::lock_guard lock{mutex_};
  if (state_ != ports::HttpStreamState::open || is_ended_)
    return Pushed{is_ended_ ? ports::HttpStreamState::closed : state_, false};
  if (chunk.empty()) return Pushed{};
  if (chunks_.size() >= limits_.chunks_max || bytes_ + chunk.size() > limits_.bytes_max) {
    state_ = ports::HttpStreamState::lagged;
  } else {
    bytes_ += chunk.size();
    chunks_.push_back(std::move(chunk));
  }
  return answer_locked();
}

StreamQueue::Pushed StreamQueue::end() {
  const std::lock_guard lock{mutex_};
  is_ended_ = true;
  return answer_locked();
}

StreamQueue::Pushed StreamQueue::answer_locked() { return Pushed{state_, std::exchange(is_reader_asleep_, false)}; }

StreamQueue::Taken StreamQueue::take() {
  const std::lock_guard lock{mutex_};
  Taken taken;
  while (!chunks_.empty() && (taken.bytes.empty() || taken.bytes.size() + chunks_.front().size() <= take_bytes)) {
    bytes_ -= chunks_.front().size();
    if (taken.bytes.empty()) taken.bytes = std::move(chunks_.front());
    else taken.bytes += chunks_.front();
    chunks_.pop_front();
  }
  if (taken.bytes.empty()) {
    taken.has_lagged = state_ == ports::HttpStreamState::lagged;
    taken.is_finished = is_ended_ || taken.has_lagged;
    is_reader_asleep_ = !taken.is_finished;
  }
  return taken;
}

void StreamQueue::close() {
  const std::lock_guard lock{mutex_};
  state_ = ports::HttpStreamState::closed;
  chunks_.clear();
  bytes_ = 0;
}

}  // namespace watchbill::drivers::net
