// An HTTP proxy on a free port of 127.0.0.1 that calls for others: requests in absolute form, and tunnels by CONNECT.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace watchbill::drivers::net {

class TestProxy {
 public:
  // `password`: of the user "me", whom alone it serves; empty: it serves anybody.
  explicit TestProxy(std::string password = {});
  ~TestProxy();
  TestProxy(const TestProxy&) = delete;
  TestProxy& operator=(const TestProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // The heads of requests so far, refused ones too.
  [[nodiscard]] std::vector<std::string> heads() const;
  // What it answers each CONNECT with instead of opening a tunnel; empty: it opens one.
  void answer_connect(std::string answer);

 private:
  void serve();
  void serve_one(int client);

  const std::string authorization_;
  int listener_{-1};
  std::uint16_t port_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  std::string connect_answer_;
  std::atomic<bool> is_over_{false};
  std::vector<std::thread> connections_;
  std::thread thread_;
};

}  // namespace watchbill::drivers::net
