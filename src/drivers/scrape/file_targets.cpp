#include "drivers/scrape/file_targets.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/core.h>

namespace watchbill::drivers::scrape {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds look_interval{1};
constexpr std::string_view path_label = "__meta_filepath";

std::string stamp_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "absent";
  return fmt::format("{} {} {} {}.{}", info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

}  // namespace

void FileTargets::set_patterns(const std::vector<FileDiscoveryConfiguration>& wanted) {
  std::map<std::string, Pattern> former;
  former.swap(patterns_);
  for (const FileDiscoveryConfiguration& each : wanted)
    for (const std::string& path : each.files) {
      auto [at, is_new] = patterns_.try_emplace(path);
      if (is_new) {
        if (const auto known = former.find(path); known != former.end()) at->second = std::move(known->second);
        at->second.refresh_interval = each.refresh_interval;
      }
      at->second.refresh_interval = std::min(at->second.refresh_interval, each.refresh_interval);
    }
}

void FileTargets::configure(const std::vector<FileDiscoveryConfiguration>& wanted) {
  {
    const std::lock_guard lock(mutex_);
    set_patterns(wanted);
    if (!thread_.joinable() && !patterns_.empty() && !is_over_) thread_ = std::thread([this] { run(); });
  }
  changed_.notify_all();
}

void FileTargets::read_now(const std::vector<FileDiscoveryConfiguration>& wanted) {
  {
    const std::lock_guard lock(mutex_);
    set_patterns(wanted);
  }
  look();
}

void FileTargets::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void FileTargets::run() {
  while (true) {
    look();
    std::unique_lock lock(mutex_);
    if (is_over_) return;
    changed_.wait_for(lock, look_interval);
    if (is_over_) return;
  }
}

// Reads without the lock: a slow disk must hold up nobody who asks what is known.
void FileTargets::look() {
  std::map<std::string, Pattern> patterns;
  {
    const std::lock_guard lock(mutex_);
    patterns = patterns_;
  }
  bool is_changed = false;
  for (auto& [path, pattern] : patterns) {
    if (!look_at(path, pattern, links_.expand(path))) continue;
    const std::lock_guard lock(mutex_);
    const auto known = patterns_.find(path);
    if (known == patterns_.end()) continue;  // another bill came meanwhile
    is_changed = true;
    pattern.refresh_interval = known->second.refresh_interval;
    known->second = pattern;
  }
  if (is_changed) links_.on_change();
}

// True when something is to be remembered.
bool FileTargets::look_at(const std::string& named, Pattern& pattern, const std::vector<std::string>& paths) {
  const Clock::time_point now = Clock::now();
  const std::chrono::milliseconds interval(pattern.refresh_interval.ms);
  const bool is_due = !pattern.refreshed_at || now - *pattern.refreshed_at >= interval;
  if (is_due) pattern.refreshed_at = now;
  bool is_changed = is_due;
  std::map<std::string, File> former;
  former.swap(pattern.files);
  for (const std::string& path : paths) {
    const std::string stamp = stamp_of(path);
    const auto known = former.find(path);
    const bool is_known = known != former.end();
    File& file = pattern.files[path];
    if (is_known) file = std::move(known->second);
    if (is_known && !is_due && file.stamp == stamp) continue;
    is_changed = true;
    file.stamp = stamp;
    if (!read(path, file) && links_.failed) links_.failed(named);
  }
  return is_changed || pattern.files.size() != former.size();
}

// False when it cannot be read.
bool FileTargets::read(const std::string& path, File& file) {
  Result<Groups> groups = links_.read(path);
  const bool is_read = groups.has_value();
  std::string complaint = is_read ? "" : groups.error().text();
  if (groups) {
    const std::string name = links_.name_of ? links_.name_of(path) : path;
    for (StaticTargets& group : *groups) group.labels.set(path_label, name);
    file.groups = std::make_shared<const Groups>(std::move(*groups));
  }
  if (complaint == file.complaint) return is_read;
  links_.complain(complaint.empty() ? "targets: " + path + " is read again"
                                    : "targets: " + complaint + "; " +
                                          (file.groups->empty() ? "it gives none" : "those that it named last stay"));
  file.complaint = std::move(complaint);
  return is_read;
}

FileTargets::Groups FileTargets::groups_of(const std::string& pattern) const {
  const std::lock_guard lock(mutex_);
  Groups out;
  const auto known = patterns_.find(pattern);
  if (known == patterns_.end()) return out;
  for (const auto& [path, file] : known->second.files) out.insert(out.end(), file.groups->begin(), file.groups->end());
  return out;
}

}  // namespace watchbill::drivers::scrape
