// A keeper that is only its protocol: what it runs is never killed. For what no real process does when it is asked to.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "model/wire/frame.h"

namespace watchbill::agent_test {

class StuckKeeper {
 public:
  // Listens in this data directory, for one connection.
  explicit StuckKeeper(const std::string& data);
  ~StuckKeeper();
  StuckKeeper(const StuckKeeper&) = delete;
  StuckKeeper& operator=(const StuckKeeper&) = delete;

  [[nodiscard]] std::uint64_t acknowledged_through() const noexcept { return acknowledged_through_; }

 private:
  void serve();
  void answer(const model::wire::Frame& frame);
  template <class Message>
  void send(std::uint64_t number, const Message& message);

  int listener_{-1}, connection_{-1};
  std::vector<char> out_;
  std::atomic<std::uint64_t> acknowledged_through_{0};
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

}  // namespace watchbill::agent_test
