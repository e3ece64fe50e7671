// Where both routers' webhooks lead: a server on a free port of 127.0.0.1 that takes everything and notes when it came.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace watchbill::routing_differential {

using Clock = std::chrono::steady_clock;

struct Delivery {
  std::string path;
  std::string body;
  Clock::time_point at;
};

class Receiver {
 public:
  Receiver();
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // Any thread.
  [[nodiscard]] std::size_t count() const;
  // Those after the first `count`.
  [[nodiscard]] std::vector<Delivery> after(std::size_t count) const;

 private:
  void serve();
  void take(int connection);

  int listener_{-1};
  std::uint16_t port_{0};
  mutable std::mutex mutex_;
  std::vector<Delivery> deliveries_;
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

}  // namespace watchbill::routing_differential
