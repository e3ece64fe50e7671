#include "engine/inbox.h"

#include <algorithm>
#include <chrono>

namespace watchbill::engine {

std::size_t Inbox::bound(Lane lane) const noexcept {
  switch (lane) {
    case Lane::outcomes: return limits_.outcomes_in_flight_max;
    case Lane::people: return limits_.people_max;
    case Lane::deadlines: return 0;  // the engine finds them in the state
    case Lane::answers: return limits_.answers_max;
    case Lane::ingest: return limits_.ingest_max;
  }
  return 0;
}

std::optional<Refused> Inbox::offer(Command command, Reply reply) {
  const Lane lane = lane_of(command.body);
  const auto index = static_cast<std::size_t>(lane);
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return Refused{Refusal::closing, "the controller is stopping"};
    if (lanes_[index].size() >= bound(lane)) {
      ++refused_[index];
      return Refused{lane == Lane::ingest ? Refusal::ingest_full : Refusal::busy,
                     std::to_string(lanes_[index].size()) + " commands wait in the lane " + std::string(word(lane))};
    }
    lanes_[index].push_back(Envelope{std::move(command), std::move(reply)});
  }
  changed_.notify_one();
  return std::nullopt;
}

std::vector<Envelope> Inbox::take(Lane from, Lane to, std::size_t max) {
  const auto first = static_cast<std::size_t>(from);
  const auto last = static_cast<std::size_t>(to);
  std::vector<Envelope> taken;
  const std::lock_guard lock(mutex_);
  // A share for each: one for every lane in use, the rest in lane order.
  std::array<std::size_t, lane_count> share{};
  std::size_t left = max;
  for (std::size_t i = first; i <= last && left > 0; ++i)
    if (!lanes_[i].empty()) share[i] = 1, --left;
  for (std::size_t i = first; i <= last; ++i) {
    const std::size_t more = std::min(left, lanes_[i].size() - share[i]);
    share[i] += more;
    left -= more;
    for (std::size_t k = 0; k < share[i]; ++k) {
      taken.push_back(std::move(lanes_[i].front()));
      lanes_[i].pop_front();
    }
  }
  return taken;
}

void Inbox::wait(Duration longest) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(longest.ms), [this] {
    return is_woken_ || is_closed_ || std::any_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return !lane.empty(); });
  });
  is_woken_ = false;
}

void Inbox::wake() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  changed_.notify_one();
}

void Inbox::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  changed_.notify_one();
}

std::array<std::size_t, lane_count> Inbox::depths() const {
  const std::lock_guard lock(mutex_);
  std::array<std::size_t, lane_count> depths{};
  for (std::size_t i = 0; i < lane_count; ++i) depths[i] = lanes_[i].size();
  return depths;
}

std::array<std::uint64_t, lane_count> Inbox::refused_counts() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

}  // namespace watchbill::engine
