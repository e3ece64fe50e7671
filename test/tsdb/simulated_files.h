// Files in memory, with the faults of a disk.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ports/files.h"

namespace watchbill {

class SimulatedFiles final : public ports::FilesPort {
 public:
  std::map<std::string, std::string> files;
  // The next appends fail so, after writing this many bytes of each.
  int failing_appends{0};
  ErrorKind failure{ErrorKind::exhausted};
  std::size_t bytes_before_failure{0};
  // So many listings fail next; removing a path that ends so fails, unless it is empty.
  int failing_lists{0};
  std::string unremovable;
  // How many more operations that change something are carried out before the program dies: the one after them stops halfway,
  // those behind it do nothing.
  std::uint64_t operations_left{std::numeric_limits<std::uint64_t>::max()};
  // All files together hold at most so many bytes; what does not fit is written in part.
  std::uint64_t capacity_bytes{std::numeric_limits<std::uint64_t>::max()};

  [[nodiscard]] std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [path, contents] : files) sum += contents.size();
    return sum;
  }

  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& folder) override {
    if (failing_lists > 0) {
      --failing_lists;
      return Error{ErrorKind::exhausted, "list folder", folder, "Too many open files"};
    }
    std::vector<std::string> names;
    for (const auto& [path, bytes] : files)
      if (path.starts_with(folder + "/") && path.find('/', folder.size() + 1) == std::string::npos)
        names.push_back(path.substr(folder.size() + 1));
    return names;
  }

  [[nodiscard]] Result<std::string> read(const std::string& path, std::uint64_t bytes_max) override {
    const auto at = files.find(path);
    if (at == files.end()) return Error{ErrorKind::not_found, "open", path, "No such file or directory"};
    if (at->second.size() > bytes_max) return Error{ErrorKind::exhausted, "read", path, "the file is too large"};
    return at->second;
  }

  [[nodiscard]] Result<std::string> read_part(const std::string& path, std::uint64_t offset, std::uint64_t bytes_max) override {
    const auto at = files.find(path);
    if (at == files.end()) return Error{ErrorKind::not_found, "open", path, "No such file or directory"};
    if (offset >= at->second.size()) return std::string();
    return at->second.substr(offset, bytes_max);
  }

  [[nodiscard]] Status append(const std::string& path, std::string_view bytes) override {
    if (failing_appends > 0) {
      --failing_appends;
      if (bytes_before_failure > 0) files[path].append(bytes.substr(0, bytes_before_failure));
      return Error{failure, "write", path, "No space left on device"};
    }
    const bool is_dying = operations_left == 0;
    if (Status stopped = operation(); !stopped) {
      if (is_dying && !was_half_done_) files[path].append(bytes.substr(0, bytes.size() / 2));
      was_half_done_ = true;
      return stopped;
    }
    const std::uint64_t room = capacity_bytes - std::min(capacity_bytes, this->bytes());
    files[path].append(bytes.substr(0, room));
    if (bytes.size() > room) return Error{ErrorKind::exhausted, "write", path, "No space left on device"};
    return {};
  }

  [[nodiscard]] Status replace(const std::string& path, std::string_view bytes) override {
    if (Status stopped = operation(); !stopped) return stopped;
    files[path] = std::string(bytes);
    return {};
  }

  [[nodiscard]] Result<ports::MappedBytes> map(const std::string& path) override {
    const auto at = files.find(path);
    if (at == files.end()) return Error{ErrorKind::not_found, "open", path, "No such file or directory"};
    auto bytes = std::make_shared<const std::string>(at->second);
    return ports::MappedBytes{bytes, *bytes, {}};
  }

  [[nodiscard]] Status rename(const std::string& path, const std::string& new_path) override {
    if (Status stopped = operation(); !stopped) return stopped;
    const auto at = files.find(path);
    if (at == files.end()) return Error{ErrorKind::not_found, "rename", path, "No such file or directory"};
    std::string bytes = std::move(at->second);
    files.erase(at);
    files[new_path] = std::move(bytes);
    return {};
  }

  [[nodiscard]] Status remove(const std::string& path) override {
    if (Status stopped = operation(); !stopped) return stopped;
    if (!unremovable.empty() && path.ends_with(unremovable))
      return Error{ErrorKind::denied, "remove", path, "Operation not permitted"};
    files.erase(path);
    return {};
  }

 private:
  [[nodiscard]] Status operation() {
    if (operations_left == 0) return Error{ErrorKind::unknown, "write", "disk", "the program is dead"};
    --operations_left;
    return {};
  }

  bool was_half_done_{false};
};

}  // namespace watchbill
