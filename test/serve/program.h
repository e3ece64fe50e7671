// The real program, started in a directory of its own, and a client that speaks HTTP to it byte by byte.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace watchbill::serve_test {

// True as soon as `condition` is; false when it was not within 20 s.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

// A port of 127.0.0.1 that was free a moment ago, for who must know it before it is taken.
[[nodiscard]] std::uint16_t free_port();

// A directory that is removed with all it holds.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

// What a verb that ended has said.
struct Ended {
  int exit_code{-1};  // 128 + N when signal N ended it
  std::string out, err;
};
// Runs `watchbill ARGUMENTS` to its end; `environment` adds to ours.
[[nodiscard]] Ended run_program(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment = {});

// Runs another program, found in the PATH, with its arguments to its end.
[[nodiscard]] Ended run_words(std::vector<std::string> words);

// Starts `watchbill ARGUMENTS`, which goes on, and gives the first line that it prints into a pipe, "" when none came within
// 20 s. Then it is killed.
[[nodiscard]] std::string first_line_of(std::vector<std::string> arguments);

struct HttpReply {
  int status{0};  // 0: no answer came
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  // The body as JSON; a null value when it is none.
  [[nodiscard]] JsonValue json() const;
  // A text member of the body, or "".
  [[nodiscard]] std::string member(std::string_view name) const;
};

// A connection to 127.0.0.1 whose every byte the test decides.
class Connection {
 public:
  explicit Connection(std::uint16_t port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  bool send(std::string_view bytes) const;
  // Reads until `text` has come, the other side ends or 20 s passed; what was read so far, since the beginning.
  const std::string& read_until(std::string_view text);
  // One answer with a Content-Length, or one in chunks that is the connection's last.
  [[nodiscard]] HttpReply reply();
  // True when the other side closes within 20 s.
  [[nodiscard]] bool is_closed();

 private:
  bool read_some();
  int fd_{-1};
  std::string received_;
};

struct HttpAsk {
  std::string method{"GET"};
  std::string target;
  std::string token;
  std::string request_id;
  std::string body;
  std::vector<std::string> headers;  // "Name: value"; a Host here takes the place of the right one
};

// `watchbill serve` on a free port.
class Controller {
 public:
  // `data` empty: as the bill says. Starts, and waits until it says where it listens; without that, `is_serving()` is false and
  // ended() says why.
  explicit Controller(const std::string& data, std::vector<std::string> further_arguments = {});
  ~Controller();  // kills what still runs
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  [[nodiscard]] bool is_serving() const noexcept { return port_ != 0; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] const std::string& admin_token() const noexcept { return token_; }
  void signal(int number) const;
  // Waits until it has said `text` on standard error; false when it ends, or says nothing for 20 s, before that.
  [[nodiscard]] bool says(std::string_view text);
  // Waits for the end of the process.
  Ended ended();
  Ended stop();        // SIGTERM, then ended()
  void kill_at_once();  // SIGKILL

  // One request on a connection of its own.
  [[nodiscard]] HttpReply ask(const HttpAsk& ask) const;
  [[nodiscard]] HttpReply get(const std::string& path) const { return ask({"GET", "/api/watchbill/v1" + path, {}, {}, {}, {}}); }
  // PUT and DELETE /hold as admin.
  [[nodiscard]] HttpReply hold(const std::string& scope, const std::string& request_id = {}) const;
  [[nodiscard]] HttpReply release(const std::string& scope, const std::string& request_id = {}) const;

 private:
  pid_t pid_{-1};
  int out_{-1}, err_{-1};
  std::uint16_t port_{0};
  std::string said_, said_on_err_, token_;
  std::atomic<bool> is_over_{false};
};

}  // namespace watchbill::serve_test
