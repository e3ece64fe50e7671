#include "serve/program.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/assert.h"
#include "places.h"

namespace watchbill::serve_test {
namespace {

constexpr int patience_ms = 20'000;

struct Started {
  pid_t pid{-1};
  int out{-1}, err{-1};
};

// `texts`: a program, found as a shell finds it, and its arguments.
Started start_words(std::vector<std::string> texts, const std::map<std::string, std::string>& environment) {
  std::array<int, 2> out{}, err{};
  const bool has_pipes = ::pipe2(out.data(), O_CLOEXEC) == 0 && ::pipe2(err.data(), O_CLOEXEC) == 0;
  WB_ASSERT(has_pipes, "a test has descriptors to spare");
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    std::vector<char*> words;
    for (std::string& text : texts) words.push_back(text.data());
    words.push_back(nullptr);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  return {pid, out[0], err[0]};
}

Started start(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment) {
  std::vector<std::string> words{in_build("watchbill")};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return start_words(std::move(words), environment);
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> bytes{};
  for (ssize_t got = ::read(fd, bytes.data(), bytes.size()); got > 0; got = ::read(fd, bytes.data(), bytes.size()))
    text.append(bytes.data(), static_cast<std::size_t>(got));
  ::close(fd);
  return text;
}

int wait_for(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Ended end_of(const Started& started) {
  Ended ended;
  std::thread errors([&] { ended.err = read_all(started.err); });
  ended.out = read_all(started.out);
  errors.join();
  ended.exit_code = wait_for(started.pid);
  return ended;
}

bool is_readable(int fd) {
  pollfd poll{fd, POLLIN, 0};
  return ::poll(&poll, 1, patience_ms) > 0;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

// A body in chunks, as others than we send it.
std::string joined_chunks(std::string_view sent) {
  std::string body;
  while (true) {
    std::size_t size = 0;
    const std::size_t line_end = std::min(sent.find("\r\n"), sent.size());
    std::from_chars(sent.data(), sent.data() + line_end, size, 16);
    if (size == 0 || line_end + 2 + size > sent.size()) return body;
    body += sent.substr(line_end + 2, size);
    sent.remove_prefix(std::min(line_end + 2 + size + 2, sent.size()));
  }
}

}  // namespace

bool eventually(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "watchbill-serve-XXXXXX").string();
  WB_ASSERT(::mkdtemp(name.data()) != nullptr, "the temporary directory can be written");
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Ended run_program(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment) {
  return end_of(start(arguments, environment));
}

Ended run_words(std::vector<std::string> words) { return end_of(start_words(std::move(words), {})); }

std::string first_line_of(std::vector<std::string> arguments) {
  const Started started = start(arguments, {});
  std::string line;
  pollfd readable{started.out, POLLIN, 0};
  char byte = 0;
  while (!line.ends_with('\n') && ::poll(&readable, 1, 20'000) == 1 && ::read(started.out, &byte, 1) == 1) line.push_back(byte);
  ::kill(started.pid, SIGKILL);
  static_cast<void>(read_all(started.out));
  static_cast<void>(read_all(started.err));
  static_cast<void>(wait_for(started.pid));
  return line;
}

JsonValue HttpReply::json() const {
  Result<JsonValue> parsed = parse_json(body);
  return parsed ? std::move(*parsed) : JsonValue{};
}

std::string HttpReply::member(std::string_view name) const {
  const JsonValue value = json();
  const JsonValue* found = value.find(name);
  return found != nullptr && found->as_string() != nullptr ? *found->as_string() : "";
}

Connection::Connection(std::uint16_t port) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

Connection::~Connection() {
  if (fd_ >= 0) ::close(fd_);
}

bool Connection::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Connection::read_some() {
  std::array<char, 16384> bytes{};
  if (fd_ < 0 || !is_readable(fd_)) return false;
  const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (got > 0) received_.append(bytes.data(), static_cast<std::size_t>(got));
  return got > 0;
}

const std::string& Connection::read_until(std::string_view text) {
  while (received_.find(text) == std::string::npos && read_some()) {}
  return received_;
}

bool Connection::is_closed() {
  std::array<char, 4096> bytes{};
  while (is_readable(fd_))
    if (::recv(fd_, bytes.data(), bytes.size(), 0) <= 0) return true;
  return false;
}

HttpReply Connection::reply() {
  HttpReply reply;
  read_until("\r\n\r\n");
  const std::size_t end = received_.find("\r\n\r\n");
  if (end == std::string::npos || received_.size() < 12) return reply;
  std::from_chars(received_.data() + 9, received_.data() + 12, reply.status);
  for (std::size_t at = received_.find("\r\n") + 2; at < end;) {
    const std::size_t line_end = received_.find("\r\n", at);
    const std::size_t colon = received_.find(": ", at);
    reply.headers[lower(received_.substr(at, colon - at))] = received_.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  if (reply.headers["transfer-encoding"] == "chunked") {
    read_until("\r\n0\r\n\r\n");
    reply.body = joined_chunks(std::string_view(received_).substr(end + 4));
    received_.clear();
    return reply;
  }
  const std::string& length = reply.headers["content-length"];
  std::size_t size = 0;
  std::from_chars(length.data(), length.data() + length.size(), size);
  while (received_.size() < end + 4 + size && read_some()) {}
  if (received_.size() < end + 4 + size) return {};
  reply.body = received_.substr(end + 4, size);
  received_.erase(0, end + 4 + size);
  return reply;
}

Controller::Controller(const std::string& data, std::vector<std::string> further_arguments) {
  std::vector<std::string> arguments{"serve"};
  if (!data.empty()) arguments.insert(arguments.end(), {"--data", data});
  if (std::find(further_arguments.begin(), further_arguments.end(), "--listen") == further_arguments.end())
    arguments.insert(arguments.end(), {"--listen", "127.0.0.1:0"});
  arguments.insert(arguments.end(), further_arguments.begin(), further_arguments.end());
  const Started started = start(arguments, {});
  pid_ = started.pid;
  out_ = started.out;
  err_ = started.err;
  std::array<char, 1024> bytes{};
  while (said_.find("admin.token\n") == std::string::npos && is_readable(out_)) {
    const ssize_t got = ::read(out_, bytes.data(), bytes.size());
    if (got <= 0) return;
    said_.append(bytes.data(), static_cast<std::size_t>(got));
  }
  const std::size_t at = said_.find("127.0.0.1:");
  if (at != std::string::npos) std::from_chars(said_.data() + at + 10, said_.data() + said_.size(), port_);
  std::ifstream(data + "/admin.token") >> token_;
}

Controller::~Controller() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ended();
}

void Controller::signal(int number) const { ::kill(pid_, number); }

bool Controller::says(std::string_view text) {
  std::array<char, 1024> bytes{};
  while (said_on_err_.find(text) == std::string::npos) {
    if (!is_readable(err_)) return false;
    const ssize_t got = ::read(err_, bytes.data(), bytes.size());
    if (got <= 0) return false;
    said_on_err_.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return true;
}

Ended Controller::ended() {
  if (pid_ < 0) return {};
  Ended ended;
  // A process that does not end is a failure of the test, not of whoever waits for it.
  std::thread watchdog([pid = pid_, this] {
    if (!eventually([this] { return is_over_.load(); })) ::kill(pid, SIGKILL);
  });
  ended.out = said_ + read_all(out_);
  ended.err = said_on_err_ + read_all(err_);
  is_over_ = true;
  watchdog.join();
  ended.exit_code = wait_for(pid_);
  pid_ = -1;
  return ended;
}

Ended Controller::stop() {
  signal(SIGTERM);
  return ended();
}

void Controller::kill_at_once() {
  signal(SIGKILL);
  ended();
}

HttpReply Controller::ask(const HttpAsk& ask) const {
  const auto names_host = [](const std::string& header) { return lower(header).starts_with("host:"); };
  std::string text = ask.method + " " + ask.target + " HTTP/1.1\r\n";
  if (std::none_of(ask.headers.begin(), ask.headers.end(), names_host))
    text += "Host: 127.0.0.1:" + std::to_string(port_) + "\r\n";
  for (const std::string& header : ask.headers) text += header + "\r\n";
  if (!ask.token.empty()) text += "Authorization: Bearer " + ask.token + "\r\n";
  if (!ask.request_id.empty()) text += "Idempotency-Key: " + ask.request_id + "\r\n";
  if (!ask.body.empty()) text += "Content-Length: " + std::to_string(ask.body.size()) + "\r\n";
  Connection connection(port_);
  connection.send(text + "Connection: close\r\n\r\n" + ask.body);
  return connection.reply();
}

HttpReply Controller::hold(const std::string& scope, const std::string& request_id) const {
  return ask({"PUT", "/api/watchbill/v1/hold", token_, request_id, R"({"reason":"a test","scope":")" + scope + "\"}", {}});
}

HttpReply Controller::release(const std::string& scope, const std::string& request_id) const {
  return ask({"DELETE", "/api/watchbill/v1/hold?scope=" + scope, token_, request_id, {}, {}});
}

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

}  // namespace watchbill::serve_test
