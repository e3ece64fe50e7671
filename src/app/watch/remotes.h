// The remotes of the bill: a writer for each, which goes on where the one before it stopped, in the last life or under the last
// bill. Functions say who may call them; `loop` means the I/O loop's thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/services.h"
#include "drivers/remote/writer.h"
#include "metrics/tsdb/sample_log.h"

namespace watchbill::app::watch {

class Remotes {
 public:
  struct Links {
    ports::HttpClient& client;
    const metrics::tsdb::Head& head;
    std::function<Instant()> now;
    std::function<void(const std::string&)> complain;
  };
  // `links` outlive it.
  Remotes(const Links& links, std::string data, std::string log_folder);
  ~Remotes();

  // The log is loaded, and nothing was written to it in this life. Thread of the log; before configure().
  void begin(const metrics::tsdb::SampleLog& log);
  // From now on these, their series with these labels. Fails (invalid) on a rule that a checked configuration should not have.
  // Loop.
  [[nodiscard]] Status configure(const std::vector<RemoteWriteConfiguration>& remotes, const Labels& external_labels);
  // The log was flushed. Thread of the log.
  void flushed(const metrics::tsdb::SampleLog& log);
  // Waits for all of them. After the thread of the log.
  void stop();

  [[nodiscard]] std::vector<api::RemoteView> views() const;
  // What the log must keep for all of them: the beginning of all before configure(), nothing where there are none. Any thread.
  [[nodiscard]] std::optional<metrics::tsdb::LogPlace> needed_from() const;

 private:
  [[nodiscard]] std::unique_ptr<drivers::remote::Writer> take(const std::string& identity);

  const drivers::remote::Writer::Links links_;
  const metrics::tsdb::Head& head_;
  std::atomic<std::int64_t> newest_ms_{0};  // of the samples that are in the log
  mutable std::mutex mutex_;
  bool is_configured_{false};
  metrics::sender::LogEnd log_end_;
  std::vector<std::unique_ptr<drivers::remote::Writer>> writers_, retired_;
};

}  // namespace watchbill::app::watch
