// Chunks between a writer on any thread and a connection on its loop, with a bound: the writer never waits, a slow reader is cut
// off.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>

#include "ports/http.h"

namespace watchbill::drivers::net {

class StreamQueue {
 public:
  struct Limits {
    std::size_t bytes_max;
    std::size_t chunks_max;
  };
  explicit StreamQueue(Limits limits) noexcept : limits_(limits) {}

  struct Pushed {
    ports::HttpStreamState state{ports::HttpStreamState::open};
    bool wake{false};  // the connection sleeps and must be told
  };
  // Takes `chunk` or, where it does not fit, makes the stream lagged for good. A chunk larger than the bound lags at once.
  [[nodiscard]] Pushed push(std::string chunk);
  // The writer has no more.
  [[nodiscard]] Pushed end();

  struct Taken {
    std::string bytes;  // whole chunks, about 64 KiB at a time; empty when there is nothing yet or no more
    bool is_finished{false};
    bool has_lagged{false};  // finished, because the reader was too slow
  };
  // What is to be sent next; with empty `bytes` and not finished, the next push says wake.
  [[nodiscard]] Taken take();
  // The reader is gone: everything queued is dropped, every further push is `closed`.
  void close();

 private:
  [[nodiscard]] Pushed answer_locked();

  const Limits limits_;
  std::mutex mutex_;
  std::deque<std::string> chunks_;
  std::size_t bytes_{0};
  ports::HttpStreamState state_{ports::HttpStreamState::open};
  bool is_ended_{false};
  bool is_reader_asleep_{false};
};

}  // namespace watchbill::drivers::net
