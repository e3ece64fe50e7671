// A real keeper in a directory of its own, and what a controller would see of it. Nothing sleeps: everything polls with a
// deadline.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/agent/keeper_client.h"
#include "keeper/order.h"

namespace watchbill::keeper::testing {

using drivers::agent::KeeperClient;

// Generous: the machine may be shared; nothing that works waits so long.
inline constexpr std::chrono::seconds patience{20};

bool until(const std::function<bool()>& condition, std::chrono::milliseconds most = patience);
std::string read_file(const std::filesystem::path& path);
bool is_alive(pid_t pid);
// Processes that the keeper of `data` started for a workload, or for any (""), by their marker.
std::vector<pid_t> marked(const std::string& data, const std::string& name);

// A report that owns its texts.
template <class Message>
struct Told {
  std::shared_ptr<const std::string> body;
  Message message;
  std::uint64_t number{0};
  const Message* operator->() const { return &message; }
};

// One connection that said hello. Acknowledges what it is told, unless told not to.
class Controller {
 public:
  // A guardian's connection instead.
  struct Guardian {};
  Controller(const std::string& data, Guardian);
  explicit Controller(const std::string& data, std::uint64_t epoch = 1, bool acknowledges = true,
                      const std::string& lineage = "l1");
  [[nodiscard]] bool is_connected() const { return client_.has_value(); }
  [[nodiscard]] const std::optional<Told<wire::Welcome>>& welcome() const { return welcome_; }
  [[nodiscard]] std::optional<wire::Refusal> hello_refused() const { return hello_refused_; }

  // Asks and waits for the answer: no value when accepted, else the refusal's name.
  template <class Request>
  std::optional<wire::Refusal> ask(const Request& request) {
    const std::uint64_t number = send(request);
    std::optional<wire::Refusal> refusal;
    const bool answered = wait([&] {
      if (take<wire::Accepted>([&](const wire::Accepted&, std::uint64_t n) { return n == number; })) return true;
      const auto refused = take<wire::Refused>([&](const wire::Refused&, std::uint64_t n) { return n == number; });
      if (refused) refusal = refused->message.reason;
      return refused.has_value();
    });
    EXPECT_TRUE(answered) << "the keeper did not answer";
    return refusal;
  }
  template <class Request>
  std::uint64_t send(const Request& request) {
    const auto number = client_->ask(request);
    EXPECT_TRUE(number.has_value());
    return *number;
  }
  // The first message of this kind that has not been taken and that `wanted` holds for; waits for it.
  template <class Message>
  std::optional<Told<Message>> told(const std::function<bool(const Message&)>& wanted = [](const Message&) { return true; },
                                    std::chrono::milliseconds most = patience) {
    std::optional<Told<Message>> found;
    wait([&] { return (found = take<Message>([&](const Message& m, std::uint64_t) { return wanted(m); })).has_value(); }, most);
    return found;
  }
  // Takes without waiting for more than what has come.
  template <class Message>
  std::optional<Told<Message>> take(const std::function<bool(const Message&, std::uint64_t)>& wanted) {
    for (auto at = seen_.begin(); at != seen_.end(); ++at) {
      if (at->type != Message::type) continue;
      Told<Message> told{at->body, {}, at->number};
      if (!wire::read_message(*told.body, told.message)) continue;
      if (!wanted(told.message, at->number)) continue;
      seen_.erase(at);
      return told;
    }
    return std::nullopt;
  }
  template <class Message>
  std::size_t count() const {
    std::size_t n = 0;
    for (const Seen& seen : seen_) n += seen.type == Message::type ? 1U : 0U;
    return n;
  }
  std::vector<Told<wire::WorkloadState>> snapshot();
  std::optional<Told<wire::WorkloadState>> state_of(const std::string& name);
  // Gives the order and starts its first incarnation; waits until it is started.
  std::optional<Told<wire::Started>> run(const Order& order, std::uint64_t incarnation = 1);
  bool wait(const std::function<bool()>& condition, std::chrono::milliseconds most = patience);
  void pump(int timeout_ms);
  [[nodiscard]] bool is_over() const { return is_over_; }

 private:
  bool connect(const std::string& data);
  void await_welcome();
  struct Seen {
    wire::MessageType type;
    std::uint64_t number;
    std::shared_ptr<const std::string> body;
  };
  std::optional<KeeperClient> client_;
  std::optional<Told<wire::Welcome>> welcome_;
  std::optional<wire::Refusal> hello_refused_;
  std::deque<Seen> seen_;
  bool acknowledges_;
  bool is_over_{false};
};

// A keeper process. Ends it, and everything that its workloads left, at the end.
class KeeperProcess {
 public:
  explicit KeeperProcess(bool is_quick = false);
  ~KeeperProcess();
  KeeperProcess(const KeeperProcess&) = delete;
  KeeperProcess& operator=(const KeeperProcess&) = delete;

  void start();
  void kill_it();  // KILL, and reaped
  [[nodiscard]] const std::string& data() const { return data_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // The exit code, once it has ended by itself.
  std::optional<int> exit_code(std::chrono::milliseconds most = patience);
  std::string log(const std::string& name) const { return read_file(data_ + "/logs/" + name + ".log"); }

 private:
  std::string data_;
  pid_t pid_{0};
  bool is_quick_;
};

}  // namespace watchbill::keeper::testing
