#include "serve/neighbour.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "serve/program.h"

namespace watchbill::serve_test {

std::optional<std::string> Prometheus::program() {
  if (const char* named = std::getenv("WB_PROMETHEUS"); named != nullptr) return named;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (std::filesystem::exists(folder + "/prometheus")) return folder + "/prometheus";
  return std::nullopt;
}

std::optional<std::string> Prometheus::tool() {
  const std::optional<std::string> own = program();
  if (!own) return std::nullopt;
  const std::filesystem::path tool = std::filesystem::path(*own).parent_path() / "promtool";
  return std::filesystem::exists(tool) ? std::optional<std::string>(tool.string()) : std::nullopt;
}

Prometheus::Prometheus(const std::string& program, const std::string& configuration, const std::string& directory,
                       const std::function<void(std::uint16_t port)>& before)
    : port_(free_port()) {
  if (before) before(port_);
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
