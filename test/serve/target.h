// Something to scrape: one page over HTTP on a free port of 127.0.0.1.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace watchbill::serve_test {

class Target {
 public:
  explicit Target(std::string page);
  ~Target();
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // What it answers from now on, as the text format, or with a type and further headers (each with its line's end).
  void show(std::string page, std::string type = "text/plain; version=0.0.4", std::string headers = {});
  // The head of the last request.
  [[nodiscard]] std::string last_request() const;
  // Of requests that were answered.
  [[nodiscard]] std::size_t answered_count() const noexcept { return answered_count_; }

 private:
  void serve();
  void answer(int connection);

  int listener_{-1};
  std::uint16_t port_{0};
  mutable std::mutex mutex_;
  std::string page_, type_{"text/plain; version=0.0.4"}, headers_, request_;
  std::atomic<bool> is_over_{false};
  std::atomic<std::size_t> answered_count_{0};
  std::thread thread_;
};

}  // namespace watchbill::serve_test
