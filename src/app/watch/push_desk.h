// Pushes, one after the other in the order in which they came: read, checked, written to disk, then answered. A group is a file
// of its own below DATA/pushed, replaced as a whole, so what was answered is there after a crash and a push costs no more than
// its own group.
// Threads: run() is one thread's; all else any.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api/push_outcome.h"
#include "metrics/push/groups.h"
#include "metrics/tsdb/head.h"
#include "ports/files.h"

namespace watchbill::app::watch {

class PushDesk {
 public:
  struct Links {
    ports::FilesPort& files;       // run()'s thread alone uses it
    metrics::tsdb::Head& head;     // is told help and type of what is pushed
    std::function<Instant()> now;  // the engine clock
    std::function<void()> on_change;                   // there are groups now, or none any more; on run()'s thread
    std::function<void(const std::string&)> complain;  // to the log
  };
  // Of what waits; one request more is turned away.
  struct Limits {
    std::size_t requests_max{1'024};
    std::size_t bytes_max{std::size_t{64} << 20};
    metrics::push::BodyLimits body{};
    metrics::push::GroupsLimits groups{};
    Duration load_interval{Duration::seconds(5)};  // while the disk does not say what there is
  };
  // `reserved`: the families of our own page.
  PushDesk(Links links, metrics::push::Groups::Reserved reserved) : PushDesk(std::move(links), std::move(reserved), Limits()) {}
  PushDesk(Links links, metrics::push::Groups::Reserved reserved, const Limits& limits);

  // See api::PushMetrics. False when too many wait or it is over; then `done` is not kept.
  [[nodiscard]] bool offer(api::PushAsk ask, std::function<void(api::PushOutcome)> done);

  // Loads the groups of the last life, then works until stop(); what still waits then is answered 503 and not taken.
  void run();
  void stop();

  // By key; none before they are loaded.
  [[nodiscard]] std::vector<std::shared_ptr<const metrics::push::Group>> groups() const;
  [[nodiscard]] const api::PushCounts& counts() const noexcept { return counts_; }

 private:
  struct Request {
    api::PushAsk ask;
    std::function<void(api::PushOutcome)> done;
  };
  using GroupPointer = std::shared_ptr<const metrics::push::Group>;

  [[nodiscard]] bool load(bool& is_said);
  void load_file(const std::string& path);
  [[nodiscard]] bool take(std::deque<Request>& requests);
  [[nodiscard]] bool pause(std::deque<Request>& requests);
  [[nodiscard]] bool take_all(std::deque<Request>& requests);
  [[nodiscard]] api::PushOutcome serve(api::PushAsk ask);
  [[nodiscard]] api::PushOutcome push(api::PushAsk ask);
  [[nodiscard]] api::PushOutcome refuse(const metrics::push::PushLabels& key, const metrics::push::PushRefused& refused,
                                        Instant at);
  [[nodiscard]] Result<metrics::push::PushedBody> read(const api::PushAsk& ask) const;
  [[nodiscard]] api::PushOutcome remove(const metrics::push::PushLabels& key);
  [[nodiscard]] Status keep(GroupPointer group);
  void describe(const std::string& name, const metrics::push::Family& family);
  void changed();

  const Links links_;
  const Limits limits_;
  api::PushCounts counts_;

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  metrics::push::Groups groups_;  // changed by run()'s thread alone, with the lock; it reads them without
  std::deque<Request> requests_;
  std::size_t waiting_bytes_{0};
  bool is_stopped_{false};
};

}  // namespace watchbill::app::watch
