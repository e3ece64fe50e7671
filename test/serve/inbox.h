// Where messages arrive: an HTTP server on a free port of 127.0.0.1 that keeps what it was posted and answers as the test says.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace watchbill::serve_test {

struct Posted {
  std::string path;
  std::string delivery;  // X-Watchbill-Delivery
  std::string body;
  int status{0};         // that it was answered with
};

class Inbox {
 public:
  Inbox();
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  [[nodiscard]] std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  // The status for requests to this path from now on; 200 until then.
  void answer(const std::string& path, int status);
  // Requests to this path so far.
  [[nodiscard]] std::vector<Posted> at(const std::string& path) const;
  // Those that were answered 200 and hold `text`.
  [[nodiscard]] std::size_t accepted(const std::string& path, const std::string& text) const;

 private:
  void serve();
  void take(int connection);

  int listener_{-1};
  std::uint16_t port_{0};
  mutable std::mutex mutex_;
  std::vector<Posted> posted_;
  std::vector<std::pair<std::string, int>> statuses_;
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

}  // namespace watchbill::serve_test
