// One controller's connection: bounded buffers, requests in, answers and reports out. Requests are not read while answers wait.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "model/wire/frame.h"

namespace watchbill::keeper {

struct Keeper;

// Answers to requests that were read always fit: no request is taken while less than one frame is free.
inline constexpr std::size_t connection_out_bytes = 4 * model::wire::frame_bytes_max;

struct Connection {
  int fd{-1};
  std::uint32_t index{0};
  std::uint64_t generation{0};
  bool said_hello{false};
  bool is_guardian{false};       // said GuardHello instead; told of the guarded controller only
  std::uint64_t omitted_bytes{0};  // of its output, since a guardian took the last
  std::uint64_t hello_order{0};  // grows with each hello
  std::uint64_t epoch{0};
  std::int32_t peer_pid{0};
  std::uint32_t epoll_events{0};  // what is asked for now
  bool ends_after_flush{false};

  // Not initialised: pages are touched as they are used.
  std::unique_ptr<char[]> in{new char[model::wire::frame_bytes_max]};
  std::size_t in_bytes{0};
  std::unique_ptr<char[]> out{new char[connection_out_bytes]};
  std::size_t out_begin{0};
  std::size_t out_end{0};

  std::uint64_t delivered_through{0};
  model::wire::BoundedList<std::uint64_t, model::wire::unacknowledged_max> awaiting;  // numbers delivered, not acknowledged

  bool has_snapshot{false};     // one is being sent
  std::uint64_t snapshot_number{0};
  std::uint32_t snapshot_count{0};
  std::string snapshot_after;   // the last name sent

  [[nodiscard]] std::size_t room() const noexcept { return connection_out_bytes - out_end; }
};

// Appends one frame; false when there is no room (only reports may be dropped so).
template <class Message>
bool send(Connection& connection, std::uint64_t number, const Message& message) noexcept {
  const std::size_t size =
      model::wire::write_frame({connection.out.get() + connection.out_end, connection.room()}, number, message);
  connection.out_end += size;
  return size != 0;
}

// Answers one request with a refusal. Room is there: no request is taken while less than one frame is free.
void refuse(Connection& connection, std::uint64_t number, model::wire::Refusal reason, std::string_view detail) noexcept;

// The connection that reports go to: the one with the highest epoch, of several the last that said hello. Null when there is
// none.
[[nodiscard]] Connection* listener(Keeper& keeper) noexcept;

// A report that nobody keeps: lost when nobody listens or the listener is slow.
template <class Report>
void tell(Keeper& keeper, const Report& report) noexcept {
  Connection* const to = listener(keeper);
  if (to != nullptr && to->room() > connection_out_bytes / 2) (void)send(*to, 0, report);
}

// Takes who waits at keeper.sock: only the owner of the data directory, at most limits.connection_count_max at a time; others are
// closed.
void accept_connections(Keeper& keeper);
// Reads what came, where there is room for it.
void read_connection(Connection& connection) noexcept;
// Serves at most limits.frames_per_turn requests of what was read. True when more could be served at once.
bool serve_connection(Keeper& keeper, Connection& connection);
// Fills buffers with kept reports and snapshots, and writes them out. After Memory::commit() only.
void flush_connections(Keeper& keeper);

}  // namespace watchbill::keeper
