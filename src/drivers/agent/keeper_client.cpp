#include "drivers/agent/keeper_client.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace watchbill::drivers::agent {

namespace wire = model::wire;

struct KeeperClient::Buffers {
  int fd{-1};
  std::uint64_t next_number{1};
  std::string unsent;
  std::size_t sent{0};  // of `unsent`
  std::string unread;
  std::array<char, wire::frame_bytes_max> frame;

  ~Buffers() {
    if (fd >= 0) close(fd);
  }
};

Result<KeeperClient> KeeperClient::connect(const std::string& data_directory) {
  const std::string path = data_directory + "/keeper.sock";
  // An address has room for 107 bytes and data directories may lie deep: the directory is opened and named by its descriptor.
  const int directory = open(data_directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return Error::from_errno(errno, "open the data directory", data_directory);
  // A keeper that takes no connections must not make the caller wait: connecting then fails with EAGAIN.
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    close(directory);
    return Error::from_errno(errno, "make a socket for", path);
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/keeper.sock", directory);
  const int failed = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  close(directory);
  if (failed != 0) {
    close(fd);
    return Error::from_errno(error, "connect to the keeper at", path);
  }
  return KeeperClient(fd);
}

KeeperClient::KeeperClient(int fd) noexcept : buffers_(std::make_unique<Buffers>()) { buffers_->fd = fd; }
KeeperClient::~KeeperClient() = default;
KeeperClient::KeeperClient(KeeperClient&&) noexcept = default;
KeeperClient& KeeperClient::operator=(KeeperClient&&) noexcept = default;

int KeeperClient::fd() const noexcept { return buffers_->fd; }
bool KeeperClient::wants_write() const noexcept { return buffers_->sent != buffers_->unsent.size(); }
std::uint64_t KeeperClient::next_number() noexcept { return buffers_->next_number++; }
std::span<char> KeeperClient::frame_room() { return buffers_->frame; }

Status KeeperClient::queue(std::size_t frame_bytes) {
  Buffers& buffers = *buffers_;
  if (frame_bytes == 0) return Error{ErrorKind::invalid, "ask the keeper", "", "the request does not fit a frame of 256 KiB"};
  if (buffers.unsent.size() - buffers.sent + frame_bytes > unsent_bytes_max)
    return Error{ErrorKind::exhausted, "ask the keeper", "", "4 MiB of requests wait to be written"};
  buffers.unsent.append(buffers.frame.data(), frame_bytes);
  return {};
}

Status KeeperClient::write_some() {
  Buffers& buffers = *buffers_;
  while (buffers.sent != buffers.unsent.size()) {
    const ssize_t written =
        send(buffers.fd, buffers.unsent.data() + buffers.sent, buffers.unsent.size() - buffers.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) return {};
    if (written < 0) return Error::from_errno(errno, "write to the keeper", "");
    buffers.sent += static_cast<std::size_t>(written);
  }
  buffers.unsent.clear();
  buffers.sent = 0;
  return {};
}

Status KeeperClient::read_some(const Handler& handler) {
  Buffers& buffers = *buffers_;
  std::array<char, 64U << 10> bytes;
  bool is_over = false;
  // At most 1 MiB in one call: the caller's loop has others to serve.
  for (int i = 0; i < 16; ++i) {
    const ssize_t got = recv(buffers.fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    is_over = got <= 0;
    if (is_over) break;
    buffers.unread.append(bytes.data(), static_cast<std::size_t>(got));
  }
  std::size_t begin = 0;
  for (;;) {
    wire::Frame frame;
    const auto status = wire::read_frame(std::string_view(buffers.unread).substr(begin), frame);
    if (status == wire::FrameStatus::malformed)
      return Error{ErrorKind::corrupt, "read from the keeper", "", "the bytes are no frame"};
    if (status == wire::FrameStatus::incomplete) break;
    handler(frame);
    begin += frame.size;
  }
  buffers.unread.erase(0, begin);
  if (is_over) return Error{ErrorKind::interrupted, "read from the keeper", "", "it closed the connection"};
  return {};
}

}  // namespace watchbill::drivers::agent
