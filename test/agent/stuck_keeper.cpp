#include "agent/stuck_keeper.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "model/wire/answers.h"
#include "model/wire/effects.h"
#include "model/wire/reports.h"
#include "model/wire/requests.h"

namespace watchbill::agent_test {

namespace wire = model::wire;

StuckKeeper::StuckKeeper(const std::string& data) : out_(wire::frame_bytes_max) {
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s/keeper.sock", data.c_str());
  const bool listens = ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                       ::listen(listener_, 1) == 0;
  if (listens) thread_ = std::thread([this] { serve(); });
}

StuckKeeper::~StuckKeeper() {
  is_over_ = true;
  if (thread_.joinable()) thread_.join();
  ::close(connection_);
  ::close(listener_);
}

template <class Message>
void StuckKeeper::send(std::uint64_t number, const Message& message) {
  const std::size_t size = wire::write_frame(out_, number, message);
  static_cast<void>(::send(connection_, out_.data(), size, MSG_NOSIGNAL));
}

void StuckKeeper::serve() {
  std::string received;
  std::array<char, 65536> bytes{};
  while (!is_over_) {
    pollfd poll{connection_ < 0 ? listener_ : connection_, POLLIN, 0};
    if (::poll(&poll, 1, 20) <= 0) continue;
    if (connection_ < 0) {
      connection_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      continue;
    }
    const ssize_t got = ::recv(connection_, bytes.data(), bytes.size(), 0);
    if (got <= 0) return;
    received.append(bytes.data(), static_cast<std::size_t>(got));
    wire::Frame frame;
    while (wire::read_frame(received, frame) == wire::FrameStatus::complete) {
      answer(frame);
      received.erase(0, frame.size);
    }
  }
}

void StuckKeeper::answer(const wire::Frame& frame) {
  wire::Welcome welcome;
  welcome.memory = "0123456789abcdef";
  wire::EffectKnown known;
  known.memory = welcome.memory;
  known.phase = wire::EffectPhase::started;
  wire::Acknowledge acknowledge;
  if (frame.type == wire::MessageType::hello) return send(frame.number, welcome);
  if (frame.type == wire::MessageType::ask_snapshot) return send(frame.number, wire::SnapshotEnd{});
  if (frame.type == wire::MessageType::query_effect) return send(frame.number, known);
  send(frame.number, wire::Accepted{});
  if (frame.type == wire::MessageType::acknowledge && wire::read_message(frame.body, acknowledge))
    acknowledged_through_ = acknowledge.through;
  if (frame.type != wire::MessageType::end_effect) return;
  wire::EndEffect end;
  if (!wire::read_message(frame.body, end)) return;
  const std::string name = "!" + std::string(end.effect_id);
  wire::StopAdvanced advanced;
  advanced.head.name = name;
  advanced.head.incarnation = 1;
  advanced.phase = wire::StopPhase::unkillable;
  static_cast<void>(advanced.pids.add(4711));
  static_cast<void>(advanced.pids.add(4712));
  send(1, advanced);
}

}  // namespace watchbill::agent_test
