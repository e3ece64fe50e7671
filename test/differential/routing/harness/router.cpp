#include "differential/routing/harness/router.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace watchbill::routing_differential {
namespace {

constexpr const char* shared = "/usr/share";

// Debian's Alertmanager reads its templates below /usr/share, where they are not when the package is only unpacked: then it gets
// the package's folder there, in a view of the files of its own. The folder, or "" when nothing is to be done.
std::string shared_of(const std::string& program) {
  constexpr std::string_view file = "/prometheus/alertmanager/default.tmpl";
  if (std::filesystem::exists(shared + std::string(file))) return {};
  const std::string own = (std::filesystem::absolute(program).parent_path().parent_path() / "share").lexically_normal().string();
  return std::filesystem::exists(own + std::string(file)) ? own : std::string();
}

// In a child that has not begun its program yet.
bool see_shared(const std::string& folder) {
  if (folder.empty()) return true;
  const int view = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
  return ::unshare(view) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount(folder.c_str(), shared, nullptr, MS_BIND, nullptr) == 0;
}

bool can_see_shared(const std::string& folder) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(see_shared(folder) ? 0 : 1);
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::optional<std::string> program_in_path() {
  if (const char* named = std::getenv("WB_ALERTMANAGER"); named != nullptr) return named;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (std::filesystem::exists(folder + "/prometheus-alertmanager")) return folder + "/prometheus-alertmanager";
  return std::nullopt;
}

class Alertmanager final : public Router {
 public:
  Alertmanager(const std::string& program, const std::string& folder, const std::string& file)
      : port_(serve_test::free_port()), log_(folder + "/alertmanager.log") {
    std::vector<std::string> words{program,
                                   "--config.file=" + file,
                                   "--storage.path=" + folder + "/alertmanager",
                                   "--cluster.listen-address=",
                                   "--web.listen-address=127.0.0.1:" + std::to_string(port_)};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const std::string its_shared = shared_of(program);
    pid_ = ::fork();
    if (pid_ != 0) return;
    if (!see_shared(its_shared)) ::_exit(127);
    const int log = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execv(program.c_str(), arguments.data());
    ::_exit(127);
  }
  ~Alertmanager() override {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Alertmanager(const Alertmanager&) = delete;
  Alertmanager& operator=(const Alertmanager&) = delete;

  [[nodiscard]] std::string name() const override { return "Alertmanager"; }
  [[nodiscard]] std::uint16_t port() const override { return port_; }
  [[nodiscard]] std::string said() override {
    std::ostringstream text;
    text << std::ifstream(log_).rdbuf();
    return text.str();
  }

 private:
  std::uint16_t port_;
  std::string log_;
  pid_t pid_{-1};
};

class Watchbill final : public Router {
 public:
  Watchbill(const std::string& folder, const std::string& file, const std::string& prometheus_file)
      : controller_(folder + "/data", {"--prometheus.config", prometheus_file, "--alertmanager.config", file}) {}

  [[nodiscard]] std::string name() const override { return "watchbill"; }
  [[nodiscard]] std::uint16_t port() const override { return controller_.port(); }
  [[nodiscard]] std::string said() override {
    const serve_test::Ended ended = controller_.stop();
    return ended.out + ended.err;
  }

 private:
  serve_test::Controller controller_;
};

}  // namespace

std::optional<std::string> alertmanager_program(std::string& why_not) {
  std::optional<std::string> program = program_in_path();
  if (!program) {
    why_not = "no prometheus-alertmanager in the PATH, and WB_ALERTMANAGER is not set";
  } else if (!can_see_shared(shared_of(*program))) {
    why_not = *program + " needs its templates at /usr/share/prometheus, and no mount namespace is to be had here";
    return std::nullopt;
  }
  return program;
}

bool Router::is_serving() const {
  return port() != 0 && serve_test::eventually([this] { return ask("GET", "/api/v2/alerts/groups").status == 200; });
}

serve_test::HttpReply Router::ask(const std::string& method, const std::string& target, const std::string& body) const {
  std::string text = method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port()) + "\r\n";
  if (!body.empty()) text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  serve_test::Connection connection(port());
  connection.send(text + "Connection: close\r\n\r\n" + body);
  return connection.reply();
}

std::unique_ptr<Router> start_router(RouterKind kind, const std::string& folder, const std::string& configuration) {
  const std::string file = folder + "/alertmanager.yml";
  std::ofstream(file) << configuration;
  // Ports are looked for one after the other: two that start at once would find the same.
  static std::mutex starting;
  const std::lock_guard lock(starting);
  if (kind == RouterKind::alertmanager)
    return std::make_unique<Alertmanager>(program_in_path().value_or("prometheus-alertmanager"), folder, file);
  const std::string prometheus_file = folder + "/prometheus.yml";
  std::ofstream(prometheus_file) << "global: {}\n";
  return std::make_unique<Watchbill>(folder, file, prometheus_file);
}

}  // namespace watchbill::routing_differential
