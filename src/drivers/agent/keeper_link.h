// The lasting connection to a host's keeper: finds it or starts it, says hello, and comes back when it was lost.
//
// Loop thread only. Callbacks come on the loop. Source: domain/supervision.md §8.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "drivers/agent/keeper_client.h"
#include "drivers/agent/keeper_start.h"
#include "model/ids.h"
#include "ports/io_loop.h"

namespace watchbill::drivers::agent {

// In whose name the agent speaks: the keeper refuses an epoch below the highest it has seen.
struct ControllerIdentity {
  std::string lineage;
  Epoch epoch{0};
  Sequence sequence{0};  // head of the journal
  friend bool operator==(const ControllerIdentity&, const ControllerIdentity&) = default;
};

// The keeper that answered.
struct KeeperIdentity {
  std::string memory;
  std::string boot_id;
  std::int64_t pid{0};
  std::uint64_t replaced_count{0};
  bool shares_cgroup{false};  // it would die with us: the warning keeper_shares_cgroup
};

class KeeperLink {
 public:
  struct Settings {
    std::string data;
    std::string program;  // of the keeper; empty: it is never started from here
    // How long a keeper may take to appear by itself before one is started: a unit of its own starts beside us.
    Duration start_patience;
  };
  struct Events {
    std::function<void()> ready;                              // hello was accepted: ask() may be called
    std::function<void()> lost;  // after each ready, once, before what was asked is told that it is lost
    std::function<void(const model::wire::Frame&)> reported;  // its texts live until the call returns
    std::function<void(const std::string&)> log;              // one line for people
  };
  // What came of a question; the frame means something only when it was answered, and its texts live until the call returns.
  // Comes once for each question (of AskSnapshot for each part), never from within ask(), and not at all after close().
  enum class Outcome : std::uint8_t {
    answered,
    lost,       // the connection ended: what the keeper did with it is not known
    busy,       // 4 MiB wait to be written: nothing was sent, ask again in a moment
    too_large,  // it does not fit a frame: nothing was sent
  };
  using Answer = std::function<void(Outcome, const model::wire::Frame&)>;

  KeeperLink(ports::IoLoop& loop, Settings settings, Events events);
  ~KeeperLink();
  KeeperLink(const KeeperLink&) = delete;
  KeeperLink& operator=(const KeeperLink&) = delete;

  // Connects in this name, now and again after every loss. Another identity begins a new connection. A keeper that is not there
  // is started only once there is something for it to do.
  void open(ControllerIdentity identity);
  // There is something to do: from now on a keeper is started when none answers.
  void need();
  // Ends it for good; no callback comes any more.
  void close();

  [[nodiscard]] bool is_ready() const noexcept { return is_ready_; }
  // Of the present or last connection.
  [[nodiscard]] const KeeperIdentity& keeper() const noexcept { return keeper_; }
  [[nodiscard]] bool is_needed() const noexcept { return is_needed_; }
  // Why there is no connection, for people; empty while there is one.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

  // Holds: is_ready().
  template <class Request>
  void ask(const Request& request, Answer answer) {
    Result<std::uint64_t> number = client_->ask(request);
    take_question(std::move(number), std::move(answer));
  }

 private:
  void try_to_connect();
  void start_keeper();
  void greet();
  void take_hello(const model::wire::Frame& frame);
  void take_frame(const model::wire::Frame& frame);
  void take_question(Result<std::uint64_t> number, Answer answer);
  void serve(ports::Readiness readiness);
  void flush();
  void fail_soon(std::string problem);
  void lose(std::string problem);
  void end_connection();
  void try_again(Duration pause, std::string problem);
  void drop_client();

  ports::IoLoop& loop_;
  const Settings settings_;
  const Events events_;
  KeeperStart start_;
  std::optional<ControllerIdentity> identity_;
  std::optional<KeeperClient> client_;
  std::map<std::uint64_t, Answer> answers_;
  std::optional<ports::TimerId> timer_;
  KeeperIdentity keeper_;
  std::string problem_;
  std::string logged_problem_;
  std::uint64_t hello_number_{0};
  std::uint64_t connection_count_{0};  // what was posted for an earlier one means nothing
  Duration pause_;
  std::int64_t unreachable_since_ms_{0};  // steady; 0: it was reached since
  bool is_needed_{false};
  bool is_ready_{false};
  bool watches_write_{false};
};

}  // namespace watchbill::drivers::agent
