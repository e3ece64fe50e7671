// The agent's side of the keeper's protocol, over one non-blocking descriptor that the caller's loop (epoll, asio, poll) watches.
//
// The client owns bytes, not policy: it numbers questions, frames messages and hands each incoming frame on, in order. One thread
// at a time. After any failure the connection is over: make a new client. Source: model/wire, domain/supervision.md §8.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "model/wire/frame.h"

namespace watchbill::drivers::agent {

// What may wait to be written; beyond it ask() fails `exhausted` and nothing of the message is sent.
inline constexpr std::size_t unsent_bytes_max = 4U << 20;

class KeeperClient {
 public:
  // Called for each frame; its texts live until the call returns. It may ask(), and must not destroy the client.
  using Handler = std::function<void(const model::wire::Frame&)>;

  // Connects to DATA/keeper.sock. Fails not_found when there is no socket, interrupted when nobody listens, denied by its mode.
  [[nodiscard]] static Result<KeeperClient> connect(const std::string& data_directory);
  // Takes over a connected stream socket.
  explicit KeeperClient(int fd) noexcept;
  ~KeeperClient();
  KeeperClient(KeeperClient&&) noexcept;
  KeeperClient& operator=(KeeperClient&&) noexcept;

  // To watch for reading always, and for writing while wants_write().
  [[nodiscard]] int fd() const noexcept;
  [[nodiscard]] bool wants_write() const noexcept;

  // Queues one request; gives its number, under which the answer comes. Fails exhausted (see above) or invalid (does not fit a
  // frame).
  template <class Request>
  [[nodiscard]] Result<std::uint64_t> ask(const Request& request) {
    const std::uint64_t number = next_number();
    const std::size_t size = model::wire::write_frame(frame_room(), number, request);
    if (Status queued = queue(size); !queued) return queued.error();
    return number;
  }

  // Writes what is queued, as far as the socket takes it. Fails interrupted when the keeper is gone.
  [[nodiscard]] Status write_some();
  // Reads what has come and calls `handler` for each whole frame. Fails interrupted at the end of the stream (after the last
  // frame), corrupt on bytes that are no frame.
  [[nodiscard]] Status read_some(const Handler& handler);

 private:
  struct Buffers;
  [[nodiscard]] std::uint64_t next_number() noexcept;
  [[nodiscard]] std::span<char> frame_room();
  [[nodiscard]] Status queue(std::size_t frame_bytes);

  std::unique_ptr<Buffers> buffers_;
};

}  // namespace watchbill::drivers::agent
