// A real Prometheus beside ours, where one is installed: in the PATH, or named by WB_PROMETHEUS.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace watchbill::serve_test {

class Prometheus {
 public:
  // The program; nothing when there is none.
  [[nodiscard]] static std::optional<std::string> program();
  // Its promtool, from beside it.
  [[nodiscard]] static std::optional<std::string> tool();

  // Starts it on a free port with this configuration file and its store below `directory`. `before` is told the port before it
  // starts: for a file that must name it.
  Prometheus(const std::string& program, const std::string& configuration, const std::string& directory,
             const std::function<void(std::uint16_t port)>& before = {});
  // The same on a port of the caller's, with further flags.
  struct Place {
    std::uint16_t port{0};
    std::string directory;
  };
  Prometheus(const std::string& program, const std::string& configuration, const Place& place, std::vector<std::string> flags);
  ~Prometheus();  // SIGKILL
  Prometheus(const Prometheus&) = delete;
  Prometheus& operator=(const Prometheus&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  std::uint16_t port_{0};
  pid_t pid_{-1};
};

}  // namespace watchbill::serve_test
