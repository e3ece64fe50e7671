#include "serve/neighbour.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "base/assert.h"

namespace watchbill::serve_test {
namespace {

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool is_bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  WB_ASSERT(is_bound, "a test has a port to spare");
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace

std::optional<std::string> Prometheus::program() {
  if (const char* named = std::getenv("WB_PROMETHEUS"); named != nullptr) return named;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (std::filesystem::exists(folder + "/prometheus")) return folder + "/prometheus";
  return std::nullopt;
}

Prometheus::Prometheus(const std::string& program, const std::string& configuration, const std::string& directory)
    : port_(free_port()) {
  const std::string config = "--config.file=" + configuration, store = "--storage.tsdb.path=" + directory;
  const std::string listen = "--web.listen-address=127.0.0.1:" + std::to_string(port_);
  pid_ = ::fork();
  if (pid_ != 0) return;
  const int nowhere = ::open("/dev/null", O_WRONLY);
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(nowhere, STDERR_FILENO);
  ::execl(program.c_str(), program.c_str(), config.c_str(), store.c_str(), listen.c_str(), static_cast<char*>(nullptr));
  ::_exit(127);
}

Prometheus::~Prometheus() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace watchbill::serve_test
