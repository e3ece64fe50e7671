// Targets that files name: read again when a file changes and at the refresh interval, on a thread of their own.
//
// A change is seen by size, inode and times of the file, looked at every second: that sees a renamed file, a bind mount and a
// network disk alike. A file that cannot be read or parsed keeps the targets that it named last; one that is gone has none.
// Source: Prometheus 2.42 discovery/file.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/configuration_scrape.h"

namespace watchbill::drivers::scrape {

class FileTargets {
 public:
  using Groups = std::vector<StaticTargets>;
  // Called on the thread, and by read_now() on its caller's.
  struct Links {
    std::function<std::vector<std::string>(const std::string& pattern)> expand;  // the paths that a pattern stands for, sorted
    std::function<Result<Groups>(const std::string& path)> read;
    std::function<void()> on_change;                     // groups_of() gives something else for a pattern
    std::function<void(const std::string&)> complain;    // once for each new reason
    std::function<std::string(const std::string& path)> name_of{};  // of __meta_filepath; none: the path
    std::function<void(const std::string& pattern)> failed{};       // each time that one of its files cannot be read or parsed
  };
  explicit FileTargets(Links links) : links_(std::move(links)) {}
  ~FileTargets() { stop(); }
  FileTargets(const FileTargets&) = delete;
  FileTargets& operator=(const FileTargets&) = delete;

  // From now on these. Starts the thread with the first of them. Any one thread.
  void configure(const std::vector<FileDiscoveryConfiguration>& wanted);
  // Reads everything at once: before the first configure(), so that nothing is evaluated without it.
  void read_now(const std::vector<FileDiscoveryConfiguration>& wanted);
  // Ends the thread.
  void stop();

  // What the files of a pattern name, with __meta_filepath. Any thread.
  [[nodiscard]] Groups groups_of(const std::string& pattern) const;

 private:
  struct File {
    std::string stamp;      // of what was read last, well or not
    std::string complaint;  // empty: it was read well
    std::shared_ptr<const Groups> groups{std::make_shared<const Groups>()};
  };
  struct Pattern {
    Duration refresh_interval;
    std::optional<std::chrono::steady_clock::time_point> refreshed_at;
    std::map<std::string, File> files;
  };

  void set_patterns(const std::vector<FileDiscoveryConfiguration>& wanted);
  void run();
  void look();
  [[nodiscard]] bool look_at(const std::string& named, Pattern& pattern, const std::vector<std::string>& paths);
  [[nodiscard]] bool read(const std::string& path, File& file);

  const Links links_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Pattern> patterns_;
  bool is_over_{false};
  std::thread thread_;
};

}  // namespace watchbill::drivers::scrape
