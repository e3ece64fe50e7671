#include "serve/neighbour.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <utility>

#include "serve/program.h"

namespace watchbill::serve_test {
namespace {

std::uint16_t told(std::uint16_t port, const std::function<void(std::uint16_t port)>& who) {
  if (who) who(port);
  return port;
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

std::optional<std::string> Prometheus::tool() {
  const std::optional<std::string> own = program();
  if (!own) return std::nullopt;
  const std::filesystem::path tool = std::filesystem::path(*own).parent_path() / "promtool";
  return std::filesystem::exists(tool) ? std::optional<std::string>(tool.string()) : std::nullopt;
}

Prometheus::Prometheus(const std::string& program, const std::string& configuration, const std::string& directory,
                       const std::function<void(std::uint16_t port)>& before)
    : Prometheus(program, configuration, Place{told(free_port(), before), directory}, {}) {}

Prometheus::Prometheus(const std::string& program, const std::string& configuration, const Place& place,
                       std::vector<std::string> flags)
    : port_(place.port) {
  std::vector<std::string> words{program, "--config.file=" + configuration, "--storage.tsdb.path=" + place.directory,
                                 "--web.listen-address=127.0.0.1:" + std::to_string(port_)};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ != 0) return;
  const int nowhere = ::open("/dev/null", O_WRONLY);
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(nowhere, STDERR_FILENO);
  ::execv(program.c_str(), arguments.data());
  ::_exit(127);
}

Prometheus::~Prometheus() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace watchbill::serve_test
