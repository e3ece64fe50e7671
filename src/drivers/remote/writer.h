// Sends one remote what stands in the sample log, on a thread of its own: files are read and requests are made there, the calls
// themselves are the HTTP client's. What is sent when, and what is noted, is metrics/sender/sender.h.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "drivers/remote/remote.h"
#include "metrics/sender/sender.h"
#include "ports/files.h"
#include "ports/http_client.h"

namespace watchbill::drivers::remote {

class Writer {
 public:
  // Functions are called on the writer's thread.
  struct Links {
    ports::HttpClient& client;
    std::function<std::unique_ptr<ports::FilesPort>()> files;  // one for each writer
    std::string log_folder;
    std::function<Instant()> now;  // the engine clock
    // Puts credentials, TLS and proxy into a call; and what the environment says. Errors name the place and never the secret.
    std::function<Status(const HttpClientConfiguration&, ports::HttpCall&)> settle;
    std::function<std::optional<std::string>(const std::string& name)> environment;
    std::function<metrics::sender::FamilyList()> families;
    metrics::sender::Exemplars::Source exemplars;
    std::function<Instant()> newest_stored;
    std::function<void(const std::string&)> complain;
  };
  // `links` outlive it. `before`: the writer of the same remote under another bill, or null: it is ended first, on this one's
  // thread. Begins at once.
  Writer(const Links& links, Remote remote, const metrics::sender::LogEnd& log_end, std::unique_ptr<Writer> before);
  // stop(), then waits for the thread: at most as long as the disk takes for a file. What is under way goes its way, nobody hears
  // of it here, and whoever goes on repeats it.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  [[nodiscard]] const Remote& remote() const noexcept { return remote_; }
  // The log has more. Any thread.
  void wake();
  // Ends soon; returns at once. Any thread.
  void stop();
  [[nodiscard]] bool is_stopped() const;
  // It has ended: the destructor does not wait. Any thread.
  [[nodiscard]] bool is_over() const;
  // Of the last moment. Any thread.
  [[nodiscard]] metrics::sender::Figures figures() const;
  // What the sample log must keep for it (metrics/sender/sender.h). Any thread.
  [[nodiscard]] metrics::tsdb::LogPlace needed_from() const;

 private:
  // What calls come back to; outlives the writer where one does.
  struct Inbox {
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::vector<metrics::sender::Answer> answers;
    bool is_woken{false};
    bool is_stopped{false};
    bool is_over{false};
    metrics::sender::Figures figures;
    metrics::tsdb::LogPlace needed_from;
  };

  void work();
  [[nodiscard]] bool wait(Instant until, std::vector<metrics::sender::Answer>& answers);
  void send(metrics::sender::Call call);
  [[nodiscard]] Result<ports::HttpFields> headers() const;
  [[nodiscard]] static metrics::sender::Answer answer_of(std::uint64_t id,
                                                         const Result<ports::HttpAnswer, ports::HttpFailure>& result);

  const Links& links_;
  const Remote remote_;
  const metrics::sender::LogEnd log_end_;
  std::unique_ptr<Writer> before_;  // the thread's
  const std::shared_ptr<Inbox> inbox_;
  std::thread thread_;
};

}  // namespace watchbill::drivers::remote
